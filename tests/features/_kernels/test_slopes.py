from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal

from eolearn.features._kernels.slopes import extreme_dates, extreme_slopes

DAYS = np.array([0.0, 1, 4, 4, 4, 9, 20])
SERIES = arrays(np.float64, (4, 7), elements=st.one_of(st.integers(-5, 5).map(float), st.just(np.nan)))


def slow_slopes(values, days):
    dates = np.flatnonzero(~np.isnan(values))
    slopes = {}
    for before, here, after in zip(dates, dates[1:], dates[2:], strict=False):
        if days[after] > days[before]:
            slopes[here] = (values[after] - values[before]) / (days[after] - days[before])
    return [max(slopes, key=slopes.get), min(slopes, key=slopes.get)] if slopes else [-1, -1]


@given(SERIES)
def test_slopes_are_those_of_a_slow_loop(series):
    assert_array_equal(extreme_slopes(series, DAYS), [slow_slopes(values, DAYS) for values in series])


@given(SERIES)
def test_extremes_are_those_of_numpy(series):
    expected = [
        [np.nanargmax(values), np.nanargmin(values)] if not np.isnan(values).all() else [-1, -1] for values in series
    ]
    assert_array_equal(extreme_dates(series), expected)


@pytest.mark.parametrize("dates", [0, 1, 2])
def test_two_dates_have_no_slope(dates):
    assert_array_equal(extreme_slopes(np.zeros((3, dates)), np.arange(dates, dtype=float)), np.full((3, 2), -1))


def test_series_without_dates_have_no_extremes():
    assert_array_equal(extreme_dates(np.zeros((3, 0))), np.full((3, 2), -1))
