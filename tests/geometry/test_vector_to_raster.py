"""Patches of 10 x 10 metres, so that a raster of 10 x 10 pixels has one a metre, y counted upwards."""

import copy
import datetime as dt
import pickle
import warnings

import geopandas as gpd
import numpy as np
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from rasterio.enums import MergeAlg
from sentinelhub import CRS, BBox
from shapely import box

from eolearn.core.constants import FeatureType
from eolearn.core.eodata import EOPatch
from eolearn.core.exceptions import (
    DataError,
    EODeprecationWarning,
    EORuntimeWarning,
    FeatureError,
    FeatureMissing,
    SettingError,
    SettingTypeError,
    TimestampsMissing,
)
from eolearn.geometry import VectorToRasterTask
from eolearn.geometry.old_vector_to_raster import VectorToRaster

RASTER = (FeatureType.MASK_TIMELESS, "RASTER")
FLOATS = (FeatureType.DATA_TIMELESS, "RASTER")
FRAMES = (FeatureType.MASK, "RASTER")
DAYS = [dt.datetime(2020, 1, day, 10, 30) for day in (1, 6, 11)]


def patch(**features):
    return EOPatch(bbox=BBox((0, 0, 10, 10), CRS.UTM_33N), **features)


def table(*rows, crs="EPSG:32633", **columns):
    """Rows are pairs of a geometry and its value in the column `id`."""
    shapes, values = zip(*rows, strict=True)
    return gpd.GeoDataFrame({"id": values, **columns}, geometry=list(shapes), crs=crs)


def drawn(vectors, feature=RASTER, eopatch=None, **settings):
    """The image with one band taken off, of 10 x 10 pixels unless told otherwise, from the column `id`."""
    if "values" not in settings:
        settings["values_column"] = "id"
    if "raster_resolution" not in settings:
        settings.setdefault("raster_shape", (10, 10))
    task = VectorToRasterTask(vectors, feature, **settings)
    return task(eopatch or patch())[feature][..., 0]


def image(fill, *areas, dtype=np.uint8, shape=(10, 10)):
    """An image with rectangles in it, given as (left, bottom, right, top, value)."""
    expected = np.full(shape, fill, dtype=dtype)
    for left, bottom, right, top, value in areas:
        expected[shape[0] - top : shape[0] - bottom, left:right] = value
    return expected


LOW = (box(0, 0, 5, 5), 1)
HIGH = (box(3, 3, 8, 8), 2)


# --- what is drawn


def test_last_row_wins():
    np.testing.assert_array_equal(drawn(table(LOW, HIGH)), image(0, (0, 0, 5, 5, 1), (3, 3, 8, 8, 2)))
    np.testing.assert_array_equal(drawn(table(HIGH, LOW)), image(0, (3, 3, 8, 8, 2), (0, 0, 5, 5, 1)))


def test_result_is_a_new_feature_of_one_band_in_the_same_patch():
    eopatch = patch()
    task = VectorToRasterTask(table(LOW), RASTER, values_column="id", raster_shape=(4, 6), raster_dtype=np.int16)
    assert task(eopatch) is eopatch
    assert (eopatch[RASTER].shape, eopatch[RASTER].dtype) == ((4, 6, 1), np.int16)


def test_one_value_for_all_shapes():
    expected = image(7, (0, 0, 5, 5, 0), (3, 3, 8, 8, 0))
    np.testing.assert_array_equal(drawn(table(LOW, HIGH), values=0, no_data_value=7), expected)


@pytest.mark.parametrize("values", [2, [2, 5], (2,), np.array([2])])
def test_values_choose_rows_of_the_column(values):
    result = drawn(table(LOW, HIGH), values=values, values_column="id")
    np.testing.assert_array_equal(result, image(0, (3, 3, 8, 8, 2)))


@pytest.mark.parametrize(
    "vectors",
    [
        table(LOW).iloc[:0],
        table((box(100, 100, 101, 101), 1)),
        table((None, 1), (shapely.Polygon(), 1)),
        table((box(10, 0, 20, 5), 1)),  # only touches the patch
    ],
    ids=["no rows", "elsewhere", "no geometries", "next door"],
)
@pytest.mark.parametrize("settings", [{}, {"overlap_value": 9}, {"merge_alg": MergeAlg.add}, {"buffer": -1}])
def test_patch_without_shapes_holds_no_data(vectors, settings):
    np.testing.assert_array_equal(drawn(vectors, no_data_value=3, **settings), image(3))


