from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, SettingError
from eolearn.features.radiometric_normalization import HistogramMatchingTask, ReferenceScenesTask

BANDS, FRACTION = (FeatureType.DATA, "BANDS"), (FeatureType.SCALAR, "FRACTION")
REFERENCE = (FeatureType.DATA_TIMELESS, "REFERENCE")


def patch_of(data, fractions=()):
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2020-01-01"] * len(data))
    patch[BANDS] = data
    if len(fractions) == len(data):
        patch[FRACTION] = np.array(fractions, float).reshape(-1, 1)
    return patch


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
@pytest.mark.parametrize(("number", "dates"), [(None, [3, 0, 4, 1, 2]), (2, [3, 0]), (9, [3, 0, 4, 1, 2])])
def test_best_scenes_come_first(number, dates):
    data = np.arange(5).reshape(5, 1, 1, 1)
    patch = patch_of(data, [0.5, 0.1, np.nan, 0.9, 0.5])
    result = ReferenceScenesTask((*BANDS, "BEST"), FRACTION, number)(patch)
    assert_array_equal(result.data["BEST"].ravel(), dates)
    assert result[BANDS] is data


def test_scenes_and_fractions_must_fit():
    with pytest.raises(SettingError, match="max_scene_number"):
        ReferenceScenesTask(BANDS, FRACTION, 0)
    patch = patch_of(np.ones((2, 1, 1, 1)), [1, 1])
    patch[FRACTION] = np.ones((2, 3))
    with pytest.raises(DataError, match="one fraction for each of the 2 dates"):
        ReferenceScenesTask(BANDS, FRACTION)(patch)


def test_scenes_get_the_moments_of_the_reference():
    rng = np.random.default_rng(0)
    patch = patch_of(rng.integers(0, 255, (3, 20, 20, 2), dtype=np.uint8))
    patch[REFERENCE] = rng.normal(0.3, 0.1, (20, 20, 2))
    result = HistogramMatchingTask((*BANDS, "MATCHED"), REFERENCE)(patch).data["MATCHED"]
    assert result.dtype == np.float32
    assert_allclose(result.mean(axis=(1, 2)), np.tile(patch[REFERENCE].mean(axis=(0, 1)), (3, 1)), rtol=1e-5)
    assert_allclose(result.std(axis=(1, 2)), np.tile(patch[REFERENCE].std(axis=(0, 1)), (3, 1)), rtol=1e-5)


def test_reference_of_another_shape_is_refused():
    patch = patch_of(np.ones((1, 2, 2, 3)))
    patch[REFERENCE] = np.ones((2, 2, 1))
    with pytest.raises(DataError, match=r"must be of shape \(2, 2, 3\)"):
        HistogramMatchingTask(BANDS, REFERENCE)(patch)


@pytest.mark.parametrize("shape", [(0, 2, 2, 1), (1, 1, 1, 1), (1, 1, 1, 224)])
def test_any_shape_can_be_matched(shape):
    patch = patch_of(np.full(shape, np.nan))
    patch[REFERENCE] = np.ones(shape[1:])
    result = HistogramMatchingTask(BANDS, REFERENCE)(patch)[BANDS]
    assert result.shape == shape
    assert np.isnan(result).all()
