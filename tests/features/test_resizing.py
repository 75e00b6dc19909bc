from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureMissing, SettingError
from eolearn.features.feature_manipulation import SpatialResizeTask
from eolearn.features.utils import ResizeLib, ResizeMethod, ResizeParam, spatially_resize_image

BANDS = (FeatureType.DATA, "BANDS")
CLASSES = (FeatureType.MASK_TIMELESS, "CLASSES")
SCALAR = (FeatureType.SCALAR, "S")


def make_patch():
    patch = EOPatch(bbox=BBox((0, 0, 100, 80), CRS.UTM_33N), timestamps=["2025-01-01", "2025-01-02"])
    patch[BANDS] = np.random.default_rng(0).random((2, 8, 10, 3), dtype=np.float32)
    patch[CLASSES] = np.arange(80, dtype=np.uint8).reshape(8, 10, 1)
    patch[SCALAR] = np.ones((2, 4))
    return patch


@pytest.mark.parametrize(
    ("resize_type", "height", "width"),
    [
        (ResizeParam.NEW_SIZE, 4, 20),
        ("new_size", 4, 20),
        ("scale_factors", 0.5, 2),
        (ResizeParam.RESOLUTION, 20, 5),  # of 80 by 100 m
    ],
)
def test_all_images_get_the_new_size(resize_type, height, width):
    patch = make_patch()
    data, scalar = patch[BANDS], patch[SCALAR]
    result = SpatialResizeTask(resize_type=resize_type, height_param=height, width_param=width)(patch)
    assert result is patch
    assert_array_equal(result[BANDS], spatially_resize_image(data, new_size=(4, 20)))
    assert result[CLASSES].shape == (4, 20, 1)
    assert result[CLASSES].dtype == np.uint8
    assert result[SCALAR] is scalar
    assert result.bbox == make_patch().bbox
    assert_array_equal(data, make_patch()[BANDS])


def test_features_are_chosen_and_renamed():
    task = SpatialResizeTask(
        resize_type="new_size", height_param=2, width_param=2, features=[("data", "BANDS", "SMALL"), SCALAR]
    )
    result = task(make_patch())
    assert result[FeatureType.DATA, "SMALL"].shape == (2, 2, 2, 3)
    assert result[BANDS].shape == (2, 8, 10, 3)
    assert result[CLASSES].shape == (8, 10, 1)


def test_method_and_library_are_handed_on():
    task = SpatialResizeTask(
        resize_type="new_size", height_param=4, width_param=5, features=CLASSES,
        resize_method=ResizeMethod.NEAREST, resize_library=ResizeLib.PIL,
    )  # fmt: skip
    assert_array_equal(task(make_patch())[CLASSES], make_patch()[CLASSES][1::2, 1::2])


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.EODeprecationWarning")
def test_resolution_needs_a_bounding_box():
    patch = make_patch()
    task = SpatialResizeTask(resize_type="resolution", height_param=20, width_param=20)
    patch.bbox = None
    with pytest.raises(DataError, match="bounding box"):
        task(patch)


@pytest.mark.parametrize(
    "settings",
    [
        {"resize_type": "size"},
        {"resize_method": "lanczos"},
        {"resize_library": "skimage"},
        {"height_param": 0},
        {"width_param": -1},
        {"width_param": 2.5},
        {"height_param": np.nan},
    ],
)
def test_settings_are_checked_at_construction(settings):
    with pytest.raises(SettingError):
        SpatialResizeTask(**{"resize_type": "new_size", "height_param": 2, "width_param": 2} | settings)


def test_missing_feature_is_named():
    task = SpatialResizeTask(resize_type="new_size", height_param=2, width_param=2, features=(FeatureType.DATA, "NOPE"))
    with pytest.raises(FeatureMissing, match="NOPE"):
        task(make_patch())
