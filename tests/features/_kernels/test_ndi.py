from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.features._kernels.ndi import normalized_difference

SHAPES = array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4)
REFLECTANCES = st.floats(0, 2, width=32)


@st.composite
def pairs(draw, elements=REFLECTANCES, dtype=np.float32):
    shape = draw(SHAPES)
    return tuple(draw(arrays(dtype, shape, elements=elements)) for _ in range(2))


def slow_normalized_difference(a, b, constant):
    """The definition, number by number, in Python's own arithmetic."""
    result = np.full(a.shape, np.nan)
    for position in np.ndindex(a.shape):
        above = float(a[position]) - float(b[position]) + constant
        below = float(a[position]) + float(b[position]) + constant
        result[position] = above / below if below != 0 else np.nan
    return result


@given(pairs(st.floats(-1e3, 1e3, width=16), np.float64), st.sampled_from([0, 0.5, -1]))
def test_equals_the_definition(bands, constant):
    result = normalized_difference(*bands, constant=constant)
    assert_allclose(result, slow_normalized_difference(*bands, constant), rtol=1e-12)


@given(pairs())
def test_is_bounded_for_non_negative_bands(bands):
    assert np.nanmax(np.abs(normalized_difference(*bands)), initial=0) <= 1


@given(pairs())
def test_is_antisymmetric(bands):
    a, b = bands
    assert_array_equal(normalized_difference(a, b), -normalized_difference(b, a))


@given(pairs(), st.sampled_from([2.0, 0.25, 1024.0]))
def test_does_not_depend_on_the_unit(bands, factor):
    a, b = bands  # powers of two scale float32 without rounding, unless the numbers become denormal
    large = np.minimum(a, b) > 1e-30
    assert_array_equal(
        normalized_difference(a * np.float32(factor), b * np.float32(factor))[large], normalized_difference(a, b)[large]
    )


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("u1", "f4"), ("i2", "f4"), ("u2", "f4"), ("?", "f4"), ("f2", "f4"), ("f4", "f4"), ("u4", "f8"), ("f8", "f8")],
)
def test_result_is_float32_where_that_holds_the_bands_and_else_float64(dtype, expected):
    assert normalized_difference(np.ones(3, dtype), np.ones(3, dtype)).dtype == expected


def test_unsigned_bands_do_not_wrap_around():
    assert_array_equal(
        normalized_difference(np.array([10], np.uint8), np.array([250], np.uint8)), np.float32(-240 / 260)
    )
    assert_array_equal(normalized_difference(np.array([60000], "u2"), np.array([20000], "u2")), np.float32(0.5))


def test_what_is_not_finite_becomes_the_undefined_value():
    a = np.array([0.0, 1.0, np.nan, np.inf, 3.0])
    b = np.array([0.0, -1.0, 1.0, 1.0, 1.0])
    assert_array_equal(normalized_difference(a, b, undefined=-9), [-9, -9, -9, -9, 0.5])


def test_constant_is_added_above_and_below():
    assert normalized_difference(np.array([3.0]), np.array([1.0]), constant=1)[0] == 3 / 5


def test_blocks_of_a_large_image_are_joined_without_a_seam():
    ramp = np.arange(200_000, dtype=np.float32).reshape(1, 400, 500)
    one = np.ones_like(ramp)
    assert_array_equal(normalized_difference(ramp, one), (ramp - one) / (ramp + one))


def test_bands_of_any_memory_layout_are_read():
    bands = np.random.default_rng(0).random((2, 3, 4, 5))
    view = bands.transpose(0, 2, 1, 3)[:, ::-1]
    a, b = view[..., 1], view[..., 3]
    assert_array_equal(normalized_difference(a, b), (a - b) / (a + b))
