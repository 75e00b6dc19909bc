from functools import cache

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from sentinelhub import CRS, BBox, Geometry

from eolearn.core.exceptions import DataError, EORuntimeWarning, SettingError, SettingTypeError
from eolearn.geometry.tiling import bbox_of, core_window, owned_pixels, split_area, split_area_evenly

UTM = CRS.UTM_33N
BOX = BBox((500_000, 5_100_000, 502_000, 5_101_000), UTM)
resolutions = st.sampled_from([10, 2.5, 0.1, 20])


corners = st.integers(-480, 480).map(lambda n: n / 8)
triangles = st.lists(st.tuples(corners, corners), min_size=3, max_size=3).map(shapely.Polygon)
areas = st.lists(triangles.filter(lambda shape: shape.area > 5), min_size=1, max_size=2)  # in pixels around a place
sizes = st.tuples(st.integers(3, 40), st.integers(3, 40))


def moved(shapes, scale, *place):
    return [shapely.transform(shape, lambda points: points * scale + np.array(place)) for shape in shapes]


@given(areas, sizes, st.integers(0, 1), resolutions, st.sampled_from([0, 5e5]))
@settings(max_examples=30)
def test_each_pixel_of_an_area_is_in_exactly_one_core(shapes, size_px, margin, resolution, place):
    area = gpd.GeoSeries(moved(shapes, resolution, place, place), crs=32633)
    table = split_area(area, size_px=size_px, resolution=resolution, overlap_px=2 * margin, crs=UTM)
    offset = round(place / resolution)
    counts = np.zeros((240, 240), int)  # of the pixels from -120 to 120 around the place
    for patch in table.itertuples():
        left, top = patch.west / resolution - offset, -patch.north / resolution + offset
        assert abs(left - round(left)) + abs(top - round(top)) < 1e-6  # whole pixels from the origin
        rows, columns = (np.r_[part] for part in core_window(patch))
        counts[np.ix_(120 + round(top) + rows, 120 + round(left) + columns)] += 1
    rows, columns = np.mgrid[-62:62, -62:62]
    pixels = shapely.box(columns + 1e-3, -rows - 1 + 1e-3, columns + 1 - 1e-3, -rows - 1e-3)
    shape = shapely.union_all(shapes)
    shapely.prepare(shape)
    assert counts.max() == 1
    assert (counts[58:182, 58:182][shapely.intersects(shape, pixels)] == 1).all()


@given(areas, st.sampled_from([(0, 46), (12, 0), (-70, -17.99), (33, 63)]), st.integers(0, 99))
@settings(max_examples=20)
def test_each_place_of_an_area_is_in_exactly_one_core_of_its_own_zone(shapes, place, seed):
    degrees = shapely.union_all(moved(shapes, 0.01, *place))
    table = split_area(Geometry(degrees, CRS.WGS84), size_px=200, resolution=50, overlap_px=20)
    points = np.random.default_rng(seed).uniform(degrees.bounds[:2], degrees.bounds[2:], (50, 2))
    for x, y in points[shapely.contains_xy(degrees, *points.T)]:
        own = table[table.zone == f"{int((x + 180) // 6) + 1:02d}{'N' if y >= 0 else 'S'}"]
        to_east, to_north = into(own["crs"].iloc[0]).transform(x, y)
        margin = own.margin_px * 50
        held = (own.west + margin <= to_east) & (to_east < own.east - margin)
        held &= (own.south + margin < to_north) & (to_north <= own.north - margin)
        assert held.sum() == 1


@cache
def into(crs):
    return Transformer.from_crs(4326, crs, always_xy=True)


def test_patches_have_their_size_and_neighbours_share_the_overlap():
    table = split_area(BOX, size_px=(60, 120), resolution=10, overlap_px=20)
    assert len(table) > 4
    for patch in table.itertuples():
        bbox = bbox_of(patch)
        assert (bbox.max_y - bbox.min_y, bbox.max_x - bbox.min_x) == (600, 1200)
        assert bbox.crs == UTM
    first = table[table.row == 0].sort_values("column")
    np.testing.assert_array_equal(first.east[:-1].to_numpy() - first.west[1:].to_numpy(), 200)
    assert table.id.is_unique


def test_area_on_the_grid_has_exactly_its_patches():
    table = split_area(BOX, size_px=50, resolution=10)
    assert len(table) == 2 * 4
    assert table.union_all().equals(BOX.geometry)
    assert table.id[0] == "32633_500000_5101000"
    assert table[["row", "column"]].values.tolist() == [[row, column] for row in range(2) for column in range(4)]
    assert (table.zone == "33N").all()


def test_place_has_the_same_patch_whatever_area_it_is_part_of():
    whole = set(split_area(BOX, size_px=48, resolution=10).id)
    part = split_area(BBox((501_000, 5_100_100, 501_100, 5_100_200), UTM), size_px=48, resolution=10)
    assert set(part.id) <= whole


