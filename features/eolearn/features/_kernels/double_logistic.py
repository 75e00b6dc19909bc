"""The double logistic curve of phenology, fitted to many time series at once."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from .blocks import Float64

_STEPS_MAX = 200
_DAMPING_MAX = 1e8
_FIRST_GAIN, _LAST_GAIN = 1e-3, 1e-9  # of the sum of squares: a step that gains less ends the descent
_LAST_LOG = 6.6  # exp(-exp(6.6)) is 1e-319


def double_logistic(x: ArrayLike, parameters: ArrayLike) -> Float64:
    """Return ``c1 + c2 * g(x)``, which rises around the time a1 to c1 + c2 and falls back to c1.

    x: times. parameters: c1, c2, a1, ..., a5.

    ``g(x)`` is ``exp(-((a1 - x) / a4) ** a5)`` before a1 and ``exp(-((x - a1) / a2) ** a3)`` after it.
    Source: equation 5 of Jönsson and Eklundh (2004), TIMESAT, Computers & Geosciences 30(8), 833-845,
    https://doi.org/10.1016/j.cageo.2004.05.006, where the two halves are called asymmetric Gaussians.
    """
    times = np.asarray(x, dtype=np.float64)
    c1, c2, a1, a2, a3, a4, a5 = np.asarray(parameters, dtype=np.float64)
    after = times >= a1
    with np.errstate(over="ignore"):
        part = np.abs(times - a1) / np.where(after, a2, a4)
        curve: Float64 = c1 + c2 * np.exp(-(part ** np.where(after, a3, a5)))
    return curve


def fit_double_logistic(series: Float64, x: Float64, start: Float64 | None = None) -> Float64:
    """Return the seven parameters of :func:`double_logistic` that fit each series best in the least squares.

    series: (series, dates), C-contiguous, NaN where there is no value. x: (dates,), the times, scaled to 0..1.
    start: parameters from which to start too, of shape (7,).

    Returns (series, 7), NaN for series of fewer than seven values, or of one time. The parameters lie in the box from
    (least value, -inf, first time, 0.15, 1, 0.15, 1) to (greatest value, inf, last time, inf, inf, inf, inf) of the
    valid values.

    Each fit starts from five shapes and from ``start``, and follows the best of them to the end. The method is that of
    Levenberg and Marquardt: Marquardt (1963), SIAM Journal on Applied Mathematics 11(2), 431-441,
    https://doi.org/10.1137/0111030, with steps cut off at the box, and without the parameters that are held there by
    the gradient.
    """
    own = np.full(7, np.nan) if start is None else np.asarray(start, dtype=np.float64)
    result: Float64 = _fit_all(series, x, own)
    return result


@njit(cache=True, nogil=True)
def _fit_all(series: Float64, x: Float64, own: Float64) -> Float64:
    result = np.full((series.shape[0], 7), np.nan)
    for index in range(series.shape[0]):
        valid = np.isfinite(series[index])
        times = x[valid]
        if times.size >= 7 and times[-1] > times[0]:
            _fit_from_all_starts(times, series[index][valid], own, result[index])
    return result


@njit(cache=True, nogil=True)
def _fit_from_all_starts(x: Float64, y: Float64, own: Float64, result: Float64) -> None:
    """Follow each start for some steps and the best of them to the end."""
    low = np.array([y.min(), -np.inf, x[0], 0.15, 1.0, 0.15, 1.0])
    high = np.array([y.max(), np.inf, x[-1], np.inf, np.inf, np.inf, np.inf])
    span, middle = y.max() - y.min(), (x[0] + x[-1]) / 2
    starts = np.empty((6, 7))
    starts[0] = np.array([y.mean(), 0.2, middle, 0.15, 10.0, 0.15, 10.0])
    starts[1] = np.array([y.min(), span, x[np.argmax(y)], 0.25, 3.0, 0.25, 3.0])
    starts[2] = np.array([y.max(), -span, x[np.argmin(y)], 0.25, 3.0, 0.25, 3.0])
    starts[3] = np.array([y.min(), span, middle, 0.25, 3.0, 0.25, 3.0])
    starts[4] = np.array([y.min(), span, x[np.argmax(y)], 0.25, 9.0, 0.25, 9.0])
    starts[5] = own
    least = np.inf
    for index in range(6 if np.isfinite(own).all() else 5):
        parameters = np.minimum(np.maximum(starts[index], low), high)
        squares = _descend(x, y, parameters, low, high, _FIRST_GAIN)
        if squares < least:
            least, result[:] = squares, parameters
    _descend(x, y, result, low, high, _LAST_GAIN)


@njit(cache=True, nogil=True, error_model="numpy")
def _linearise(x: float, p: Float64, row: Float64) -> float:
    """Return the curve at a time, and write its derivatives by the parameters into the row."""
    row[:] = 0.0
    row[0] = 1.0
    after = x >= p[2]
    width, power = (p[3], p[4]) if after else (p[5], p[6])
    part = abs(x - p[2]) / width
    if part == 0:
        row[1] = 1.0
        return float(p[0] + p[1])
    log = np.log(part)
    if power * log > _LAST_LOG:
        return float(p[0])
    raised = np.exp(power * log)
    curve = np.exp(-raised)
    slope = p[1] * curve * raised
    row[1] = curve
    row[2] = slope * power / (part * width) * (1.0 if after else -1.0)
    row[3 if after else 5] = slope * power / width
    row[4 if after else 6] = -slope * log
    return float(p[0] + p[1] * curve)


@njit(cache=True, nogil=True, error_model="numpy")
def _normal_equations(x: Float64, y: Float64, p: Float64, normal: Float64, right: Float64, row: Float64) -> float:
    """Sum up the normal equations of the linearised problem, and return the sum of squared residuals."""
    normal[:] = 0.0
    right[:] = 0.0
    squares = 0.0
    for date in range(x.size):
        residual = y[date] - _linearise(x[date], p, row)
        squares += residual * residual
        for i in range(7):
            right[i] += row[i] * residual
            for j in range(i + 1):
                normal[i, j] += row[i] * row[j]
    return squares


@njit(cache=True, nogil=True, error_model="numpy")
def _factorise(normal: Float64, free: NDArray[np.bool_], damping: float, factor: Float64) -> bool:
    """Write Cholesky's factor of the damped equations of the free parameters; tell whether there is one."""
    for i in range(7):
        for j in range(i + 1):
            total = normal[i, j] if free[i] and free[j] else 0.0
            if i == j:
                total = total + damping * max(total, 1e-9) if free[i] else 1.0
            for k in range(j):
                total -= factor[i, k] * factor[j, k]
            if i > j:
                factor[i, j] = total / factor[j, j]
            elif total > 0:
                factor[i, i] = np.sqrt(total)
            else:
                return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _substitute(factor: Float64, right: Float64, free: NDArray[np.bool_], step: Float64) -> None:
    """Solve the factorised equations; what is not free has no step."""
    for i in range(7):
        total = right[i] if free[i] else 0.0
        for k in range(i):
            total -= factor[i, k] * step[k]
        step[i] = total / factor[i, i]
    for i in range(6, -1, -1):
        total = step[i]
        for k in range(i + 1, 7):
            total -= factor[k, i] * step[k]
        step[i] = total / factor[i, i]


