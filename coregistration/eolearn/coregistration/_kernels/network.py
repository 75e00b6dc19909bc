"""One shift a date from the shifts of many pairs of dates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Pairs = NDArray[np.intp]

DEVIATION_PX = 0.1
"""Of the shift of a pair, about. Residuals beyond it count by their size and not by its square."""
WRONG_PX = 0.5
"""A pair that is so far off in the end is left out."""


_PRIOR_PX, _PRIOR_COUNT = 0.05, 4
"""The deviation that is expected of a pair, and as how many measurements that counts: two dates alone say nothing."""


class Shifts(NamedTuple):
    """Where each date lies."""

    shifts_xy: Float
    """Shape (dates, 2), pixels to the right and downwards, NaN for a date that no pairs connect with the others."""

    deviation_px: Float
    """Shape (dates,), the standard deviation of a shift in each direction."""


def pairs_of_dates(count: int) -> Pairs:
    """Return positions of dates to be compared, (pairs, 2): those 1, 2, 4, 8 ... apart.

    There are about ``count * log2(count)`` of them, and from each date to each other one a way of a few steps.
    """
    steps = [2**power for power in range(max(0, count - 1).bit_length())]
    pairs = [(index, index + step) for step in steps for index in range(count - step)]
    return np.array(pairs, np.intp).reshape(-1, 2)


def solve_shifts(pairs: Pairs, shifts_xy: Float, weights: Float, *, count: int, fixed: int | None) -> Shifts:
    """Return the shift of each date, as far as pairs connect them, and how sure it is.

    pairs: (pairs, 2), positions of dates. shifts_xy: (pairs, 2), how far the second lies from the first, in pixels.
    weights: (pairs,), 0 to 1, 0 for a pair that isn't known.
    fixed: the date whose shift is 0; None if the median of all, in each direction, shall be 0. Then the dates that
        count are those of the largest group that is connected.

    The sum over all pairs of Huber's loss of the weighted residual is minimised, pairs that then are off by more than
    ``WRONG_PX`` are dropped, and the rest is solved again.

    Source: P. J. Huber, Robust estimation of a location parameter, Annals of Mathematical Statistics 35 (1), 1964,
    DOI 10.1214/aoms/1177703732.
    """
    known = weights > 0
    solved = _solved(pairs[known], shifts_xy[known], weights[known], count, fixed)
    residuals = np.linalg.norm(solved[pairs[:, 1]] - solved[pairs[:, 0]] - shifts_xy, axis=1)
    right = known & (residuals <= WRONG_PX)
    if not np.array_equal(right, known):
        solved = _solved(pairs[right], shifts_xy[right], weights[right], count, fixed)
    deviation = _deviations(
        pairs[right], (residuals * weights)[right], weights[right], np.isfinite(solved[:, 0]), fixed
    )
    return Shifts(solved if fixed is not None else solved - np.nanmedian(solved, axis=0), deviation)


def _deviations(pairs: Pairs, residuals: Float, weights: Float, group: NDArray[np.bool_], fixed: int | None) -> Float:
    """Return the standard deviation of each date's shift, against the fixed one or the mean, from the residuals."""
    inside = group[pairs[:, 0]]
    pairs, residuals, weights = pairs[inside], residuals[inside], weights[inside]
    normal = np.zeros((len(group), len(group)))
    for first, second in (pairs.T, pairs.T[::-1]):
        np.add.at(normal, (first, first), weights**2)
        np.add.at(normal, (first, second), -(weights**2))
    known = 2 * (len(pairs) - (group.sum() - 1))  # measurements more than are needed
    variance = (_PRIOR_COUNT * _PRIOR_PX**2 + (residuals**2).sum()) / (_PRIOR_COUNT + known)
    inverse = variance * np.linalg.pinv(normal, hermitian=True)
    spread = np.diag(inverse)
    if fixed is not None:
        spread = spread + inverse[fixed, fixed] - 2 * inverse[fixed]
    return np.where(group, np.sqrt(np.maximum(spread, 0)), np.nan)


def _solved(pairs: Pairs, shifts_xy: Float, weights: Float, count: int, fixed: int | None) -> Float:
    from scipy.optimize import least_squares

    group = _group(pairs, count, fixed)
    anchor = np.flatnonzero(group)[0] if fixed is None else fixed
    inside = group[pairs[:, 0]]
    pairs, shifts_xy, weights = pairs[inside], shifts_xy[inside], weights[inside] / DEVIATION_PX
    unknown = np.flatnonzero(group & (np.arange(count) != anchor))
    result = np.full((count, 2), np.nan)
    result[anchor] = 0
    if len(unknown):
        design = np.zeros((len(pairs), count))
        rows = np.arange(len(pairs))
        design[rows, pairs[:, 0]], design[rows, pairs[:, 1]] = -weights, weights
        design = design[:, unknown]
        for axis in (0, 1):
            wanted = weights * shifts_xy[:, axis]
            start = np.linalg.lstsq(design, wanted, rcond=None)[0]
            found = least_squares(lambda x, b=wanted: design @ x - b, start, jac=lambda _: design, loss="huber")
            result[unknown, axis] = found.x
    return result


def _group(pairs: Pairs, count: int, fixed: int | None) -> NDArray[np.bool_]:
    """Return which dates are connected with the fixed one, or belong to the largest group."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    chosen = np.bincount(labels).argmax() if fixed is None else labels[fixed]
    return np.asarray(labels == chosen)
