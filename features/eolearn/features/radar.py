"""Radar backscatter: decibels, means, speckle filters and indices."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import IndexOutOfRange, SettingError
from eolearn.core.utils.parsing import parse_renamed_feature
from eolearn.core.utils.threads import over_row_blocks

from ._kernels.backscatter import (
    from_decibels,
    polarisation_difference,
    radar_vegetation_index,
    ratio,
    to_decibels,
)
from ._kernels.blocks import Float64, over_pixels, usable
from ._kernels.composites import mean
from ._kernels.dtypes import working_dtype
from ._kernels.speckle import box_mean, lee, refined_lee
from .validity import mask_parser, valid_by

if TYPE_CHECKING:
    from eolearn.core.types import Feature, FeaturesSpecification, SingleFeatureSpec

Unit: TypeAlias = Literal["linear", "dB"]
SpeckleMethod: TypeAlias = Literal["mean", "lee", "refined_lee"]
Index: TypeAlias = Literal["ratio", "RVI", "NDPI"]
_IMAGE_TYPES = (FeatureType.DATA, FeatureType.DATA_TIMELESS)
_INDICES: dict[str, Callable[[Any, Any], NDArray[np.floating[Any]]]] = {
    "ratio": ratio,
    "RVI": radar_vegetation_index,
    "NDPI": polarisation_difference,
}


def _check_unit(name: str, unit: str) -> None:
    if unit not in get_args(Unit):
        raise SettingError(f"{name} must be one of {get_args(Unit)}, got {unit!r}.")


def _is_odd(window: Any) -> bool:
    return isinstance(window, Integral) and int(window) > 0 and int(window) % 2 == 1


def _linear(data: NDArray[Any], unit: Unit) -> NDArray[np.floating[Any]]:
    """Return backscatter in linear units, NaN where it is infinite."""
    if unit == "dB":
        return from_decibels(data)
    values = data.astype(working_dtype(data.dtype))
    values[~np.isfinite(values)] = np.nan
    return values


class ConvertBackscatterTask(EOTask):
    """Converts backscatter from decibels to linear units, or back.

    feature: a DATA or DATA_TIMELESS feature, with a new name for the result if it has one.
    to: "dB" or "linear".

    Infinite values, and in linear units those that are not positive, become NaN. Integers become floats.

    Example:
        >>> to_linear = ConvertBackscatterTask((FeatureType.DATA, "SIGMA0"), "linear")
    """

    def __init__(self, feature: SingleFeatureSpec, to: Unit):
        _check_unit("to", to)
        self.renamed_feature = parse_renamed_feature(feature, allowed_feature_types=_IMAGE_TYPES)
        self.to = to

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the converted feature."""
        feature_type, name, new_name = self.renamed_feature
        convert = to_decibels if self.to == "dB" else from_decibels
        eopatch[feature_type, new_name] = convert(eopatch[feature_type, name])
        return eopatch


