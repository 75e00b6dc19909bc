"""Edges: their direction, their strength, and what they don't depend on."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.coregistration._kernels.edges import edge_field

EVERYWHERE = np.ones((128, 160), bool)


def slow_edge(image, row, column):
    """Sobel's operator by hand, then the formula of the docstring, without the median slope."""
    window = image[row - 1 : row + 2, column - 1 : column + 2].astype(float)
    x = (window[:, 2] - window[:, 0]) @ (1, 2, 1)
    y = (window[2] - window[0]) @ (1, 2, 1)
    return complex(x, y)


def test_each_pixel_has_the_doubled_angle_and_a_length_below_one(scene):
    field = edge_field(scene.reference, EVERYWHERE, EVERYWHERE.shape)
    slopes = np.array([[slow_edge(scene.reference, row, column) for column in range(1, 159)] for row in range(1, 127)])
    wanted = slopes**2 / np.abs(slopes) / (np.abs(slopes) + np.median(np.abs(slopes)))
    assert field.dtype == np.complex64
    assert_allclose(field[1:-1, 1:-1], wanted, atol=0.02)  # its median is that of a sample


@pytest.mark.parametrize(("factor", "offset"), [(-1, 0), (0.01, 5), (3000, -100)])
def test_contrast_its_sign_and_brightness_do_not_matter(scene, factor, offset):
    field = edge_field(scene.reference, EVERYWHERE, EVERYWHERE.shape)
    other = edge_field(factor * scene.reference.astype(float) + offset, EVERYWHERE, EVERYWHERE.shape)
    assert_allclose(other, field, atol=0.005)


@pytest.mark.parametrize("value", [300.0, np.nan, -np.inf])
def test_what_is_not_valid_is_zero_and_leaves_no_trace(scene, value):
    valid = scene.valid[0]
    cloudy = np.where(valid, scene.reference, value)
    field = edge_field(cloudy, valid, valid.shape)
    clear = edge_field(np.where(valid, scene.reference, 0.4), valid, valid.shape)
    assert_allclose(field, clear, atol=2e-4)
    assert not field[~valid].any()


def test_the_border_and_what_lies_beyond_are_zero(scene):
    field = edge_field(scene.reference, EVERYWHERE, (135, 162))
    assert field.shape == (135, 162)
    assert not field[127:].any()
    assert not field[:, 159:].any()
    assert not field[0].any()


@pytest.mark.parametrize("image", [np.full((9, 9), 7), np.full((9, 9), np.nan), np.zeros((1, 1))])
def test_without_an_edge_all_is_zero(image):
    assert_array_equal(edge_field(image, np.ones(image.shape, bool), image.shape), np.zeros(image.shape))


def test_the_image_is_not_changed(scene):
    image = np.where(scene.valid[0], scene.reference, np.nan)
    before = image.copy()
    edge_field(image, scene.valid[0], image.shape)
    assert_array_equal(image, before)
