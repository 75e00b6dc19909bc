from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.features._kernels.backscatter import (
    from_decibels,
    polarisation_difference,
    radar_vegetation_index,
    ratio,
    to_decibels,
)


@given(st.floats(-60, 40))
def test_decibels_and_back_change_nothing(decibels):
    assert_allclose(to_decibels(from_decibels(np.array([decibels]))), decibels, atol=1e-12)


def test_decibels_of_powers_of_ten():
    assert_array_equal(to_decibels(np.array([0.01, 1, 100])), [-20, 0, 20])


def test_what_has_no_decibels_is_unknown():
    assert np.isnan(to_decibels(np.array([0.0, -1.0, np.inf, np.nan]))).all()
    assert np.isnan(from_decibels(np.array([-np.inf, np.inf, np.nan]))).all()


@pytest.mark.parametrize(("dtype", "expected"), [("f4", "f4"), ("f8", "f8"), ("i2", "f4"), ("u1", "f4")])
def test_floats_keep_their_dtype(dtype, expected):
    values = np.array([1, 10], dtype)
    assert to_decibels(values).dtype == from_decibels(values).dtype == np.dtype(expected)


def test_indices_by_hand():
    vv, vh = np.array([0.3]), np.array([0.1])
    assert_allclose(
        [ratio(vv, vh), radar_vegetation_index(vv, vh), polarisation_difference(vv, vh)], [[1 / 3], [1], [0.5]]
    )