def test_owned_pixels_of_two_zones_meet_at_the_meridian():
    area = BBox((11.98, 45.98, 12.02, 46.02), CRS.WGS84)
    table = split_area(area, size_px=100, resolution=20, overlap_px=10)
    assert set(table.zone) == {"32N", "33N"}
    for patch in table.itertuples():
        owned = owned_pixels(patch)
        assert not owned[:5].any()
        assert not owned[:, -5:].any()
        rows, columns = np.nonzero(owned)
        to_degrees = Transformer.from_crs(patch.crs, 4326, always_xy=True)
        longitude, _ = to_degrees.transform(patch.west + 20 * columns + 10, patch.north - 20 * rows - 10)
        assert (longitude >= 12).all() if patch.zone == "33N" else (longitude < 12).all()
    inside = split_area(BOX, size_px=50, resolution=10, overlap_px=4).iloc[0]
    assert owned_pixels(inside).sum() == 46**2


def test_table_survives_a_file(tmp_path):
    table = split_area(BOX, size_px=50, resolution=10)
    table.to_file(tmp_path / "patches.gpkg")
    loaded = gpd.read_file(tmp_path / "patches.gpkg")
    assert [bbox_of(patch) for patch in loaded.itertuples()] == [bbox_of(patch) for patch in table.itertuples()]


def test_area_in_another_crs_and_a_chosen_crs():
    table = split_area(BOX, size_px=100, resolution=25, crs=3035)
    assert set(table["crs"]) == {"EPSG:3035"}
    assert "zone" not in table
    assert table.crs == UTM.pyproj_crs()
    assert table.union_all().buffer(0.1).covers(BOX.geometry)


@pytest.mark.parametrize(("rows", "columns", "overlap"), [(1, 1, 0), (2, 3, 0), (3, 7, 10)])
def test_even_split_covers_the_area_with_as_many_patches(rows, columns, overlap):
    table = split_area_evenly(BOX, rows, columns, resolution=10, overlap_px=overlap)
    assert len(table) == rows * columns
    assert table.union_all().covers(BOX.geometry)
    assert table.union_all().area == pytest.approx(table.area.sum())  # nothing twice
    assert table.union_all().bounds[0] == BOX.min_x
    assert table.union_all().bounds[3] == BOX.max_y


def test_invalid_polygons_are_mended_with_a_warning():
    bow = shapely.Polygon([(500000, 5100000), (501000, 5101000), (501000, 5100000), (500000, 5101000)])
    with pytest.warns(EORuntimeWarning, match="invalid"):
        assert len(split_area(gpd.GeoSeries([bow, None], crs=32633), size_px=50, resolution=10)) > 1


@pytest.mark.parametrize(
    ("area", "message"),
    [
        (gpd.GeoSeries([BOX.geometry]), "no CRS"),
        (gpd.GeoSeries([], crs=32633), "empty"),
        (gpd.GeoSeries([shapely.Polygon(), None], crs=32633), "empty"),
        (gpd.GeoSeries([shapely.Point(0, 0)], crs=32633), "Point"),
        (BBox((10, 80, 12, 86), CRS.WGS84), "UTM reaches"),
        (BBox((178, 10, 181, 11), CRS.WGS84), "UTM reaches"),
        (BBox((700_000, 1_000_000, 900_000, 1_100_000), CRS("32660")), "180th meridian"),
    ],
)
def test_areas_that_can_not_be_split_are_refused(area, message):
    with pytest.raises(DataError, match=message):
        split_area(area, size_px=100, resolution=10)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size_px": 0}, "size_px"),
        ({"size_px": 2.5}, "size_px"),
        ({"overlap_px": 3}, "even"),
        ({"overlap_px": -2}, "even"),
        ({"overlap_px": 100}, "nothing is left"),
        ({"resolution": 0}, "resolution"),
        ({"resolution": "10m"}, "resolution"),
        ({"crs": "nowhere"}, "EPSG"),
    ],
)
def test_settings_that_can_not_work_are_refused(changes, message):
    with pytest.raises(SettingError, match=message):
        split_area(BOX, **{"size_px": 100, "resolution": 10, **changes})
    with pytest.raises(SettingError, match="rows"):
        split_area_evenly(BOX, 0, 1, resolution=10)


def test_area_of_another_type_and_far_too_many_patches_are_refused():
    with pytest.raises(SettingTypeError, match="Polygon"):
        split_area(BOX.geometry, size_px=10, resolution=10)
    with pytest.raises(DataError, match="Choose larger ones"):
        split_area(BBox((10, 0, 60, 60), CRS.WGS84), size_px=10, resolution=1)
