from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import IndexOutOfRange, SettingError
from eolearn.features import bands_extraction, feature_manipulation
from eolearn.features.arithmetic import EuclideanNormTask, LinearFunctionTask

BANDS = (FeatureType.DATA, "BANDS")
NEW = (FeatureType.DATA, "NEW")
DEM = (FeatureType.DATA_TIMELESS, "DEM")


def make_patch(shape=(2, 3, 4, 3), dtype=np.float32):
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2025-01-01"] * shape[0])
    patch[BANDS] = (np.random.default_rng(0).random(shape) * 100).astype(dtype)
    patch[DEM] = np.ones((3, 4, 1))
    return patch


def test_linear_function_replaces_features():
    patch = make_patch()
    data = patch[BANDS]
    result = LinearFunctionTask([BANDS, DEM], slope=2, intercept=-1)(patch)
    assert result is patch
    assert_array_equal(result[BANDS], data * 2 - 1)
    assert_array_equal(result[DEM], np.ones((3, 4, 1)))
    assert_array_equal(data, make_patch()[BANDS])


def test_linear_function_goes_into_other_features():
    result = LinearFunctionTask(BANDS, NEW, slope=100, dtype=np.uint16)(make_patch())
    assert result[NEW].dtype == np.uint16
    assert_array_equal(result[NEW], (make_patch()[BANDS] * 100).astype(np.uint16))
    assert_array_equal(result[BANDS], make_patch()[BANDS])


@pytest.mark.parametrize("shape", [(0, 3, 4, 3), (1, 1, 1, 1), (1, 2, 2, 224)])
@pytest.mark.parametrize("task", [LinearFunctionTask(BANDS, NEW, 2.5), EuclideanNormTask(BANDS, NEW)])
def test_shapes_without_dates_with_one_pixel_and_many_bands(shape, task):
    result = task(make_patch(shape, np.uint16))
    assert result[NEW].shape[:3] == shape[:3]
    assert result[NEW].dtype == np.float32


@pytest.mark.parametrize("bands", [None, [0, 2], (-1,)])
def test_norm_has_one_band(bands):
    patch = make_patch()
    result = EuclideanNormTask(BANDS, NEW, bands)(patch)
    expected = np.linalg.norm(patch[BANDS][..., slice(None) if bands is None else list(bands)], axis=-1)
    assert result[NEW].dtype == np.float32
    assert_allclose(result[NEW], expected[..., None], rtol=1e-6)


@pytest.mark.parametrize("bands", ["01", [], [0.5], [True, False]])
def test_bands_of_a_norm_must_be_ints(bands):
    with pytest.raises(SettingError, match="list of ints"):
        EuclideanNormTask(BANDS, NEW, bands)


def test_band_that_is_not_there_is_named():
    with pytest.raises(IndexOutOfRange, match="no band 3"):
        EuclideanNormTask(BANDS, NEW, [0, 3])(make_patch())


@pytest.mark.parametrize("settings", [{"slope": np.nan}, {"intercept": "1"}, {"output_features": [BANDS, NEW]}])
def test_settings_of_a_linear_function_are_checked_at_construction(settings):
    with pytest.raises(SettingError):
        LinearFunctionTask(BANDS, **settings)


def test_tables_have_no_linear_function():
    with pytest.raises(SettingError, match="no arrays"):
        LinearFunctionTask((FeatureType.VECTOR, "V"))


def test_tasks_are_at_their_places_of_1x():
    assert bands_extraction.EuclideanNormTask is EuclideanNormTask
    assert feature_manipulation.LinearFunctionTask is LinearFunctionTask
