from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eolearn.features._kernels.dtypes import as_stored, working_dtype

INTEGERS = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i2", "u2", "f2", "f4"])
def test_values_that_float32_holds_exactly_are_worked_on_in_float32(dtype):
    assert working_dtype(np.dtype(dtype)) == np.float32


@pytest.mark.parametrize("dtype", ["i4", "u4", "i8", "f8", "g"])
def test_others_are_worked_on_in_float64(dtype):
    assert working_dtype(np.dtype(dtype)) == np.float64


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_floats_keep_their_dtype(dtype):
    values = np.array([1.5, np.nan], working_dtype(np.dtype(dtype)))
    result = as_stored(values, np.dtype(dtype), -1)
    assert result.dtype == dtype
    assert_array_equal(result, [1.5, -1])


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_are_rounded_to_the_nearest_and_ties_to_the_even_one(dtype):
    values = np.array([0.4, 0.5, 0.6, 1.5, 2.5], working_dtype(np.dtype(dtype)))
    result = as_stored(values, np.dtype(dtype), np.nan)
    assert result.dtype == dtype
    assert_array_equal(result, [0, 0, 1, 2, 2])


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_stay_within_their_dtype(dtype):
    dtype = np.dtype(dtype)
    info = np.iinfo(dtype)
    working = working_dtype(dtype)
    result = as_stored(np.array([-1e30, 1e30], working), dtype, 0)
    below = int(np.nextafter(info.max, 0)) if info.bits == 64 else info.max  # the largest float64 below 2**63 or 2**64
    assert result.tolist() == [info.min, below]


def test_unknown_value_that_the_integers_hold_is_put_in():
    result = as_stored(np.array([7.2, np.nan], np.float32), np.dtype(np.uint8), 255)
    assert result.dtype == np.uint8
    assert result.tolist() == [7, 255]


def test_unknown_value_of_64_bits_is_kept_exactly():
    lowest = np.iinfo(np.int64).min
    assert as_stored(np.array([np.nan]), np.dtype(np.int64), lowest).tolist() == [lowest]


@pytest.mark.parametrize("unknown_value", [np.nan, 0.5, 256, -1, np.inf])
def test_integers_become_floats_where_they_cannot_hold_the_unknown_value(unknown_value):
    result = as_stored(np.array([7.25, np.nan], np.float32), np.dtype(np.uint8), unknown_value)
    assert result.dtype == np.float32
    assert_array_equal(result, np.array([7.25, unknown_value], np.float32))


def test_booleans_are_rounded_and_hold_only_0_and_1():
    values = np.array([0.2, 0.8, np.nan], np.float32)
    assert as_stored(values.copy(), np.dtype(bool), 1).tolist() == [False, True, True]
    assert as_stored(values.copy(), np.dtype(bool), 2).dtype == np.float32
