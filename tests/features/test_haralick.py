from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox
from skimage.feature import graycomatrix, graycoprops

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, EOUserWarning, FeatureError, FeatureMissing, SettingError
from eolearn.features.haralick import HaralickTask

BANDS = (FeatureType.DATA, "BANDS")
TEXTURE = (FeatureType.DATA, "TEXTURE")
RENAMED = (*BANDS, "TEXTURE")
SKIMAGE = sorted(HaralickTask.AVAILABLE_TEXTURES_SKIMAGE)


def patch_with(data, feature=BANDS):
    dates = len(data) if feature[0].is_temporal() else 1
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2025-01-01"] * dates)
    patch[feature] = data
    return patch


def random_patch(shape=(2, 12, 9, 2), seed=0):
    return patch_with(np.random.default_rng(seed).random(shape, dtype=np.float32))


@pytest.mark.parametrize("angle", [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4])
def test_equals_scikit_image_window_by_window(angle):
    patch = random_patch()
    task = HaralickTask(RENAMED, SKIMAGE, distance=2, angle=angle, levels=6, window_size=5, value_range=(0, 1))
    result = task(patch)
    grey = np.pad((patch[BANDS] * 6).astype(np.uint8), [(0, 0), (2, 2), (2, 2), (0, 0)], mode="edge")
    windows = sliding_window_view(grey, (5, 5), axis=(1, 2)).reshape(-1, 5, 5)
    matrices = [graycomatrix(window, [2], [angle], 6, symmetric=True, normed=True) for window in windows]
    for texture in SKIMAGE:
        expected = [graycoprops(matrix, texture).item() for matrix in matrices]
        assert_allclose(result[FeatureType.DATA, f"TEXTURE_{texture}"].ravel(), expected, atol=1e-9, err_msg=texture)


def test_one_texture_has_the_new_name_and_several_have_their_own_behind_it():
    patch = random_patch()
    one = HaralickTask(RENAMED, "entropy")(patch)[TEXTURE]
    assert (one.shape, one.dtype) == (patch[BANDS].shape, np.float64)
    assert HaralickTask(BANDS)(random_patch())[BANDS].shape == patch[BANDS].shape
    several = HaralickTask(RENAMED, ("entropy", "contrast"))(random_patch())
    assert {name for _, name in several.get_features()} == {"BANDS", "TEXTURE_entropy", "TEXTURE_contrast"}
    assert_array_equal(several[FeatureType.DATA, "TEXTURE_entropy"], one)


def test_contrast_of_dates_can_be_compared_with_a_value_range_only():
    data = np.random.default_rng(0).random((1, 12, 12, 1)) * np.array([1, 0.25]).reshape(2, 1, 1, 1)
    free = HaralickTask(RENAMED, levels=32)(patch_with(data))[TEXTURE]
    assert_allclose(free[0], free[1])
    fixed = HaralickTask(RENAMED, levels=32, value_range=(0, 1))(patch_with(data))[TEXTURE]
    assert fixed[0].mean() > 10 * fixed[1].mean()


def test_large_images_are_cut_without_a_seam(monkeypatch):
    patch = random_patch((2, 200, 7, 1))
    monkeypatch.setattr("eolearn.core.utils.threads.available_cpus", lambda: 1)
    alone = HaralickTask(RENAMED, "entropy", window_size=5, stride=3)(patch)[TEXTURE]
    monkeypatch.setattr("eolearn.core.utils.threads.available_cpus", lambda: 5)
    assert_array_equal(HaralickTask(RENAMED, "entropy", window_size=5, stride=3)(patch)[TEXTURE], alone)


def test_stride_leaves_pixels_between_without_a_value():
    patch = random_patch((1, 11, 10, 1))
    every = HaralickTask(RENAMED, "contrast", window_size=5)(patch)[TEXTURE]
    with pytest.warns(EOUserWarning, match="gaps at a stride of 7"):
        HaralickTask(RENAMED, window_size=5, stride=7)
    sparse = HaralickTask(RENAMED, "contrast", window_size=5, stride=3)(patch)[TEXTURE]
    assert_array_equal(sparse[:, ::3, ::3], every[:, ::3, ::3])
    assert np.count_nonzero(~np.isnan(sparse)) == 4 * 4


