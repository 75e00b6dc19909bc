from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.features._kernels.terrain import gradients, illumination, slope_aspect

RISES = st.floats(-3, 3)


def plane(east, north, shape=(5, 7), width_m=10.0, height_m=20.0):
    rows, columns = np.indices(shape)
    return 100 + east * columns * width_m - north * rows * height_m


@given(RISES, RISES)
def test_gradients_of_a_plane_are_its_own_up_to_the_edges(east, north):
    found = gradients(plane(east, north), 10.0, 20.0)
    assert_allclose(found[0], np.full((5, 7), east), atol=1e-12)
    assert_allclose(found[1], np.full((5, 7), north), atol=1e-12)


def test_horns_weights_by_hand():
    heights = np.array([[1.0, 2, 4], [8, 0, 16], [32, 64, 128]])
    east, north = gradients(heights, 2.0, 4.0)
    assert east[1, 1] == ((4 + 2 * 16 + 128) - (1 + 2 * 8 + 32)) / (8 * 2)
    assert north[1, 1] == ((1 + 2 * 2 + 4) - (32 + 2 * 64 + 128)) / (8 * 4)


@pytest.mark.parametrize(
    ("east", "north", "aspect"), [(0, -1, 0), (-1, -1, 45), (-1, 0, 90), (0, 1, 180), (1, 0, 270), (1, -1, 315)]
)
def test_aspect_is_where_water_runs(east, north, aspect):
    slope, found = slope_aspect(*gradients(plane(east, north), 10.0, 20.0))
    assert_allclose(found, aspect, atol=1e-9)
    assert_allclose(slope, np.degrees(np.arctan(np.hypot(east, north))))


def test_level_ground_has_no_aspect():
    slope, aspect = slope_aspect(*gradients(np.full((3, 3), 7.0), 1.0, 1.0))
    assert_array_equal(slope, 0)
    assert np.isnan(aspect).all()


@given(RISES, RISES, st.floats(0, 90), st.floats(0, 360))
def test_light_is_that_of_the_usual_formula(east, north, zenith, azimuth):
    gradient = np.full((1, 1), east), np.full((1, 1), north)
    slope, aspect = np.radians(np.nan_to_num(slope_aspect(*gradient)))
    sun, direction = np.radians([zenith, azimuth])
    expected = np.cos(sun) * np.cos(slope) + np.sin(sun) * np.sin(slope) * np.cos(direction - aspect)
    assert_allclose(illumination(*gradient, zenith, azimuth), expected, atol=1e-12)


def test_heights_that_are_missing_blank_their_neighbours():
    heights = plane(1, 1, (6, 6))
    heights[0, 0] = np.nan
    unknown = np.zeros((6, 6), bool)
    unknown[:2, :2] = True
    for gradient in gradients(heights, 1.0, 1.0):
        assert_array_equal(np.isnan(gradient), unknown)


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (2, 2)])
def test_images_of_few_pixels_have_gradients(shape):
    east, north = gradients(plane(2, 3, shape), 10.0, 20.0)
    assert_allclose(east, 2 if shape[1] > 1 else 0)
    assert_allclose(north, 3 if shape[0] > 1 else 0)
