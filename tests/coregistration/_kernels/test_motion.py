"""Motions of points: exact where points are, right where many pairs are wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.coregistration._kernels.motion import consensus, fit_motion

POINTS = np.random.default_rng(0).uniform(0, 100, (40, 2))


def turned(angle, x, y):
    return np.array([[np.cos(angle), -np.sin(angle), x], [np.sin(angle), np.cos(angle), y]])


def applied(matrix, points):
    return points @ matrix[:, :2].T + matrix[:, 2]


@given(angle=st.floats(-3, 3), x=st.floats(-50, 50), y=st.floats(-50, 50))
def test_a_turn_and_a_shift_are_found_exactly(angle, x, y):
    matrix = turned(angle, x, y)
    assert_allclose(fit_motion(POINTS, applied(matrix, POINTS), "euclidean"), matrix, atol=1e-9)


def test_an_affine_motion_and_a_shift_are_found_exactly():
    matrix = np.array([[1.1, 0.2, 3], [-0.1, 0.9, -5]])
    assert_allclose(fit_motion(POINTS, applied(matrix, POINTS), "affine"), matrix, atol=1e-9)
    assert_allclose(fit_motion(POINTS, np.add(POINTS, (2, -1)), "translation"), [[1, 0, 2], [0, 1, -1]], atol=1e-12)


def test_a_mirror_is_no_turn():
    turn = fit_motion(POINTS, POINTS * (-1, 1), "euclidean")[:, :2]
    assert np.linalg.det(turn) == pytest.approx(1)


@pytest.mark.parametrize("motion", ["translation", "euclidean", "affine"])
def test_half_of_the_pairs_may_be_wrong(motion):
    rng = np.random.default_rng(1)
    matrix = turned(0 if motion == "translation" else 0.05, 4, -2)
    target = applied(matrix, POINTS)
    target[:20] = rng.uniform(0, 100, (20, 2))
    found, agreeing = consensus(POINTS, target, motion, threshold_px=0.5)
    assert_allclose(found, matrix, atol=1e-6)
    assert agreeing[20:].all()
    assert_array_equal(consensus(POINTS, target, motion, threshold_px=0.5)[0], found)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_points_are_the_identity(count):
    matrix, agreeing = consensus(POINTS[:count], POINTS[:count], "affine", threshold_px=1)
    assert_array_equal(matrix, np.eye(2, 3))
    assert not agreeing.any()
