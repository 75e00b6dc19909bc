"""Oracles: shapely's area of the polygon within each pixel, a dense grid of points, and the area of the polygon."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from eolearn.geometry._kernels.coverage import coverage

EAST, NORTH = 500_000.0, 5_100_000.0  # large coordinates, as those of UTM
BOUNDS = (EAST, NORTH - 60, EAST + 80, NORTH)
SHAPE = (6, 8)  # pixels of 10 m

x = st.floats(EAST - 20, EAST + 100, allow_subnormal=False)
y = st.floats(NORTH - 80, NORTH + 20, allow_subnormal=False)
triangles = st.lists(st.tuples(x, y), min_size=3, max_size=3, unique=True).map(shapely.Polygon)
polygons = st.lists(triangles.filter(lambda shape: shape.is_valid and shape.area > 1), min_size=1, max_size=4)


def slowly(polygons):
    """The area of the union within each pixel, one pixel at a time."""
    union = shapely.union_all(polygons)
    shares = np.zeros(SHAPE)
    for row, column in np.ndindex(SHAPE):
        left, top = EAST + 10 * column, NORTH - 10 * row
        shares[row, column] = union.intersection(shapely.box(left, top - 10, left + 10, top)).area / 100
    return shares


@given(polygons)
def test_shares_are_areas_within_each_pixel(polygons):
    shares = coverage(np.array(polygons), BOUNDS, SHAPE)
    assert shares.dtype == np.float32
    np.testing.assert_allclose(shares, slowly(polygons), atol=2e-6)  # that of coordinates of 5e6, and of float32


@given(polygons)
def test_sum_of_shares_is_the_area_of_the_polygons_in_the_image(polygons):
    area = shapely.union_all(polygons).intersection(shapely.box(*BOUNDS)).area
    total = coverage(np.array(polygons), BOUNDS, SHAPE).sum(dtype=float) * 100
    assert total == pytest.approx(area, rel=1e-6, abs=1e-6)


def test_dense_points_agree_for_a_polygon_with_a_hole():
    ring = shapely.Point(EAST + 41.7, NORTH - 28.3).buffer(26) - shapely.Point(EAST + 39, NORTH - 30).buffer(11)
    steps = 50
    points = (np.arange(60 * steps // 10) + 0.5) * 10 / steps, (np.arange(80 * steps // 10) + 0.5) * 10 / steps
    down, across = np.meshgrid(*points, indexing="ij")
    held = shapely.contains_xy(ring, EAST + across, NORTH - down)
    dense = held.reshape(6, steps, 8, steps).mean(axis=(1, 3))
    # a line through a pixel decides wrongly about at most as many of its points as there are in two rows
    np.testing.assert_allclose(coverage(np.array([ring]), BOUNDS, SHAPE), dense, atol=2 / steps)


@pytest.mark.parametrize("polygons", [[], [shapely.box(0, 0, 1, 1)], [shapely.Polygon()]])
def test_nothing_in_the_image_is_a_share_of_zero(polygons):
    np.testing.assert_array_equal(coverage(np.array(polygons, object), BOUNDS, SHAPE), np.zeros(SHAPE))


def test_corners_beside_the_borders_of_pixels_are_no_matter():
    rng = np.random.default_rng(0)
    beside = [0, 1e-91, -2.3e-16, 1e-16, -1e-12, 4e-10, -1e-9, 2e-9, 1e-8]
    for _ in range(500):
        corners = rng.integers(-2, 8, (rng.integers(3, 6), 2)) + rng.choice(beside, (1, 2))
        polygon = shapely.Polygon(corners)
        if polygon.is_valid:
            area = polygon.intersection(shapely.box(0, 0, 6, 5)).area
            total = coverage(np.array([polygon]), (0, 0, 6, 5), (5, 6)).sum(dtype=float)
            assert total == pytest.approx(area, abs=1e-6), polygon.wkt
