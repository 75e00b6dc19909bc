"""The dates for which values of a time series are wanted, and times as numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import IndexOutOfRange, SettingError
from eolearn.core.temporal_selection import parse_timestamps

ResampleRangeType: TypeAlias = (
    tuple[str, str, int] | list[str] | tuple[str, ...] | list[datetime] | tuple[datetime, ...] | None
)

_DAY_S = 86400


def resampled_dates(resample_range: Any) -> list[datetime]:
    """Return the dates that a setting ``resample_range`` stands for.

    resample_range: ``(start, end, step in days)``, with start and end as strings, stands for start and all dates at
        full steps from it that are before end; a list or tuple of strings, dates or datetimes stands for itself.

    Raises SettingError (a ValueError) for another form, an end before the start, a step of less than a day, or a string
    that is no date; SettingTypeError (a TypeError) for an item that is no date; IndexOutOfRange (an IndexError) if
    there is no date.

    Example:
        >>> resampled_dates(("2017-06-01", "2017-06-10", 5))
        [datetime.datetime(2017, 6, 1, 0, 0), datetime.datetime(2017, 6, 6, 0, 0)]
    """
    if not isinstance(resample_range, (list, tuple)):
        raise SettingError(
            f"resample_range must be (start, end, step in days) or a list of dates, got {resample_range!r}."
        )
    if len(resample_range) == 0:
        raise IndexOutOfRange("resample_range is empty: give at least one date.")
    if _is_regular(resample_range):
        start, end = parse_timestamps(resample_range[:2])
        return _regular_dates(start, end, int(resample_range[2]))
    return parse_timestamps(resample_range)


def _is_regular(resample_range: list[Any] | tuple[Any, ...]) -> bool:
    if len(resample_range) != 3:
        return False
    start, end, step = resample_range
    return isinstance(start, str) and isinstance(end, str) and isinstance(step, Integral)


def _regular_dates(start: datetime, end: datetime, step_days: int) -> list[datetime]:
    if step_days < 1:
        raise SettingError(f"The step of resample_range must be at least one day, got {step_days} days.")
    if start > end:
        raise SettingError(f"resample_range must not end before it starts, got {start} to {end}.")
    dates = [start]
    while (following := dates[-1] + timedelta(days=step_days)) < end:
        dates.append(following)
    return dates


def times_of(
    timestamps: list[datetime], dates: list[datetime], scale_s: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the times of the timestamps and of the dates, rounded to units of ``scale_s`` seconds.

    Times count from the first timestamp. The first date is taken to be at the same time of day as that: an acquisition
    at ten and a date without a time of day, which means midnight, are zero hours apart if they are of one day. Without
    timestamps, times count from the first date.
    """
    days_apart = (dates[0].date() - timestamps[0].date()).days if timestamps else 0
    return _units(timestamps, scale_s), _units(dates, scale_s, start_s=days_apart * _DAY_S)


def _units(moments: list[datetime], scale_s: float, start_s: int = 0) -> NDArray[np.int64]:
    seconds = [start_s + (moment - moments[0]).total_seconds() for moment in moments]
    return np.rint(np.array(seconds) / scale_s).astype(np.int64)
