"""Interpolation of many time series by the method of Akima."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .series import as_rows, intervals, known_dates, same_dates

Floats: TypeAlias = NDArray[np.float64]

_NEGLIGIBLE = 1e-9  # of the largest change of slope of the series


def interpolate_akima(
    data: NDArray[Any], times: NDArray[Any], resampled_times: NDArray[Any], *, modified: bool = False
) -> Floats:
    """Interpolate each series by cubic pieces whose slopes come from the nearest five valid observations.

    data: the series, of shape (dates, series); NaN or infinite where there is no observation.
    times: the time of each row of data, strictly ascending.
    resampled_times: the times for which values are wanted, in any order and in the unit of ``times``.
    modified: whether slopes are weighted so that flat stretches are not overshot ("makima").

    Returns float64 of shape (wanted times, series), NaN before the first and after the last valid observation of a
    series, and throughout one with less than two. Two are joined by a line. Each series agrees with
    :class:`scipy.interpolate.Akima1DInterpolator` on its valid observations to about 1e-9 of the largest of them.

    Source: Akima, A New Method of Interpolation and Smooth Curve Fitting Based on Local Procedures, Journal of the ACM
    17 (1970), 589-602, doi:10.1145/321607.321609.
    """
    wanted = np.asarray(resampled_times, np.float64)
    return _akima(as_rows(data), np.asarray(times, np.float64), wanted, modified).T


@njit(cache=True, nogil=True)
def _akima(series: Floats, times: Floats, wanted: Floats, modified: bool) -> Floats:
    count, dates = series.shape
    result = np.full((count, wanted.size), np.nan)
    known, kept = np.zeros(dates, np.bool_), np.empty(dates, np.int64)
    moments, values, secants, slopes = np.empty(dates), np.empty(dates), np.empty(dates + 3), np.empty(dates)
    interval = np.empty(wanted.size, np.int64)
    size = 0
    for index in range(count):
        if not same_dates(series[index], known):
            size = known_dates(known, kept)
            for date in range(size):
                moments[date] = times[kept[date]]
            if size >= 2:
                intervals(moments[:size], wanted, interval)
        if size >= 2:
            for date in range(size):
                values[date] = series[index, kept[date]]
            _secants(moments[:size], values, secants)
            _slopes(secants[: size + 3], modified, slopes)
            for place in range(wanted.size):
                at = interval[place]
                if at >= 0:
                    result[index, place] = _cubic(moments, values, slopes, at, wanted[place])
    return result


@njit(cache=True, nogil=True, error_model="numpy")
def _secants(moments: Floats, values: Floats, secants: Floats) -> None:
    """Compute the slopes between observations, and two beyond each end that continue them."""
    size = moments.size
    for index in range(size - 1):
        secants[index + 2] = (values[index + 1] - values[index]) / (moments[index + 1] - moments[index])
    if size == 2:
        secants[:5] = secants[2]
        return
    secants[1] = 2 * secants[2] - secants[3]
    secants[0] = 2 * secants[1] - secants[2]
    secants[size + 1] = 2 * secants[size] - secants[size - 1]
    secants[size + 2] = 2 * secants[size + 1] - secants[size]


@njit(cache=True, nogil=True)
def _change(before: float, after: float, modified: bool) -> float:
    change = abs(after - before)
    return change + 0.5 * abs(after + before) if modified else change


@njit(cache=True, nogil=True, error_model="numpy")
def _slopes(secants: Floats, modified: bool, slopes: Floats) -> None:
    """Weight the slopes on both sides of each observation by the change of slope beyond the other side."""
    largest = 0.0
    for index in range(secants.size - 3):
        before = _change(secants[index], secants[index + 1], modified)
        largest = max(largest, before + _change(secants[index + 2], secants[index + 3], modified))
    for index in range(secants.size - 3):
        before = _change(secants[index], secants[index + 1], modified)
        total = before + _change(secants[index + 2], secants[index + 3], modified)
        if total > _NEGLIGIBLE * largest:
            slopes[index] = secants[index + 1] + before / total * (secants[index + 2] - secants[index + 1])
        else:
            slopes[index] = 0.5 * (secants[index] + secants[index + 3])


@njit(cache=True, nogil=True, error_model="numpy")
def _cubic(moments: Floats, values: Floats, slopes: Floats, at: int, wanted: float) -> float:
    """Return the value of the cubic with given values and slopes at both ends."""
    step, since = moments[at + 1] - moments[at], wanted - moments[at]
    secant = (values[at + 1] - values[at]) / step
    square = (3 * secant - 2 * slopes[at] - slopes[at + 1]) / step
    cube = (slopes[at] + slopes[at + 1] - 2 * secant) / (step * step)
    return float(values[at] + since * (slopes[at] + since * (square + since * cube)))
