"""Whole patches onto another grid. What becomes of pixels is told by the tests of _resampling."""

import pickle
from datetime import datetime

import geopandas as gpd
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from rasterio.warp import transform_bounds
from sentinelhub import CRS, BBox
from shapely.geometry import Point, box

from eolearn.core import EOPatch, FeatureType, merge_eopatches
from eolearn.core.exceptions import DataError, EODeprecationWarning, FeatureError, FeatureMissing, SettingError
from eolearn.io.alignment import AlignToGridTask

WEST, SOUTH = 500000, 5100000
PLACE = BBox((WEST, SOUTH, WEST + 240, SOUTH + 120), CRS.UTM_33N)
DATES = [datetime(2026, 5, 1), datetime(2026, 5, 6)]
B02, B05, B09 = ((FeatureType.DATA, name) for name in ("B02", "B05", "B09"))
CLOUDS, CLASSES = (FeatureType.MASK, "CLOUDS"), (FeatureType.MASK_TIMELESS, "CLASSES")
FIELDS = (FeatureType.VECTOR_TIMELESS, "FIELDS")


def patch_of_three_resolutions():
    """Return a patch with pixels of 10, 20 and 60 m, and features that aren't images."""
    rng = np.random.default_rng(0)
    patch = EOPatch(bbox=PLACE, timestamps=DATES)
    patch[B02] = rng.random((2, 12, 24, 2), np.float32)
    patch[B05] = rng.random((2, 6, 12, 1), np.float32)
    patch[B09] = rng.integers(0, 9000, (2, 2, 4, 1), np.uint16)
    patch[CLOUDS] = rng.random((2, 6, 12, 1)) > 0.5
    patch[CLASSES] = rng.integers(1, 4, (12, 24, 1), np.uint8)
    patch[FeatureType.SCALAR, "COVERAGE"] = np.ones((2, 1))
    patch[FeatureType.META_INFO, "source"] = "made up"
    fields = [box(WEST - 50, SOUTH, WEST + 50, SOUTH + 50), box(WEST + 500, SOUTH, WEST + 600, SOUTH + 50)]
    patch[FIELDS] = gpd.GeoDataFrame({"crop": [1, 2]}, geometry=fields, crs=32633)
    return patch


def test_images_of_all_resolutions_come_onto_the_pixels_of_one_of_them():
    patch, before = patch_of_three_resolutions(), patch_of_three_resolutions()
    aligned = AlignToGridTask(like=B02)(patch)
    for feature in (B02, B05, B09, CLOUDS, CLASSES):
        assert aligned[feature].shape[-3:-1] == (12, 24)
        assert aligned[feature].dtype == before[feature].dtype
    assert_array_equal(aligned[CLOUDS], before[CLOUDS].repeat(2, 1).repeat(2, 2))
    # the second pixel of 20 m starts at 2, and linear interpolation has a quarter of the first one there
    row = before[B05][0, 0, :, 0]
    assert_allclose(
        aligned[B05][0, 0, 1:3, 0], [0.75 * row[0] + 0.25 * row[1], 0.25 * row[0] + 0.75 * row[1]], rtol=1e-5
    )


def test_coarser_pixels_are_means_and_commonest_classes():
    before = patch_of_three_resolutions()
    aligned = AlignToGridTask(like=B09)(patch_of_three_resolutions())
    blocks = before[B02].reshape(2, 2, 6, 4, 6, 2)
    assert_allclose(aligned[B02], blocks.mean(axis=(2, 4)), rtol=1e-6)
    classes = before[CLASSES].reshape(2, 6, 4, 6).transpose(0, 2, 1, 3).reshape(8, 36)
    expected = [np.bincount(block).argmax() for block in classes]
    assert_array_equal(aligned[CLASSES].ravel(), expected)
    share = before[CLOUDS].reshape(2, 2, 3, 4, 3, 1).mean(axis=(2, 4))
    assert_array_equal(aligned[CLOUDS], share > 0.5)


def test_nothing_is_copied_where_nothing_changes():
    patch = patch_of_three_resolutions()
    arrays = {feature: patch[feature] for feature in patch.get_features()}
    aligned = AlignToGridTask(like=B02, no_data_value={B02: -1})(patch)
    for feature in (B02, CLASSES, FIELDS, (FeatureType.SCALAR, "COVERAGE"), (FeatureType.META_INFO, "source")):
        assert aligned[feature] is arrays[feature]


