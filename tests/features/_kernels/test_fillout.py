from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal

from eolearn.features._kernels.fillout import fill_out, is_value

SERIES = arrays(
    np.float64, st.tuples(st.integers(0, 7), st.integers(1, 4)), elements=st.sampled_from([np.nan, 1, 2, 3])
)


@given(SERIES, st.sampled_from(["f", "b", "fb", "bf"]))
def test_equals_pandas(data, operations):
    expected = pd.DataFrame(data)
    for operation in operations:
        expected = expected.ffill() if operation == "f" else expected.bfill()
    before = data.copy()
    assert_array_equal(fill_out(data, np.nan, operations), expected.to_numpy())
    assert_array_equal(data, before)


@given(SERIES)
def test_a_second_time_changes_nothing(data):
    once = fill_out(data, np.nan, "fb")
    assert_array_equal(fill_out(once, np.nan, "fb"), once)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, bool])
def test_any_value_may_mean_a_gap(dtype):
    data = np.array([[0, 1], [1, 0], [0, 0]], dtype)
    result = fill_out(data, 0, "f")
    assert result.dtype == dtype
    assert_array_equal(result, np.array([[0, 1], [1, 1], [1, 1]], dtype))


def test_nan_is_in_no_integers():
    assert not is_value(np.array([0, 1]), np.nan).any()
    assert is_value(np.array([0, np.nan, np.inf]), np.inf).tolist() == [False, False, True]


def test_axes_besides_time_stay():
    data = np.random.default_rng(0).random((3, 40, 5, 2))
    data[1, 20] = np.nan
    result = fill_out(data, np.nan, "f")
    assert_array_equal(result[1, 20], data[0, 20])
    data[1, 20] = data[0, 20]
    assert_array_equal(result, data)
