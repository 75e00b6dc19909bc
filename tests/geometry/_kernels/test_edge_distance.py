"""Oracle: shapely's distance of each centre to the outlines."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from eolearn.geometry._kernels.edge_distance import edge_distance, edges_of

coordinates = st.integers(-12, 60).map(lambda n: n / 2)
triangles = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=3, unique=True).map(shapely.Polygon)


@given(
    st.lists(triangles.filter(lambda shape: shape.area > 0.2), min_size=1, max_size=4),
    st.sampled_from([1.5, 4.0, 100.0]),
)
def test_distances_are_those_of_the_centres_to_the_outlines(polygons, reach):
    outlines = shapely.union_all([polygon.boundary for polygon in polygons])
    x, y = np.meshgrid((np.arange(9) + 0.5) * 3, (np.arange(7) + 0.5) * 2)  # pixels of 3 x 2
    expected = np.minimum(shapely.distance(shapely.points(x, y), outlines), reach)
    found = edge_distance(edges_of(np.array(polygons)), (7, 9), (2, 3), reach)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_blocks_of_rows_are_as_the_whole():
    edges = edges_of(np.array([shapely.Point(20, 150).buffer(15)]))
    whole = edge_distance(edges, (300, 40), (1, 1), 9)  # split over threads
    for top in range(0, 300, 50):  # too few rows to be split
        part = edge_distance(edges - (0, top), (50, 40), (1, 1), 9)
        np.testing.assert_allclose(whole[top : top + 50], part, atol=1e-5)


def test_holes_and_parts_have_edges_and_nothing_joins_them():
    parts = shapely.MultiPolygon([shapely.box(0, 0, 9, 9) - shapely.box(3, 3, 6, 6), shapely.box(20, 0, 21, 1)])
    edges = edges_of(np.array([parts]))
    assert len(edges) == 3 * 4
    assert np.hypot(*np.diff(edges, axis=1)[:, 0].T).sum() == pytest.approx(parts.length)


def test_without_edges_all_is_out_of_reach():
    assert (edge_distance(edges_of(np.array([], object)), (2, 3), (1, 1), 5) == 5).all()


def test_edge_without_a_length_is_a_point():
    found = edge_distance(np.array([[[0.5, 0.5], [0.5, 0.5]]]), (1, 3), (1, 1), 5)
    np.testing.assert_allclose(found, [[0, 1, 2]])
