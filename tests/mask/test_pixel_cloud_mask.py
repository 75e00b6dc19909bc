from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureError, FeatureMissing, SettingError
from eolearn.mask.extra.cloud_mask import CloudMaskTask

pytest.importorskip("s2cloudless")

L1C, VALID = (FeatureType.DATA, "L1C"), (FeatureType.MASK, "VALID")
CLM, CLP = (FeatureType.MASK, "CLM"), (FeatureType.DATA, "CLP")
TEN = [0, 1, 3, 4, 7, 8, 9, 10, 11, 12]
LAND = [0.12, 0.09, 0.08, 0.05, 0.1, 0.25, 0.3, 0.3, 0.32, 0.1, 0.001, 0.15, 0.07]  # as forest looks from space
CLOUD = [0.5, 0.5, 0.5, 0.5, 0.5, 0.55, 0.55, 0.55, 0.55, 0.3, 0.02, 0.4, 0.3]
BOX = BBox((500000, 5100000, 500240, 5100180), CRS.UTM_33N)


def make_patch(valid_share=1.0, dates=3):
    """Land and, in some blocks, bright clouds."""
    rng = np.random.default_rng(0)
    patch = EOPatch(bbox=BOX, timestamps=[f"2025-01-0{day}" for day in range(1, dates + 1)])
    clouds = np.zeros((dates, 18, 24, 1), bool)
    clouds[:, 2:9, 3:12] = True
    bands = np.where(clouds, CLOUD, LAND) * (0.9 + 0.2 * rng.random((dates, 18, 24, 13)))
    patch[L1C] = bands.astype(np.float32)
    patch[VALID] = rng.random((dates, 18, 24, 1)) < valid_share
    return patch


def published(bands, **settings):
    """Return probabilities and masks of the package itself, for float32 reflectances of ten bands."""
    from s2cloudless import S2PixelCloudDetector

    detector = S2PixelCloudDetector(**({"threshold": 0.4, "average_over": 4, "dilation_size": 2} | settings))
    probabilities = detector.get_cloud_probability_maps(bands.astype(np.float32), num_threads=1)
    return probabilities[..., np.newaxis], detector.get_mask_from_prob(probabilities)[..., np.newaxis] != 0


@pytest.mark.parametrize("settings", [{}, {"threshold": 0.7, "average_over": 1, "dilation_size": 4}])
def test_mask_and_probabilities_of_valid_frames_are_those_of_the_package(settings):
    patch = CloudMaskTask(L1C, VALID, CLM, CLP, **settings)(make_patch())
    probabilities, clouds = published(make_patch()[L1C][..., TEN], **settings)
    assert patch[CLP].dtype == np.float32
    assert patch[CLM].dtype == bool
    assert_array_equal(patch[CLP], probabilities)
    assert_array_equal(patch[CLM], clouds)
    assert 0.05 < clouds.mean() < 0.95  # both happen


def test_valid_pixels_have_the_probabilities_of_the_package_and_others_none():
    patch = CloudMaskTask(L1C, VALID, CLM, CLP)(make_patch(0.5))
    probabilities, _ = published(patch[L1C][..., TEN])
    assert_array_equal(patch[CLP], np.where(patch[VALID], probabilities, 0))
    assert not patch[CLM][~patch[VALID]].any()


def test_pixels_without_data_do_not_change_the_mask_of_others():
    patch = make_patch(0.5)
    patch[L1C] = np.where(patch[VALID], patch[L1C], np.float32(0.9))
    other = make_patch(0.5)
    other[L1C] = np.where(other[VALID], other[L1C], np.float32(0.01))
    task = CloudMaskTask(L1C, VALID, CLM)
    assert_array_equal(task(patch)[CLM], task(other)[CLM])


def test_pixels_with_nan_in_a_classified_band_are_without_data():
    patch = make_patch()
    patch[L1C][0, :9, :, 3] = np.nan
    patch[L1C][0, 9:, :, 2] = np.inf  # green isn't classified
    expected = CloudMaskTask(L1C, VALID, CLM, CLP)(make_patch())
    found = CloudMaskTask(L1C, VALID, CLM, CLP)(patch)
    assert not found[CLP][0, :9].any()
    assert_array_equal(found[CLP][0, 9:], expected[CLP][0, 9:])


@pytest.mark.parametrize("dtype", [np.float64, np.float16])
def test_ten_bands_and_other_floats_are_classified_as_float32(dtype):
    patch = make_patch()
    patch[L1C] = patch[L1C][..., TEN].astype(dtype)
    found = CloudMaskTask(L1C, VALID, CLM, CLP, all_bands=False)(patch)
    assert_array_equal(found[CLP], published(patch[L1C])[0])


def test_probabilities_are_stored_only_if_wanted_and_inputs_are_kept():
    patch = CloudMaskTask(L1C, VALID, CLM)(make_patch(0.5))
    assert CLP not in patch
    assert_array_equal(patch[L1C], make_patch(0.5)[L1C])
    assert_array_equal(patch[VALID], make_patch(0.5)[VALID])