def test_rows_outside_of_the_patch_are_cut_off():
    np.testing.assert_array_equal(drawn(table((box(-50, 8, 50, 70), 4))), image(0, (0, 8, 10, 10, 4)))


def test_geoseries_is_drawn():
    np.testing.assert_array_equal(drawn(table(LOW).geometry, values=3), image(0, (0, 0, 5, 5, 3)))


@pytest.mark.parametrize("feature_type", [FeatureType.VECTOR_TIMELESS, FeatureType.VECTOR])
def test_all_rows_of_a_vector_feature_are_drawn_into_a_timeless_raster(feature_type):
    eopatch = patch(timestamps=DAYS)
    eopatch[feature_type, "V"] = table(LOW, HIGH, TIMESTAMP=[DAYS[2], dt.datetime(1999, 1, 1)])
    result = drawn((feature_type, "V"), eopatch=eopatch)
    np.testing.assert_array_equal(result, image(0, (0, 0, 5, 5, 1), (3, 3, 8, 8, 2)))


@pytest.mark.parametrize("form", ["{}", "{:%Y-%m-%dT%H:%M}", "{}+00:00", None])
def test_rows_are_drawn_into_the_dates_that_are_their_own(form):
    days = [DAYS[2], DAYS[0], dt.datetime(2021, 1, 1), DAYS[2]]
    times = [form.format(day) for day in days] if form else days
    vectors = table(LOW, LOW, (box(0, 0, 10, 10), 9), HIGH, TIMESTAMP=times)
    result = drawn(vectors, FRAMES, patch(timestamps=DAYS))
    low, both = image(0, (0, 0, 5, 5, 1)), image(0, (0, 0, 5, 5, 1), (3, 3, 8, 8, 2))
    np.testing.assert_array_equal(result, [low, image(0), both])


def test_vectors_without_rows_give_frames_without_shapes():
    eopatch = patch(timestamps=DAYS, vector={"V": table(LOW, TIMESTAMP=DAYS[:1]).iloc[:0]})
    np.testing.assert_array_equal(drawn((FeatureType.VECTOR, "V"), FRAMES, eopatch, overlap_value=9), [image(0)] * 3)


def test_patch_without_dates_gives_a_raster_without_dates():
    assert drawn(table(LOW, TIMESTAMP=DAYS[:1]), FRAMES, patch(timestamps=[])).shape == (0, 10, 10)


def test_size_can_come_from_a_feature_or_the_resolution():
    eopatch = patch(data={"BANDS": np.zeros((0, 5, 2, 3))}, timestamps=[])
    vectors = table((box(0, 0, 5, 4.5), 1))
    expected = image(0, (0, 0, 1, 2, 1), shape=(5, 2))  # pixels 5 m wide and 2 m high, centres at y = 1, 3, 5, 7, 9
    by_feature = drawn(vectors, eopatch=eopatch, raster_shape=(FeatureType.DATA, "BANDS"))
    np.testing.assert_array_equal(by_feature, expected)
    np.testing.assert_array_equal(drawn(vectors, raster_resolution=("5m", 2)), expected)


# --- options


def test_overlap_value_marks_where_values_differ():
    inside = (box(4, 4, 6, 6), 1)
    result = drawn(table(LOW, HIGH, inside), overlap_value=99)
    expected = image(0, (0, 0, 5, 5, 1), (3, 3, 8, 8, 2), (3, 3, 5, 5, 99), (4, 4, 6, 6, 99))
    np.testing.assert_array_equal(result, expected)


def test_equal_values_do_not_overlap():
    result = drawn(table(LOW, (box(3, 3, 8, 8), 1)), overlap_value=99)
    np.testing.assert_array_equal(result, image(0, (0, 0, 5, 5, 1), (3, 3, 8, 8, 1)))


def test_overlaps_are_found_in_each_date():
    result = drawn(
        table(LOW, HIGH, HIGH, TIMESTAMP=[*DAYS[:1] * 2, DAYS[1]]), FRAMES, patch(timestamps=DAYS), overlap_value=9
    )
    assert [frame.max() for frame in result] == [9, 2, 0]


