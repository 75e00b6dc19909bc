from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.signal import savgol_filter

from eolearn.features._kernels.local_polynomial import smooth_savitzky_golay


def dense(problem, half_window, degree):
    """Return the value of a polynomial fitted by numpy to each window of each series."""
    data, times, wanted = problem
    result = np.full((len(wanted), data.shape[1]), np.nan)
    for index, series in enumerate(data.T):
        known = np.isfinite(series)
        for row, time in enumerate(wanted):
            near = known & (np.abs(times - time) <= half_window)
            if near.sum() > degree and times[near][0] <= time <= times[near][-1]:
                away = (times[near] - time) / half_window
                design = np.polynomial.legendre.legvander(away, degree)
                coefficients = np.linalg.lstsq(design, series[near])[0]
                result[row, index] = np.polynomial.legendre.legval(0, coefficients)
    return result


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("half_window", [200, 900])
def test_each_value_is_that_of_the_polynomial_fitted_to_its_window(gappy, degree, half_window):
    problem = gappy(degree, dates=40, count=40, missing=0.3)
    result = smooth_savitzky_golay(*problem, half_window=half_window, degree=degree)
    expected = dense(problem, half_window, degree)
    scale = np.maximum(1, np.abs(np.nan_to_num(expected)))  # polynomials of few observations reach far beyond them
    assert_allclose(result / scale, expected / scale, atol=1e-6)


@pytest.mark.parametrize("degree", [1, 2, 4])
def test_regular_dates_give_the_filter_of_scipy_away_from_the_ends(degree):
    data = np.random.default_rng(0).normal(size=(40, 3))
    times = np.arange(40) * 5
    result = smooth_savitzky_golay(data, times, times, half_window=20, degree=degree)
    assert_allclose(result[4:-4], savgol_filter(data, 9, degree, axis=0)[4:-4], rtol=1e-9)


def test_date_with_observations_on_one_side_only_is_not_extrapolated_to():
    data, times = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([0, 1, 2, 9])
    result = smooth_savitzky_golay(data, times, np.array([2, 3]), half_window=3, degree=1)
    assert_allclose(result[:, 0], [3, np.nan])


def test_window_with_too_few_observations_gives_nothing():
    data = np.array([[1.0], [2.0], [np.nan], [4.0], [8.0]])
    result = smooth_savitzky_golay(data, np.arange(5), np.arange(5), half_window=1, degree=1)
    assert_allclose(result[:, 0], [1, 2, 3, 4, 8])
    result = smooth_savitzky_golay(data, np.arange(5), np.arange(5), half_window=1, degree=2)
    assert np.isnan(result).all()
