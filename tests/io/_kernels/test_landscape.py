"""Heights, slopes, reservoirs and land cover of the simulated landscape."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.io._kernels.landscape import (
    ARTIFICIAL,
    BARE,
    CULTIVATED,
    FOREST,
    GRASSLAND,
    RESERVOIR_CELL_M,
    RESERVOIR_DEPTH_M,
    describe_parcels,
    full_level,
    height,
    relief,
    reservoir_at,
    reservoir_of_cell,
    shore_radius,
)

KEY = np.uint64(5)
CELLS = st.integers(-100, 1000)
ANGLES = st.floats(0, 6.28)


def reservoirs(count):
    """Yield column, row, middle and mean radius of the first reservoirs."""
    for column in range(count):
        exists, x, y, radius = reservoir_of_cell(KEY, column, 3)
        if exists:
            yield column, 3, x, y, radius


def test_about_four_of_five_cells_have_a_reservoir():
    share = np.mean([reservoir_of_cell(KEY, column, row)[0] for column in range(50) for row in range(50)])
    assert abs(share - 0.8) < 4 * np.sqrt(0.8 * 0.2 / 2500)


@given(CELLS, CELLS, ANGLES)
def test_a_reservoir_stays_within_its_cell(column, row, angle):
    _, x, y, radius = reservoir_of_cell(KEY, column, row)
    reach = 2 * shore_radius(KEY, column, row, np.cos(angle), np.sin(angle), radius)
    assert (np.floor((x + np.array([-reach, reach])) / RESERVOIR_CELL_M) == column).all()
    assert (np.floor((y + np.array([-reach, reach])) / RESERVOIR_CELL_M) == row).all()


@given(ANGLES, st.floats(0.01, 0.99))
def test_the_bed_of_a_reservoir_rises_evenly_from_its_middle_to_its_shore(angle, share):
    for column, row, x, y, radius in reservoirs(6):
        east, north = np.cos(angle), np.sin(angle)
        distance = share * shore_radius(KEY, column, row, east, north, radius)
        _, _, inside, _ = reservoir_at(KEY, x + distance * east, y + distance * north)
        assert_allclose(inside, 1 - share, atol=1e-6)
        bed = height(KEY, x + distance * east, y + distance * north)
        assert_allclose(bed, full_level(KEY, column, row) - RESERVOIR_DEPTH_M * (1 - share), atol=1e-4)


@given(ANGLES)
def test_the_ground_meets_the_water_at_the_full_shore(angle):
    for column, row, x, y, radius in reservoirs(6):
        east, north = np.cos(angle), np.sin(angle)
        shore = shore_radius(KEY, column, row, east, north, radius)
        just_outside = height(KEY, x + (shore + 0.01) * east, y + (shore + 0.01) * north)
        assert abs(just_outside - full_level(KEY, column, row)) < 0.05


def test_slopes_are_differences_of_heights():
    x, y = np.random.default_rng(0).uniform(4e5, 5e5, (2, 200))
    heights, slopes = np.empty(200, np.float32), np.empty((200, 2), np.float32)
    relief(KEY, x, y, heights, slopes)
    around = [
        [height(KEY, a + east, b + north) for a, b in zip(x, y, strict=True)]
        for east, north in ((10, 0), (-10, 0), (0, 10), (0, -10))
    ]
    assert_allclose(slopes[:, 0], np.subtract(around[0], around[1]) / 20, atol=1e-6)
    assert_allclose(slopes[:, 1], np.subtract(around[2], around[3]) / 20, atol=1e-6)
    assert_array_equal(heights, np.array([height(KEY, *place) for place in zip(x, y, strict=True)], np.float32))


def test_forest_grows_higher_than_crops_and_villages_stand_low():
    columns, rows = (part.ravel() for part in np.mgrid[0:80, 0:80].astype(np.int64))
    codes = np.zeros(columns.size, np.int64)
    keys, covers, heights = np.empty(codes.size, np.uint64), np.empty(codes.size, np.uint8), np.empty(codes.size)
    describe_parcels(KEY, columns, rows, codes, keys, covers, heights)
    assert set(covers) == {CULTIVATED, FOREST, GRASSLAND, ARTIFICIAL, BARE}
    means = {cover: heights[covers == cover].mean() for cover in set(covers)}
    assert means[FOREST] > means[GRASSLAND] > means[CULTIVATED]
    assert means[ARTIFICIAL] < means[FOREST]
    assert len(set(keys)) == keys.size