def test_rasterize_overlapped_draws_into_a_given_array():
    task = VectorToRasterTask(table(LOW), RASTER, values_column="id", raster_shape=(10, 10), overlap_value=9)
    out = np.zeros((10, 10), dtype=np.int32)
    assert task.rasterize_overlapped(iter([LOW, HIGH]), out, transform=(1, 0, 0, 0, -1, 10), dtype=np.int32) is None
    expected = image(0, (0, 0, 5, 5, 1), (3, 3, 8, 8, 2), (3, 3, 5, 5, 9))
    np.testing.assert_array_equal(out, expected)
    task.rasterize_overlapped([], out, transform=(1, 0, 0, 0, -1, 10))
    np.testing.assert_array_equal(out, expected)


def test_existing_raster_is_drawn_into_as_a_copy_with_its_dtype():
    existing = np.full((10, 10, 1), 7, dtype=np.int32)
    eopatch = patch(mask_timeless={"RASTER": existing})
    result = drawn(table((LOW[0], 1000)), eopatch=eopatch, write_to_existing=True)
    np.testing.assert_array_equal(result, image(7, (0, 0, 5, 5, 1000), dtype=np.int32), strict=True)
    assert (existing == 7).all()


def test_existing_raster_is_replaced_unless_told_otherwise():
    eopatch = patch(mask_timeless={"RASTER": np.full((3, 3, 2), 7)})
    np.testing.assert_array_equal(drawn(table(LOW), eopatch=eopatch), image(0, (0, 0, 5, 5, 1)), strict=True)


def test_missing_raster_is_made_where_it_should_be_written_to():
    np.testing.assert_array_equal(drawn(table(LOW), write_to_existing=True), image(0, (0, 0, 5, 5, 1)))


def test_overlap_value_that_the_existing_raster_can_not_hold_is_refused():
    eopatch = patch(mask_timeless={"RASTER": np.zeros((10, 10, 1), dtype=np.int8)})
    with pytest.raises(DataError, match=r"overlap_value must fit int8, which can't hold \[200\]"):
        drawn(table(LOW, HIGH), eopatch=eopatch, write_to_existing=True, overlap_value=200)


def test_existing_raster_of_another_size_is_kept_with_a_warning():
    eopatch = patch(mask_timeless={"RASTER": np.zeros((2, 2, 1), dtype=np.uint8)})
    with pytest.warns(EORuntimeWarning, match=r"\(2, 2, 1\), which is kept, though the task asks for \(10, 10, 1\)"):
        result = drawn(table(LOW), eopatch=eopatch, write_to_existing=True)
    assert result.tolist() == [[0, 0], [1, 0]]


def test_existing_value_that_differs_from_the_drawn_one_is_an_overlap():
    eopatch = patch(mask_timeless={"RASTER": image(0, (4, 0, 10, 10, 2))[..., np.newaxis]})
    result = drawn(table(LOW, HIGH), eopatch=eopatch, write_to_existing=True, overlap_value=9)
    expected = image(0, (0, 0, 5, 5, 1), (4, 0, 10, 10, 2), (3, 3, 8, 8, 2), (3, 3, 5, 5, 9), (4, 0, 5, 5, 9))
    np.testing.assert_array_equal(result, expected)


def test_buffer_grows_and_shrinks_shapes_in_units_of_the_crs():
    smaller = drawn(table(LOW, (box(7, 7, 8, 8), 2)), buffer=-1)  # the second one vanishes
    np.testing.assert_array_equal(smaller, image(0, (1, 1, 4, 4, 1)))
    larger = drawn(table(LOW), buffer=2)
    assert (larger[3:, :6] == 1).all()  # but for the round corner, 7 x 7 pixels
    assert larger.sum() == 48


def test_shape_next_door_reaches_in_by_its_buffer():
    np.testing.assert_array_equal(drawn(table((box(11, -9, 20, 20), 1)), buffer=3), image(0, (8, 0, 10, 10, 1)))


def test_all_touched_pixels_can_be_drawn():
    shape = (box(1.9, 1.9, 3.1, 3.1), 1)
    assert drawn(table(shape)).sum() == 1
    np.testing.assert_array_equal(drawn(table(shape), all_touched=True), image(0, (1, 1, 4, 4, 1)))
    both = drawn(table(shape, (box(3.5, 1.9, 4.1, 3.1), 2)), all_touched=True, overlap_value=9)
    np.testing.assert_array_equal(both, image(0, (1, 1, 4, 4, 1), (3, 1, 5, 4, 2), (3, 1, 4, 4, 9)))


