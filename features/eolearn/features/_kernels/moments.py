"""Counts, means, spreads and areas of many time series at once."""

from __future__ import annotations

import numpy as np
from numba import njit

from .blocks import Float64

MOMENTS = ("count", "mean", "std", "min", "max", "amplitude", "area")
"""The columns of :func:`moments`."""


def moments(series: Float64, days: Float64) -> Float64:
    """Return statistics of the valid values of each series, one a column as in :data:`MOMENTS`.

    series: (series, dates), C-contiguous, NaN where there is no value. days: (dates,), ascending.

    The standard deviation is that of the population. The amplitude is the highest value less the lowest. The area is
    that under the straight lines between the valid values (trapezoidal rule), in the unit of the values times days.
    Without any value the count is 0 and the rest NaN.
    """
    result: Float64 = _moments(series, days)
    return result


@njit(cache=True, nogil=True)
def _moments(series: Float64, days: Float64) -> Float64:
    result = np.full((series.shape[0], 7), np.nan)
    for index in range(series.shape[0]):
        _moments_of_one(series[index], days, result[index])
    return result


@njit(cache=True, nogil=True)
def _moments_of_one(values: Float64, days: Float64, result: Float64) -> None:
    """Update mean and squares value by value (Welford 1962, https://doi.org/10.1080/00401706.1962.10490022)."""
    count, mean, squares, area = 0, 0.0, 0.0, 0.0
    low, high, before = np.inf, -np.inf, 0
    for date in range(values.size):
        value = values[date]
        if value != value:
            continue
        if count:
            area += (value + values[before]) / 2 * (days[date] - days[before])
        count += 1
        step = value - mean
        mean += step / count
        squares += step * (value - mean)
        low, high, before = min(low, value), max(high, value), date
    result[0] = count
    if count:
        result[1], result[2] = mean, np.sqrt(squares / count)
        result[3], result[4], result[5], result[6] = low, high, high - low, area
