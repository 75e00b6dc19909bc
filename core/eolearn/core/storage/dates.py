"""Which dates of a saved patch are meant: by position, by a mask, by a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from ..exceptions import IndexOutOfRange, SettingError, StorageError, TimestampsMissing

DatesSpec: TypeAlias = slice | Iterable[int] | Iterable[bool]
"""Positions, of which negative ones count from the end, or a mask."""
LoadedDates: TypeAlias = DatesSpec | Callable[[list[datetime]], Iterable[bool] | Iterable[int]]
"""The same, or a function of all timestamps that returns such."""


@dataclass(frozen=True)
class TemporalSelection:
    """Where along the time axis of a saved array the dates of another one are written."""

    selection: DatesSpec | None
    """The dates that are written, None for all."""
    full_size: int | None = None
    """The number of dates that an array has which isn't there yet; None if it must be there."""


def positions_of(selection: DatesSpec | None, count: int, what: str = "date") -> list[int] | range:
    """Return the selected ones of so many positions, from 0, in the order in which they were given; all for None.

    what: is counted, for messages. Raises IndexOutOfRange (an IndexError and a ValueError) for a position that isn't
    there, SettingError (a ValueError) for what selects nothing.

    Example:
        >>> positions_of([-1, 0], 5), positions_of([True, False, True], 3), positions_of(slice(2, None), 5)
        ([4, 0], [0, 2], range(2, 5))
    """
    if selection is None:
        return range(count)
    if isinstance(selection, slice):
        chosen = range(count)[selection]
        return chosen if chosen.step == 1 else list(chosen)
    if isinstance(selection, str) or not isinstance(selection, Iterable):
        raise SettingError(f"Can't select a {what} by {selection!r}. Give a slice, a list of positions, or a mask.")
    wanted: list[Any] = list(selection)
    if wanted and all(isinstance(value, (bool, np.bool_)) for value in wanted):
        if len(wanted) != count:
            raise SettingError(f"A mask of {len(wanted)} flags doesn't fit {count} {what}s.")
        return [position for position, flag in enumerate(wanted) if flag]
    if not all(isinstance(value, (int, np.integer)) and not isinstance(value, bool) for value in wanted):
        raise SettingError(f"Can't select a {what} by {wanted[:5]}. Give a slice, a list of positions, or a mask.")
    return [_from_start(int(value), count, what) for value in wanted]


def _from_start(position: int, count: int, what: str) -> int:
    if not -count <= position < count:
        raise IndexOutOfRange(f"There is no {what} at position {position}: there are {count} {what}s.")
    return position % count


def dates_to_load(selection: LoadedDates | None, timestamps: list[datetime] | None) -> DatesSpec | None:
    """Return the positions of the dates that are loaded, None for all of what there is.

    timestamps: all that are saved, None where there are none: then only positions can be selected. With timestamps,
    what an array has beyond them is never loaded: it is of an append that has not been finished.

    Raises StorageError (an OSError) for a function without timestamps to give it.
    """
    if callable(selection):
        if timestamps is None:
            raise StorageError("The patch has no saved timestamps, by which a function could select dates to load.")
        selection = list(selection(list(timestamps)))
    if timestamps is None:
        return selection
    return slice(len(timestamps)) if selection is None else positions_of(selection, len(timestamps))


def infer_dates(timestamps: list[datetime] | None, stored: list[datetime] | None) -> TemporalSelection:
    """Return where the dates of a patch are among the saved ones.

    Raises StorageError (an OSError) where none are saved, TimestampsMissing (a RuntimeError) for a patch without any,
    SettingError (a ValueError) for dates that aren't saved.
    """
    if timestamps is None:
        raise TimestampsMissing("Cannot infer temporal selection: the EOPatch has no timestamps.")
    if stored is None:
        raise StorageError(
            "Cannot infer temporal selection. Saved EOPatch does not have timestamps: save it with them first."
        )
    positions = {timestamp: position for position, timestamp in enumerate(stored)}
    unknown = [str(timestamp) for timestamp in timestamps if timestamp not in positions]
    if unknown:
        raise SettingError(
            "Cannot infer temporal selection: the timestamps of the EOPatch must be a subset of the saved ones, which "
            f"{', '.join(unknown)} {'is' if len(unknown) == 1 else 'are'} not. To add dates, use 'append'."
        )
    return TemporalSelection([positions[timestamp] for timestamp in timestamps], len(stored))


def check_append(new: Sequence[datetime], stored: Sequence[datetime]) -> None:
    """Refuse to append dates that don't come after the saved ones, in order: SettingError (a ValueError)."""
    if len({timestamp.tzinfo is None for timestamp in [*new, *stored]}) > 1:
        raise SettingError("Dates with a time zone and dates without one can't be put in order: convert the new ones.")
    clashes = sorted(set(new) & set(stored))
    if clashes:
        raise SettingError(f"These dates are saved already: {_listed(clashes)}. Leave them out to append the others.")
    early = [timestamp for timestamp in new if stored and timestamp < max(stored)]
    if early:
        raise SettingError(
            f"Only later dates can be appended. These precede {max(stored)}, the last of the saved ones: "
            f"{_listed(early)}. Load the patch, merge, and save all of it again."
        )
    if any(later <= earlier for earlier, later in pairwise(new)):
        raise SettingError(f"Dates are appended in their order and each once, got {_listed(new)}.")


def _listed(timestamps: Sequence[datetime]) -> str:
    shown = ", ".join(map(str, timestamps[:5]))
    return f"{shown} and {len(timestamps) - 5} more" if len(timestamps) > 5 else shown