@pytest.mark.parametrize("merge_alg", [MergeAlg.add, "ADD"])
def test_values_can_be_added_up(merge_alg):
    result = drawn(table(LOW, HIGH, LOW), no_data_value=5, merge_alg=merge_alg)
    expected = image(5, (0, 0, 5, 5, 7), (3, 3, 8, 8, 7), (3, 3, 5, 5, 9))
    np.testing.assert_array_equal(result, expected, strict=True)


def test_sum_that_the_dtype_can_not_hold_is_refused():
    with pytest.raises(DataError, match=r"Sums in .*'RASTER'.* must fit uint8, which can't hold \[400\.0\]"):
        drawn(table((LOW[0], 200), (LOW[0], 200)), merge_alg=MergeAlg.add)


@pytest.mark.parametrize("dtype", [bool, "int8", "int64", "uint64", "float16", "float32", float])
def test_raster_has_any_dtype_of_numbers(dtype):
    feature = FLOATS if np.dtype(dtype).kind == "f" else RASTER
    result = drawn(table(LOW), feature, raster_dtype=dtype)
    np.testing.assert_array_equal(result, image(0, (0, 0, 5, 5, 1), dtype=dtype), strict=True)


def test_no_data_of_a_float_raster_can_be_nan():
    result = drawn(table((LOW[0], 0.5)), FLOATS, raster_dtype=np.float32, no_data_value=np.nan)
    np.testing.assert_array_equal(result, image(np.nan, (0, 0, 5, 5, 0.5), dtype=np.float32), strict=True)


# --- vectors that need mending


def test_vectors_in_another_crs_are_re_projected_with_a_warning():
    with pytest.warns(EORuntimeWarning, match=r"EPSG:4326 and the EOPatch is in EPSG:32633"):
        result = drawn(table(LOW, HIGH).to_crs("EPSG:4326"), raster_resolution=1)
    np.testing.assert_array_equal(result, drawn(table(LOW, HIGH)))


def test_invalid_geometry_is_drawn_with_a_warning():
    ring = shapely.Polygon([(0, 0), (0, 6), (6, 6), (6, 3), (0, 3), (0, 0), (6, 0), (6, 3), (6, 0)])
    assert not ring.is_valid
    with pytest.warns(EORuntimeWarning, match="1 of 2 geometries are invalid"):
        result = drawn(table((ring, 1), HIGH))
    np.testing.assert_array_equal(result, drawn(table((ring.buffer(0), 1), HIGH)))


def test_three_dimensional_geometry_is_drawn_with_a_warning():
    with pytest.warns(EORuntimeWarning, match="three dimensions"):
        result = drawn(table((shapely.force_3d(LOW[0], 7), 1)))
    np.testing.assert_array_equal(result, image(0, (0, 0, 5, 5, 1)))


def test_table_that_was_handed_in_is_not_changed():
    vectors = table((shapely.force_3d(LOW[0], 7), 1), HIGH)
    before = copy.deepcopy(vectors)
    with pytest.warns(EORuntimeWarning, match="three dimensions"):
        drawn(vectors, buffer=0, values=[1], values_column="id")
    assert_geodataframe_equal(vectors, before)


def test_line_and_point_cover_the_pixels_that_they_meet():
    result = drawn(table((shapely.LineString([(0.5, 2.5), (6.5, 2.5)]), 1), (shapely.Point(8.5, 8.5), 2)))
    np.testing.assert_array_equal(result, image(0, (0, 2, 7, 3, 1), (8, 8, 9, 9, 2)))


def test_shape_around_the_world_is_drawn():
    world = table((box(-180, -90, 180, 90), 1), crs="EPSG:4326")
    with pytest.warns(EORuntimeWarning, match="re-projected"):
        np.testing.assert_array_equal(drawn(world), image(1))


def test_invalid_geometry_is_told_of_though_its_buffer_is_valid():
    bow = shapely.Polygon([(0, 0), (8, 8), (8, 0), (0, 8)])
    with pytest.warns(EORuntimeWarning, match="1 of 1 geometries are invalid"):
        drawn(table((bow, 1)), buffer=1)


def test_form_of_version_0_3_is_kept():
    with pytest.warns(EODeprecationWarning, match="use VectorToRasterTask"):
        task = VectorToRaster(RASTER, table(LOW, HIGH), 5, (10, 10), np.int16, -1)
    expected = image(-1, (0, 0, 5, 5, 5), (3, 3, 8, 8, 5), dtype=np.int16)
    np.testing.assert_array_equal(task(patch())[RASTER][..., 0], expected, strict=True)


