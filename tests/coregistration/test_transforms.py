"""Transforms: directions, compositions, inverses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from eolearn.core.exceptions import SettingError
from eolearn.coregistration.transforms import Transform

SHAPE = (40, 60)
POINTS = np.random.default_rng(0).uniform((0, 0), (59, 39), (30, 2))
AFFINE = Transform.of_matrix([[1.01, 0.02, 1.5], [-0.03, 0.98, -2]])
LOCAL = Transform(matrix=AFFINE.matrix, displacements=np.random.default_rng(1).normal(0, 0.5, (3, 4, 2)))
HOMOGRAPHY = Transform.of_matrix([[1, 0, 1], [0, 1, 2], [1e-4, 0, 1]])


def test_a_shift_leads_from_the_reference_to_the_frame():
    shift = Transform.translation((1.5, -0.5))
    assert_allclose(shift.to_frame([[10, 20]], SHAPE), [[11.5, 19.5]])
    assert shift.shift_xy(SHAPE) == pytest.approx((1.5, -0.5))
    assert not shift.is_identity
    assert Transform.refused("clouds").is_identity


@pytest.mark.parametrize("transform", [AFFINE, LOCAL, HOMOGRAPHY])
def test_places_are_those_of_the_pixels_one_by_one(transform):
    x, y = transform.places(SHAPE)
    pixels = np.array([(column, row) for row in range(40) for column in range(60)])
    wanted = transform.to_frame(pixels, SHAPE)
    assert x.dtype == y.dtype == np.float32
    assert_allclose(np.stack([x.ravel(), y.ravel()], axis=-1), wanted, atol=1e-4)


@pytest.mark.parametrize("transform", [AFFINE, LOCAL, HOMOGRAPHY])
def test_there_and_back(transform):
    assert_allclose(transform.to_reference(transform.to_frame(POINTS, SHAPE), SHAPE), POINTS, atol=1e-4)


def test_a_displacement_holds_in_the_middle_of_its_window():
    # two windows of 30 columns: their middles lie between the pixels 14 and 15, and 44 and 45
    transform = Transform(matrix=np.eye(3), displacements=np.array([[(1.0, 0.0), (3.0, 0.0)]]))
    moved = transform.to_frame([[14.5, 0], [29.5, 7], [44.5, 39], [59, 39]], SHAPE)
    assert_allclose(moved[:, 0], [15.5, 31.5, 47.5, 62])
    assert transform.shift_xy(SHAPE) == pytest.approx((2, 0))


@given(x=st.floats(-9, 9), y=st.floats(-9, 9))
def test_composition_is_one_after_the_other(x, y):
    first = Transform.of_matrix([[1, 0.1, x], [-0.1, 1, y]], reliability=0.7)
    for second in (AFFINE, LOCAL):
        both = second.after(first)
        assert_allclose(both.to_frame(POINTS, SHAPE), first.to_frame(second.to_frame(POINTS, SHAPE), SHAPE), atol=1e-9)
        assert both.reliability == 0.7


def test_displacements_can_only_come_last():
    with pytest.raises(SettingError, match="shift first"):
        AFFINE.after(LOCAL)
