"""Which dates of a patch are meant: by position, by date, by a mask or by a function."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date, datetime
from typing import Any, TypeAlias

import numpy as np

from .exceptions import IndexOutOfRange, SettingError, SettingTypeError

TemporalSelectionSpec: TypeAlias = (
    Iterable[int] | Iterable[bool] | Iterable[datetime] | Iterable[str] | Callable[[list[datetime]], Iterable[bool]]
)

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{6})?)?)?", re.ASCII)
_FORMS = "Give positions, dates (datetime or string), a mask of booleans, or a function of the list of timestamps."


def parse_timestamps(timestamps: Iterable[date | str]) -> list[datetime]:
    """Return dates, datetimes and strings as a list of datetimes.

    Raises TypeError for what is none of them, ValueError for a string that can't be read as a date.

    Example:
        >>> parse_timestamps(["2017-06-01", date(2017, 6, 11)])
        [datetime.datetime(2017, 6, 1, 0, 0), datetime.datetime(2017, 6, 11, 0, 0)]
    """
    if isinstance(timestamps, str):
        raise SettingError(f"Timestamps must be a list, got the string {timestamps!r}. Put it in brackets.")
    if not isinstance(timestamps, Iterable):
        raise SettingTypeError(f"Timestamps must be an iterable of dates, got {timestamps!r}.")
    return [_parse_timestamp(value) for value in timestamps]


def _parse_timestamp(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, (str, date)):
        raise SettingTypeError(f"A timestamp must be a datetime, a date or a string, got {value!r}.")
    if isinstance(value, str) and _ISO.fullmatch(value):
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    from sentinelhub import parse_time  # only now: it takes a while

    try:
        parsed: datetime = parse_time(value, force_datetime=True)
    except (ValueError, OverflowError) as error:
        raise SettingError(f"Can't read {value!r} as a date: {error}. Write it as 2017-06-01T10:00:00.") from error
    return parsed


def select_dates(timestamps: list[datetime], selection: TemporalSelectionSpec) -> list[int]:
    """Return the positions of the selected dates, ascending and each once.

    Negative positions count from the end, dates that are not there are left out, and a function may return fewer flags
    than there are dates. Raises IndexOutOfRange for positions beyond the end, SettingError for what can't be read.
    """
    if callable(selection):
        flags = list(selection(timestamps))
        _check_flags(flags, timestamps, exact=False)
        return [index for index, flag in enumerate(flags) if flag]
    if isinstance(selection, str) or not isinstance(selection, Iterable):
        raise SettingError(f"Can't select dates by {selection!r}. {_FORMS}")
    wanted: list[Any] = list(selection)
    if wanted and all(isinstance(value, (bool, np.bool_)) for value in wanted):
        _check_flags(wanted, timestamps, exact=True)
        return [index for index, flag in enumerate(wanted) if flag]
    if all(isinstance(value, (int, np.integer)) and not isinstance(value, bool) for value in wanted):
        return sorted({_position(int(value), len(timestamps)) for value in wanted})
    if all(isinstance(value, (str, date)) for value in wanted):
        dates = set(parse_timestamps(wanted))
        return [index for index, timestamp in enumerate(timestamps) if timestamp in dates]
    raise SettingError(f"Can't select dates by {wanted[:5]}. {_FORMS}")


def _check_flags(flags: list[Any], timestamps: list[datetime], *, exact: bool) -> None:
    if len(flags) > len(timestamps) or (exact and len(flags) != len(timestamps)):
        raise SettingError(f"A mask of {len(flags)} flags doesn't fit {len(timestamps)} timestamps.")


def _position(index: int, count: int) -> int:
    if not -count <= index < count:
        raise IndexOutOfRange(f"There is no date at position {index}: the EOPatch has {count} timestamps.")
    return index % count