# --- what is refused


def test_table_without_geometries_is_refused():
    with pytest.raises(DataError, match=r"no geometries, only the columns \['id'\]"):
        drawn(gpd.GeoDataFrame({"id": [1]}))


def test_text_as_values_is_refused():
    with pytest.raises(SettingError, match="values must be a number or a list of numbers, got 'maize'"):
        drawn(table(LOW), values="maize", values_column="id")


def test_patch_without_bounding_box_is_refused():
    with pytest.warns(EODeprecationWarning):
        eopatch = EOPatch()
    with pytest.raises(DataError, match="no bounding box to draw .*'RASTER'"):
        drawn(table(LOW), eopatch=eopatch)


def test_vectors_without_crs_are_refused():
    with pytest.raises(DataError, match="no CRS"):
        drawn(table(LOW, crs=None))


def test_missing_column_is_refused():
    with pytest.raises(FeatureMissing, match=r"no column 'crop', only \['id', 'geometry'\]"):
        drawn(table(LOW), values_column="crop", values=None)
    with pytest.raises(KeyError):
        drawn(table(LOW), values_column="crop", values=None)


def test_missing_vectors_are_refused():
    with pytest.raises(FeatureMissing, match="'FIELDS'"):
        drawn((FeatureType.VECTOR_TIMELESS, "FIELDS"))


def test_temporal_raster_needs_timestamps_in_the_patch():
    with pytest.raises(TimestampsMissing):
        drawn(table(LOW, TIMESTAMP=DAYS[:1]), FRAMES)


@pytest.mark.parametrize("vectors", [table(LOW), table(LOW).geometry, (FeatureType.VECTOR_TIMELESS, "V")])
def test_temporal_raster_needs_times_of_vectors(vectors):
    with pytest.raises(SettingError, match="The vectors have no times.*'RASTER'.*'TIMESTAMP'"):
        VectorToRasterTask(vectors, FRAMES, values=1, raster_shape=(10, 10))


@pytest.mark.parametrize("value", [300, -1, 1.5, np.nan])
def test_value_that_the_dtype_can_not_hold_is_refused(value):
    with pytest.raises(DataError, match=rf"Column 'id' must fit uint8, which can't hold \[{value}\]"):
        drawn(table(LOW, (HIGH[0], value)))
    with pytest.raises(DataError, match="values must fit uint8"):
        drawn(table(LOW), values=value)
    with pytest.raises(SettingError, match="no_data_value must fit uint8"):
        drawn(table(LOW), no_data_value=value)
    with pytest.raises(SettingError, match="overlap_value must fit uint8"):
        drawn(table(LOW), overlap_value=value)


def test_column_of_text_is_refused():
    with pytest.raises(DataError, match="Column 'id' must be numbers"):
        drawn(table((LOW[0], "maize")))


@pytest.mark.parametrize(
    ("feature", "existing"),
    [(RASTER, np.zeros((10, 10, 2), dtype=int)), (FRAMES, np.zeros((3, 10, 10, 2), dtype=int))],
)
def test_existing_raster_of_several_bands_is_refused(feature, existing):
    eopatch = patch(timestamps=DAYS)
    eopatch[feature] = existing
    with pytest.raises(DataError, match=r"'RASTER'.* has the shape .*it must have one band"):
        drawn(table(LOW, TIMESTAMP=DAYS[:1]), feature, eopatch, write_to_existing=True)


def test_existing_raster_with_other_dates_is_refused():
    eopatch = patch(mask={"RASTER": np.zeros((1, 10, 10, 1), dtype=int)}, timestamps=DAYS[:1])
    with warnings.catch_warnings(action="ignore"):
        eopatch.timestamps = DAYS
    with pytest.raises(DataError, match=r"\(1, 10, 10, 1\).*a date for each timestamp, as \(3, 10, 10, 1\)"):
        drawn(table(LOW, TIMESTAMP=DAYS[:1]), FRAMES, eopatch, write_to_existing=True)


@pytest.mark.parametrize("values", [None, [1, 2], "1", (1,)])
def test_a_column_or_a_single_value_is_needed(values):
    with pytest.raises(SettingError, match="values_column, or a single number"):
        VectorToRasterTask(table(LOW), RASTER, values=values, raster_shape=(10, 10))


