"""When the series of a pixel are highest, lowest and steepest, and what the bands are at these dates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, IndexOutOfRange, SettingError

from ._kernels.blocks import Float64, over_series
from ._kernels.dtypes import working_dtype
from ._kernels.slopes import extreme_dates, extreme_slopes
from .days import days_of
from .validity import valid_observations

_VALID, _OBSERVED = (FeatureType.MASK, "VALID_DATA"), (FeatureType.MASK, "IS_DATA")


class AddMaxMinTemporalIndicesTask(EOTask):
    """Finds the dates at which a band of each pixel is highest and lowest.

    data_feature: the name of a DATA feature.
    data_index: the position of the band; None for a feature of one band.
    amax_data_feature, amin_data_feature: the names of DATA_TIMELESS features for the results, (height, width, 1): the
        positions of the dates, as int64.
    mask_data: whether observations count where the MASK feature ``VALID_DATA`` is not 0, or where ``IS_DATA`` isn't.

    NaN and infinite values don't count. Where nothing counts, the result is -1. Of equal values the first counts.

    Example:
        >>> AddMaxMinTemporalIndicesTask("BANDS", data_index=2, amax_data_feature="ARGMAX_RED")(eopatch)
    """

    def __init__(
        self,
        data_feature: str = "NDVI",
        data_index: int | None = None,
        amax_data_feature: str = "ARGMAX_NDVI",
        amin_data_feature: str = "ARGMIN_NDVI",
        mask_data: bool = True,
    ):
        self.data_feature = (FeatureType.DATA, data_feature)
        self.data_index = data_index
        self.amax_feature = (FeatureType.DATA_TIMELESS, amax_data_feature)
        self.amin_feature = (FeatureType.DATA_TIMELESS, amin_data_feature)
        self.mask_data = mask_data
        if data_index is not None:
            _check_positions("data_index", [data_index])

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the dates of the highest and the lowest value."""
        data = _band(eopatch[self.data_feature], self.data_index, self.data_feature)
        dates = _dates_of(extreme_dates, data, eopatch, self.mask_data)
        eopatch[self.amax_feature], eopatch[self.amin_feature] = dates[..., :1].copy(), dates[..., 1:].copy()
        return eopatch


