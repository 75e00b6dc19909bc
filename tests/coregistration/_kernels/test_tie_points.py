"""Windows on a grid, and the smooth field that they make."""

import numpy as np
from numpy.testing import assert_allclose

from eolearn.coregistration._kernels.tie_points import smooth_field, tie_points


def test_each_window_has_its_middle_and_the_known_shift(scene):
    valid = np.ones((128, 160), bool)
    valid[:64, :80] = False
    points = tie_points(scene.reference, scene.frames[0], valid, valid, window_px=64, radius_px=5)
    assert points.reliability.shape == (2, 2)
    assert_allclose(points.middles_xy[:, 0], [[39.5, 31.5], [39.5, 95.5]])
    assert_allclose(points.middles_xy[0, 1], [119.5, 31.5])
    assert points.reliability[0, 0] == 0
    for row, column in ((0, 1), (1, 0), (1, 1)):
        assert_allclose(points.shifts_xy[row, column], scene.shifts_xy[0], atol=0.15)


def test_a_field_is_smooth_without_those_that_do_not_count():
    displacements = np.full((7, 7, 2), (1.0, -2.0))
    weights = np.ones((7, 7))
    displacements[3, 3], weights[3, 3] = (500, np.nan), 0
    assert_allclose(smooth_field(displacements, weights), np.full((7, 7, 2), (1.0, -2.0)), rtol=0.15)


def test_a_field_without_any_is_zero():
    assert not smooth_field(np.full((3, 4, 2), 5.0), np.zeros((3, 4))).any()
