"""Smoothing of many time series with irregular dates by penalised least squares."""

from __future__ import annotations

from math import factorial
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .series import as_rows

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]


def smooth_whittaker(
    data: NDArray[Any],
    times: NDArray[Any],
    resampled_times: NDArray[Any],
    *,
    lmbds: NDArray[Any],
    order: int = 2,
    weights: NDArray[Any] | None = None,
) -> Floats:
    """Return the series z that make ``sum(w (y - z)²) + lambda * integral((derivative of z)²)`` as small as possible.

    data: the series y, of shape (dates, series); NaN or infinite where there is no observation.
    times: the time of each row of data, strictly ascending.
    resampled_times: the times for which values are wanted, in any order and in the unit of ``times``.
    lmbds: values of lambda. Of several, each series gets the one with the least generalised cross-validation score
        ``n sum(w (y - z)²) / (n - trace of the smoother)²``, where n is the number of observations.
    order: of the derivative, at least 1. It is taken from divided differences of neighbouring dates, and the integral
        as a sum over them, so that lambda means the same whatever the dates. For dates one unit of time apart the
        penalty is the sum of squared differences of that order.
    weights: w, of the shape of the data, not negative; 0 where an observation doesn't count; None for 1 throughout.

    Returns float64 of shape (wanted times, series), NaN before the first and after the last valid observation of a
    series, and throughout one that has less than ``order`` of them.

    Sources: Eilers, A Perfect Smoother, Analytical Chemistry 75 (2003), 3631-3636, doi:10.1021/ac034173t. The traces
    come from the banded part of the inverse: Hutchinson and de Hoog, Smoothing noisy data with spline functions,
    Numerische Mathematik 47 (1985), 99-106, doi:10.1007/BF01389878.
    """
    moments, wanted = np.asarray(times, np.float64), np.asarray(resampled_times, np.float64)
    grid = np.union1d(moments, wanted)
    places = np.searchsorted(grid, moments), np.searchsorted(grid, wanted)
    weight_rows = np.ones((1, moments.size)) if weights is None else as_rows(weights)
    penalty = roughness(grid, order)
    return _smooth(as_rows(data), weight_rows, penalty, np.asarray(lmbds, np.float64), *places).T


def roughness(times: Floats, order: int) -> Floats:
    """Return the matrix of the penalty: the element in row i and column i + j at ``[i, j]``; it is symmetric."""
    penalty = np.zeros((times.size, order + 1))
    rows = max(0, times.size - order)
    points = [times[index : index + rows] for index in range(order + 1)]
    span = (points[-1] - points[0]) / order
    parts = [
        factorial(order) / np.prod([point - other for other in points if other is not point], axis=0)
        for point in points
    ]
    for first in range(order + 1):
        for second in range(first, order + 1):
            penalty[first : first + rows, second - first] += span * parts[first] * parts[second]
    return penalty


@njit(cache=True, nogil=True)
def _smooth(
    series: Floats, weights: Floats, penalty: Floats, lmbds: Floats, places: Integers, wanted: Integers
) -> Floats:
    size, width = penalty.shape
    result = np.full((series.shape[0], wanted.size), np.nan)
    weight, values, fits = np.full(size, -1.0), np.zeros(size), np.empty((2, size))
    factors, traces = np.empty((lmbds.size, size, width)), np.zeros(lmbds.size)
    known = 0
    for index in range(series.shape[0]):
        if not _place(series[index], weights[index % len(weights)], places, weight, values):
            known = _positive(weight)
            if known >= width - 1:
                for choice in range(lmbds.size):
                    _factorise(weight, penalty, lmbds[choice], factors[choice])
                    if lmbds.size > 1:
                        traces[choice] = _trace(factors[choice], weight)
        if known >= width - 1:
            best = _best(factors, traces, weight, values, known, fits)
            _write(fits[best], weight, wanted, result[index])
    return result


@njit(cache=True, nogil=True)
def _positive(weight: Floats) -> int:
    known = 0
    for value in weight:
        known += value > 0
    return known


@njit(cache=True, nogil=True)
def _place(row: Floats, weights: Floats, places: Integers, weight: Floats, values: Floats) -> bool:
    """Put a series and its weights on the grid, and return whether the weights are those of the series before."""
    same = bool(weight[0] >= 0)
    if not same:
        weight[:] = 0.0
    for date in range(row.size):
        counts = np.isfinite(row[date]) and weights[date] > 0
        new = weights[date] if counts else 0.0
        if new != weight[places[date]]:
            same = False
        weight[places[date]] = new
        values[places[date]] = row[date] if counts else 0.0
    return same


@njit(cache=True, nogil=True, error_model="numpy")
def _factorise(weight: Floats, penalty: Floats, lmbd: float, factors: Floats) -> None:
    """Factorise weights and penalty as L D L', with D in the first column and the rows of L' beside it."""
    size, width = penalty.shape
    for row in range(size):
        for step in range(width):
            factors[row, step] = lmbd * penalty[row, step]
        factors[row, 0] += weight[row]
    for row in range(size):
        for step in range(1, min(width, size - row)):
            factor = factors[row, step] / factors[row, 0]
            for other in range(step, min(width, size - row)):
                factors[row + step, other - step] -= factor * factors[row, other]
        for step in range(1, width):
            factors[row, step] /= factors[row, 0]


@njit(cache=True, nogil=True, error_model="numpy")
def _solve(factors: Floats, values: Floats) -> None:
    size, width = factors.shape
    for row in range(size):
        for step in range(1, min(width, size - row)):
            values[row + step] -= factors[row, step] * values[row]
    for row in range(size - 1, -1, -1):
        values[row] /= factors[row, 0]
        for step in range(1, min(width, size - row)):
            values[row] -= factors[row, step] * values[row + step]


@njit(cache=True, nogil=True, error_model="numpy")
def _trace(factors: Floats, weight: Floats) -> float:
    """Return the trace of the smoother: the sum of weights times the diagonal of the inverse."""
    size, width = factors.shape
    inverse = np.zeros((size, width))
    total = 0.0
    for row in range(size - 1, -1, -1):
        reach = min(width, size - row)
        for step in range(1, reach):
            for other in range(1, reach):
                low, apart = min(step, other), abs(step - other)
                inverse[row, step] -= factors[row, other] * inverse[row + low, apart]
        inverse[row, 0] = 1 / factors[row, 0]
        for step in range(1, reach):
            inverse[row, 0] -= factors[row, step] * inverse[row, step]
        total += weight[row] * inverse[row, 0]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _best(factors: Floats, traces: Floats, weight: Floats, values: Floats, known: int, fits: Floats) -> int:
    """Smooth a series with the lambda of the least score, and return in which of the two rows of ``fits`` it is."""
    best, lowest = 0, np.inf
    for choice in range(traces.size):
        smooth, residual = fits[1 - best], 0.0
        for place in range(weight.size):
            smooth[place] = weight[place] * values[place]
        _solve(factors[choice], smooth)
        for place in range(weight.size):
            residual += weight[place] * (values[place] - smooth[place]) ** 2
        score = residual / max(known - traces[choice], 1e-6 * known) ** 2
        if choice == 0 or score < lowest:
            best, lowest = 1 - best, score
    return best


@njit(cache=True, nogil=True)
def _write(smooth: Floats, weight: Floats, wanted: Integers, result: Floats) -> None:
    first, last = 0, weight.size - 1
    while weight[first] == 0:
        first += 1
    while weight[last] == 0:
        last -= 1
    for index in range(wanted.size):
        if first <= wanted[index] <= last:
            result[index] = smooth[wanted[index]]
