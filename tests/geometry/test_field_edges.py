import geopandas as gpd
import numpy as np
import pytest
import shapely
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureError, SettingError
from eolearn.geometry.field_edges import FieldEdgesTask

BOX = (500_000, 5_100_000, 500_060, 5_100_060)
FIELDS = (FeatureType.VECTOR_TIMELESS, "FIELDS")
DATA, MASK = (FeatureType.DATA_TIMELESS, "EDGES"), (FeatureType.MASK_TIMELESS, "EDGES")


def edges_of(shapes, *, bbox=BOX, crs=CRS.UTM_33N, **settings):
    """Of 6 x 6 pixels, from shapes in metres from the lower left corner of the patch."""
    eopatch = EOPatch(bbox=BBox(bbox, crs))
    moved = [shapely.affinity.translate(shape, *bbox[:2]) for shape in shapes]
    eopatch[FIELDS] = gpd.GeoDataFrame(geometry=moved, crs=crs.pyproj_crs())
    target = MASK if settings.get("output") == "band" else DATA
    settings = {"output": "distance", "reach_m": 20, "raster_shape": (6, 6), **settings}
    return FieldEdgesTask(polygons=FIELDS, target=target, **settings)(eopatch)[target]


def test_distance_is_that_of_the_centre_to_the_nearest_edge_up_to_the_reach():
    shapes = [shapely.Point(23, 31).buffer(14), shapely.box(40, 0, 55, 30) - shapely.box(45, 5, 50, 25)]
    x, y = np.meshgrid(np.arange(5, 60, 10), np.arange(55, 0, -10))
    outlines = shapely.union_all([shape.boundary for shape in shapes])
    found = edges_of(shapes)
    assert (found.shape, found.dtype) == ((6, 6, 1), np.float32)
    np.testing.assert_allclose(
        found[..., 0], np.minimum(shapely.distance(shapely.points(x, y), outlines), 20), atol=1e-4
    )


def test_border_of_the_patch_is_no_edge_and_edges_beyond_it_count():
    assert (edges_of([shapely.box(-100, -100, 200, 200)]) == 20).all()
    found = edges_of([shapely.box(-100, -100, 200, 70)])[..., 0]
    np.testing.assert_allclose(found[:2, 0], [15, 20])


def test_neighbours_have_edges_between_them():
    found = edges_of([shapely.box(-100, -100, 30, 200), shapely.box(30, -100, 200, 200)])[0, :, 0]
    np.testing.assert_allclose(found, [20, 15, 5, 5, 15, 20])


def test_band_is_true_where_an_edge_is_nearer_than_the_reach():
    found = edges_of([shapely.box(-100, -100, 30, 200)], output="band", reach_m=15)
    assert found.dtype == np.bool_
    assert found[0, :, 0].tolist() == [False, False, True, True, False, False]  # 15 m is not nearer


def test_weight_rises_from_0_on_an_edge_to_1_at_the_reach():
    shape = [shapely.box(-100, -100, 5, 200)]  # through the centres of the first column
    found = edges_of(shape, output="weight")[0, :, 0]
    np.testing.assert_allclose(found, [0, 0.5, 1, 1, 1, 1], atol=1e-6)  # (1 - cos(pi * 10 / 20)) / 2 = 0.5
    assert found.dtype == np.float32


def test_pixels_in_no_polygon_may_count_as_edges():
    shape = [shapely.box(-100, -100, 30, 200)]
    np.testing.assert_allclose(edges_of(shape, inside_only=True)[0, :, 0], [20, 15, 5, 0, 0, 0])
    assert edges_of([], inside_only=True, output="band").all()
    assert not edges_of([], output="band").any()


def test_metres_are_metres_in_a_crs_of_feet():
    foot = 1200 / 3937  # the US survey foot
    found = edges_of([shapely.box(-1e4, -1e4, 30, 1e4)], bbox=(6e6, 2e6, 6e6 + 60, 2e6 + 60), crs=CRS(2225))
    np.testing.assert_allclose(found[0, :, 0], np.array([25, 15, 5, 5, 15, 25]) * foot, rtol=1e-4)


@pytest.mark.parametrize(
    ("crs", "bbox", "message"),
    [(CRS.WGS84, (14, 46, 14.1, 46.1), "in degrees"), (CRS.POP_WEB, (0, 6e6, 100, 6000100), "is 1.48 m")],
)
def test_crs_without_metres_is_refused(crs, bbox, message):
    with pytest.raises(DataError, match=message):
        edges_of([], bbox=bbox, crs=crs)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"output": "wieght"}, "output must be one of"), ({"reach_m": 0}, "above 0"), ({"reach_m": np.inf}, "above 0")],
)
def test_settings_that_can_not_work_are_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        edges_of([], **settings)


def test_type_of_the_target_must_fit_the_output():
    with pytest.raises(FeatureError):
        FieldEdgesTask(polygons=FIELDS, target=DATA, output="band", reach_m=10, raster_shape=(6, 6))
