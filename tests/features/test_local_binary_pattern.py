from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureError, SettingError
from eolearn.features._kernels.local_binary_pattern import local_binary_pattern
from eolearn.features.local_binary_pattern import LocalBinaryPatternTask

BANDS = (FeatureType.DATA, "BANDS")
PATTERNS = (FeatureType.DATA, "PATTERNS")


def patch_with(data, feature=BANDS):
    dates = len(data) if feature[0].is_temporal() else 1
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2025-01-01"] * dates)
    patch[feature] = data
    return patch


def test_each_date_and_band_has_patterns_of_its_own():
    data = np.random.default_rng(0).random((3, 8, 7, 2), dtype=np.float32)
    result = LocalBinaryPatternTask((*BANDS, "PATTERNS"), nb_points=8, radius=1)(patch_with(data))[PATTERNS]
    assert result.dtype == np.float64
    for date, band in np.ndindex(3, 2):
        assert_array_equal(result[date, ..., band], local_binary_pattern(data[date, ..., band], 8, 1))


def test_timeless_features_have_patterns_too():
    dem = (FeatureType.DATA_TIMELESS, "DEM")
    data = np.random.default_rng(0).random((8, 7, 1))
    result = LocalBinaryPatternTask(dem)(patch_with(data, dem))[dem]
    assert_array_equal(result[..., 0], local_binary_pattern(data[..., 0], 24, 3))


@pytest.mark.parametrize("shape", [(0, 5, 5, 2), (2, 0, 5, 1), (1, 1, 1, 1), (1, 5, 5, 0), (1, 4, 4, 224)])
@pytest.mark.parametrize("dtype", [np.uint16, bool, np.float32])
def test_images_may_be_empty_or_a_pixel_or_have_many_bands(shape, dtype):
    assert LocalBinaryPatternTask(BANDS)(patch_with(np.ones(shape, dtype)))[BANDS].shape == shape


@pytest.mark.parametrize("nothing", [np.nan, np.inf])
def test_image_without_data_has_no_patterns(nothing):
    result = LocalBinaryPatternTask(BANDS, 4, 1)(patch_with(np.full((1, 9, 9, 1), nothing)))[BANDS]
    assert np.isnan(result).all()


@pytest.mark.parametrize("settings", [{"nb_points": 0}, {"radius": 0.5}, {"radius": -1}])
def test_settings_are_refused_at_construction(settings):
    with pytest.raises(SettingError, match="at least 1"):
        LocalBinaryPatternTask(BANDS, **settings)


def test_other_features_are_refused():
    with pytest.raises(FeatureError):
        LocalBinaryPatternTask((FeatureType.MASK, "M"))
    with pytest.raises(DataError, match="complex"):
        LocalBinaryPatternTask(BANDS)(patch_with(np.ones((1, 2, 2, 1), complex)))
