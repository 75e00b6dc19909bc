"""Images of one day as one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.constants import TIMESTAMP_COLUMN
from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.utils.parsing import parse_feature

from ._kernels.same_day import best_date, merged, valid_mean

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from eolearn.core.types import Feature

Rule = Literal["first", "mean", "best"]
Kept = Literal["first", "mean"]
Day = Literal["solar", "utc"]


class MergeSameDayTask(EOTask):
    """Joins the dates of a patch that are of one day, such as the neighbouring scenes of one pass of a satellite.

    valid: tells where a date has data: of an image of MASK where it isn't 0, of DATA where a band is neither NaN nor
        no_data_value.
    rule: which of the dates of a day a pixel is taken from, for all features alike: the "first" that has data there,
        or the "best" of them by quality. "mean" takes for DATA the mean of those that have data, rounded in integers,
        and for all else the first. Where none has data, the first date is.
    quality: for "best", an image of DATA or MASK of one band. The highest value wins, of equal ones the first.
    highest: whether the highest value of quality wins, or the lowest.
    no_data_value: stands for no data besides NaN in DATA.
    timestamp: the time of the joined date: that of the "first", or the "mean".
    day: of the sun at the place ("solar"), which a pass never crosses the border of, or of the clock in UTC ("utc").

    SCALAR and LABEL have no pixels: of "mean" SCALAR is the mean without NaN, and else the first date counts. Rows of
    tables get the time of the joined date. Where no day has several dates, arrays are the same ones.

    Example:
        >>> MergeSameDayTask((FeatureType.MASK, "IS_DATA"))(eopatch)
        >>> MergeSameDayTask((FeatureType.DATA, "BANDS"), "best", quality=(FeatureType.DATA, "CLP"), highest=False)
    """

    def __init__(
        self,
        valid: Feature,
        rule: Rule = "first",
        *,
        quality: Feature | None = None,
        highest: bool = True,
        no_data_value: float | None = None,
        timestamp: Kept = "first",
        day: Day = "solar",
    ):
        images = [FeatureType.DATA, FeatureType.MASK]
        self.valid = parse_feature(valid, allowed_feature_types=images)
        self.quality = None if quality is None else parse_feature(quality, allowed_feature_types=images)
        for name, value, choices in (("rule", rule, Rule), ("timestamp", timestamp, Kept), ("day", day, Day)):
            if value not in get_args(choices):
                raise SettingError(f"{name} is one of {', '.join(get_args(choices))}, got {value!r}.")
        if (rule == "best") != (quality is not None):
            raise SettingError(f"rule='best' needs a quality, and the others none; got {rule=}, {quality=}.")
        self.rule, self.highest, self.no_data_value = rule, highest, no_data_value
        self.timestamp, self.day = timestamp, day

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with one date a day.

        Raises DataError (a ValueError) for timestamps that aren't sorted, features with other numbers of dates, and
        images of another size than the valid ones; TimestampsMissing (a RuntimeError), FeatureMissing (a ValueError).
        """
        timestamps = list(eopatch.get_timestamps())
        days = self._days(eopatch, timestamps)
        temporal = [feature for feature in eopatch.get_features() if feature[0].is_temporal()]
        valid = self._valid(eopatch)
        for feature in temporal:
            if feature[0].is_array():
                self._check(eopatch[feature], feature, len(timestamps), valid.shape[1:])
        quality = self._quality(eopatch)
        if all(len(day) == 1 for day in days):
            return eopatch

        choices = [best_date(valid[day], None if quality is None else quality[day]) for day in days]
        times = [self._time([timestamps[date] for date in day]) for day in days]
        joined: dict[Feature, Any] = {}
        for feature in temporal:
            value = eopatch[feature]
            if feature[0].is_vector():
                joined[feature] = _retimed(value, timestamps, days, times)
            else:
                parts = zip(days, choices, strict=True)
                images = [self._joined(value[day], feature[0], valid[day], choice) for day, choice in parts]
                joined[feature] = np.stack(images)
        for feature in temporal:
            del eopatch[feature]
        eopatch.timestamps = times
        for feature, value in joined.items():
            eopatch[feature] = value
        return eopatch

    def _days(self, eopatch: EOPatch, timestamps: list[datetime]) -> list[list[int]]:
        """Return the positions of the dates of each day."""
        for earlier, later in pairwise(timestamps):
            if earlier > later:
                raise DataError(f"The timestamps aren't sorted: {later} comes after {earlier}. Sort the dates first.")
        offset = timedelta(0) if self.day == "utc" else _solar_offset(eopatch)
        dates = [(_naive(time) + offset).date() for time in timestamps]
        return [list(day) for _, day in groupby(range(len(dates)), key=dates.__getitem__)]

    def _valid(self, eopatch: EOPatch) -> NDArray[np.bool_]:
        """Return where dates have data, (time, height, width)."""
        array = eopatch[self.valid]
        if self.valid[0] is FeatureType.MASK:
            return np.asarray((array != 0).any(axis=-1))
        return np.asarray((~np.isnan(array) & (array != self._no_data())).any(axis=-1))

    def _no_data(self) -> float:
        return np.nan if self.no_data_value is None else self.no_data_value

    def _check(self, array: NDArray[Any], feature: Feature, dates: int, size: tuple[int, ...]) -> None:
        if len(array) != dates:
            raise DataError(f"{feature} has {len(array)} dates, but the EOPatch {dates}.")
        if feature[0].is_image() and array.shape[1:3] != size:
            raise DataError(
                f"{feature} has {array.shape[1]} x {array.shape[2]} pixels, but {self.valid} {size[0]} x {size[1]}: "
                "bring them onto one grid first, with AlignToGridTask."
            )

    def _quality(self, eopatch: EOPatch) -> NDArray[np.float64] | None:
        """Return how good dates are, (time, height, width), the more the better, None where it doesn't count."""
        if self.quality is None:
            return None
        array = eopatch[self.quality]
        if array.shape[-1] != 1:
            raise DataError(f"{self.quality} has {array.shape[-1]} bands, but quality is one: give one of them.")
        values = array[..., 0].astype(np.float64) * (1 if self.highest else -1)
        return np.where(np.isnan(values), -np.inf, values)

    def _joined(
        self, array: NDArray[Any], kind: FeatureType, valid: NDArray[np.bool_], choice: NDArray[np.intp]
    ) -> NDArray[Any]:
        if len(array) == 1:
            return np.asarray(array[0])
        takes_mean = self.rule == "mean" and not kind.is_discrete() and array.dtype.kind in "iuf"
        if not kind.is_image():
            return valid_mean(array, np.ones(len(array), bool), np.nan) if takes_mean else np.asarray(array[0])
        return valid_mean(array, valid, self._no_data()) if takes_mean else merged(array, choice)

    def _time(self, times: list[datetime]) -> datetime:
        if self.timestamp == "first":
            return times[0]
        return times[0] + sum((time - times[0] for time in times), timedelta(0)) / len(times)


def _solar_offset(eopatch: EOPatch) -> timedelta:
    """Return how much the sun's time at a place is ahead of UTC."""
    from pyproj import Transformer

    if eopatch.bbox is None:
        raise DataError("The EOPatch has no bounding box, so the sun's time isn't known: set it, or take day='utc'.")
    to_degrees = Transformer.from_crs(eopatch.bbox.crs.pyproj_crs(), "EPSG:4326", always_xy=True)
    longitude, _ = to_degrees.transform(*eopatch.bbox.middle)
    return timedelta(hours=longitude / 15)


def _naive(time: datetime) -> datetime:
    return time if time.utcoffset() is None else time.astimezone(UTC).replace(tzinfo=None)


def _retimed(
    table: GeoDataFrame, timestamps: list[datetime], days: list[list[int]], times: list[datetime]
) -> GeoDataFrame:
    """Return a table whose rows have the joined date in place of their own."""
    import pandas as pd

    new = {pd.Timestamp(timestamps[date]): time for day, time in zip(days, times, strict=True) for date in day}
    column = pd.to_datetime(table[TIMESTAMP_COLUMN])
    return table.assign(**{TIMESTAMP_COLUMN: [new.get(time, time) for time in column]})
