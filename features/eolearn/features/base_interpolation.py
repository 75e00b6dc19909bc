"""What all interpolations of image time series share: which observations count, and for which dates values are wanted."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterator
from datetime import datetime
from functools import reduce
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, EOUserWarning, FeatureExists, SettingError
from eolearn.core.utils.parsing import parse_renamed_feature
from eolearn.core.utils.threads import over_row_blocks

from ._kernels.series import as_stored, average_repeats, observed, working_dtype
from .timeline import ResampleRangeType, resampled_dates, times_of

if TYPE_CHECKING:
    from eolearn.core.types import FeaturesSpecification, RenamedFeature, SingleFeatureSpec

_BLOCK_BYTES = 1 << 20  # of observations, interpolated at a time: about what a processor core keeps in its cache
_THREAD_PIXELS = 4096  # fewer are not worth a thread


class BaseInterpolationTask(EOTask):
    """Computes the time series of each pixel and band anew from its valid observations.

    feature: a DATA or MASK feature, with a new name for the result if it has one.
    resample_range: the dates for which values are wanted: ``(start, end, step in days)``, where start and end are
        strings and end is not among the dates, or a list of strings or datetimes. None for those of the patch.
    result_interval: the lowest and the highest value of the result, beyond which it is cut off.
    mask_feature: any number of MASK, MASK_TIMELESS and LABEL features. An observation counts where all of them are not
        zero. One with another number of bands than the data counts with its first band, for all of theirs.
    copy_features: features to be taken over into the new patch, with new names if they have some. They keep their
        dates. Not used without ``resample_range``.
    unknown_value: stands where nothing is known: outside of the time that is spanned by valid observations.
    scale_time: the unit of time in seconds. Times are rounded to it, and observations of one time are averaged.
    filling_factor, interpolate_pixel_wise: of no effect where each series is interpolated on its own; kept for scripts
        of 1.x.

    With a ``resample_range`` the result is a new patch, which holds the feature and ``copy_features``; without, the
    feature is put into the same patch. Floating-point features keep their dtype. Integers come back rounded, in their
    dtype, if all values are known or the dtype can hold ``unknown_value``; otherwise in a floating-point one.

    Subclasses define :meth:`interpolate_data`.
    """

    def __init__(
        self,
        feature: SingleFeatureSpec,
        *,
        resample_range: ResampleRangeType = None,
        result_interval: tuple[float, float] | None = None,
        mask_feature: FeaturesSpecification | None = None,
        copy_features: FeaturesSpecification | None = None,
        unknown_value: float = np.nan,
        filling_factor: int = 10,
        scale_time: float = 3600,
        interpolate_pixel_wise: bool = False,
    ):
        self.renamed_feature = parse_renamed_feature(
            feature, allowed_feature_types=(FeatureType.DATA, FeatureType.MASK)
        )
        self.resample_range = resample_range
        self.result_interval = result_interval
        self.mask_feature_parser = mask_feature if mask_feature is None else self.get_feature_parser(
            mask_feature, (FeatureType.MASK, FeatureType.MASK_TIMELESS, FeatureType.LABEL)
        )
        self.copy_features_parser = None if copy_features is None else self.get_feature_parser(copy_features)
        self.unknown_value = unknown_value
        self.filling_factor = filling_factor
        self.scale_time = scale_time
        self.interpolate_pixel_wise = interpolate_pixel_wise
        self._check_settings()

    def _check_settings(self) -> None:
        if self.resample_range is not None:
            resampled_dates(self.resample_range)
        elif self.copy_features_parser is not None:
            message = "copy_features is ignored: without resample_range the result goes into the same patch."
            warnings.warn(message, category=EOUserWarning, stacklevel=4)
            self.copy_features_parser = None
        if self.result_interval is not None and not _is_interval(self.result_interval):
            raise SettingError(f"result_interval must be (lowest, highest) value, got {self.result_interval!r}.")
        if not isinstance(self.unknown_value, Real):
            raise SettingError(f"unknown_value must be a number, got {self.unknown_value!r}.")
        if not self.scale_time > 0:
            raise SettingError(f"scale_time must be a positive number of seconds, got {self.scale_time!r}.")

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the interpolated feature, or a new one if dates were asked for."""
        feature_type, name, new_name = self.renamed_feature
        data = eopatch[feature_type, name]
        timestamps = eopatch.get_timestamps(f"Interpolation of {name!r} needs timestamps, but the EOPatch has none.")
        self._check_data(data, timestamps)
        valid = self._valid_observations(eopatch, data.shape)
        copied = self._features_to_copy(eopatch)
        dates = self.get_resampled_timestamp(timestamps)

        values = self._interpolate(data, valid, *times_of(timestamps, dates, self.scale_time))
        result = self._restore(values, data.dtype)
        if self.resample_range is not None:
            source, eopatch = eopatch, EOPatch(bbox=eopatch.bbox, timestamps=dates)
            for copied_type, old, new in copied:
                eopatch[copied_type, new] = source[copied_type, old]
        eopatch[feature_type, new_name] = result
        return eopatch

    def get_resampled_timestamp(self, timestamps: list[datetime]) -> list[datetime]:
        """Return the dates for which values are wanted, given those of the patch."""
        return timestamps if self.resample_range is None else resampled_dates(self.resample_range)

    @abstractmethod
    def interpolate_data(
        self, data: NDArray[Any], times: NDArray[np.int64], resampled_times: NDArray[np.int64]
    ) -> NDArray[np.floating[Any]]:
        """Return the values of some series at other times, of shape (wanted times, series).

        data: of shape (times, series), float32 or float64, NaN where there is no valid observation. A task gets all its
            series in several such pieces, which may be in different threads.
        times: when the rows of data were observed, ascending, in units of ``scale_time``.
        resampled_times: the wanted times, in the same units, in the order of the wanted dates.

        What can't be known is NaN in the result.
        """

    def _interpolate(
        self,
        data: NDArray[Any],
        valid: NDArray[np.bool_] | None,
        times: NDArray[np.int64],
        resampled_times: NDArray[np.int64],
    ) -> NDArray[np.floating[Any]]:
        dates, height, width, bands = data.shape
        pixels = data.reshape(dates, height * width, bands)
        valid = None if valid is None else valid.reshape(dates, height * width, -1)
        moments, position = np.unique(times, return_inverse=True)
        is_ordered = np.array_equal(moments, times)
        dtype = working_dtype(data.dtype)
        result = np.empty((len(resampled_times), height * width, bands), dtype)

        def fill(start: int, stop: int) -> None:
            for part in _blocks(start, stop, _BLOCK_BYTES // max(1, dates * bands * dtype.itemsize)):
                block = observed(pixels[:, part], None if valid is None else valid[:, part])
                series = block.reshape(dates, -1) if is_ordered else average_repeats(block.reshape(dates, -1), position)
                values = self.interpolate_data(series, moments, resampled_times)
                if self.result_interval is not None:
                    values = values.clip(*self.result_interval)
                result[:, part] = values.reshape(-1, *block.shape[1:])

        over_row_blocks(fill, height * width, least_rows=_THREAD_PIXELS)
        return result.reshape(-1, height, width, bands)
