"""What users may ask for as bands and as dates, as positions in an array."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sentinelhub import parse_time_interval

from eolearn.core.exceptions import IndexOutOfRange, SettingError

_BAND_FORMS = "Bands are a list of positions, or a tuple (first, last) of them, the last one included."
_DATE_FORMS = (
    "Dates are a list of positions, or a tuple (first, last) of positions, of strings or of datetimes, the last one "
    "included."
)


def band_positions(band_indices: object, count: int) -> list[int]:
    """Return the positions of the bands that were asked for, of as many as there are.

    band_indices: a list of positions, or (first, last), cut to the bands there are; negative ones count from the end.

    Raises SettingError (a ValueError) for anything else and where nothing is selected, IndexError for a position in a
    list that is out of range.
    """
    if isinstance(band_indices, list):
        positions = _listed(band_indices, count, "band_indices", _BAND_FORMS)
    elif _is_pair_of(band_indices, (int, np.integer)):
        first, last = (index + count if index < 0 else index for index in band_indices)  # type: ignore[attr-defined]
        positions = list(range(max(first, 0), min(last + 1, count)))
    else:
        raise SettingError(f"band_indices can't be {band_indices!r}. {_BAND_FORMS}")
    if not positions:
        raise SettingError(f"band_indices={band_indices!r} selects none of {count} bands.")
    return positions


def date_positions(date_indices: object, timestamps: Sequence[datetime]) -> list[int]:
    """Return the positions of the dates that were asked for, of those of a patch.

    date_indices: a list of positions, or (first, last) as positions, strings or datetimes: all dates from the one to
        the other. Negative positions count from the end.

    Raises SettingError (a ValueError) for anything else and where nothing is selected, IndexError for a position that
    is out of range.
    """
    if isinstance(date_indices, list):
        positions = _listed(date_indices, len(timestamps), "date_indices", _DATE_FORMS)
    else:
        first, last = _interval(date_indices, timestamps)
        positions = [index for index, timestamp in enumerate(timestamps) if first <= timestamp <= last]
    if not positions:
        dates = f"{len(timestamps)} dates from {timestamps[0]} to {timestamps[-1]}" if timestamps else "no dates"
        raise SettingError(f"date_indices={date_indices!r} selects nothing: there are {dates}.")
    return positions


def _interval(date_indices: Any, timestamps: Sequence[datetime]) -> Sequence[datetime]:
    """Return the first and the last date that were asked for."""
    if _is_pair_of(date_indices, (int, np.integer)):
        return [
            timestamps[index] for index in _listed(list(date_indices), len(timestamps), "date_indices", _DATE_FORMS)
        ]
    if _is_pair_of(date_indices, str):
        return parse_time_interval(date_indices, ignoretz=True)  # type: ignore[return-value] # neither end is open
    if _is_pair_of(date_indices, datetime):
        return tuple(date_indices)
    raise SettingError(f"date_indices can't be {date_indices!r}. {_DATE_FORMS}")


def _is_pair_of(value: object, kind: type | tuple[type, ...]) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(item, kind) for item in value)


def _listed(indices: list[Any], count: int, name: str, forms: str) -> list[int]:
    """Return positions from 0, for positions that may be negative, or for a mask of booleans."""
    positions = np.asarray(indices or np.empty(0, dtype=int))
    if positions.dtype.kind not in "iub" or positions.ndim != 1:
        raise SettingError(f"{name} can't be {indices!r}. {forms}")
    try:
        return [int(position) for position in np.arange(count)[positions]]
    except IndexError:
        raise IndexOutOfRange(f"{name}={indices!r} is out of range: there are {count}.") from None
