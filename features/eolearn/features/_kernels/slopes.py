"""Where time series are highest and lowest, and where they rise and fall most."""

from __future__ import annotations

import numpy as np
from numba import njit

from .blocks import Float64


def extreme_dates(series: Float64) -> Float64:
    """Return the dates of the greatest and the least value of each series, -1 where it has none.

    series: (series, dates), NaN where there is no value. Of equal values the first counts. Returns (series, 2).
    """
    if series.shape[1] == 0:
        return np.full((len(series), 2), -1.0)
    missing = np.isnan(series)
    highest = np.argmax(np.where(missing, -np.inf, series), axis=1)
    lowest = np.argmin(np.where(missing, np.inf, series), axis=1)
    empty = np.count_nonzero(missing, axis=1)[:, np.newaxis] == series.shape[1]
    return np.where(empty, -1, np.stack([highest, lowest], axis=1)).astype(np.float64)


def extreme_slopes(series: Float64, days: Float64) -> Float64:
    """Return the dates at which each series rises and falls most, -1 where it has no slope.

    series: (series, dates), C-contiguous, NaN where there is no value. days: (dates,), ascending.

    The slope at a valid value is that of the line from the valid value before it to the one after it. So the first and
    the last have none, nor has a value whose neighbours are of one time. Of equal slopes the first counts. Returns
    (series, 2): the dates of the greatest and the least slope, which may be below and above 0.
    """
    result: Float64 = _extreme_slopes(series, days)
    return result


@njit(cache=True, nogil=True)
def _extreme_slopes(series: Float64, days: Float64) -> Float64:
    result = np.full((series.shape[0], 2), -1.0)
    for index in range(series.shape[0]):
        steepest_up, steepest_down, before, here = -np.inf, np.inf, -1, -1
        for date in range(series.shape[1]):
            value = series[index, date]
            if value != value:
                continue
            if before >= 0 and days[date] > days[before]:
                slope = (value - series[index, before]) / (days[date] - days[before])
                if slope > steepest_up:
                    steepest_up, result[index, 0] = slope, here
                if slope < steepest_down:
                    steepest_down, result[index, 1] = slope, here
            before, here = here, date
    return result
