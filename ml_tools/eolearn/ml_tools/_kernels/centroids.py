"""A few weighted means that stand for the distribution of many values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def centroids(values: Floats, delta: float) -> tuple[Floats, NDArray[np.int64]]:
    """Return the means and counts of clusters of neighbouring values, small at the ends and large in the middle.

    values: (n,), float64, in any order, without NaN.
    delta: the share of the values in a cluster in the middle of the distribution; there are about pi / (2 delta)
        clusters. The least and the greatest value are clusters of their own, and few values are all kept.

    Returns ascending means that differ from each other, float64, and their counts, int64, which sum to n.

    Source: Dunning and Ertl (2019), Computing extremely accurate quantiles using t-digests, arXiv:1902.04023, scale
    function k1, all values sorted at once.
    """
    ordered = np.sort(values)
    starts = _starts(len(ordered), delta)
    counts = np.diff(starts, append=len(ordered))
    means = np.add.reduceat(ordered, starts) / counts if len(starts) else ordered
    means = np.clip(means, ordered[starts], ordered[starts + counts - 1])  # a mean may leave its cluster by rounding
    distinct, places = np.unique(means, return_inverse=True)
    return distinct, np.bincount(places, weights=counts, minlength=len(distinct)).astype(np.int64)


def _starts(n: int, delta: float) -> NDArray[np.int64]:
    """Return the position of the first value of each cluster of n sorted values."""
    if n <= 2:
        return np.arange(n)
    steps = np.arange(0, np.pi, 2 * delta)
    edges = np.round(n * (1 - np.cos(steps)) / 2).astype(np.int64)
    starts = np.unique(np.concatenate([[0, 1, n - 1], edges]))
    return starts[starts < n]