@njit(cache=True, nogil=True, error_model="numpy")
def _descend(x: Float64, y: Float64, p: Float64, low: Float64, high: Float64, least_gain: float) -> float:
    """Improve the parameters until nothing is gained any more, and return the sum of squared residuals."""
    normal, next_normal, factor = np.empty((7, 7)), np.empty((7, 7)), np.empty((7, 7))
    right, next_right, row, step, trial = np.empty(7), np.empty(7), np.empty(7), np.empty(7), np.empty(7)
    squares = _normal_equations(x, y, p, normal, right, row)
    damping = 1e-3
    for _ in range(_STEPS_MAX):
        free = ~(((p <= low) & (right < 0)) | ((p >= high) & (right > 0)))
        gained = 0.0
        while damping < _DAMPING_MAX:
            if _factorise(normal, free, damping, factor):
                _substitute(factor, right, free, step)
                for i in range(7):
                    trial[i] = min(max(p[i] + step[i], low[i]), high[i])
                after = _normal_equations(x, y, trial, next_normal, next_right, row)
                if after < squares:
                    gained = squares - after
                    break
            damping = max(damping * 4, 1e-9)
        if not gained > 0:
            break
        p[:] = trial
        squares = after
        if gained <= least_gain * squares:
            break
        normal, next_normal, right, next_right = next_normal, normal, next_right, right
        damping = damping / 8
    return squares
