from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.interpolate import InterpolatedUnivariateSpline, UnivariateSpline, interp1d, make_interp_spline

from eolearn.features._kernels.spline import interpolate_spline

DEGREES = [1, 2, 3, 4, 5]


@pytest.mark.parametrize("degree", DEGREES)
@pytest.mark.parametrize("missing", [0, 0.3, 0.7])
def test_each_series_equals_scipy_on_its_valid_observations(gappy, one_by_one, degree, missing):
    problem = gappy(degree, missing=missing)
    result = interpolate_spline(*problem, degree=degree)
    for build in (
        lambda times, values: make_interp_spline(times, values, k=degree),
        lambda times, values: UnivariateSpline(times, values, k=degree, s=0),
        lambda times, values: InterpolatedUnivariateSpline(times, values, k=degree),
    ):
        expected = one_by_one(problem, build, degree + 1)
        # condition numbers of the collocation matrices of irregular dates reach 1e6
        assert_allclose(result, expected, rtol=1e-9, atol=1e-9 * np.nanmax(np.abs(expected)))


@pytest.mark.parametrize(("kind", "degree"), [("slinear", 1), ("quadratic", 2), ("cubic", 3)])
def test_kinds_of_interp1d_are_these_splines(gappy, one_by_one, kind, degree):
    problem = gappy(9)
    expected = one_by_one(problem, lambda times, values: interp1d(times, values, kind=kind), degree + 1)
    assert_allclose(interpolate_spline(*problem, degree=degree), expected, rtol=1e-9, atol=1e-8)


@given(st.integers(1, 5), st.sets(st.integers(-50, 50), min_size=6, max_size=9), st.randoms(use_true_random=False))
def test_polynomials_of_the_degree_are_reproduced(degree, moments, random):
    times = np.array(sorted(moments))
    polynomial = np.polynomial.Polynomial([random.uniform(-1, 1) for _ in range(degree + 1)], domain=[-50, 50])
    wanted = np.arange(times[0], times[-1] + 1)
    result = interpolate_spline(polynomial(times)[:, None], times, wanted, degree=degree)
    assert_allclose(result[:, 0], polynomial(wanted), atol=1e-6)


@pytest.mark.parametrize("degree", DEGREES)
def test_series_with_as_many_observations_as_the_degree_stays_unknown(degree):
    times = np.arange(degree + 1)
    data = np.repeat(times[:, None].astype(float), 2, axis=1)
    data[0, 0] = np.nan
    result = interpolate_spline(data, times, times, degree=degree)
    assert np.isnan(result[:, 0]).all()
    assert_allclose(result[:, 1], times, atol=1e-12)


def test_neighbours_with_other_gaps_do_not_matter(gappy):
    data, times, wanted = gappy(3)
    alone = [interpolate_spline(data[:, [index]], times, wanted)[:, 0] for index in range(data.shape[1])]
    assert_array_equal(interpolate_spline(data, times, wanted), np.stack(alone, axis=1))


def test_no_series_and_no_wanted_time_give_nothing():
    assert interpolate_spline(np.ones((5, 0)), np.arange(5), np.arange(3)).shape == (3, 0)
    assert interpolate_spline(np.ones((5, 2)), np.arange(5), np.arange(0)).shape == (0, 2)
