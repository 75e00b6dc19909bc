"""What all interpolations of image time series share: the observations that count, and the dates that are wanted."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, EOUserWarning, FeatureExists, SettingError, warn_user
from eolearn.core.utils.parsing import parse_renamed_feature

from ._kernels.dtypes import as_stored
from .series_blocks import over_series
from .timeline import ResampleRangeType, resampled_dates, times_of
from .validity import mask_parser, valid_by

if TYPE_CHECKING:
    from eolearn.core.types import FeaturesSpecification, RenamedFeature, SingleFeatureSpec

_INTERPOLATED_TYPES = (FeatureType.DATA, FeatureType.MASK)


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
        self.renamed_feature = parse_renamed_feature(feature, allowed_feature_types=_INTERPOLATED_TYPES)
        self.resample_range = resample_range
        self.result_interval = result_interval
        self.mask_feature_parser = mask_parser(mask_feature)
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
            warn_user(message, EOUserWarning)
            self.copy_features_parser = None
        if self.result_interval is not None and not _is_interval(self.result_interval):
            raise SettingError(f"result_interval must be (lowest, highest) value, got {self.result_interval!r}.")
        if not isinstance(self.unknown_value, Real):
            raise SettingError(f"unknown_value must be a number, got {self.unknown_value!r}.")
        if not self.scale_time > 0:
            raise SettingError(f"scale_time must be a positive number of seconds, got {self.scale_time!r}.")

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the interpolated feature, or a new one if dates were asked for."""
        data, valid, timestamps = self._read(eopatch)
        dates = self.get_resampled_timestamp(timestamps)
        values = self._interpolate(eopatch, data, valid, *times_of(timestamps, dates, self.scale_time))
        return self._write(eopatch, dates, values)

    def _read(self, eopatch: EOPatch) -> tuple[NDArray[Any], NDArray[np.bool_] | None, list[datetime]]:
        """Return the data, where they are valid, and the timestamps."""
        feature_type, name, _ = self.renamed_feature
        data = eopatch[feature_type, name]
        timestamps = eopatch.get_timestamps(f"Interpolation of {name!r} needs timestamps, but the EOPatch has none.")
        self._check_data(data, timestamps)
        self._features_to_copy(eopatch)
        return data, valid_by(self.mask_feature_parser, eopatch, data.shape), timestamps

    def _write(self, eopatch: EOPatch, dates: list[datetime], values: NDArray[np.floating[Any]]) -> EOPatch:
        """Return the patch that the result belongs to, with it."""
        feature_type, name, new_name = self.renamed_feature
        result = self._as_stored(values, eopatch[feature_type, name].dtype)
        target = eopatch if self.resample_range is None else EOPatch(bbox=eopatch.bbox, timestamps=dates)
        target[feature_type, new_name] = result
        for copied_type, old, new in self._features_to_copy(eopatch):
            target[copied_type, new] = eopatch[copied_type, old]
        return target

    def get_resampled_timestamp(self, timestamps: list[datetime]) -> list[datetime]:
        """Return the dates for which values are wanted, given those of the patch."""
        return timestamps if self.resample_range is None else resampled_dates(self.resample_range)

    @abstractmethod
    def interpolate_data(
        self, data: NDArray[Any], times: NDArray[np.int64], resampled_times: NDArray[np.int64]
    ) -> NDArray[np.floating[Any]]:
        """Return the values of some series at the wanted times, of shape (wanted times, series).

        data: of shape (times, series), float32 or float64, NaN or infinite where there is no valid observation. The
            method is called many times, each with a part of the series, and by several threads at once.
        times: when the rows of data were observed, ascending, in units of ``scale_time``.
        resampled_times: the wanted times, in the same units and in the order of the wanted dates.

        What can't be known is NaN in the result.
        """

    def _check_data(self, data: NDArray[Any], timestamps: list[datetime]) -> None:
        feature = self.renamed_feature[:2]
        if len(data) != len(timestamps):
            raise DataError(f"{feature} has {len(data)} dates, but the EOPatch has {len(timestamps)} timestamps.")
        if data.dtype.kind not in "biuf":
            raise DataError(f"Interpolation needs real numbers, but {feature} is of dtype {data.dtype}.")

    def _features_to_copy(self, eopatch: EOPatch) -> list[RenamedFeature]:
        if self.copy_features_parser is None:
            return []
        copied = self.copy_features_parser.get_renamed_features(eopatch)
        taken = {(self.renamed_feature[0], self.renamed_feature[2])}
        for feature_type, old, new in copied:
            if (feature_type, new) in taken:
                raise FeatureExists(
                    f"copy_features can't copy {(feature_type, old)} to {new!r}: the new EOPatch has it already. "
                    f"Give it another name: ({feature_type}, {old!r}, 'ANOTHER')."
                )
            taken.add((feature_type, new))
        return copied

    def _interpolate(
        self,
        eopatch: EOPatch,  # noqa: ARG002 - for subclasses that read more of it
        data: NDArray[Any],
        valid: NDArray[np.bool_] | None,
        times: NDArray[np.int64],
        resampled_times: NDArray[np.int64],
    ) -> NDArray[np.floating[Any]]:
        """Run :meth:`interpolate_data` over blocks of pixels."""
        moments, position = np.unique(times, return_inverse=True)
        is_ascending = np.array_equal(moments, times)

        def compute(series: NDArray[Any], _: slice) -> NDArray[np.floating[Any]]:
            if not is_ascending:
                from ._kernels.series import average_repeats

                series = average_repeats(series, position)
            return self.interpolate_data(series.reshape(len(moments), -1), moments, resampled_times)

        return over_series(compute, data, valid, len(resampled_times), threads=self._may_use_threads())

    def _may_use_threads(self) -> bool:
        return True

    def _as_stored(self, values: NDArray[np.floating[Any]], dtype: np.dtype[Any]) -> NDArray[Any]:
        if self.result_interval is not None:
            np.clip(values, *self.result_interval, out=values)
        result = as_stored(values, dtype, self.unknown_value)
        feature_type, name, _ = self.renamed_feature
        if feature_type.is_discrete() and result.dtype.kind == "f":
            raise DataError(
                f"Some values of {feature_type} {name!r} are unknown, and {dtype} can't hold unknown_value="
                f"{self.unknown_value}. Give an unknown_value that it can hold."
            )
        return result


def _is_interval(interval: Any) -> bool:
    try:
        lowest, highest = interval
        return bool(lowest <= highest)
    except (TypeError, ValueError):
        return False
