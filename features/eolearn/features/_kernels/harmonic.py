"""Least squares of many time series on functions of time, as seasons and a trend."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .series import as_rows, same_dates

Floats: TypeAlias = NDArray[np.float64]

_DEPENDENT = 1e-9  # the part of a squared column that the columns before it leave, below which it counts as none


def harmonic_design(times_days: NDArray[Any], *, harmonics: int, period_days: float, trend: bool) -> Floats:
    """Return the functions of time at some times, one in each column.

    They are 1, then with a trend the time in periods, and then for each harmonic the cosine and the sine.
    """
    periods = np.asarray(times_days, np.float64) / period_days
    columns = [np.ones_like(periods), *([periods] if trend else [])]
    for harmonic in range(1, harmonics + 1):
        angle_rad = 2 * np.pi * harmonic * periods
        columns += [np.cos(angle_rad), np.sin(angle_rad)]
    return np.stack(columns, axis=-1)


def fit_linear_model(data: NDArray[Any], design: Floats, *, least: int) -> Floats:
    """Fit each series by least squares as a sum of the columns of a design matrix.

    data: the series, of shape (dates, series); NaN or infinite where there is no observation.
    design: of shape (dates, columns).
    least: the number of observations that a series needs, at least that of the columns.

    Returns the coefficients in float64, of shape (columns, series); NaN for a series with fewer observations, or whose
    dates don't tell the columns apart. The normal equations are solved by Cholesky's method.
    """
    return _fit(as_rows(data), np.ascontiguousarray(design, np.float64), least).T


@njit(cache=True, nogil=True)
def _fit(series: Floats, design: Floats, least: int) -> Floats:
    dates, columns = design.shape
    result = np.full((series.shape[0], columns), np.nan)
    known, factor = np.zeros(dates, np.bool_), np.empty((columns, columns))
    solvable = False
    for index in range(series.shape[0]):
        if not same_dates(series[index], known):
            solvable = bool(np.count_nonzero(known) >= least) and _factorise(design, known, factor)
        if solvable:
            result[index] = 0.0
            for date in range(dates):
                if known[date]:
                    for column in range(columns):
                        result[index, column] += design[date, column] * series[index, date]
            _solve(factor, result[index])
    return result


@njit(cache=True, nogil=True, error_model="numpy")
def _factorise(design: Floats, known: NDArray[np.bool_], factor: Floats) -> bool:
    """Write the lower triangle of Cholesky's factor of the normal equations; return whether there is one."""
    columns = design.shape[1]
    for row in range(columns):
        for column in range(row + 1):
            total = 0.0
            for date in range(known.size):
                if known[date]:
                    total += design[date, row] * design[date, column]
            whole = total
            for step in range(column):
                total -= factor[row, step] * factor[column, step]
            if row > column:
                factor[row, column] = total / factor[column, column]
            elif total > _DEPENDENT * whole:
                factor[row, row] = np.sqrt(total)
            else:
                return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _solve(factor: Floats, values: Floats) -> None:
    for row in range(values.size):
        for step in range(row):
            values[row] -= factor[row, step] * values[step]
        values[row] /= factor[row, row]
    for row in range(values.size - 1, -1, -1):
        for step in range(row + 1, values.size):
            values[row] -= factor[step, row] * values[step]
        values[row] /= factor[row, row]
