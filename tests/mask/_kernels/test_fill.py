from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal

from eolearn.mask._kernels.fill import filled, is_any_of

SIDES = st.integers(0, 3)


@st.composite
def masked_images(draw):
    """Data and a mask of the same bands, or of one."""
    shape = tuple(draw(SIDES) for _ in range(4))
    mask_shape = draw(st.sampled_from([shape, (*shape[:3], 1)]))
    data = draw(arrays(np.float32, shape, elements=st.floats(-9, 9, width=16)))
    mask = draw(arrays(draw(st.sampled_from([np.uint8, np.int16, np.int64])), mask_shape, elements=st.integers(0, 4)))
    return data, mask


@given(masked_images(), st.lists(st.integers(0, 4)))
def test_equals_a_loop_over_values_with_numpy_where(images, values):
    data, mask = images
    expected = data
    for value in values:
        expected = np.where(mask == value, np.float32(np.nan), expected)
    result = filled(data, mask, values, np.nan)
    assert result.dtype == data.dtype
    assert_array_equal(result, expected)


@given(masked_images())
def test_result_is_a_copy(images):
    data, mask = images
    before = data.copy()
    result = filled(data, mask, [0, 1, 2, 3, 4], -1)
    assert not np.shares_memory(result, data)
    assert_array_equal(data, before)


@given(masked_images())
def test_filling_twice_is_filling_once(images):
    data, mask = images
    once = filled(data, mask, [1, 3], -1)
    assert_array_equal(filled(once, mask, [1, 3], -1), once)


def test_images_of_any_memory_layout_are_read():
    rng = np.random.default_rng(0)
    data, mask = rng.random((2, 5, 4, 3)).transpose(0, 2, 1, 3), rng.integers(0, 2, (2, 5, 4, 1)).transpose(0, 2, 1, 3)
    assert_array_equal(filled(data, mask, [1], 9.0), np.where(mask == 1, 9.0, data))


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], [0, 0]), ([0], [1, 0]), ([1], [0, 1]), ([0, 1], [1, 1]), ([2], [0, 0]), ([-1, 300], [0, 0]), ([1.0], [0, 1])],
)
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8, np.float32])
def test_values_that_the_mask_cannot_hold_match_nothing(dtype, values, expected):
    assert_array_equal(is_any_of(np.array([0, 1], dtype), values), np.array(expected, bool))


def test_nan_matches_nothing():
    assert not is_any_of(np.array([np.nan, 1.0]), [np.nan]).any()
