"""Means and modes by area, compared with loops over every pixel."""

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.io._kernels.area import area_mean, area_mode, extents

NO_DATA = 7.0


def common(start, stop, pixel):
    return max(0.0, min(stop, pixel + 1) - max(start, pixel))


def covered(image, edges):
    """Yield each value of an image and the area of it that lies within edges."""
    left, right, top, bottom = edges
    for row, column in np.ndindex(image.shape):
        area = common(left, right, column) * common(top, bottom, row)
        if area > 1e-9:
            yield image[row, column], area


def slow_mean(image, edges):
    pairs = [(value, area) for value, area in covered(image, edges) if not np.isnan(value) and value != NO_DATA]
    weight = sum(area for _, area in pairs)
    size = (edges[1] - edges[0]) * (edges[3] - edges[2])
    return (sum(value * area for value, area in pairs) / weight, weight / size) if pairs else (np.nan, 0)


def slow_mode(image, edges):
    areas = defaultdict(float)
    for value, area in covered(image, edges):
        if value != NO_DATA:
            areas[int(value)] += area
    most = max(areas.values(), default=None)
    return min((value for value, area in areas.items() if abs(area - most) < 1e-9), default=99)


@st.composite
def grids(draw):
    """Return the edges of 3 x 4 pixels that may be larger or smaller than those of the source, and reach out of it."""
    size_x, size_y = (draw(st.sampled_from([0.5, 1, 1.5, 2, 7 / 3, 3])) for _ in range(2))
    start_x, start_y = (draw(st.floats(-3, 3).map(lambda number: round(number, 2))) for _ in range(2))
    columns, rows = np.meshgrid(start_x + size_x * np.arange(5), start_y + size_y * np.arange(4))
    return extents(columns, rows)


@given(edges=grids(), seed=st.integers(0, 1000))
def test_mean_is_that_of_a_loop_over_all_pixels(edges, seed):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 9, (6, 5)).astype(np.float32)
    image[rng.random(image.shape) < 0.2] = np.nan
    means, shares = np.zeros((1, 3, 4, 1)), np.zeros((1, 3, 4, 1), np.float32)
    area_mean(image[None, ..., None], edges, NO_DATA, means, shares, (0, 3))
    expected = np.array([[slow_mean(image, edges[i, j]) for j in range(4)] for i in range(3)])
    assert_allclose(means[0, ..., 0], expected[..., 0], rtol=1e-9)
    assert_allclose(shares[0, ..., 0], expected[..., 1], atol=1e-6)


@given(edges=grids(), seed=st.integers(0, 1000))
def test_mode_is_the_value_of_the_largest_area(edges, seed):
    image = np.random.default_rng(seed).integers(5, 9, (6, 5)).astype(np.uint8)
    modes, shares = np.full((1, 3, 4, 1), 99, np.uint8), np.zeros((1, 3, 4, 1), np.float32)
    area_mode(image[None, ..., None], edges, NO_DATA, modes, shares, (0, 3))
    expected = [[slow_mode(image, edges[i, j]) for j in range(4)] for i in range(3)]
    assert_array_equal(modes[0, ..., 0], expected)
    known = [[slow_mean(image.astype(float), edges[i, j])[1] for j in range(4)] for i in range(3)]
    assert_allclose(shares[0, ..., 0], known, atol=1e-6)


def test_each_date_and_band_is_for_itself():
    images = np.arange(2 * 4 * 4 * 3, dtype=np.int16).reshape(2, 4, 4, 3)
    columns, rows = np.meshgrid([0.0, 2, 4], [0.0, 2, 4])
    means, shares = np.zeros((2, 2, 2, 3)), np.zeros((2, 2, 2, 3), np.float32)
    area_mean(images, extents(columns, rows), np.nan, means, shares, (0, 2))
    assert_allclose(means, images.reshape(2, 2, 2, 2, 2, 3).mean(axis=(2, 4)))
    assert_array_equal(shares, 1)


def test_only_the_rows_that_are_asked_for_are_written():
    columns, rows = np.meshgrid([0.0, 1, 2], [0.0, 1, 2, 3])
    means, shares = np.full((1, 3, 2, 1), -1.0), np.zeros((1, 3, 2, 1), np.float32)
    area_mean(np.ones((1, 3, 2, 1), np.uint8), extents(columns, rows), np.nan, means, shares, (1, 2))
    assert_array_equal(means[0, :, 0, 0], [-1, 1, -1])


@given(angle=st.floats(0, 7), size=st.floats(0.1, 5))
def test_rotated_pixel_becomes_an_upright_one_of_its_size(angle, size):
    x, y = np.meshgrid([-size / 2, size / 2], [-size / 2, size / 2])
    columns, rows = 9 + x * np.cos(angle) - y * np.sin(angle), 5 + x * np.sin(angle) + y * np.cos(angle)
    expected = [9 - size / 2, 9 + size / 2, 5 - size / 2, 5 + size / 2]
    assert_allclose(extents(columns, rows), [[expected]], atol=1e-9)


def test_pixel_with_a_corner_that_is_nowhere_is_empty():
    columns, rows = np.array([[1.0, np.inf], [0.0, 2.0]]), np.array([[0.0, np.inf], [2.0, 3.0]])
    means, shares = np.zeros((1, 1, 1, 1)), np.ones((1, 1, 1, 1), np.float32)
    area_mean(np.ones((1, 4, 4, 1)), extents(columns, rows), np.nan, means, shares, (0, 1))
    assert np.isnan(means).all()
    assert shares == 0
