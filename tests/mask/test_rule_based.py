from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureError, SettingError
from eolearn.mask.rule_based import RuleBasedCloudMaskTask

DATA, OUT, VALID = (FeatureType.DATA, "D"), (FeatureType.MASK, "OUT"), (FeatureType.MASK, "VALID")
NAMES = ["blue", "green", "red", "nir"]


def make_patch(dates=2):
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2025-01-01"] * dates)
    patch[DATA] = np.tile(np.float32([0.09, 0.08, 0.05, 0.3]), (dates, 4, 5, 1))
    patch[VALID] = np.ones((dates, 4, 5, 1), bool)
    if dates:
        patch[DATA][1, :2] = [0.5, 0.48, 0.48, 1.2]  # clouds may be brighter than 1
    return patch


def test_clouds_are_masked_on_their_date():
    patch = make_patch()
    RuleBasedCloudMaskTask(source=DATA, target=OUT, bands=NAMES)(patch)
    expected = np.zeros((2, 4, 5, 1), bool)
    expected[1, :2] = True
    assert patch[OUT].dtype == bool
    assert_array_equal(patch[OUT], expected)


def test_pixels_without_data_are_no_cloud():
    patch = make_patch()
    patch[DATA][1, 0, 0, 3] = np.nan
    patch[VALID][1, 0, 1] = False
    RuleBasedCloudMaskTask(source=DATA, target=OUT, bands=NAMES, valid=VALID)(patch)
    assert_array_equal(patch[OUT][1, 0].ravel(), [False, False, True, True, True])


def test_temperatures_are_no_reflectances():
    patch = make_patch()
    patch[DATA] = np.concatenate([patch[DATA], np.full((2, 4, 5, 1), 310, np.float32)], axis=-1)
    RuleBasedCloudMaskTask(source=DATA, target=OUT, bands=[*NAMES, "lwir11"])(patch)
    assert not patch[OUT].any()


def test_patch_without_dates_and_one_without_valid_pixels_have_empty_masks():
    patch = make_patch(0)
    RuleBasedCloudMaskTask(source=DATA, target=OUT, bands=NAMES)(patch)
    assert patch[OUT].shape == (0, 4, 5, 1)
    patch = make_patch()
    patch[VALID][:] = False
    RuleBasedCloudMaskTask(source=DATA, target=OUT, bands=NAMES, valid=VALID)(patch)
    assert not patch[OUT].any()


def test_bad_input_is_refused():
    patch = make_patch()
    patch[DATA] = patch[DATA] * 10_000
    with pytest.raises(DataError, match="divide it by 10,000"):
        RuleBasedCloudMaskTask(source=DATA, target=OUT, bands=NAMES)(patch)
    with pytest.raises(DataError, match="4 bands.*'nir': 4"):
        RuleBasedCloudMaskTask(source=DATA, target=OUT, bands="landsat8")(patch)
    with pytest.raises(SettingError, match="blue, red, and red is missing"):
        RuleBasedCloudMaskTask(source=DATA, target=OUT, bands=["blue", "green"])
    with pytest.raises(FeatureError, match="valid of RuleBasedCloudMaskTask"):
        RuleBasedCloudMaskTask(source=DATA, target=OUT, bands=NAMES, valid=DATA)
