"""Percentiles of many time series at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .blocks import Float64


def percentiles(ordered: Float64, percents: Sequence[float]) -> Float64:
    """Return percentiles of each series, interpolated linearly between two values.

    ordered: (series, dates), each series ascending with NaN last, as :func:`numpy.sort` leaves it.
    percents: between 0 and 100.

    Returns (series, percents), NaN for series without values; equals :func:`numpy.nanpercentile`, which is method 7 of
    Hyndman and Fan (1996), Sample Quantiles in Statistical Packages, The American Statistician 50(4), 361-365,
    https://doi.org/10.1080/00031305.1996.10473566.
    """
    count, dates = ordered.shape
    result = np.full((count, len(percents)), np.nan)
    if dates == 0:
        return result
    last = dates - 1 - np.count_nonzero(np.isnan(ordered), axis=1)
    flat, start = ordered.ravel(), np.arange(count) * dates
    for column, percent in enumerate(percents):
        position = np.maximum(last, 0) * (percent / 100)
        lower = position.astype(np.intp)
        low = flat[start + lower]
        high = flat[start + np.minimum(lower + 1, np.maximum(last, 0))]
        result[:, column] = low + (high - low) * (position - lower)
    return result
