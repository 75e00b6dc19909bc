"""When the season of each time series begins, culminates and ends."""

from __future__ import annotations

import numpy as np
from numba import njit

from .blocks import Float64

SEASON = ("start", "peak", "end", "length", "base", "peak_value", "amplitude")
"""The columns of :func:`season`."""


def season(
    series: Float64, days: Float64, *, start_fraction: float, end_fraction: float, amplitude_min: float
) -> Float64:
    """Return the season around the highest value of each series, one quantity a column as in :data:`SEASON`.

    series: (series, dates), C-contiguous, NaN where there is no value. days: (dates,), ascending.
    start_fraction, end_fraction: of the rise and of the fall, 0 to 1.
    amplitude_min: series with a smaller amplitude, or rise on the one side that is known, have no season.

    The peak is the first of the highest values. The season starts where the series, on its way up to the peak, last
    rises through the least value before the peak plus start_fraction of the rise from there, on the straight line
    between two valid values; likewise it ends after the peak. The base is the mean of the two least values, and the
    amplitude the highest value less the base. A side on which there is no lower value has neither start nor end;
    length, base and amplitude need both sides.

    Source: the amplitude method of Jönsson and Eklundh (2004), TIMESAT, Computers & Geosciences 30(8), 833-845,
    https://doi.org/10.1016/j.cageo.2004.05.006.
    """
    result: Float64 = _seasons(series, days, start_fraction, end_fraction, amplitude_min)
    return result


@njit(cache=True, nogil=True)
def _seasons(series: Float64, days: Float64, rising: float, falling: float, least: float) -> Float64:
    result = np.full((series.shape[0], 7), np.nan)
    for index in range(series.shape[0]):
        _season(series[index], days, rising, falling, least, result[index])
    return result


@njit(cache=True, nogil=True)
def _season(values: Float64, days: Float64, rising: float, falling: float, least: float, result: Float64) -> None:
    peak = -1
    for date in range(values.size):
        if values[date] == values[date] and (peak < 0 or values[date] > values[peak]):
            peak = date
    if peak < 0:
        return
    left, start = _crossing(values, days, peak, -1, rising)
    right, end = _crossing(values, days, peak, 1, falling)
    base = (left + right) / 2
    known = left if np.isnan(right) else right if np.isnan(left) else base
    if not values[peak] - known >= least and least > 0:
        return
    result[0], result[1], result[2], result[3] = start, days[peak], end, end - start
    result[4], result[5], result[6] = base, values[peak], values[peak] - base


@njit(cache=True, nogil=True)
def _crossing(values: Float64, days: Float64, peak: int, step: int, fraction: float) -> tuple[float, float]:
    """Return the least value on one side of the peak, and when the level is crossed there; NaN if there is none."""
    lowest, date = values[peak], peak + step
    while 0 <= date < values.size:
        if values[date] < lowest:
            lowest = values[date]
        date += step
    if not lowest < values[peak]:
        return np.nan, np.nan
    level = lowest + fraction * (values[peak] - lowest)
    inner, date = peak, peak + step
    while not values[date] <= level:
        if values[date] == values[date]:
            inner = date
        date += step
    if values[inner] == values[date]:
        return lowest, days[date]
    share = (values[inner] - level) / (values[inner] - values[date])
    return lowest, days[inner] + share * (days[date] - days[inner])
