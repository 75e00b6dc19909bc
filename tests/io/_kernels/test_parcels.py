"""The division of the plane into parcels: polygons and places must tell the same."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from shapely import Point, Polygon, union_all

from eolearn.io._kernels.parcels import BLOCK_M, bend, codes_in_block, parcel_at, parcel_corners, unbend

KEY = np.uint64(77)
METRES = st.floats(-1e6, 1e7)
BLOCKS = st.integers(-1000, 20_000)


@given(METRES, METRES)
def test_a_place_is_bent_by_less_than_160_m_and_back_to_a_millimetre(x, y):
    u, v = bend(KEY, x, y)
    assert np.hypot(u - x, v - y) < 160
    assert_allclose(unbend(KEY, u, v), (x, y), rtol=0, atol=1e-3)


@given(METRES, METRES)
def test_a_place_lies_in_the_polygon_of_its_parcel(x, y):
    column, row, code, _ = parcel_at(KEY, x, y)
    assert code in codes_in_block(KEY, column, row)
    shape = Polygon(parcel_corners(KEY, column, row, code))
    assert shape.distance(Point(*bend(KEY, x, y))) < 1e-6


@given(BLOCKS, BLOCKS)
def test_the_middle_of_a_polygon_belongs_to_its_parcel(column, row):
    for code in codes_in_block(KEY, column, row):
        middle = parcel_corners(KEY, column, row, code).mean(axis=0)
        assert parcel_at(KEY, *unbend(KEY, *middle))[:3] == (column, row, code)


@given(BLOCKS, BLOCKS)
def test_parcels_are_convex_quadrilaterals_against_the_clock(column, row):
    for code in codes_in_block(KEY, column, row):
        corners = parcel_corners(KEY, column, row, code)
        sides = np.roll(corners, -1, axis=0) - corners
        following = np.roll(sides, -1, axis=0)
        assert (sides[:, 0] * following[:, 1] > sides[:, 1] * following[:, 0]).all()


@given(BLOCKS, BLOCKS)
def test_parcels_of_3_x_3_blocks_leave_no_gap_and_do_not_overlap(column, row):
    shapes = [
        Polygon(parcel_corners(KEY, i, j, code))
        for i in range(column - 1, column + 2)
        for j in range(row - 1, row + 2)
        for code in codes_in_block(KEY, i, j)
    ]
    together = union_all([shape.buffer(1e-3, join_style="mitre") for shape in shapes])
    assert not together.interiors
    assert_allclose(sum(shape.area for shape in shapes), together.area, rtol=1e-5)


@given(METRES, METRES)
def test_a_lane_passes_within_5_m_of_where_the_block_changes(x, y):
    """2.5 m to each side, in the bent plane; walk over the border and look around it."""
    places = [(x + step, y) for step in np.arange(0, 1200, 0.5)]
    found = [parcel_at(KEY, *place) for place in places]
    borders = [index for index in range(1, len(found)) if found[index][:2] != found[index - 1][:2]]
    assert borders  # no block is as wide as 1200 m
    for index in borders:
        assert found[index][3]
        assert found[index - 1][3]


def test_blocks_have_about_the_size_that_they_should():
    areas = [
        sum(Polygon(parcel_corners(KEY, i, j, code)).area for code in codes_in_block(KEY, i, j))
        for i in range(20)
        for j in range(20)
    ]
    assert_allclose(np.mean(areas), BLOCK_M**2, rtol=0.02)  # only the rim of 20 x 20 blocks moves
