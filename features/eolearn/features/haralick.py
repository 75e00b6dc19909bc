"""Textures after Haralick: how grey levels follow each other in the surroundings of a pixel."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import EOUserWarning, SettingError, warn_user
from eolearn.core.utils.threads import over_row_blocks

from ._kernels.haralick import Window, quantized
from ._kernels.textures import FORMULAS, MAXIMAL_CORRELATION, fill_textures
from .images import real_stack

if TYPE_CHECKING:
    from eolearn.core.types import FeaturesSpecification

_TYPES = (FeatureType.DATA, FeatureType.DATA_TIMELESS)
_LEAST_ROWS = 64  # fewer are not worth a thread


class HaralickTask(EOTask):
    """Computes textures of the surroundings of each pixel, for each date and band.

    The image is divided into a few grey levels. In a window around each pixel, it is counted how often which level lies
    beside which, and the textures say how these counts are distributed: ``contrast`` is large where neighbours differ,
    ``ASM`` where few pairs of levels occur, ``correlation`` where levels change slowly.

    feature: DATA or DATA_TIMELESS features, with new names for the results if they have some.
    texture_feature: one of :attr:`AVAILABLE_TEXTURES`, or several of them, which together take little longer than one.
        The result of one is stored under the new name; those of several have the name of the texture behind it, as in
        ``NDVI_contrast``.
    distance: from a pixel to the one that it is compared with, in pixels.
    angle: the direction from a pixel to that one, in radians: 0 along the rows, pi/2 along the columns.
    levels: number of grey levels, 2 to 256.
    window_size: rows and columns of the window, an odd number. Beyond its edges the image is continued with its edge
        pixels.
    stride: textures are computed for every stride-th row and column only, and are NaN elsewhere.
    value_range: the least and the greatest value, between which lie the grey levels, of equal width. Values beyond them
        have the first or the last level. By default those of each image, of one date and band: then a texture says
        nothing about how large differences are, and those of two dates or two patches can't be compared.

    Results are float64 and of the shape of the feature. Pixels without data, NaN or infinite, are left out of windows;
    the result is NaN for such a pixel, and where a window has no pair of pixels with data. Matrices are symmetric, and
    levels count from 0. The six textures of 1.x and ``mean``, ``variance``, ``std`` and ``entropy`` equal those of
    ``skimage.feature.graycoprops``. ``maximal_correlation_coefficient`` is the only slow one: its time grows with the
    third power of the levels.

    Source: R. M. Haralick, K. Shanmugam and I. Dinstein, Textural Features for Image Classification, IEEE Transactions
    on Systems, Man, and Cybernetics 3(6), 1973, doi:10.1109/TSMC.1973.4309314.

    Example:
        >>> task = HaralickTask(
        ...     (FeatureType.DATA, "NDVI"), ["contrast", "entropy"], levels=16, window_size=7, value_range=(0, 1)
        ... )
        >>> task(eopatch)[FeatureType.DATA, "NDVI_contrast"].shape
        (68, 101, 100, 1)
    """

    AVAILABLE_TEXTURES_SKIMAGE = frozenset(
        {
            "ASM",
            "contrast",
            "correlation",
            "dissimilarity",
            "energy",
            "entropy",
            "homogeneity",
            "mean",
            "std",
            "variance",
        }
    )
    """Those that ``skimage.feature.graycoprops`` has too."""
    AVAILABLE_TEXTURES = frozenset({*FORMULAS, MAXIMAL_CORRELATION})
    """Names of all textures."""

    def __init__(
        self,
        feature: FeaturesSpecification,
        texture_feature: str | Sequence[str] = "contrast",
        distance: float = 1,
        angle: float = 0,
        levels: int = 8,
        window_size: int = 3,
        stride: int = 1,
        value_range: tuple[float, float] | None = None,
    ):
        self.feature_parser = self.get_feature_parser(feature, _TYPES)
        self.texture_feature = texture_feature
        self.distance = distance
        self.angle = angle
        self.levels = levels
        self.window_size = window_size
        self.stride = stride
        self.value_range = value_range
        self._check_settings()
        self.window = Window.of(window_size, distance, angle)
        if self.window[1:] == (0, 0) or not self.window.pairs:
            raise SettingError(
                f"The window must be larger than the distance, and that at least 1, got window_size={window_size} and "
                f"distance={distance}."
            )

    def _check_settings(self) -> None:
        textures = self._textures()
        if unknown := set(textures) - self.AVAILABLE_TEXTURES:
            raise SettingError(f"There is no texture {sorted(unknown)}, only {sorted(self.AVAILABLE_TEXTURES)}.")
        if not textures:
            raise SettingError("texture_feature must name at least one texture, got none.")
        for name in ("levels", "window_size", "stride"):
            if not isinstance(getattr(self, name), Integral):
                raise SettingError(f"{name} must be a whole number, got {getattr(self, name)!r}.")
        if self.window_size < 1 or self.window_size % 2 == 0:
            raise SettingError(f"window_size must be an odd number, got {self.window_size}.")
        if not 2 <= self.levels <= 256:
            raise SettingError(f"levels must be a number from 2 to 256, got {self.levels}.")
        if self.stride < 1:
            raise SettingError(f"stride must be at least 1, got {self.stride}.")
        if self.stride > self.window_size:
            warn_user(f"Windows of {self.window_size} pixels leave gaps at a stride of {self.stride}.", EOUserWarning)
        if self.value_range is not None and not _is_range(self.value_range):
            raise SettingError(f"value_range must be (least, greatest) value, got {self.value_range!r}.")

    def _textures(self) -> list[str]:
        return [self.texture_feature] if isinstance(self.texture_feature, str) else list(self.texture_feature)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with a feature for each texture of each feature."""
        for feature_type, name, new_name in self.feature_parser.get_renamed_features(eopatch):
            data = eopatch[feature_type, name]
            for texture, values in self._compute(real_stack(data, name)).items():
                result_name = new_name if isinstance(self.texture_feature, str) else f"{new_name}_{texture}"
                eopatch[feature_type, result_name] = values.reshape(data.shape)
        return eopatch

    def _compute(self, stack: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
        """Return the textures of a stack of images, of shape (dates, height, width, bands)."""
        dates, height, _, bands = stack.shape
        results = {texture: np.full(stack.shape, np.nan) for texture in self._textures()}

        def fill(start: int, stop: int) -> None:
            for index in range(start // height, -(-stop // height)):
                date, band = index // bands, index % bands
                image = {texture: values[date, :, :, band] for texture, values in results.items()}
                first, last = max(start - index * height, 0), min(stop - index * height, height)
                rows = range(-(-first // self.stride) * self.stride, last, self.stride)
                grey = quantized(stack[date, :, :, band], self.levels, self.value_range, self.window)
                fill_textures(image, grey, rows, self.stride, self.levels, self.window)

        if stack.size:
            over_row_blocks(fill, dates * bands * height, least_rows=_LEAST_ROWS)
        return results


def _is_range(values: tuple[float, float]) -> bool:
    return np.shape(values) == (2,) and bool(np.isfinite(values).all()) and values[0] < values[1]
