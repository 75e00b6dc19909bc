"""Tasks that choose dates of an EOPatch, and the place of 1.x for those that resize, fill gaps and do arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, SettingError, SettingTypeError, TimestampsMissing

from .arithmetic import LinearFunctionTask
from .resizing import SpatialResizeTask
from .value_fillout import ValueFilloutTask

if TYPE_CHECKING:
    from eolearn.core.types import Feature, FeaturesSpecification

__all__ = ["FilterTimeSeriesTask", "LinearFunctionTask", "SimpleFilterTask", "SpatialResizeTask", "ValueFilloutTask"]


def _is_temporal_array(feature_type: FeatureType) -> bool:
    return feature_type.is_temporal() and feature_type.is_array()


class SimpleFilterTask(EOTask):
    """Keeps the dates for which a function says so.

    feature: what the function looks at: an array feature with a time axis, or the string ``"timestamps"``.
    filter_func: is called for each date with the array of that date, or with the timestamp, and says if it is kept.
    filter_features: the features of the result.

    The result is a new patch. Timeless features are shared with the old one, temporal arrays are cut, and of temporal
    tables the rows of the remaining timestamps stay. It may have no date at all.

    Example:
        >>> clear = SimpleFilterTask((FeatureType.MASK, "VALID"), lambda valid: valid.mean() > 0.8)
        >>> eopatch = clear(eopatch)
    """

    def __init__(
        self,
        feature: Feature | Literal["timestamps"],
        filter_func: Callable[[Any], Any],
        filter_features: FeaturesSpecification = ...,
    ):
        if not callable(filter_func):
            raise SettingTypeError(f"filter_func must be a function of one frame or timestamp, got {filter_func!r}.")
        self.feature: Feature | Literal["timestamps"] = (
            "timestamps"
            if feature == "timestamps"
            else self.parse_feature(feature, allowed_feature_types=_is_temporal_array)
        )
        self.filter_func = filter_func
        self.filter_features_parser = self.get_feature_parser(filter_features)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return a new patch with the dates that are kept."""
        frames = eopatch.get_timestamps() if self.feature == "timestamps" else eopatch[self.feature]
        dates = len(frames) if eopatch.timestamps is None else len(eopatch.timestamps)
        if len(frames) != dates:
            raise DataError(f"{self.feature} has {len(frames)} dates, but the EOPatch has {dates} timestamps.")
        kept = [index for index, frame in enumerate(frames) if self.filter_func(frame)]
        features = self.filter_features_parser.get_features(eopatch)
        nothing: FeaturesSpecification = {FeatureType.DATA: []}  # an empty list would stand for all features
        patch = eopatch.copy(features or nothing, copy_timestamps=True)
        if patch.timestamps is not None:
            return patch.temporal_subset(kept)
        _cut_without_timestamps(patch, kept, dates)
        return patch


def _cut_without_timestamps(patch: EOPatch, kept: list[int], dates: int) -> None:
    for feature in patch.get_features():
        if feature[0] is FeatureType.VECTOR:
            raise TimestampsMissing(f"{feature} can't be cut by date: the EOPatch has no timestamps.")
        if _is_temporal_array(feature[0]):
            frames = patch[feature]
            if len(frames) != dates:
                raise DataError(
                    f"{feature} of shape {frames.shape} can't be cut: the filter chose among {dates} dates."
                )
            patch[feature] = frames[kept]


class FilterTimeSeriesTask(SimpleFilterTask):
    """Keeps the dates from a start to an end, both included.

    start_date, end_date: datetimes. An end at midnight leaves out what was acquired on that day.
    filter_features: the features of the result.

    Example:
        >>> summer = FilterTimeSeriesTask(datetime(2017, 6, 1), datetime(2017, 8, 31, 23, 59))
        >>> eopatch = summer(eopatch)
    """

    def __init__(self, start_date: datetime, end_date: datetime, filter_features: FeaturesSpecification = ...):
        if not isinstance(start_date, datetime) or not isinstance(end_date, datetime):
            raise SettingError(f"start_date and end_date must be datetimes, got {start_date!r} and {end_date!r}.")
        self.start_date = start_date
        self.end_date = end_date
        super().__init__("timestamps", self._is_within, filter_features)

    def _is_within(self, timestamp: datetime) -> bool:
        return self.start_date <= timestamp <= self.end_date
