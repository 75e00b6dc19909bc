"""Interpolation of many time series by splines of any degree."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .series import as_rows, intervals, known_dates, same_dates

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]


def interpolate_spline(
    data: NDArray[Any], times: NDArray[Any], resampled_times: NDArray[Any], *, degree: int = 3
) -> Floats:
    """Interpolate each series by the spline through its own valid observations.

    data: the series, of shape (dates, series); NaN or infinite where there is no observation.
    times: the time of each row of data, strictly ascending.
    resampled_times: the times for which values are wanted, in any order and in the unit of ``times``.
    degree: of the polynomials between knots, at least 1. For an odd degree the knots are the observations, without the
        ``(degree - 1) / 2`` next to each end ("not a knot"); for an even one they lie in the middle between these.

    Returns float64 of shape (wanted times, series), NaN before the first and after the last valid observation of a
    series, and throughout one that has not more of them than ``degree``. Each series agrees with
    :func:`scipy.interpolate.make_interp_spline` and ``UnivariateSpline(s=0)`` on its valid observations to about
    1e-9 of the largest of them.

    The system for the B-spline coefficients is totally positive, and so solved without pivoting: de Boor, A Practical
    Guide to Splines, 1978, chapters X and XIII. It is set up once for neighbouring series with the same dates.
    """
    wanted = np.asarray(resampled_times, np.float64)
    return _splines(as_rows(data), np.asarray(times, np.float64), wanted, degree).T


@njit(cache=True, nogil=True)
def _splines(series: Floats, times: Floats, wanted: Floats, degree: int) -> Floats:
    count, dates = series.shape
    result = np.full((count, wanted.size), np.nan)
    known, kept = np.zeros(dates, np.bool_), np.empty(dates, np.int64)
    bands, coefficients = np.empty((dates, 2 * degree - 1)), np.empty(dates)
    basis, first = np.empty((wanted.size, degree + 1)), np.empty(wanted.size, np.int64)
    size = 0
    for index in range(count):
        if not same_dates(series[index], known):
            size = known_dates(known, kept)
            if size > degree:
                moments = times[kept[:size]]
                knots = _knots(moments, degree)
                _factorise(moments, knots, degree, bands)
                _prepare(knots, wanted, degree, basis, first)
        if size > degree:
            for row in range(size):
                coefficients[row] = series[index, kept[row]]
            _solve(bands, coefficients[:size], degree)
            _evaluate(coefficients, basis, first, result[index])
    return result


@njit(cache=True, nogil=True)
def _knots(moments: Floats, degree: int) -> Floats:
    knots = np.empty(moments.size + degree + 1)
    knots[: degree + 1], knots[moments.size :] = moments[0], moments[-1]
    for index in range(moments.size - degree - 1):
        middle = index + (degree + 1) // 2
        if degree % 2:
            knots[degree + 1 + index] = moments[middle]
        else:
            knots[degree + 1 + index] = 0.5 * (moments[middle] + moments[middle + 1])
    return knots


@njit(cache=True, nogil=True)
def _prepare(knots: Floats, wanted: Floats, degree: int, basis: Floats, first: Integers) -> None:
    """Compute for each wanted time which B-splines are not zero, by the first of them, and their values there."""
    intervals(knots[degree : knots.size - degree], wanted, first)
    for index in range(wanted.size):
        if first[index] >= 0:
            _basis(knots, degree, first[index] + degree, wanted[index], basis[index])


@njit(cache=True, nogil=True, error_model="numpy")
def _basis(knots: Floats, degree: int, interval: int, time: float, values: Floats) -> None:
    """Compute the B-splines that are not zero between two knots, by the recurrence of Cox and de Boor."""
    values[0] = 1.0
    for order in range(1, degree + 1):
        carried = 0.0
        for index in range(order):
            right, left = knots[interval + index + 1] - time, time - knots[interval + 1 - order + index]
            share = values[index] / (right + left)
            values[index] = carried + right * share
            carried = left * share
        values[order] = carried


@njit(cache=True, nogil=True, error_model="numpy")
def _factorise(moments: Floats, knots: Floats, degree: int, bands: Floats) -> None:
    """Factorise the matrix of the B-splines at the observations: row i, column j is ``bands[i, j - i + width]``."""
    size, width = moments.size, degree - 1
    values, first = np.empty((size, degree + 1)), np.empty(size, np.int64)
    _prepare(knots, moments, degree, values, first)
    bands[:size] = 0.0
    for row in range(size):
        for index in range(degree + 1):
            place = first[row] + index - row + width
            if 0 <= place <= 2 * width:  # beyond it they are zero
                bands[row, place] = values[row, index]
    for pivot in range(size):
        for row in range(pivot + 1, min(pivot + width + 1, size)):
            factor = bands[row, pivot - row + width] / bands[pivot, width]
            bands[row, pivot - row + width] = factor
            for step in range(1, width + 1):
                if pivot + step - row <= width:
                    bands[row, pivot + step - row + width] -= factor * bands[pivot, step + width]


@njit(cache=True, nogil=True, error_model="numpy")
def _solve(bands: Floats, values: Floats, degree: int) -> None:
    """Put the coefficients of the spline in the place of the observed values."""
    size, width = values.size, degree - 1
    for row in range(size):
        for step in range(1, min(width, row) + 1):
            values[row] -= bands[row, width - step] * values[row - step]
    for row in range(size - 1, -1, -1):
        for step in range(1, min(width, size - 1 - row) + 1):
            values[row] -= bands[row, width + step] * values[row + step]
        values[row] /= bands[row, width]


@njit(cache=True, nogil=True)
def _evaluate(coefficients: Floats, basis: Floats, first: Integers, result: Floats) -> None:
    for index in range(result.size):
        if first[index] >= 0:
            total = 0.0
            for step in range(basis.shape[1]):
                total += basis[index, step] * coefficients[first[index] + step]
            result[index] = total
