from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureError, IndexOutOfRange, SettingError
from eolearn.core.utils.testing import DEFAULT_BBOX
from eolearn.mask.snow_mask import BaseSnowMaskTask, SnowMaskTask, TheiaSnowMaskTask

BANDS, SNOW = (FeatureType.DATA, "BANDS"), (FeatureType.MASK, "SNOW_MASK")
CLOUDS, DEM = (FeatureType.MASK, "CLM"), (FeatureType.DATA_TIMELESS, "DEM")


def make_patch(dates=2):
    rng = np.random.default_rng(0)
    patch = EOPatch(bbox=DEFAULT_BBOX, timestamps=["2025-01-01", "2025-01-02"][:dates])
    patch[BANDS] = rng.random((2, 40, 30, 5), dtype=np.float32)[:dates]
    patch[CLOUDS] = (rng.random((2, 40, 30, 1)) < 0.3)[:dates]
    patch[DEM] = np.linspace(0, 2000, 40)[:, np.newaxis, np.newaxis] * np.ones((1, 30, 1))
    return patch


def by_formula(bands):
    green, red, nir, swir = (bands[..., place] for place in (0, 1, 2, 3))
    ndsi, ndvi = (green - swir) / (green + swir), (nir - red) / (nir + red)
    return ((ndsi >= 0.4) | (np.abs(ndvi - 0.1) < 0.05)) & (green >= 0.3)


@pytest.mark.parametrize("size", [0, 1, 3])
def test_snow_is_found_by_thresholds_and_widened_by_an_ellipse(size):
    patch = SnowMaskTask(BANDS, [0, 1, 2, 3], dilation_size=size)(make_patch())
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * size + 1, 2 * size + 1))
    expected = [cv2.dilate(frame.astype(np.uint8), element) != 0 for frame in by_formula(patch[BANDS])]
    assert patch[SNOW].dtype == bool
    assert_array_equal(patch[SNOW][..., 0], expected)
    assert_array_equal(patch[BANDS], make_patch()[BANDS])


@pytest.mark.parametrize("value", [0, 1])
def test_undefined_value_is_put_in_after_the_dilation(value):
    patch = make_patch()
    patch[BANDS][:, 10:20, 10:20, 0] = np.nan
    found = SnowMaskTask(BANDS, [0, 1, 2, 3], dilation_size=2, undefined_value=value)(patch)[SNOW]
    assert (found[:, 10:20, 10:20] == bool(value)).all()


def test_unsigned_numbers_do_not_wrap_around():
    patch = make_patch()
    expected = SnowMaskTask(BANDS, [0, 1, 2, 3])(patch)[SNOW].copy()
    patch[BANDS] = np.round(patch[BANDS] * 10_000).astype(np.uint16)
    found = SnowMaskTask(BANDS, [0, 1, 2, 3], brightness_threshold=3000)(patch)[SNOW]
    assert (found != expected).mean() < 0.001  # rounding moves few over a threshold


def test_bands_may_be_counted_from_the_end():
    expected = SnowMaskTask(BANDS, [0, 1, 2, 3])(make_patch())[SNOW]
    assert_array_equal(SnowMaskTask(BANDS, [-5, -4, -3, -2])(make_patch())[SNOW], expected)


def test_patches_without_dates_have_masks_without_dates():
    assert SnowMaskTask(BANDS, [0, 1, 2, 3], dilation_size=1)(make_patch(0))[SNOW].shape == (0, 40, 30, 1)
    task = TheiaSnowMaskTask(BANDS, [0, 1, 3], CLOUDS, DEM, dilation_size=1)
    assert task(make_patch(0))[SNOW].shape == (0, 40, 30, 1)


def test_settings_are_attributes():
    task = SnowMaskTask(BANDS, [0, 1, 2, 3], dilation_size=2, mask_name="S")
    assert (task.bands_feature, task.mask_feature, task.disk_size) == (BANDS, (FeatureType.MASK, "S"), 5)
    assert SnowMaskTask.NDVI_THRESHOLD == 0.1
    assert (TheiaSnowMaskTask.B10_THR, TheiaSnowMaskTask.DEM_FACTOR) == (0.015, 1e-5)
    assert issubclass(TheiaSnowMaskTask, BaseSnowMaskTask)


def test_bad_settings_and_bands_are_refused():
    with pytest.raises(FeatureError):
        SnowMaskTask(CLOUDS, [0, 1, 2, 3])
    with pytest.raises(SettingError, match="B03, B04, B08, B11"):
        SnowMaskTask(BANDS, [0, 1, 2])
    with pytest.raises(SettingError, match="dilation_size"):
        SnowMaskTask(BANDS, [0, 1, 2, 3], dilation_size=-1)
    with pytest.raises(IndexOutOfRange, match=r"BANDS.*\(2, 40, 30, 5\)"):
        SnowMaskTask(BANDS, [0, 1, 2, 5])(make_patch())
    with pytest.raises(SettingError, match="red_params"):
        TheiaSnowMaskTask(BANDS, [0, 1, 3], CLOUDS, DEM, red_params=(12, 0.3))
    with pytest.raises(SettingError, match="size"):
        TheiaSnowMaskTask(BANDS, [0, 1, 3], CLOUDS, DEM, dem_params=(0, 0.1))


def test_snow_above_the_snow_line_is_found_with_weaker_signs():
    patch = make_patch(1)
    high = patch[DEM] > 1500
    patch[BANDS] = np.where(high, [0.8, 0.8, 0.8, 0.05, 0], [0.14, 0.12, 0.1, 0.1, 0])[np.newaxis].astype(np.float32)
    patch[CLOUDS] = np.zeros((1, 40, 30, 1), bool)  # NDSI is 0.88 above, and 0.17 below
    found = TheiaSnowMaskTask(BANDS, [0, 1, 3], CLOUDS, DEM)(patch)[SNOW]
    assert_array_equal(found[0], patch[DEM] > 1300)


def test_undefined_and_cirrus_are_kept_in_mind():
    patch = make_patch(1)
    patch[BANDS] = np.full((1, 40, 30, 5), [0.8, 0.25, 0.8, 0.05, 0.1], np.float32)
    patch[BANDS][0, 0, 0] = 0
    patch[CLOUDS] = np.ones((1, 40, 30, 1), bool)
    without = TheiaSnowMaskTask(BANDS, [0, 1, 3], CLOUDS, DEM, undefined_value=1)(patch)[SNOW]
    assert without.all()  # dark clouds are looked at again
    cirrus = TheiaSnowMaskTask(BANDS, [0, 1, 3], CLOUDS, DEM, b10_index=4)(patch)[SNOW]
    assert not cirrus.any()


@pytest.mark.parametrize(("feature", "shape"), [(CLOUDS, (2, 40, 29, 1)), (DEM, (40, 29, 1))])
def test_masks_and_elevations_of_another_size_are_refused(feature, shape):
    patch = make_patch()
    patch[feature] = np.zeros(shape, np.uint8)
    with pytest.raises(DataError, match=f"{feature[1]}.*BANDS"):
        TheiaSnowMaskTask(BANDS, [0, 1, 3], CLOUDS, DEM)(patch)
