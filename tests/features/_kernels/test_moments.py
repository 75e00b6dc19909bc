from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.features._kernels.moments import MOMENTS, moments

DAYS = np.array([0.0, 1.5, 4, 9, 9, 20])


def slow_moments(values, days):
    valid = ~np.isnan(values)
    known = values[valid]
    if known.size == 0:
        return [0] + 6 * [np.nan]
    area = np.trapezoid(known, days[valid])
    return [known.size, known.mean(), known.std(), known.min(), known.max(), np.ptp(known), area]


@given(arrays(np.float64, (4, 6), elements=st.one_of(st.floats(-1e4, 1e4), st.just(np.nan))))
def test_moments_are_those_of_the_valid_values(series):
    expected = [slow_moments(values, DAYS) for values in series]
    assert_allclose(moments(series, DAYS), expected, rtol=1e-10, atol=1e-7)


def test_deviation_of_large_values_is_not_lost():
    series = 1e9 + np.array([[0.0, 1, 2, 3, 4, 5]])
    assert_allclose(moments(series, DAYS)[0, MOMENTS.index("std")], np.std(np.arange(6)), rtol=1e-9)


def test_series_without_dates_have_nothing_but_a_count():
    assert_array_equal(moments(np.zeros((2, 0)), np.zeros(0)), 2 * [[0] + 6 * [np.nan]])
