"""Gradients of images, and Gabor filters: edges, and patterns that repeat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import SettingError

from ._kernels.dtypes import working_dtype
from ._kernels.gradients import gabor_amplitude, gradient
from .images import Place, over_images, real_stack

if TYPE_CHECKING:
    from eolearn.core.types import Feature

_TYPES = (FeatureType.DATA, FeatureType.DATA_TIMELESS)


@dataclass(frozen=True, kw_only=True)
class GradientTask(EOTask):
    """Computes how steep an image is at each pixel, for each date and band: large at edges of fields, roads and shores.

    Example:
        >>> task = GradientTask(source=(FeatureType.DATA, "NDVI"), target=(FeatureType.DATA, "EDGES"), sigma_px=2)
    """

    source: Feature
    """A DATA or DATA_TIMELESS feature."""
    target: Feature
    """Where the steepness is stored, in units of the source a pixel. Its type is that of the source."""
    direction: Feature | None = None
    """Where the direction of the steepest ascent is stored, in radians from -pi to pi: 0 is to the right, pi/2 up."""
    sigma_px: float = 1.0
    """Standard deviation of the Gaussian that smooths the image, in pixels."""

    def __post_init__(self) -> None:
        _check_types(self, self.source, *self._targets())
        if self.direction == self.target:
            raise SettingError(f"target and direction must differ, got {self.target} for both.")
        if not 0 < self.sigma_px < np.inf:
            raise SettingError(f"sigma_px must be a positive number of pixels, got {self.sigma_px}.")

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with steepness and direction, in the shape of the source, float32 if that is.

        They are NaN where a pixel without data lies within 4 ``sigma_px`` in the directions of rows and columns.
        """
        data = eopatch[self.source]
        stack = real_stack(data, self.source[1])
        results = {target: np.empty(stack.shape, working_dtype(stack.dtype)) for target in self._targets()}

        def fill(image: NDArray[np.float64], place: Place) -> None:
            down, right = gradient(image, self.sigma_px)
            results[self.target][place] = np.hypot(down, right)
            if self.direction is not None:
                results[self.direction][place] = np.arctan2(-down, right)

        over_images(fill, stack)
        for target, values in results.items():
            eopatch[target] = values.reshape(data.shape)
        return eopatch

    def _targets(self) -> list[Feature]:
        return [self.target] if self.direction is None else [self.target, self.direction]


@dataclass(frozen=True, kw_only=True)
class GaborTask(EOTask):
    """Computes how strong waves of some lengths and directions are around each pixel: rows of trees, ploughed fields.

    Example:
        >>> ndvi, waves = (FeatureType.DATA, "NDVI"), (FeatureType.DATA, "WAVES")
        >>> task = GaborTask(source=ndvi, target=waves, wavelengths_px=(4, 8))
        >>> task(eopatch)[waves].shape
        (68, 101, 100, 8)
    """

    source: Feature
    """A DATA or DATA_TIMELESS feature."""
    target: Feature
    """Where the strengths are stored: half the amplitudes, in units of the source. Its type is that of the source."""
    wavelengths_px: tuple[float, ...] = (4.0,)
    """From crest to crest, in pixels, at least 2. A window reaches about twice as far."""
    directions: int = 4
    """Number of directions in which waves go: the first to the right, the others evenly spaced over half a turn."""

    def __post_init__(self) -> None:
        _check_types(self, self.source, self.target)
        if not self.wavelengths_px or not all(2 <= length < np.inf for length in self.wavelengths_px):
            raise SettingError(f"wavelengths_px must be numbers of at least 2 pixels, got {self.wavelengths_px!r}.")
        if self.directions < 1:
            raise SettingError(f"directions must be at least 1, got {self.directions}.")

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the strengths, float32 if the source is.

        For each band of the source there is one for each wavelength, and for each of these one for each direction, in
        this order. They are NaN where the window has a pixel without data.
        """
        data = eopatch[self.source]
        stack = real_stack(data, self.source[1])
        angles = np.pi * np.arange(self.directions) / self.directions
        waves = [(length, angle) for length in self.wavelengths_px for angle in angles]
        strengths = np.empty((*stack.shape, len(waves)), working_dtype(stack.dtype))

        def fill(image: NDArray[np.float64], place: Place) -> None:
            for index, (length, angle) in enumerate(waves):
                strengths[..., index][place] = gabor_amplitude(image, length, angle)

        over_images(fill, stack)
        eopatch[self.target] = strengths.reshape(*data.shape[:-1], stack.shape[3] * len(waves))
        return eopatch


def _check_types(task: EOTask, source: Feature, *targets: Feature) -> None:
    source_type, _ = task.parse_feature(source, allowed_feature_types=_TYPES)
    for target in targets:
        task.parse_feature(target, allowed_feature_types=[source_type])