def test_vectors_and_rasters_must_be_of_a_fitting_type():
    with pytest.raises(FeatureError, match="vector_timeless"):
        VectorToRasterTask((FeatureType.DATA, "V"), RASTER, values=1, raster_shape=(10, 10))
    with pytest.raises(FeatureError, match="mask_timeless"):
        VectorToRasterTask(table(LOW), (FeatureType.SCALAR, "S"), values=1, raster_shape=(10, 10))


@pytest.mark.parametrize(
    ("feature", "dtype", "kinds"),
    [(RASTER, "float32", "integers or bool"), (FLOATS, "U3", "integers, floats or bool"), (FLOATS, complex, "floats")],
)
def test_dtype_that_the_feature_can_not_hold_is_refused(feature, dtype, kinds):
    with pytest.raises(SettingError, match=rf"raster_dtype of .*'RASTER'.*{kinds}.*{np.dtype(dtype)}"):
        VectorToRasterTask(table(LOW), feature, values=1, raster_shape=(10, 10), raster_dtype=dtype)


@pytest.mark.parametrize("name", ["bogus", "fill", "transform", "out_shape"])
def test_unknown_setting_is_refused(name):
    with pytest.raises(SettingTypeError, match=rf"no settings \['{name}'\].*all_touched, merge_alg"):
        VectorToRasterTask(table(LOW), RASTER, values=1, raster_shape=(10, 10), **{name: 1})


@pytest.mark.parametrize("buffer", [np.nan, np.inf])
def test_buffer_must_be_finite(buffer):
    with pytest.raises(SettingError, match=f"buffer must be finite, got {buffer}"):
        VectorToRasterTask(table(LOW), RASTER, values=1, raster_shape=(10, 10), buffer=buffer)


def test_buffer_must_be_a_number():
    with pytest.raises(SettingTypeError, match="buffer must be a number, got '5m'"):
        VectorToRasterTask(table(LOW), RASTER, values=1, raster_shape=(10, 10), buffer="5m")


def test_overlaps_can_not_be_drawn_without_a_value_for_them():
    task = VectorToRasterTask(table(LOW), RASTER, values=1, raster_shape=(10, 10))
    with pytest.raises(SettingError, match="overlap_value"):
        task.rasterize_overlapped([LOW], np.zeros((10, 10)), transform=(1, 0, 0, 0, -1, 10))


# --- the task as an object, and real data


def test_settings_are_attributes_and_survive_pickling():
    task = VectorToRasterTask(
        table(LOW), RASTER, values=[1], values_column="id", raster_shape=(10, 10), buffer=1.5, all_touched=True
    )
    task = pickle.loads(pickle.dumps(task))
    assert (task.raster_feature, task.values, task.values_column, task.raster_shape) == (RASTER, [1], "id", (10, 10))
    assert (task.buffer, task.rasterio_params, task.raster_resolution) == (1.5, {"all_touched": True}, None)
    np.testing.assert_array_equal(task(patch())[RASTER][..., 0], image(0, (0, 0, 7, 7, 1)))


def test_land_use_of_a_real_patch_is_reproduced_from_its_vectors(real_patch_path):
    eopatch = EOPatch.load(real_patch_path, features=[FeatureType.MASK_TIMELESS, FeatureType.VECTOR_TIMELESS])
    task = VectorToRasterTask(
        (FeatureType.VECTOR_TIMELESS, "LULC"),
        (FeatureType.MASK_TIMELESS, "DRAWN"),
        values_column="LULC_ID",
        raster_shape=(FeatureType.MASK_TIMELESS, "LULC"),
        raster_dtype=np.uint16,
    )
    np.testing.assert_array_equal(task(eopatch).mask_timeless["DRAWN"], eopatch.mask_timeless["LULC"], strict=True)


def test_clouds_of_a_real_patch_are_reproduced_from_their_outlines(real_patch_path):
    eopatch = EOPatch.load(real_patch_path, features=[(FeatureType.MASK, "CLM"), FeatureType.VECTOR])
    task = VectorToRasterTask(
        (FeatureType.VECTOR, "CLM_VECTOR"),
        (FeatureType.MASK, "DRAWN"),
        values=1,
        raster_shape=(FeatureType.MASK, "CLM"),
    )
    with pytest.warns(EORuntimeWarning, match="1 of 55 geometries are invalid"):
        task(eopatch)
    np.testing.assert_array_equal(eopatch.mask["DRAWN"], eopatch.mask["CLM"], strict=True)
