from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import FeatureMissing, IndexOutOfRange, SettingError
from eolearn.features import NormalizedDifferenceIndexTask

BANDS = (FeatureType.DATA, "BANDS")
NDVI = (FeatureType.DATA, "NDVI")


def patch_with(bands):
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2025-01-01"] * len(bands))
    patch[BANDS] = bands
    return patch


@pytest.mark.parametrize("bands", [[0, 2], (0, 2), [-3, -1]])
def test_index_of_two_bands_is_stored_with_one_band(bands):
    data = np.array([6.0, 0.0, 2.0], np.float32).reshape(1, 1, 1, 3)
    patch = patch_with(data)
    result = NormalizedDifferenceIndexTask(BANDS, NDVI, bands)(patch)
    assert result is patch
    assert result[NDVI].shape == (1, 1, 1, 1)
    assert result[NDVI].dtype == np.float32
    assert result[NDVI].item() == 0.5  # (6 - 2) / (6 + 2)
    assert patch[BANDS] is data


def test_constant_and_undefined_value_are_used():
    data = np.array([[3.0, 1.0], [0.0, -1.0]]).reshape(1, 1, 2, 2)
    task = NormalizedDifferenceIndexTask(BANDS, NDVI, [0, 1], acorvi_constant=1, undefined_value=-5)
    assert_array_equal(task(patch_with(data))[NDVI].ravel(), [3 / 5, -5])


def test_settings_are_attributes():
    task = NormalizedDifferenceIndexTask(BANDS, NDVI, [7, 3], acorvi_constant=0.5, undefined_value=0)
    assert (task.band_a, task.band_b, task.acorvi_constant, task.undefined_value) == (7, 3, 0.5, 0)


@pytest.mark.parametrize("shape", [(0, 2, 2, 3), (2, 0, 2, 3), (1, 1, 1, 3)])
def test_empty_images_give_empty_indices(shape):
    result = NormalizedDifferenceIndexTask(BANDS, NDVI, [0, 1])(patch_with(np.ones(shape, np.uint16)))
    assert result[NDVI].shape == (*shape[:-1], 1)


@pytest.mark.parametrize(
    ("feature_type", "shape"), [(FeatureType.DATA_TIMELESS, (2, 3, 4)), (FeatureType.SCALAR_TIMELESS, (4,))]
)
def test_timeless_features_have_indices_too(feature_type, shape):
    patch = patch_with(np.zeros((0, 1, 1, 1)))
    patch[feature_type, "A"] = np.arange(np.prod(shape), dtype=float).reshape(shape)
    result = NormalizedDifferenceIndexTask((feature_type, "A"), (feature_type, "I"), [1, 2])(patch)
    a, b = result[feature_type, "A"][..., 1], result[feature_type, "A"][..., 2]
    assert_array_equal(result[feature_type, "I"][..., 0], (a - b) / (a + b))


@pytest.mark.parametrize(
    "bands", [[0], [0, 1, 2], "01", [0, 1.0], [True, False], np.array([0, 1]), [np.int64(0), 1], None]
)
def test_bands_must_be_two_ints(bands):
    with pytest.raises(SettingError, match="two ints"):
        NormalizedDifferenceIndexTask(BANDS, NDVI, bands)


@pytest.mark.parametrize("band", [3, -4])
def test_band_that_is_not_there_is_named(band):
    task = NormalizedDifferenceIndexTask(BANDS, NDVI, [0, band])
    with pytest.raises(IndexOutOfRange, match=f"no band {band} in .*BANDS.*3 bands"):
        task(patch_with(np.ones((1, 1, 1, 3))))


def test_missing_feature_is_named():
    with pytest.raises(FeatureMissing, match="NOPE"):
        NormalizedDifferenceIndexTask((FeatureType.DATA, "NOPE"), NDVI, [0, 1])(patch_with(np.ones((1, 1, 1, 3))))
