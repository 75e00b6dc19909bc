"""What is done to time series before and after they are interpolated."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .dtypes import working_dtype


def observed(data: NDArray[Any], valid: NDArray[np.bool_] | None) -> NDArray[np.floating[Any]]:
    """Return a copy with NaN where a value may not be used.

    data: of shape (dates, pixels, bands). valid: of the same shape, or with one band that counts for all of them; True
    where a value may be used, None where all may.
    """
    values = data.astype(working_dtype(data.dtype))
    if valid is not None:
        _blank(values, valid)
    return values


@njit(cache=True, nogil=True)
def _blank(values: NDArray[np.floating[Any]], valid: NDArray[np.bool_]) -> None:
    dates, pixels, bands = values.shape
    band_by_band = valid.shape[2] != 1
    for date in range(dates):
        for pixel in range(pixels):
            for band in range(bands):
                if not valid[date, pixel, band if band_by_band else 0]:
                    values[date, pixel, band] = np.nan


def as_rows(data: NDArray[Any]) -> NDArray[np.float64]:
    """Return series of shape (dates, series) as float64 of shape (series, dates), each in one piece of memory."""
    return np.ascontiguousarray(data.T, np.float64)


@njit(cache=True, nogil=True)
def same_dates(row: NDArray[np.float64], known: NDArray[np.bool_]) -> bool:
    """Note at which dates a series has a finite value, and return whether it was so noted before.

    Neighbouring pixels and all bands of a pixel mostly share their dates: what depends on these alone is done once.
    """
    same = True
    for date in range(row.size):
        is_known = np.isfinite(row[date])
        if is_known != known[date]:
            known[date] = is_known
            same = False
    return same


@njit(cache=True, nogil=True)
def known_dates(known: NDArray[np.bool_], dates: NDArray[np.int64]) -> int:
    """Write the positions of the True values to the front of ``dates``, and return their number."""
    count = 0
    for date in range(known.size):
        if known[date]:
            dates[count] = date
            count += 1
    return count


@njit(cache=True, nogil=True)
def intervals(edges: NDArray[np.float64], wanted: NDArray[np.float64], found: NDArray[np.int64]) -> None:
    """Find for each wanted time the interval between two of the ascending edges in which it lies, -1 if in none."""
    for index in range(wanted.size):
        time = wanted[index]
        low, high = 0, edges.size - 1
        while high - low > 1:
            middle = (low + high) // 2
            if edges[middle] <= time:
                low = middle
            else:
                high = middle
        found[index] = low if edges[0] <= time <= edges[-1] else -1


def average_repeats(series: NDArray[np.floating[Any]], position: NDArray[np.intp]) -> NDArray[np.floating[Any]]:
    """Return one row for each moment: the mean of the valid rows that belong to it.

    series: of shape (dates, ...), NaN or infinite where invalid. position: the moment of each row, 0 and up, without
    gaps.
    """
    moments = int(np.max(position)) + 1
    total = np.zeros((moments, *series.shape[1:]))
    count = np.zeros(total.shape, np.int64)
    for row, moment in zip(series, position, strict=True):
        known = np.isfinite(row)
        total[moment] += np.where(known, row, 0)
        count[moment] += known
    with np.errstate(invalid="ignore"):
        mean: NDArray[np.floating[Any]] = (total / count).astype(series.dtype)
    return mean
