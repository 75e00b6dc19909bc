"""The course of a pixel through time, without clouds: what each date is compared with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

NEIGHBOURS = 7
"""How many clear observations around a date make its course."""
LEAST_CLEAR = 3
"""With fewer clear observations in a whole series, its darkest ones are taken."""
_DARK_SHARE = 0.2  # of a series without clear observations
_STEADY = 0.05  # from there to twice that share, in the first band: ground is steadier than clouds


@njit(cache=True, nogil=True)
def _median(values: Any, count: int) -> float:
    for index in range(1, count):
        value, place = values[index], index
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value
    return float(0.5 * (values[(count - 1) // 2] + values[count // 2]))


@njit(cache=True, nogil=True)
def _nearest_clear(days: Any, clear: Any, date: int, pixel: int, chosen: Any) -> int:
    """Fill the clear dates nearest to a date, itself left out, and return how many there are."""
    before, after, count = date - 1, date + 1, 0
    while count < chosen.size:
        while before >= 0 and not clear[before, pixel]:
            before -= 1
        while after < days.size and not clear[after, pixel]:
            after += 1
        if before < 0 and after >= days.size:
            break
        if after >= days.size or (before >= 0 and days[date] - days[before] <= days[after] - days[date]):
            chosen[count] = before
            before -= 1
        else:
            chosen[count] = after
            after += 1
        count += 1
    return count


@njit(cache=True, nogil=True)
def fill_course(
    values: NDArray[np.float32],
    clear: NDArray[np.bool_],
    usable: NDArray[np.bool_],
    days: NDArray[np.float64],
    course: NDArray[np.float32],
    spread: NDArray[np.float32],
) -> None:
    """Write the clear course of each pixel, and how far the clear observations around a date lie from it.

    values: of shape (dates, pixels, bands), the first band the one in which clouds are brightest against the ground.
    clear: where nothing hides the ground, as far as known; usable: where there are data; both (dates, pixels).
    days: of the dates, in ascending order.
    course: of the shape of the values: the median of the clear observations nearest in time, that of the date itself
    left out; NaN where nothing is known. spread: (dates, pixels), the median absolute deviation of the first band.

    A pixel that is hardly ever clear may be bright ground. If it is steady, so that the observations below which a
    fifth and two fifths of all lie, ordered by the first band, are about equal, the first of them is its course; else
    it is cloudy on most dates, and nothing is known.
    """
    dates, pixels, bands = values.shape
    chosen = np.empty(NEIGHBOURS, np.int64)
    sorted_values = np.empty(max(dates, NEIGHBOURS), np.float32)
    for pixel in range(pixels):
        clears = 0
        for date in range(dates):
            clears += clear[date, pixel]
        if clears < LEAST_CLEAR:
            _darkest(values, usable, pixel, course, spread)
            continue
        for date in range(dates):
            count = _nearest_clear(days, clear, date, pixel, chosen)
            for band in range(bands):
                for index in range(count):
                    sorted_values[index] = values[chosen[index], pixel, band]
                course[date, pixel, band] = _median(sorted_values, count)
            for index in range(count):
                sorted_values[index] = abs(values[chosen[index], pixel, 0] - course[date, pixel, 0])
            spread[date, pixel] = _median(sorted_values, count)


@njit(cache=True, nogil=True)
def _darkest(values: Any, usable: Any, pixel: int, course: Any, spread: Any) -> None:
    dates = np.flatnonzero(usable[:, pixel])
    course[:, pixel, :] = np.nan
    spread[:, pixel] = np.nan
    if dates.size < LEAST_CLEAR:
        return
    first = np.empty(dates.size, np.float32)
    for index in range(dates.size):
        first[index] = values[dates[index], pixel, 0]
    order = np.argsort(first)
    dark = dates[order[int(_DARK_SHARE * (dates.size - 1))]]
    brighter = dates[order[int(2 * _DARK_SHARE * (dates.size - 1))]]
    if values[brighter, pixel, 0] - values[dark, pixel, 0] > _STEADY:
        return
    for date in range(values.shape[0]):
        course[date, pixel, :] = values[dark, pixel, :]
        spread[date, pixel] = 0.0


def clear_course(
    values: NDArray[np.float32], clear: NDArray[np.bool_], usable: NDArray[np.bool_], days: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return course and spread of images, see :func:`fill_course`, on several processors.

    values: of shape (dates, height, width, bands); the masks without the last axis.
    """
    from eolearn.core.utils.threads import over_row_blocks

    dates, height, width, bands = values.shape
    course, spread = np.empty_like(values), np.empty(values.shape[:3], np.float32)

    def fill(start: int, stop: int) -> None:
        pixels = (stop - start) * width
        part = np.empty((dates, pixels, bands), np.float32)
        part_spread = np.empty((dates, pixels), np.float32)
        masks = [np.ascontiguousarray(mask[:, start:stop]).reshape(dates, pixels) for mask in (clear, usable)]
        block = np.ascontiguousarray(values[:, start:stop]).reshape(dates, pixels, bands)
        fill_course(block, masks[0], masks[1], days, part, part_spread)
        course[:, start:stop] = part.reshape(dates, stop - start, width, bands)
        spread[:, start:stop] = part_spread.reshape(dates, stop - start, width)

    if values.size:
        over_row_blocks(fill, height, least_rows=4)
    return course, spread
