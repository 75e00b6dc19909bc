"""Months, dekads and other spans of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Literal, TypeAlias, cast, get_args

from eolearn.core.exceptions import SettingError
from eolearn.core.temporal_selection import parse_timestamps

PeriodName: TypeAlias = Literal["dekad", "month", "year"]
Period: TypeAlias = PeriodName | Iterable[date | str]
"""``"dekad"`` (from the 1st, 11th and 21st of a month), ``"month"``, ``"year"``, or dates at which periods meet."""


def check_period(period: Period) -> PeriodName | list[datetime]:
    """Return a name of periods as it is and dates as datetimes.

    Raises SettingError (a ValueError) for other names, for fewer than two dates, and for dates that don't ascend.
    """
    if isinstance(period, str):
        if period not in get_args(PeriodName):
            raise SettingError(f"period must be one of {get_args(PeriodName)} or a list of dates, got {period!r}.")
        return cast("PeriodName", period)
    edges = parse_timestamps(period)
    if len(edges) < 2 or any(later <= earlier for earlier, later in pairwise(edges)):
        raise SettingError(
            "A list of periods must have at least two dates in ascending order: each period lasts from one to the next "
            f"and the last date ends the last one. Got {[edge.isoformat() for edge in edges]}."
        )
    return edges


def period_edges(period: PeriodName | list[datetime], timestamps: Sequence[datetime]) -> list[datetime]:
    """Return the dates at which the periods meet that hold the timestamps: one more than there are periods.

    Without timestamps there is no month, dekad or year, and the list is empty.

    Example:
        >>> period_edges("month", [datetime(2020, 1, 31), datetime(2020, 2, 1)])
        [datetime.datetime(2020, 1, 1, 0, 0), datetime.datetime(2020, 2, 1, 0, 0), datetime.datetime(2020, 3, 1, 0, 0)]
    """
    if not isinstance(period, str):
        return period
    if not timestamps:
        return []
    edges = [_start(period, min(timestamps))]
    while edges[-1] <= max(timestamps):
        edges.append(_next(period, edges[-1]))
    return edges


def _start(period: PeriodName, moment: datetime) -> datetime:
    if period == "year":
        return datetime(moment.year, 1, 1)
    day = 1 if period == "month" else min((moment.day - 1) // 10, 2) * 10 + 1
    return datetime(moment.year, moment.month, day)


def _next(period: PeriodName, start: datetime) -> datetime:
    if period == "year":
        return datetime(start.year + 1, 1, 1)
    if period == "dekad" and start.day < 21:
        return start.replace(day=start.day + 10)
    return datetime(start.year + start.month // 12, start.month % 12 + 1, 1)