def test_pixels_without_data_have_no_texture_and_do_not_count_for_others():
    data = np.random.default_rng(0).random((1, 8, 8, 1))
    data[0, 4, 4, 0], data[0, 0, 0, 0] = np.nan, -np.inf
    result = HaralickTask(RENAMED, "contrast", value_range=(0, 1))(patch_with(data))[TEXTURE]
    assert_array_equal(np.isnan(result), ~np.isfinite(data))


@pytest.mark.parametrize("data", [np.full((1, 4, 4, 2), np.nan), np.full((1, 4, 4, 1), np.inf)])
def test_image_without_data_has_no_texture(data):
    result = HaralickTask(RENAMED, ["entropy", "maximal_correlation_coefficient"])(patch_with(data))
    for texture in ("entropy", "maximal_correlation_coefficient"):
        assert np.isnan(result[FeatureType.DATA, f"TEXTURE_{texture}"]).all()


@pytest.mark.parametrize("shape", [(0, 5, 5, 2), (2, 0, 5, 1), (1, 1, 1, 1), (1, 5, 5, 0), (1, 4, 4, 224)])
def test_images_may_be_empty_or_a_pixel_or_have_many_bands(shape):
    assert HaralickTask(RENAMED)(patch_with(np.ones(shape, np.uint16)))[TEXTURE].shape == shape


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.uint16, np.float32])
def test_textures_of_any_real_numbers(dtype):
    data = np.random.default_rng(0).integers(0, 2, (1, 6, 6, 1))
    expected = HaralickTask(RENAMED)(patch_with(data.astype(float)))[TEXTURE]
    assert_array_equal(HaralickTask(RENAMED)(patch_with(data.astype(dtype)))[TEXTURE], expected)


def test_timeless_features_have_textures_and_the_input_stays_as_it_was():
    dem = (FeatureType.DATA_TIMELESS, "DEM")
    data = np.random.default_rng(0).random((6, 7, 2))
    before = data.copy()
    patch = patch_with(data, dem)
    HaralickTask((*dem, "ROUGHNESS"), "entropy")(patch)
    assert patch[FeatureType.DATA_TIMELESS, "ROUGHNESS"].shape == (6, 7, 2)
    assert patch[dem] is data
    assert_array_equal(data, before)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"texture_feature": "smoothness"}, "no texture.*smoothness.*contrast"),
        ({"texture_feature": ["contrast", "smoothness"]}, "smoothness"),
        ({"texture_feature": []}, "at least one"),
        ({"window_size": 4}, "odd number, got 4"),
        ({"window_size": -1}, "odd number"),
        ({"levels": 1}, "levels.*got 1"),
        ({"levels": 257}, "levels.*got 257"),
        ({"stride": 0}, "stride.*got 0"),
        ({"distance": 3}, "larger than the distance"),
        ({"distance": 0}, "larger than the distance"),
        ({"levels": 8.5}, "levels must be a whole number"),
        ({"value_range": 1}, "value_range"),
        ({"value_range": (1, 0)}, "value_range"),
        ({"value_range": (0, np.nan)}, "value_range"),
        ({"value_range": (0, 1, 2)}, "value_range"),
    ],
)
def test_settings_are_refused_at_construction(settings, message):
    with pytest.raises(SettingError, match=message):
        HaralickTask(BANDS, **settings)


def test_other_features_are_refused():
    with pytest.raises(FeatureError):
        HaralickTask((FeatureType.MASK, "M"))
    with pytest.raises(FeatureMissing, match="BANDS"):
        HaralickTask(BANDS)(EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84)))
    with pytest.raises(DataError, match="complex"):
        HaralickTask(BANDS)(patch_with(np.ones((1, 2, 2, 1), complex)))


def test_task_can_be_pickled():
    task = HaralickTask(RENAMED, "energy", levels=4)
    again = pickle.loads(pickle.dumps(task))
    assert_array_equal(again(random_patch())[TEXTURE], task(random_patch())[TEXTURE])
