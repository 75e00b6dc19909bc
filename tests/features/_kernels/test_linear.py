from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.features._kernels.linear import interpolate_linear

VALUES = st.one_of(st.floats(-1e4, 1e4, width=32), st.just(np.nan))
TIMES = st.integers(-50, 50)


@st.composite
def problems(draw, dtype=np.float64):
    """Series with gaps, their ascending times, and times for which values are wanted."""
    times = np.array(sorted(draw(st.sets(TIMES, min_size=1, max_size=8))))
    data = draw(arrays(dtype, (len(times), draw(st.integers(0, 5))), elements=VALUES))
    wanted = np.array(draw(st.lists(st.one_of(TIMES, st.sampled_from(list(times))), max_size=8)), dtype=int)
    return data, times, wanted


def slow_interpolation(data, times, wanted):
    """numpy.interp for one series after the other, over its valid observations."""
    result = np.full((len(wanted), data.shape[1]), np.nan)
    for index, series in enumerate(data.T):
        valid = ~np.isnan(series)
        if valid.any():
            result[:, index] = np.interp(wanted, times[valid], series[valid], left=np.nan, right=np.nan)
    return result


@given(problems())
def test_each_series_equals_numpy_interp_on_its_valid_observations(problem):
    assert_array_equal(interpolate_linear(*problem), slow_interpolation(*problem))


@given(problems(np.float32))
def test_float32_series_are_computed_in_float64_and_rounded_once(problem):
    result = interpolate_linear(*problem)
    assert result.dtype == np.float32
    assert_array_equal(result, slow_interpolation(*problem).astype(np.float32))


@given(problems())
def test_observations_are_reproduced_at_their_own_times(problem):
    data, times, _ = problem
    result = interpolate_linear(data, times, times)
    known = ~np.isnan(data)
    assert_array_equal(result[known], data[known])


@given(problems(), st.integers(-1000, 1000))
def test_a_shift_of_all_times_changes_nothing(problem, shift):
    data, times, wanted = problem
    assert_array_equal(interpolate_linear(data, times + shift, wanted + shift), interpolate_linear(data, times, wanted))


@given(problems(), st.randoms())
def test_wanted_times_may_come_in_any_order(problem, random):
    data, times, wanted = problem
    order = list(range(len(wanted)))
    random.shuffle(order)
    assert_array_equal(interpolate_linear(data, times, wanted[order]), interpolate_linear(data, times, wanted)[order])


@given(problems())
def test_values_stay_within_the_observed_ones(problem):
    data, times, wanted = problem
    result = interpolate_linear(data, times, wanted)
    for series, values in zip(data.T, result.T, strict=True):
        known = values[~np.isnan(values)]
        if known.size:
            slack = 1e-9 * np.nanmax(np.abs(series))
            assert known.min() >= np.nanmin(series) - slack
            assert known.max() <= np.nanmax(series) + slack


def test_straight_lines_are_continued_through_gaps():
    times = np.array([0, 1, 5, 7, 20])
    lines = np.array([[2.0, -3.0]]) + times[:, None] * np.array([[0.5, 4.0]])
    with_gaps = lines.copy()
    with_gaps[1, 0] = with_gaps[2:4, 1] = np.nan
    assert_allclose(interpolate_linear(with_gaps, times, times), lines, rtol=1e-14)


def test_series_without_observation_stays_nan():
    assert np.isnan(interpolate_linear(np.full((3, 1), np.nan), np.arange(3), np.arange(3))).all()


def test_single_observation_gives_a_value_at_its_time_only():
    data = np.array([[np.nan], [7.0], [np.nan]])
    assert_array_equal(interpolate_linear(data, np.arange(3), np.arange(3)), data)


def test_nothing_is_known_outside_of_the_valid_observations():
    data = np.array([[np.nan], [1.0], [2.0], [np.nan]])
    wanted = np.array([0, 0.5, 1, 1.5, 2, 2.5, 3])
    expected = [np.nan, np.nan, 1, 1.5, 2, np.nan, np.nan]
    assert_array_equal(interpolate_linear(data, np.arange(4), wanted)[:, 0], expected)


@pytest.mark.parametrize(
    ("dtype", "expected"), [("i2", "f4"), ("u1", "f4"), ("?", "f4"), ("f2", "f4"), ("i4", "f8"), ("i8", "f8")]
)
def test_integers_are_interpolated_as_floats_that_hold_them(dtype, expected):
    result = interpolate_linear(np.array([[0], [1]], dtype), np.array([0, 4]), np.array([1]))
    assert result.dtype == expected
    assert result[0, 0] == 0.25


def test_data_are_not_changed():
    data = np.array([[1.0, np.nan], [np.nan, 2.0]])
    before = data.copy()
    interpolate_linear(data, np.arange(2), np.arange(2))
    assert_array_equal(data, before)


def test_series_of_any_memory_layout_are_read():
    data = np.random.default_rng(0).random((7, 4)).T
    assert_array_equal(
        interpolate_linear(data, np.arange(4), np.array([1.5])),
        interpolate_linear(data.copy(), np.arange(4), np.array([1.5])),
    )
