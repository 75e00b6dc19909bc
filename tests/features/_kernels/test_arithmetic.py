from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.core.exceptions import DataError
from eolearn.features._kernels.arithmetic import euclidean_norm, linear_function

SHAPES = array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4)


@given(arrays(np.float64, SHAPES, elements=st.floats(-1e6, 1e6)), st.floats(-9, 9), st.floats(-9, 9))
def test_linear_function_equals_the_definition(data, slope, intercept):
    before = data.copy()
    assert_array_equal(linear_function(data, slope, intercept), slope * data + intercept)
    assert_array_equal(data, before)


@given(arrays(np.int16, SHAPES), st.integers(-400, 400), st.integers(-400, 400))
def test_integers_are_exact_with_integer_coefficients(data, slope, intercept):
    result = linear_function(data, slope, intercept)
    assert result.dtype.kind in "iu"
    assert_array_equal(result, data.astype(object) * slope + intercept)


@pytest.mark.parametrize(
    ("dtype", "slope", "intercept", "expected"),
    [
        ("f2", 2, 1, "f2"),
        ("f4", 2.5, 1, "f4"),
        ("f8", 2, 1, "f8"),
        ("u1", 1, 0, "u1"),
        ("u1", 257, 0, "u2"),  # 255 * 257 = 65535
        ("u1", 258, 0, "u4"),
        ("u1", -1, 0, "i2"),
        ("?", 1, 0, "u1"),
        ("i8", 2, 0, "f8"),  # no integer type holds twice all of int64
        ("u2", 1e-4, 0, "f4"),
        ("i4", 1e-4, 0, "f8"),
        ("u2", 1, 0.5, "f4"),
    ],
)
def test_dtype_depends_on_dtype_and_coefficients_only(dtype, slope, intercept, expected):
    assert linear_function(np.ones(3, dtype), slope, intercept).dtype == expected


def test_dtype_of_the_result_can_be_chosen():
    result = linear_function(np.array([0.12345, 0.99999], np.float32), 10000, 0, np.uint16)
    assert result.dtype == np.uint16
    assert result.tolist() == [1234, 9999]  # cut off, as astype does
    assert linear_function(np.array([3], np.uint8), 2, 1, np.float64).tolist() == [7.0]


def test_integers_are_computed_in_float64_with_float_coefficients():
    data = np.arange(60000, dtype=np.uint16)
    exact = data * 1e-4 - 0.1
    assert_array_equal(linear_function(data, 1e-4, -0.1, np.float64), exact)
    assert_array_equal(linear_function(data, 1e-4, -0.1), exact.astype(np.float32))


def test_float16_does_not_overflow_on_the_way():
    assert linear_function(np.array([9.0], np.float16), 10000, 0, np.int32).tolist() == [90000]


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0, 65536.0])
def test_value_without_a_place_in_the_integers_is_refused(value):
    with pytest.raises(DataError, match="can't be stored as uint16"):
        linear_function(np.array([1.0, value]), 1, 0, np.uint16)


def test_ends_of_an_integer_dtype_have_a_place():
    assert linear_function(np.array([-0.5, 255.9]), 1, 0, np.uint8).tolist() == [0, 255]
    assert linear_function(np.array([-300, 70000]) + 300, 1, 0, np.int32).tolist() == [0, 70300]
    with pytest.raises(DataError, match=str(2**63)):
        linear_function(np.array([2.0**63]), 1, 0, np.int64)


@given(arrays(np.float64, array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5), elements=st.floats(-1e9, 1e9)))
def test_norm_equals_that_of_numpy(data):
    before = data.copy()
    assert_allclose(euclidean_norm(data), np.linalg.norm(data, axis=-1), rtol=1e-14)
    assert_array_equal(data, before)


def test_norm_of_chosen_bands():
    assert euclidean_norm(np.array([[3.0, 100.0, 4.0]]), [0, -1]).tolist() == [5.0]


def test_norm_of_integers_does_not_wrap_around():
    result = euclidean_norm(np.array([[200, 150]], np.uint8))
    assert result.dtype == np.float32
    assert result.item() == 250.0


def test_norm_of_224_bands_is_summed_in_float64():
    data = np.full((2, 224), 0.1, np.float32)
    assert_allclose(euclidean_norm(data), np.linalg.norm(data.astype(np.float64), axis=-1).astype(np.float32), rtol=0)


def test_norm_is_nan_or_infinite_where_a_band_is():
    assert_array_equal(euclidean_norm(np.array([[np.nan, 1], [-np.inf, 1]])), [np.nan, np.inf])


def test_norm_of_large_images_has_no_seam():
    data = np.random.default_rng(0).random((50_000, 3))
    assert_array_equal(euclidean_norm(data)[::997], [euclidean_norm(pixel[None])[0] for pixel in data[::997]])
