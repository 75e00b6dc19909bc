"""Which part of an array is read: some dates, a window, some bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..exceptions import TemporalDimensionWarning, warn_user
from .dates import DatesSpec, positions_of

Window: TypeAlias = tuple[slice, slice]
"""Rows and columns, each from a position to before another."""


@dataclass(frozen=True)
class ArrayPart:
    """A part of an array, None for all along an axis."""

    dates: DatesSpec | None = None
    """Positions along the first axis, in the order in which they are wanted."""
    window: Window | None = None
    """Rows and columns: the second and third axis from the end."""
    bands: Sequence[int] | None = None
    """Positions along the last axis."""

    def positions(self, shape: tuple[int, ...]) -> list[range | list[int]]:
        """Return the positions along each axis of an array.

        Raises IndexOutOfRange (an IndexError and a ValueError) where the array does not reach so far.
        """
        chosen: list[range | list[int]] = [range(size) for size in shape]
        chosen[0] = positions_of(self.dates, shape[0], "date")
        if self.window is not None:
            chosen[-3:-1] = (range(size)[part] for size, part in zip(shape[-3:-1], self.window, strict=True))
        if self.bands is not None:
            chosen[-1] = positions_of(self.bands, shape[-1], "band")
        return chosen

    def cut(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return the part of an array that is in memory: a copy, or the array itself where the part is all of it."""
        if self.dates is None and self.window is None and self.bands is None:
            return array
        return take(array, self.positions(array.shape)).copy()


def take(array: NDArray[Any], positions: Sequence[range | list[int]]) -> NDArray[Any]:
    """Return the values at positions along each axis, of which ranges cost nothing."""
    array = array[tuple(slice(part.start, part.stop) if isinstance(part, range) else slice(None) for part in positions)]
    for axis, part in enumerate(positions):
        if not isinstance(part, range):
            array = np.take(array, part, axis=axis)
    return array


def check_dates(place: str, count: int, timestamps: int | None) -> None:
    """Warn (TemporalDimensionWarning) of an array that has not as many dates as timestamps are saved.

    place: of the array. timestamps: how many there are, None where that does not matter.
    """
    if timestamps is not None and count != timestamps:
        message = f"{place} has {count} dates, but {timestamps} timestamps are saved with it. Save one of them again."
        warn_user(message, TemporalDimensionWarning)
