"""Interpolation of many time series by values that were observed: the previous, the next or the nearest one."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .series import as_rows, same_dates

Floats: TypeAlias = NDArray[np.float64]
Kept: TypeAlias = Literal["previous", "next", "nearest", "nearest-up"]

_KEPT: tuple[Kept, ...] = ("previous", "next", "nearest", "nearest-up")


def interpolate_hold(
    data: NDArray[Any], times: NDArray[Any], resampled_times: NDArray[Any], *, kept: Kept = "nearest"
) -> Floats:
    """Give each wanted time the value of one of the two valid observations that it lies between.

    data: the series, of shape (dates, series); NaN or infinite where there is no observation.
    times: the time of each row of data, strictly ascending.
    resampled_times: the times for which values are wanted, in any order and in the unit of ``times``.
    kept: which observation; of two that are equally near, "nearest" takes the earlier, "nearest-up" the later.

    Returns float64 of shape (wanted times, series), NaN before the first and after the last valid observation of a
    series. Each series equals the result of :class:`scipy.interpolate.interp1d` on its valid observations.
    """
    wanted = np.asarray(resampled_times, np.float64)
    return _hold(as_rows(data), np.asarray(times, np.float64), wanted, _KEPT.index(kept)).T


@njit(cache=True, nogil=True)
def _hold(series: Floats, times: Floats, wanted: Floats, kept: int) -> Floats:
    result = np.full((series.shape[0], wanted.size), np.nan)
    known, source = np.zeros(times.size, np.bool_), np.full(wanted.size, -1)
    for index in range(series.shape[0]):
        if not same_dates(series[index], known):
            for place in range(wanted.size):
                source[place] = _source(known, times, wanted[place], kept)
        for place in range(wanted.size):
            if source[place] >= 0:
                result[index, place] = series[index, source[place]]
    return result


@njit(cache=True, nogil=True)
def _source(known: NDArray[np.bool_], times: Floats, wanted: float, kept: int) -> int:
    """Return the position of the observation whose value is taken, -1 if the time lies outside of all."""
    before, after = -1, -1
    for date in range(times.size):
        if known[date] and times[date] <= wanted:
            before = date
        if known[date] and times[date] >= wanted and after < 0:
            after = date
    if before < 0 or after < 0:
        return -1
    to_before, to_after = wanted - times[before], times[after] - wanted
    if kept == 0 or (kept == 2 and to_before <= to_after) or (kept == 3 and to_before < to_after):
        return before
    return after