@pytest.mark.parametrize("resolution", [None, 30])
def test_frames_without_valid_pixels_and_patches_without_dates_give_empty_masks(resolution):
    patch = make_patch()
    patch[VALID] = np.zeros((3, 18, 24, 1), bool)
    patch[L1C] = np.full((3, 18, 24, 13), np.nan, np.float32)
    task = CloudMaskTask(L1C, VALID, CLM, CLP, processing_resolution=resolution)
    found = task(patch)
    assert not found[CLM].any()
    assert not found[CLP].any()
    empty = EOPatch(bbox=BOX, timestamps=[])
    empty[L1C], empty[VALID] = patch[L1C][:0], patch[VALID][:0]
    assert task(empty)[CLM].shape == task(empty)[CLP].shape == (0, 18, 24, 1)


def test_coarser_pixels_are_means_that_are_classified_and_interpolated():
    patch = make_patch()
    patch[L1C] = np.kron(patch[L1C][:, ::3, ::3], np.ones((1, 3, 3, 1))).astype(np.float32)  # constant on 30 m
    coarse, _ = published(patch[L1C][:, ::3, ::3, TEN])
    found = CloudMaskTask(L1C, VALID, CLM, CLP, processing_resolution=30)(patch)[CLP]
    np.testing.assert_allclose(found[:, 1::3, 1::3], coarse, atol=1e-5)  # means of equal float32 may differ in a bit


def test_resolution_that_is_not_coarser_changes_nothing():
    found = CloudMaskTask(L1C, VALID, CLM, CLP, processing_resolution=(10, 10))(make_patch(0.7))
    assert_array_equal(found[CLP], CloudMaskTask(L1C, VALID, CLM, CLP)(make_patch(0.7))[CLP])


def test_digital_numbers_are_refused_with_the_way_to_reflectances():
    patch = make_patch(0.5)
    patch[L1C] = (patch[L1C] * 10_000).astype(np.uint16)
    with pytest.raises(DataError, match=r"'L1C'.*digital numbers.*10,000.*04\.00.*1,000"):
        CloudMaskTask(L1C, VALID, CLM)(patch)


def test_bright_clouds_are_no_digital_numbers():
    patch = make_patch()
    patch[L1C] += 1.2
    assert CloudMaskTask(L1C, VALID, CLM)(patch)[CLM].shape == (3, 18, 24, 1)


def test_digital_numbers_without_valid_pixels_do_not_matter():
    patch = make_patch()
    patch[L1C] = np.where(np.arange(24)[:, np.newaxis] < 20, 10_000, patch[L1C]).astype(np.float32)
    patch[VALID] = np.broadcast_to(np.arange(24)[:, np.newaxis] >= 20, (3, 18, 24, 1))
    assert CloudMaskTask(L1C, VALID, CLM)(patch)[CLM].shape == (3, 18, 24, 1)


@pytest.mark.parametrize(("all_bands", "count"), [(True, 10), (False, 13)])
def test_other_numbers_of_bands_are_refused(all_bands, count):
    patch = make_patch()
    patch[L1C] = patch[L1C][..., :count]
    with pytest.raises(DataError, match=rf"has {count} bands.*all_bands={all_bands}.*B8A"):
        CloudMaskTask(L1C, VALID, CLM, all_bands=all_bands)(patch)


@pytest.mark.parametrize("shape", [(3, 17, 24, 1), (3, 18, 24, 2)])
def test_masks_of_another_size_are_refused(shape):
    patch = make_patch()
    patch[VALID] = np.ones(shape, bool)
    with pytest.raises(DataError, match=r"'VALID'.*\(3, 18, 24, 1\)"):
        CloudMaskTask(L1C, VALID, CLM)(patch)


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.EODeprecationWarning")
def test_bounding_box_is_needed():
    patch = make_patch()
    patch.bbox = None
    with pytest.raises(ValueError, match="bounding box"):
        CloudMaskTask(L1C, VALID, CLM)(patch)


def test_features_must_be_there_and_of_the_right_type():
    patch = make_patch()
    del patch[VALID]
    with pytest.raises(FeatureMissing, match="VALID"):
        CloudMaskTask(L1C, VALID, CLM)(patch)
    with pytest.raises(FeatureError):
        CloudMaskTask(VALID, VALID, CLM)


@pytest.mark.parametrize("resolution", [0, -10, "far", (10, 20, 30), np.nan])
def test_resolutions_are_numbers_of_metres(resolution):
    with pytest.raises(SettingError, match="resolution"):
        CloudMaskTask(L1C, VALID, CLM, processing_resolution=resolution)


def test_settings_are_attributes_and_tasks_can_be_pickled():
    task = pickle.loads(pickle.dumps(CloudMaskTask(L1C, VALID, CLM, CLP)))
    assert (task.data_feature, task.valid_data_feature, task.threshold) == (L1C, VALID, 0.4)
    assert task.data_indices == TEN
    assert callable(task.classifier.get_cloud_probability_maps)
    assert_array_equal(task(make_patch())[CLM], CloudMaskTask(L1C, VALID, CLM)(make_patch())[CLM])