class AddMaxMinNDVISlopeIndicesTask(EOTask):
    """Finds the dates at which the index of each pixel rises and falls most.

    data_feature: the name of a DATA feature of one band.
    argmax_feature, argmin_feature: the names of DATA_TIMELESS features for the results, (height, width, 1): the
        positions of the dates, as uint8 or, of more than 255 dates, as uint16 or uint32.
    mask_data: whether observations count where the MASK feature ``VALID_DATA`` is not 0, or where ``IS_DATA`` isn't.

    The slope at a valid date is the difference of the valid values after and before it, over the days between these.
    NaN and infinite values don't count. A pixel with fewer than three valid dates has no slope: its result is the
    greatest number of the dtype, 255 for uint8.
    """

    def __init__(
        self,
        data_feature: str = "NDVI",
        argmax_feature: str = "ARGMAX_NDVI_SLOPE",
        argmin_feature: str = "ARGMIN_NDVI_SLOPE",
        mask_data: bool = True,
    ):
        self.data_feature = (FeatureType.DATA, data_feature)
        self.argmax_feature = (FeatureType.DATA_TIMELESS, argmax_feature)
        self.argmin_feature = (FeatureType.DATA_TIMELESS, argmin_feature)
        self.mask_data = mask_data

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the dates of the greatest and the least slope."""
        data = _band(eopatch[self.data_feature], None, self.data_feature)
        days = days_of(eopatch, self.data_feature)
        dates = _dates_of(lambda series: extreme_slopes(series, days), data, eopatch, self.mask_data)
        dtype = np.min_scalar_type(len(data))
        dates[dates < 0] = np.iinfo(dtype).max
        positions = dates.astype(dtype)
        eopatch[self.argmax_feature], eopatch[self.argmin_feature] = (
            positions[..., :1].copy(),
            positions[..., 1:].copy(),
        )
        return eopatch


class AddSpatioTemporalFeaturesTask(EOTask):
    """Takes the bands of each pixel at the dates of its highest, lowest and steepest values, side by side.

    argmax_ndvi, argmin_ndvi, argmax_red, argmax_ndvi_slope, argmin_ndvi_slope: the names of DATA_TIMELESS features with
        the positions of the dates, from :class:`AddMaxMinTemporalIndicesTask` and
        :class:`AddMaxMinNDVISlopeIndicesTask`.
    feats_feature: the name of the DATA_TIMELESS feature for the result, (height, width, 5 times bands): the bands at
        the dates of the highest and the lowest index, of its greatest and its least slope, and of the highest red.
    data_feature: the name of the DATA feature with the bands.
    indices: the positions of the bands, by default ``[2, 3, 7, 11]``: green, red, near and short-wave infrared among
        the 13 bands of Sentinel-2 L1C.

    A pixel without such a date has NaN there. float32 and float64 keep their dtype, integers become floats.

    Source of the method: Valero et al. (2016), Production of a Dynamic Cropland Mask by Processing Remote Sensing Image
    Series at High Temporal and Spatial Resolutions, Remote Sensing 8(1), 55, https://doi.org/10.3390/rs8010055.
    """

    def __init__(
        self,
        argmax_ndvi: str = "ARGMAX_NDVI",
        argmin_ndvi: str = "ARGMIN_NDVI",
        argmax_red: str = "ARGMAX_B4",
        argmax_ndvi_slope: str = "ARGMAX_NDVI_SLOPE",
        argmin_ndvi_slope: str = "ARGMIN_NDVI_SLOPE",
        feats_feature: str = "STF",
        data_feature: str = "BANDS-S2-L1C",
        indices: Sequence[int] | None = None,
    ):
        names = (argmax_ndvi, argmin_ndvi, argmax_ndvi_slope, argmin_ndvi_slope, argmax_red)
        self.date_features = [(FeatureType.DATA_TIMELESS, name) for name in names]
        self.feats_feature = (FeatureType.DATA_TIMELESS, feats_feature)
        self.data_feature = (FeatureType.DATA, data_feature)
        self.indices = [2, 3, 7, 11] if indices is None else list(indices)
        _check_positions("indices", self.indices)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the bands at the dates."""
        data = eopatch[self.data_feature]
        _, height, width, _ = data.shape
        for position in self.indices:
            _check_reach(position, data, self.data_feature)
        count = len(self.indices)
        result = np.empty((height, width, 5 * count), working_dtype(data.dtype))
        for place, feature in enumerate(self.date_features):
            dates = eopatch[feature]
            if dates.shape != (height, width, 1):
                raise DataError(f"{feature} of shape {dates.shape} must be of shape {(height, width, 1)}.")
            result[..., place * count : (place + 1) * count] = self._at(data, dates)
        eopatch[self.feats_feature] = result
        return eopatch

    def _at(self, data: NDArray[Any], dates: NDArray[Any]) -> NDArray[Any]:
        """Return the bands at the date of each pixel, NaN where there is no such date."""
        known = (dates >= 0) & (dates < len(data))
        bands = np.full((*dates.shape[:2], len(self.indices)), np.nan, working_dtype(data.dtype))
        if len(data):
            position = np.where(known, dates, 0).astype(np.intp)[np.newaxis]
            for column, band in enumerate(self.indices):
                bands[..., column] = np.take_along_axis(data[..., band], position[..., 0], axis=0)[0]
        return np.where(known, bands, np.asarray(np.nan, bands.dtype))


def _check_positions(setting: str, positions: Sequence[Any]) -> None:
    if not all(isinstance(position, Integral) and not isinstance(position, bool) for position in positions):
        raise SettingError(f"{setting} must be positions of bands, as ints, got {positions!r}.")


def _check_reach(position: int, data: NDArray[Any], feature: tuple[FeatureType, str]) -> None:
    bands = data.shape[-1]
    if not -bands <= position < bands:
        raise IndexOutOfRange(f"There is no band {position} in {feature} of shape {data.shape}: it has {bands} bands.")


def _band(data: NDArray[Any], position: int | None, feature: tuple[FeatureType, str]) -> NDArray[Any]:
    """Return one band of a feature, (dates, height, width, 1)."""
    if data.ndim != 4:
        raise DataError(f"{feature} must be of shape (dates, height, width, bands), not {data.shape}.")
    if position is None and data.shape[-1] != 1:
        raise DataError(f"{feature} must have one band, but it has {data.shape[-1]}: its shape is {data.shape}.")
    _check_reach(position or 0, data, feature)
    first = (position or 0) % data.shape[-1]
    return data[..., first : first + 1]


def _dates_of(
    function: Callable[[Float64], Float64], data: NDArray[Any], eopatch: EOPatch, mask_data: bool
) -> NDArray[np.int64]:
    """Return the two dates that a function finds in the series of each pixel, (height, width, 2)."""
    valid = valid_observations(eopatch, [_VALID if mask_data else _OBSERVED], data.shape)
    result = np.empty((*data.shape[1:], 2), np.int64)
    over_series(function, data, valid, result)
    return result[:, :, 0]
