"""Parcels and reservoirs as polygons."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from numpy.testing import assert_allclose
from shapely import Point, box

from eolearn.io._kernels.landscape import CULTIVATED, WATER, reservoir_at
from eolearn.io._scene.parcel_vectors import LAND_COVER_NAMES, parcels, reservoirs, water_levels
from eolearn.io._scene.seasons import CROPS

KEY = np.uint64(4)
CRS = "EPSG:32633"
LAND = box(460_000, 5_080_000, 462_000, 5_081_500)


@pytest.fixture(scope="module")
def lake():
    """The first reservoir of a region."""
    return reservoirs(KEY, box(440_000, 5_060_000, 480_000, 5_100_000), CRS).iloc[0]


def by_name(frame):
    return frame.set_index("PARCEL_ID").geometry


def test_parcels_leave_no_gap_and_do_not_overlap(lake):
    for area in (LAND, box(*lake.geometry.bounds)):
        found = parcels(KEY, area, [2018], CRS)
        assert found.geometry.is_valid.all()
        assert found.PARCEL_ID.is_unique
        pieces = found.intersection(area)
        # borders are drawn by points 15 m apart, in two parcels at other places: slivers of some decimetres
        assert_allclose(pieces.area.sum(), area.area, rtol=1e-3)
        assert_allclose(pieces.union_all().area, area.area, rtol=1e-3)


def test_neighbours_list_the_same_parcels():
    west, east = parcels(KEY, LAND, [], CRS), parcels(KEY, box(461_900, 5_080_300, 463_000, 5_081_000), [], CRS)
    shared = by_name(west).index.intersection(by_name(east).index)
    assert len(shared) > 3
    assert (by_name(west)[shared].geom_equals(by_name(east)[shared])).all()


def test_a_parcel_is_the_same_whether_the_reservoir_beside_it_is_in_the_area_or_not(lake):
    """Areas that end short of the shore, on all sides of it."""
    shore, whole = lake.geometry, by_name(parcels(KEY, box(*lake.geometry.buffer(400).bounds), [], CRS))
    for place in shore.exterior.interpolate(np.linspace(0, 1, 12, endpoint=False), normalized=True):
        away = np.array([place.x, place.y]) - [shore.centroid.x, shore.centroid.y]
        middle = [place.x, place.y] + 60 * away / np.hypot(*away)
        area = Point(*middle).buffer(30).difference(shore.buffer(1)).envelope
        if area.is_empty or area.intersects(shore):
            continue
        found = by_name(parcels(KEY, area, [], CRS))
        assert found.geom_equals(whole[found.index]).all()


def test_crops_stand_on_cultivated_land_only_and_names_go_with_numbers():
    found = parcels(KEY, LAND, [2017, 2018], CRS)
    fields = found.LULC_ID == CULTIVATED
    for column in ("CROP_2017", "CROP_2018"):
        assert set(found[column][fields]) <= set(CROPS)
        assert found[column][~fields].isna().all()
    assert (found.CROP_2017 != found.CROP_2018)[fields].any()
    assert (found.LULC_ID.map(LAND_COVER_NAMES) == found.LULC_NAME).all()


def test_the_shore_is_where_the_raster_has_it(lake):
    points = lake.geometry.exterior.interpolate(np.linspace(0, 1, 50), normalized=True)
    for point in points:
        assert abs(reservoir_at(KEY, point.x, point.y)[2]) < 0.01
    assert lake.geometry.area == lake.FULL_AREA


def test_a_reservoir_is_one_parcel(lake):
    found = parcels(KEY, lake.geometry, [2018], CRS)
    water = found[found.LULC_ID == WATER]
    assert list(water.PARCEL_ID) == [lake.RESERVOIR_ID]
    assert water.geometry.iloc[0].equals(lake.geometry)


def test_levels_are_those_of_the_largest_reservoir_or_nan(lake):
    times = [datetime(2018, 1, 1) + timedelta(days=30 * step) for step in range(24)]
    levels = water_levels(KEY, lake.geometry, times, 46.0, CRS)
    assert (levels <= lake.FULL_LEVEL).all()
    assert (levels >= lake.FULL_LEVEL - 0.7 * lake.DEPTH - 0.01).all()
    dry = box(*(np.array(lake.geometry.bounds)[[0, 1, 0, 1]] + [-3000, -3000, -2900, -2900]))
    assert np.isnan(water_levels(KEY, dry, times, 46.0, CRS)).all()


def test_an_area_without_reservoir_gives_a_table_with_all_columns():
    found = reservoirs(KEY, box(444_010, 5_076_010, 444_020, 5_076_020), CRS)
    assert list(found.columns) == ["RESERVOIR_ID", "FULL_LEVEL", "DEPTH", "FULL_AREA", "geometry"]
    assert found.empty
