"""Smoothing of many time series with irregular dates by polynomials fitted to what was observed nearby."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .series import as_rows, known_dates, same_dates

Floats: TypeAlias = NDArray[np.float64]


def smooth_savitzky_golay(
    data: NDArray[Any], times: NDArray[Any], resampled_times: NDArray[Any], *, half_window: float, degree: int = 2
) -> Floats:
    """Fit a polynomial by least squares around each wanted time, and return its value there.

    data: the series, of shape (dates, series); NaN or infinite where there is no observation.
    times: the time of each row of data, strictly ascending.
    resampled_times: the times for which values are wanted, in any order and in the unit of ``times``.
    half_window: how far from a wanted time observations count, in the unit of ``times``.
    degree: of the polynomials, at least 0.

    Returns float64 of shape (wanted times, series), NaN where not more than ``degree`` observations lie in the window,
    or only such before or only such after the wanted time: a polynomial is worth nothing outside of them.

    For regular dates without gaps this is the filter of Savitzky and Golay, Smoothing and Differentiation of Data by
    Simplified Least Squares Procedures, Analytical Chemistry 36 (1964), 1627-1639, doi:10.1021/ac60214a047. The fit by
    polynomials that are orthogonal on the dates is that of Forsythe, Journal of the Society for Industrial and Applied
    Mathematics 5 (1957), 74-88, doi:10.1137/0105007.
    """
    wanted = np.asarray(resampled_times, np.float64)
    return _smooth(as_rows(data), np.asarray(times, np.float64), wanted, half_window, degree).T


@njit(cache=True, nogil=True, error_model="numpy")
def _smooth(series: Floats, times: Floats, wanted: Floats, half_window: float, degree: int) -> Floats:
    count, dates = series.shape
    result = np.full((count, wanted.size), np.nan)
    known, kept = np.zeros(dates, np.bool_), np.empty(dates, np.int64)
    first, last = np.zeros(wanted.size, np.int64), np.zeros(wanted.size, np.int64)
    weights, polynomials = np.empty((wanted.size, dates)), np.empty((2, dates))
    moments, away = np.empty(dates), np.empty(dates)
    for index in range(count):
        if not same_dates(series[index], known):
            size = known_dates(known, kept)
            for date in range(size):
                moments[date] = times[kept[date]]
            for place in range(wanted.size):
                start, stop = _window(moments[:size], wanted[place], half_window, degree)
                for date in range(start, stop):
                    away[date - start] = (moments[date] - wanted[place]) / half_window
                if stop > start:
                    _weights(away[: stop - start], degree, polynomials, weights[place])
                first[place], last[place] = start, stop
        for place in range(wanted.size):
            if last[place] > first[place]:
                total = 0.0
                for step in range(last[place] - first[place]):
                    total += weights[place, step] * series[index, kept[first[place] + step]]
                result[index, place] = total
    return result


@njit(cache=True, nogil=True)
def _window(moments: Floats, wanted: float, half_window: float, degree: int) -> tuple[int, int]:
    """Return the first observation of the window and the one behind its last; twice 0 if they don't suffice."""
    first = 0
    while first < moments.size and moments[first] < wanted - half_window:
        first += 1
    last = first
    while last < moments.size and moments[last] <= wanted + half_window:
        last += 1
    if last - first <= degree or moments[first] > wanted or moments[last - 1] < wanted:
        return 0, 0
    return first, last


@njit(cache=True, nogil=True, error_model="numpy")
def _weights(away: Floats, degree: int, polynomials: Floats, weights: Floats) -> None:
    """Compute with which weight each observation enters the value of the polynomial at 0.

    polynomials: room for the values of two orthogonal polynomials at the observations.
    """
    size = away.size
    for index in range(size):
        polynomials[0, index], polynomials[1, index], weights[index] = 0.0, 1.0, 0.0
    before_at_0, now_at_0, norm_before = 0.0, 1.0, 1.0
    for order in range(degree + 1):
        before, now = polynomials[order % 2], polynomials[1 - order % 2]
        norm, moment = 0.0, 0.0
        for index in range(size):
            norm += now[index] ** 2
            moment += away[index] * now[index] ** 2
        centre, back = moment / norm, (norm / norm_before if order else 0.0)
        for index in range(size):
            weights[index] += now_at_0 / norm * now[index]
            before[index] = (away[index] - centre) * now[index] - back * before[index]
        before_at_0, now_at_0 = now_at_0, -centre * now_at_0 - back * before_at_0
        norm_before = norm
