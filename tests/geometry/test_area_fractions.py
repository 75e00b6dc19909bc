import geopandas as gpd
import numpy as np
import pytest
import shapely
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, EORuntimeWarning, FeatureError, FeatureMissing, SettingError
from eolearn.geometry.area_fractions import AreaFractionsTask

BOX = (500_000, 5_100_000, 500_060, 5_100_040)
SHARES = (FeatureType.DATA_TIMELESS, "SHARES")
FIELDS = (FeatureType.VECTOR_TIMELESS, "FIELDS")


def patch_with(table):
    eopatch = EOPatch(bbox=BBox(BOX, CRS.UTM_33N))
    eopatch[FIELDS] = table
    return eopatch


def fields(*rows, crs="EPSG:32633"):
    """Rows are (left, bottom, right, top, crop), in pixels of 10 m from the lower left corner of the patch."""
    boxes = [shapely.box(*(10 * n + BOX[i % 2] for i, n in enumerate(row[:4]))) for row in rows]
    return gpd.GeoDataFrame({"crop": [row[4] for row in rows]}, geometry=boxes, crs=crs)


def shares_of(table, **settings):
    task = AreaFractionsTask(polygons=FIELDS, target=SHARES, **{"raster_resolution": 10, **settings})
    return task(patch_with(table))[SHARES]


def test_shares_of_classes_lie_in_bands_in_their_order():
    table = fields((0, 3, 1.5, 4, "maize"), (1.5, 3, 2, 4, "wheat"), (5, 0, 6, 1, "rye"))
    shares = shares_of(table, column="crop", classes=["wheat", "maize", "oat"])
    expected = np.zeros((4, 6, 3), np.float32)
    expected[0, :2, 1] = 1, 0.5
    expected[0, 1, 0] = 0.5
    np.testing.assert_allclose(shares, expected, atol=1e-6)
    assert shares.dtype == np.float32


def test_without_a_column_all_polygons_are_one_class_and_overlaps_count_once():
    shares = shares_of(fields((0, 0, 2, 1, "a"), (1, 0, 2.5, 1, "b")))
    np.testing.assert_allclose(shares[3, :, 0], [1, 1, 0.5, 0, 0, 0], atol=1e-6)


def test_areas_of_classes_are_those_of_their_polygons_in_the_patch():
    rng = np.random.default_rng(0)
    circles = [
        shapely.Point(BOX[0] + x, BOX[1] + y).buffer(r) for x, y, r in rng.uniform((0, 0, 1), (60, 40, 15), (30, 3))
    ]
    table = gpd.GeoDataFrame({"crop": rng.integers(0, 3, 30)}, geometry=circles, crs="EPSG:32633")
    shares = shares_of(table, column="crop", classes=[0, 1, 2])
    for crop in range(3):
        area = table[table.crop == crop].union_all().intersection(shapely.box(*BOX)).area
        assert shares[..., crop].sum(dtype=float) * 100 == pytest.approx(area, rel=1e-6)


def test_polygons_of_a_table_in_another_crs_are_reprojected_with_a_warning():
    table = fields((1, 1, 3, 2, "a"))
    task = AreaFractionsTask(polygons=table.to_crs(4326), target=SHARES, raster_shape=(4, 6))
    with pytest.warns(EORuntimeWarning, match="re-projected"):
        shares = task(patch_with(table))[SHARES]
    np.testing.assert_allclose(shares, shares_of(table), atol=1e-4)


@pytest.mark.parametrize(
    "rows", [[], [(100, 100, 101, 101, "a")], [(6, 0, 7, 4, "a")]], ids=["none", "far", "next door"]
)
def test_patch_without_polygons_has_shares_of_zero(rows):
    assert not shares_of(fields(*rows) if rows else fields((0, 0, 1, 1, "a")).iloc[:0]).any()


def test_invalid_polygons_are_mended_with_a_warning():
    bow = shapely.Polygon([(BOX[0], BOX[1]), (BOX[0] + 20, BOX[1] + 20), (BOX[0] + 20, BOX[1]), (BOX[0], BOX[1] + 20)])
    with pytest.warns(EORuntimeWarning, match="invalid"):
        shares = shares_of(gpd.GeoDataFrame(geometry=[bow], crs="EPSG:32633"))
    assert shares.sum() * 100 == pytest.approx(bow.buffer(0).area)


def test_tables_without_crs_and_points_and_missing_columns_are_refused():
    with pytest.raises(DataError, match="no CRS"):
        shares_of(fields((0, 0, 1, 1, "a"), crs=None))
    with pytest.raises(DataError, match="1 of 1 geometries are no polygons; the first is a Point in row 0"):
        shares_of(gpd.GeoDataFrame(geometry=[shapely.Point(BOX[:2])], crs="EPSG:32633"))
    with pytest.raises(FeatureMissing, match="no column 'kind'"):
        shares_of(fields((0, 0, 1, 1, "a")), column="kind", classes=["a"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"column": "crop"}, "both column and classes"),
        ({"classes": ["a"]}, "both column and classes"),
        ({"column": "crop", "classes": "maize"}, "must be a list"),
        ({"column": "crop", "classes": []}, "must be a list"),
        ({"column": "crop", "classes": ["a", "a"]}, "differ"),
        ({"raster_shape": (4, 6)}, "either raster_shape or raster_resolution"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        AreaFractionsTask(polygons=FIELDS, target=SHARES, **{"raster_resolution": 10, **settings})


def test_shares_are_no_mask():
    with pytest.raises(FeatureError):
        AreaFractionsTask(polygons=FIELDS, target=(FeatureType.MASK_TIMELESS, "X"), raster_resolution=10)
