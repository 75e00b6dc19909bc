from __future__ import annotations

import warnings

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.features._kernels.series import average_repeats, observed


def test_values_that_are_not_valid_become_nan_in_a_copy():
    data = np.arange(8, dtype=np.uint8).reshape(2, 2, 2)  # dates, pixels, bands
    valid = np.array([[True, False], [False, True]])[..., None]
    expected = np.array([[[0, 1], [np.nan, np.nan]], [[np.nan, np.nan], [6, 7]]])
    assert_array_equal(observed(data, valid), expected)
    assert_array_equal(observed(data, np.repeat(valid, 2, axis=-1)), expected)
    assert_array_equal(data.ravel(), np.arange(8))


def test_bands_may_be_valid_one_by_one():
    valid = np.array([[[True, False]]])
    assert_array_equal(observed(np.ones((1, 1, 2)), valid), [[[1, np.nan]]])


def test_all_values_count_where_no_validity_is_given():
    data = np.ones((2, 1, 1), np.float32)
    result = observed(data, None)
    assert_array_equal(result, data)
    assert not np.shares_memory(result, data)


@given(
    arrays(np.float64, (5, 3), elements=st.one_of(st.floats(-1e3, 1e3), st.just(np.nan))),
    st.lists(st.integers(0, 2), min_size=5, max_size=5),
)
def test_repeats_are_averaged_as_nanmean_does(series, moments):
    _, position = np.unique(moments, return_inverse=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numpy warns of means of nothing, which are NaN here as there
        expected = [np.nanmean(series[position == moment], axis=0) for moment in range(position.max() + 1)]
    assert_allclose(average_repeats(series, position), np.array(expected), rtol=1e-12, atol=1e-9)


def test_float32_observations_without_repeats_are_sorted_and_unchanged():
    series = np.random.default_rng(0).random((4, 3), dtype=np.float32)
    result = average_repeats(series, np.array([2, 0, 3, 1]))
    assert result.dtype == np.float32
    assert_array_equal(result, series[[1, 3, 0, 2]])