@pytest.mark.parametrize(
    ("settings", "size"),
    [({"resolution": 20}, (6, 12)), ({"size": (7, 5)}, (5, 7)), ({"resolution": (40, 30)}, (4, 6))],
)
def test_pixels_are_as_large_or_as_many_as_is_said(settings, size):
    aligned = AlignToGridTask(**settings)(patch_of_three_resolutions())
    assert {aligned[feature].shape[-3:-1] for feature in (B02, B05, B09, CLOUDS, CLASSES)} == {size}
    assert aligned.bbox == PLACE


def test_other_place_is_that_of_the_task_or_of_the_call():
    part = BBox((WEST + 60, SOUTH, WEST + 300, SOUTH + 60), CRS.UTM_33N)
    for task, kwargs in (
        (AlignToGridTask(bbox=part, resolution=10), {}),
        (AlignToGridTask(resolution=10), {"bbox": part}),
    ):
        aligned = task.execute(patch_of_three_resolutions(), **kwargs)
        assert aligned.bbox == part
        assert_array_equal(aligned[B02][:, :, :18], patch_of_three_resolutions()[B02][:, 6:, 6:])
        assert np.isnan(aligned[B02][:, :, 18:]).all()


def test_other_sensor_is_merged_on_the_grid_of_the_first():
    first = patch_of_three_resolutions()
    bounds = transform_bounds("EPSG:32633", "EPSG:32632", WEST - 200, SOUTH - 200, WEST + 400, SOUTH + 400)
    second = EOPatch(bbox=BBox(bounds, CRS.UTM_32N), timestamps=[datetime(2026, 5, 4)])
    second[B02] = np.full((1, 22, 22, 2), 0.25, np.float32)
    second[CLASSES] = np.full((44, 44, 1), 3, np.uint8)
    second = AlignToGridTask(like=B02)(second, first)
    assert second.bbox == first.bbox
    assert_array_equal(second[CLASSES], np.full((12, 24, 1), 3))
    merged = merge_eopatches(first, second, features=[B02])
    assert merged.timestamps == [DATES[0], datetime(2026, 5, 4), DATES[1]]
    assert_array_equal(merged[B02][[0, 2]], first[B02])
    assert_allclose(merged[B02][1], np.full((12, 24, 2), 0.25))


def test_methods_and_no_data_values_are_by_feature_then_type_then_as_is_fitting():
    patch = EOPatch(bbox=PLACE, timestamps=DATES[:1])
    values = np.array([[1, 9], [9, 5]], np.uint8)[np.newaxis, ..., np.newaxis]
    for feature_type, name in ((FeatureType.DATA, "A"), (FeatureType.DATA, "B"), (FeatureType.MASK, "C")):
        patch[feature_type, name] = values
    task = AlignToGridTask(
        size=(1, 1),
        resampling={FeatureType.DATA: "max", ("data", "B"): "min"},
        no_data_value={FeatureType.DATA: 9, (FeatureType.DATA, "A"): 5},
    )
    aligned = task(patch)
    assert [int(aligned[key].item()) for key in (("data", "A"), ("data", "B"), ("mask", "C"))] == [9, 1, 9]


def test_tables_are_brought_into_the_crs_and_cut_if_asked():
    bbox = BBox(transform_bounds("EPSG:32633", "EPSG:32632", *PLACE), CRS.UTM_32N)
    before = patch_of_three_resolutions()[FIELDS]
    kept = AlignToGridTask(bbox=bbox, resolution=10)(patch_of_three_resolutions())[FIELDS]
    assert kept.crs.to_epsg() == 32632
    assert_allclose(kept.to_crs(32633).area, before.area)
    cut = AlignToGridTask(bbox=bbox, resolution=10, clip_vectors=True)(patch_of_three_resolutions())[FIELDS]
    assert list(cut["crop"]) == [1]
    assert cut.within(bbox.geometry.buffer(1e-6)).all()


def test_table_without_crs_is_refused_where_it_has_to_move():
    patch = EOPatch(bbox=PLACE)
    patch[FIELDS] = gpd.GeoDataFrame(geometry=[Point(WEST, SOUTH)])
    with pytest.raises(DataError, match="FIELDS.* has no CRS"):
        AlignToGridTask(bbox=BBox(list(PLACE), CRS.UTM_32N), size=(2, 2))(patch)
    assert AlignToGridTask(size=(2, 2))(patch).bbox == PLACE


