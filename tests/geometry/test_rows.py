import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from sentinelhub import CRS, BBox

from eolearn.core.exceptions import DataError, EORuntimeWarning
from eolearn.geometry._rows import drawable, rows_near

BBOX = BBox((500000, 5100000, 501000, 5101000), CRS.UTM_33N)
WINDOW = shapely.box(*BBOX)

boxes = st.tuples(st.integers(-500, 1500), st.integers(-500, 1500), st.integers(1, 900), st.integers(1, 900)).map(
    lambda t: shapely.box(500000 + t[0], 5100000 + t[1], 500000 + t[0] + t[2], 5100000 + t[1] + t[3])
)


def table(shapes, crs="EPSG:32633"):
    return gpd.GeoDataFrame({"id": range(len(shapes))}, geometry=list(shapes), crs=crs)


@given(st.lists(boxes, max_size=8), st.sampled_from([0, 100]))
def test_rows_that_intersect_the_box_are_kept_in_their_order(shapes, reach):
    expected = [i for i, shape in enumerate(shapes) if shape.intersects(WINDOW.buffer(reach, join_style="mitre"))]
    assert rows_near(table(shapes), BBOX, reach)["id"].tolist() == expected


@given(st.lists(boxes, max_size=8))
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:32632", "EPSG:3035"])
def test_rows_in_another_crs_are_those_of_the_whole_table_re_projected(crs, shapes):
    elsewhere = table(shapes).to_crs(crs)
    back = elsewhere.to_crs("EPSG:32633")
    with pytest.warns(EORuntimeWarning, match=f"vectors are in {crs} and the EOPatch is in EPSG:32633"):
        found = rows_near(elsewhere, BBOX, 0)
    assert found["id"].tolist() == back[back.intersects(WINDOW)]["id"].tolist()
    np.testing.assert_allclose(found.bounds, back.loc[found.index].bounds, atol=1e-6)


def test_shapes_on_both_sides_of_the_date_line_are_found():
    bbox = BBox((150000, 8000000, 210000, 8030000), CRS.UTM_1S)  # 180 degrees east run through it, near x = 182000
    shapes = [shapely.box(west, -18, west + 0.1, -17.9) for west in (-180, 179.9, 0, -179)]
    with pytest.warns(EORuntimeWarning, match="re-projected"):
        assert rows_near(table(shapes, crs="EPSG:4326"), bbox, 0)["id"].tolist() == [0, 1]


def test_missing_and_empty_geometries_are_left_out():
    assert rows_near(table([None, shapely.Polygon(), WINDOW]), BBOX, 0)["id"].tolist() == [2]


def test_table_without_crs_is_refused():
    with pytest.raises(DataError, match="The vectors have no CRS.*EPSG:32633"):
        rows_near(table([WINDOW], crs=None), BBOX, 0)


def test_valid_flat_geometries_stay_as_they_are():
    shapes = np.array([WINDOW, shapely.Point(1, 2), shapely.LineString([(0, 0), (1, 1)])])
    assert drawable(shapes, 0) is shapes


def test_buffer_equals_that_of_geopandas_and_may_empty_a_shape():
    shapes = np.array([shapely.box(0, 0, 10, 10), shapely.box(0, 0, 3, 3)])
    for buffer in (2, -2):
        expected = gpd.GeoSeries(shapes).buffer(buffer)
        assert shapely.equals(drawable(shapes, buffer), expected.to_numpy()).tolist() == [True, True]
    assert shapely.is_empty(drawable(shapes, -2)).tolist() == [False, True]


def test_invalid_geometry_is_mended_with_a_warning():
    bow = shapely.Polygon([(0, 0), (8, 8), (8, 0), (0, 8)])
    shapes = np.array([bow, WINDOW])
    with pytest.warns(EORuntimeWarning, match="1 of 2 geometries are invalid"):
        mended = drawable(shapes, 0)
    assert mended[0].equals(bow.buffer(0))
    assert shapes[0] is bow


def test_heights_are_dropped_with_a_warning():
    with pytest.warns(EORuntimeWarning, match="three dimensions"):
        flat = drawable(np.array([shapely.force_3d(WINDOW, 5)]), 0)
    assert not shapely.has_z(flat).any()
    assert flat[0].equals(WINDOW)