class RadarMeanTask(EOTask):
    """Averages backscatter over the dates, in linear units.

    A mean of decibels is a geometric mean of backscatter, which is too low where it varies.

    input_feature: a DATA feature.
    output_feature: a DATA_TIMELESS feature for the result, in the unit of the input.
    unit: of the input, "dB" or "linear".
    mask_feature: any number of MASK, MASK_TIMELESS and LABEL features; an observation counts where none of them is 0.

    NaN and infinite values don't count. The result is NaN where nothing counts.
    """

    def __init__(
        self,
        input_feature: Feature,
        output_feature: Feature,
        *,
        unit: Unit = "dB",
        mask_feature: FeaturesSpecification | None = None,
    ):
        _check_unit("unit", unit)
        self.input_feature = self.parse_feature(input_feature, allowed_feature_types=(FeatureType.DATA,))
        self.output_feature = self.parse_feature(output_feature, allowed_feature_types=(FeatureType.DATA_TIMELESS,))
        self.unit = unit
        self.mask_parser = mask_parser(mask_feature)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the mean."""
        data = eopatch[self.input_feature]
        valid = valid_by(self.mask_parser, eopatch, data.shape)
        result = np.empty(data.shape[1:], working_dtype(data.dtype))

        def average(pixels: Float64) -> Float64:
            return mean(usable(from_decibels(pixels)) if self.unit == "dB" else pixels)

        over_pixels(average, data, valid, result)
        eopatch[self.output_feature] = to_decibels(result) if self.unit == "dB" else result
        return eopatch


class SpeckleFilterTask(EOTask):
    """Takes most of the speckle out of radar images, in linear units.

    feature: a DATA or DATA_TIMELESS feature, with a new name for the result if it has one. Each date and band is
        filtered on its own.
    method: "mean" of a window, "lee" (Lee 1980), or "refined_lee" (Lee 1981), which keeps edges sharp and has a window
        of 7.
    window: the side of the window of the other two, an odd number of pixels.
    looks: the equivalent number of looks of the images; 4.4 is that of Sentinel-1 IW GRD of high resolution.
    unit: of the feature and of the result, "dB" or "linear".

    NaN and infinite values stay or become NaN and don't count in the windows of others.

    Example:
        >>> task = SpeckleFilterTask((FeatureType.DATA, "SIGMA0", "FILTERED"), "refined_lee", unit="dB")
    """

    def __init__(
        self,
        feature: SingleFeatureSpec,
        method: SpeckleMethod = "refined_lee",
        *,
        window: int = 7,
        looks: float = 4.4,
        unit: Unit = "linear",
    ):
        _check_unit("unit", unit)
        if method not in get_args(SpeckleMethod):
            raise SettingError(f"method must be one of {get_args(SpeckleMethod)}, got {method!r}.")
        if not _is_odd(window):
            raise SettingError(f"window must be an odd number of pixels, got {window!r}.")
        if method == "refined_lee" and window != 7:
            raise SettingError(f"The window of refined_lee is 7 pixels, got {window}. Take 'lee' for another.")
        if not 0 < looks < np.inf:
            raise SettingError(f"looks must be a positive number, got {looks!r}.")
        self.renamed_feature = parse_renamed_feature(feature, allowed_feature_types=_IMAGE_TYPES)
        self.method = method
        self.window = window
        self.looks = looks
        self.unit = unit

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the filtered feature."""
        feature_type, name, new_name = self.renamed_feature
        data = eopatch[feature_type, name]
        result = np.empty(data.shape, working_dtype(data.dtype))
        images = [
            (*frame, slice(None), slice(None), band)
            for frame in np.ndindex(data.shape[:-3])
            for band in range(data.shape[-1])
        ]

        def fill(start: int, stop: int) -> None:
            for image in images[start:stop]:
                filtered = self._filter(usable(_linear(data[image], self.unit)))
                result[image] = to_decibels(filtered) if self.unit == "dB" else filtered

        if data.size:
            over_row_blocks(fill, len(images), least_rows=1)
        eopatch[feature_type, new_name] = result
        return eopatch

    def _filter(self, image: Float64) -> Float64:
        if self.method == "mean":
            return box_mean(image, self.window)
        return lee(image, self.window, self.looks) if self.method == "lee" else refined_lee(image, self.looks)


class RadarIndexTask(EOTask):
    """Computes an index of two polarisations.

    input_feature: a DATA or DATA_TIMELESS feature.
    output_feature: where the index is stored, with one band.
    bands: the positions of the co-polarised and the cross-polarised band, such as VV and VH.
    index: "ratio" (VH / VV), "RVI" (4 VH / (VV + VH), the radar vegetation index), or "NDPI"
        ((VV - VH) / (VV + VH), the normalised difference polarisation index), all of linear units.
    unit: of the input, "dB" or "linear".

    Where a band is NaN, infinite or, in linear units, the quotient is not finite, the index is NaN.

    Example:
        >>> task = RadarIndexTask((FeatureType.DATA, "SIGMA0"), (FeatureType.DATA, "RVI"), [0, 1], "RVI", unit="dB")
    """

    def __init__(
        self,
        input_feature: Feature,
        output_feature: Feature,
        bands: tuple[int, int] | list[int],
        index: Index = "RVI",
        *,
        unit: Unit = "dB",
    ):
        _check_unit("unit", unit)
        if index not in _INDICES:
            raise SettingError(f"index must be one of {tuple(_INDICES)}, got {index!r}.")
        if len(bands) != 2 or not all(isinstance(band, Integral) and not isinstance(band, bool) for band in bands):
            raise SettingError(f"bands must be the positions of two bands, got {bands!r}.")
        self.input_feature = self.parse_feature(input_feature, allowed_feature_types=_IMAGE_TYPES)
        self.output_feature = self.parse_feature(output_feature, allowed_feature_types=_IMAGE_TYPES)
        self.bands, self.index, self.unit = tuple(bands), index, unit

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the index."""
        data = eopatch[self.input_feature]
        count = data.shape[-1]
        if not all(-count <= band < count for band in self.bands):
            raise IndexOutOfRange(
                f"There are no bands {self.bands} in {self.input_feature} of shape {data.shape}: it has {count} bands."
            )
        result = np.empty((*data.shape[:-1], 1), working_dtype(data.dtype))
        for frame in np.ndindex(data.shape[:-3]):
            result[frame] = self._index(data[frame])[..., np.newaxis]
        eopatch[self.output_feature] = result
        return eopatch

    def _index(self, image: NDArray[Any]) -> NDArray[np.floating[Any]]:
        co, cross = (_linear(image[..., band], self.unit) for band in self.bands)
        with np.errstate(all="ignore"):
            index = _INDICES[self.index](co, cross)
        index[~np.isfinite(index)] = np.nan
        return index