def test_patch_stays_as_it_was_after_an_error():
    patch = patch_of_three_resolutions()
    arrays = {feature: patch[feature] for feature in patch.get_features()}
    with pytest.raises(DataError, match=r"CLOUDS'\) is bool, which 'average' can't make"):
        AlignToGridTask(bbox=BBox(list(PLACE), CRS.UTM_32N), size=(3, 3), resampling={CLOUDS: "average"})(patch)
    assert patch.bbox == PLACE
    assert all(patch[feature] is array for feature, array in arrays.items())


def test_arrays_that_were_handed_in_are_not_written_to():
    patch = patch_of_three_resolutions()
    arrays = [patch[feature] for feature in (B02, B05, B09, CLOUDS, CLASSES)]
    copies = [array.copy() for array in arrays]
    AlignToGridTask(size=(13, 7), no_data_value={B02: 0.5})(patch.copy())
    for array, copy in zip(arrays, copies, strict=True):
        assert_array_equal(array, copy)


def test_patch_from_disk_gives_the_same(tmp_path):
    patch = patch_of_three_resolutions()
    patch.save(tmp_path)
    lazy = AlignToGridTask(like=B05)(EOPatch.load(tmp_path, lazy_loading=True))
    assert lazy == AlignToGridTask(like=B05)(patch)


def test_task_can_be_sent_to_another_process():
    task = pickle.loads(pickle.dumps(AlignToGridTask(like=B02, resampling={FeatureType.DATA: "cubic"})))
    assert task(patch_of_three_resolutions()) == AlignToGridTask(like=B02, resampling={FeatureType.DATA: "cubic"})(
        patch_of_three_resolutions()
    )


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"like": B02, "resolution": 10}, SettingError, "Give one of like, resolution and size"),
        ({"like": B02, "bbox": PLACE}, SettingError, "leave out bbox="),
        ({"like": (FeatureType.SCALAR, "A")}, FeatureError, "SCALAR"),
        ({"resolution": 0}, SettingError, "resolution must be the size of a pixel"),
        ({"size": (0, 3)}, SettingError, "width and a height of at least one pixel"),
        ({"resampling": "bilinaer"}, SettingError, "Did you mean bilinear"),
        ({"resampling": {FeatureType.DATA: "gauss"}}, SettingError, "resampling can't be 'gauss'"),
        ({"resampling": {FeatureType.SCALAR: "mode"}}, SettingError, "resampling is for images"),
        ({"no_data_value": {(FeatureType.LABEL, "A"): 0}}, FeatureError, "LABEL"),
        ({"min_valid_share": 0}, SettingError, "a share above 0, at most 1, got 0"),
        ({"min_valid_share": 50}, SettingError, "a share above 0, at most 1, got 50"),
    ],
)
def test_bad_settings_are_refused(settings, error, message):
    with pytest.raises(error, match=message):
        AlignToGridTask(**settings)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({}, DataError, r"several sizes .* name the one whose grid counts"),
        ({"bbox": BBox((0, 0, 9, 9), CRS.UTM_33N)}, SettingError, "How large are the pixels in"),
        ({"like": (FeatureType.DATA, "B11")}, FeatureMissing, "B11"),
        (
            {"resolution": 10, "no_data_value": {(FeatureType.DATA, "B11"): 0}},
            FeatureMissing,
            "no_data_value is given for",
        ),
        ({"resolution": 1000}, DataError, "smaller than a pixel"),
        ({"resolution": 10, "no_data_value": -1}, DataError, "can't stand for no data"),
    ],
)
def test_patch_that_does_not_fit_is_refused(settings, error, message):
    with pytest.raises(error, match=message):
        AlignToGridTask(**settings)(patch_of_three_resolutions())


def test_patch_or_reference_without_place_is_refused():
    with pytest.warns(EODeprecationWarning):
        nowhere = EOPatch()
    with pytest.raises(DataError, match="The EOPatch has no bounding box"):
        AlignToGridTask(resolution=10)(nowhere)
    with pytest.raises(DataError, match="The reference patch has no bounding box"):
        AlignToGridTask(resolution=10)(patch_of_three_resolutions(), nowhere)
