"""Linear interpolation of many time series at once."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .dtypes import working_dtype

Floats: TypeAlias = NDArray[np.floating[Any]]


def interpolate_linear(data: NDArray[Any], times: NDArray[Any], resampled_times: NDArray[Any]) -> Floats:
    """Interpolate each series linearly between its own valid observations.

    data: the series, of shape (dates, series); NaN or infinite where there is no observation.
    times: the time of each row of data, strictly ascending.
    resampled_times: the times for which values are wanted, in any order and in the unit of ``times``.

    Returns values of shape (wanted times, series), NaN before the first and after the last valid observation of a
    series: so a series without any is NaN throughout, and one with a single observation has a value at its time only.
    Each series agrees with :func:`numpy.interp` on its valid observations. float32 data, and those that fit into it,
    are returned as float32, others as float64; the interpolation itself runs in float64.

    Example:
        >>> interpolate_linear(np.array([[1.0], [np.nan], [3.0]]), np.array([0, 1, 4]), np.array([2, 5]))
        array([[ 2.],
               [nan]])
    """
    series = np.ascontiguousarray(data, working_dtype(data.dtype))
    result: Floats = _interpolate(series, np.asarray(times, np.float64), np.asarray(resampled_times, np.float64))
    return result


@njit(cache=True, nogil=True)
def _remember(row: Floats, time: float, value: Floats, when: Floats) -> None:
    """Note the observations of one date and their time, and keep those of earlier dates where there are none."""
    for index in range(row.size):
        seen = row[index] - row[index] == 0  # neither NaN nor infinite
        value[index] = row[index] if seen else value[index]
        when[index] = time if seen else when[index]


@njit(cache=True, nogil=True, error_model="numpy")
def _connect(result: Floats, since: Floats, value: Floats, when: Floats, wanted: float) -> None:
    """Put the values at the wanted time in place of those before it, given the ones after it."""
    for index in range(result.size):
        before = np.float64(result[index])
        slope = (np.float64(value[index]) - before) / (when[index] - since[index])
        between = slope * (wanted - since[index]) + before
        result[index] = before if since[index] == wanted else between


@njit(cache=True, nogil=True)
def _interpolate(series: Floats, times: Floats, wanted: Floats) -> Floats:
    """Find the observation before each wanted time in a sweep forwards, the one after it in a sweep backwards.

    Both go date by date, over all series, because these lie side by side in memory.
    """
    dates, count = series.shape
    order = np.argsort(wanted)
    result = np.empty((wanted.size, count), series.dtype)
    since = np.empty((wanted.size, count))

    value, when = np.full(count, np.nan, series.dtype), np.full(count, np.nan)
    date = 0
    for index in order:
        while date < dates and times[date] <= wanted[index]:
            _remember(series[date], times[date], value, when)
            date += 1
        result[index], since[index] = value, when

    value[:], when[:] = np.nan, np.nan
    date = dates - 1
    for index in order[::-1]:
        while date >= 0 and times[date] >= wanted[index]:
            _remember(series[date], times[date], value, when)
            date -= 1
        _connect(result[index], since[index], value, when, wanted[index])
    return result
