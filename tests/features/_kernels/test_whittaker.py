from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from eolearn.features._kernels.whittaker import roughness, smooth_whittaker

CANDIDATES = 10.0 ** np.arange(-1, 8)


def difference_matrix(grid, order):
    """Derivatives of a grid function, by repeated divided differences, each row weighted for the integral."""
    matrix = np.eye(len(grid))
    for step in range(1, order + 1):
        matrix = step * np.diff(matrix, axis=0) / (grid[step:] - grid[:-step])[:, None]
    return matrix * np.sqrt((grid[order:] - grid[:-order]) / order)[:, None]


def dense_fit(series, weight, grid, lmbd, order):
    """Return the minimum as an ordinary problem of least squares, and the trace of the smoother."""
    roots = np.sqrt(weight)
    design = np.concatenate([np.diag(roots), np.sqrt(lmbd) * difference_matrix(grid, order)])
    target = np.concatenate([roots * np.where(weight > 0, series, 0), np.zeros(len(grid) - order)])
    return np.linalg.lstsq(design, target)[0], np.trace(np.linalg.inv(design.T @ design) * weight)


def score(series, weight, smooth, trace):
    known = np.count_nonzero(weight)
    return known * np.sum(weight * np.where(weight > 0, series - smooth, 0) ** 2) / (known - trace) ** 2


def dense(problem, lmbds, order, weights=None):
    data, times, wanted = problem
    grid = np.union1d(times, wanted).astype(float)
    result = np.full((len(wanted), data.shape[1]), np.nan)
    for index, observed in enumerate(data.T):
        weight, series = np.zeros(len(grid)), np.full(len(grid), np.nan)
        places = np.searchsorted(grid, times)
        weight[places] = np.where(np.isfinite(observed), 1 if weights is None else weights[:, index], 0)
        series[places] = observed
        if np.count_nonzero(weight) < order:
            continue
        fits = [dense_fit(series, weight, grid, lmbd, order) for lmbd in lmbds]
        best = np.argmin([score(series, weight, *fit) for fit in fits]) if len(fits) > 1 else 0
        spanned = grid[weight > 0]
        inside = (wanted >= spanned[0]) & (wanted <= spanned[-1])
        result[inside, index] = fits[best][0][np.searchsorted(grid, wanted[inside])]
    return result


def problem(seed=0, dates=30, count=20):
    """Noisy seasons at irregular days, and wanted days between and beyond them."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.choice(365, dates, replace=False))
    data = np.sin(times / 50)[:, None] + rng.normal(size=(dates, count)) * rng.choice([0.05, 0.5], count)
    data[rng.random(data.shape) < 0.4] = np.nan
    data[:, 0], data[1:, 1], data[3, 2] = np.nan, np.nan, np.inf
    return data, times, np.concatenate([times[::3], rng.choice(np.arange(-10, 380), 20, replace=False)])


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("lmbd", [1e-2, 1e2, 1e6])
def test_each_series_is_the_least_squares_solution(order, lmbd):
    expected = dense(problem(), [lmbd], order)
    result = smooth_whittaker(*problem(), lmbds=np.array([lmbd]), order=order)
    assert_allclose(result, expected, rtol=1e-6, atol=1e-6)


def test_weights_enter_as_in_weighted_least_squares():
    data, times, wanted = problem()
    weights = np.random.default_rng(1).random(data.shape) * 3
    weights[weights < 0.6] = 0
    result = smooth_whittaker(data, times, wanted, lmbds=np.array([100.0]), weights=weights)
    assert_allclose(result, dense(problem(), [100.0], 2, weights), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("order", [1, 2])
def test_cross_validation_chooses_what_dense_traces_choose(order):
    data, times, wanted = problem(3)
    data = data[:, np.isfinite(data).sum(axis=0) > order + 1]
    result = smooth_whittaker(data, times, wanted, lmbds=CANDIDATES, order=order)
    assert_allclose(result, dense((data, times, wanted), CANDIDATES, order), rtol=1e-6, atol=1e-6)


def test_penalty_of_daily_dates_is_the_sum_of_squared_second_differences():
    expected = np.diff(np.eye(6), 2, axis=0).T @ np.diff(np.eye(6), 2, axis=0)
    penalty = roughness(np.arange(6.0), 2)
    for step in range(3):
        assert_allclose(penalty[: 6 - step, step], np.diag(expected, step))


def test_lines_are_not_changed_and_strong_smoothing_leads_to_them():
    rng = np.random.default_rng(0)
    times = np.sort(rng.choice(365, 20, replace=False))
    line = 3 + 0.2 * times
    noisy = line + rng.normal(size=20)
    result = smooth_whittaker(np.stack([line, noisy], axis=1), times, times, lmbds=np.array([1e12]))
    assert_allclose(result[:, 0], line, rtol=1e-4)
    assert_allclose(result[:, 1], np.polyval(np.polyfit(times, noisy, 1), times), rtol=1e-4)


def test_wanted_dates_in_between_hardly_change_the_result():
    times = np.arange(0, 365, 10)
    data = np.sin(times / 40)[:, None] + np.random.default_rng(0).normal(size=(37, 3)) / 10
    alone = smooth_whittaker(data, times, times, lmbds=np.array([1e5]))
    among = smooth_whittaker(data, times, np.arange(361), lmbds=np.array([1e5]))
    assert_allclose(among[::10], alone, atol=0.01)  # a tenth of the noise


def test_series_with_less_observations_than_the_order_stays_unknown():
    data = np.array([[1.0, np.nan], [np.nan, np.nan], [2.0, 2.0]])
    result = smooth_whittaker(data, np.arange(3), np.arange(3), lmbds=np.array([1.0]))
    assert_allclose(result, [[1, np.nan], [1.5, np.nan], [2, np.nan]])
