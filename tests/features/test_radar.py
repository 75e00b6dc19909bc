from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import IndexOutOfRange, SettingError
from eolearn.features._kernels.speckle import lee
from eolearn.features.radar import ConvertBackscatterTask, RadarIndexTask, RadarMeanTask, SpeckleFilterTask

SIGMA, RESULT = (FeatureType.DATA, "SIGMA0"), (FeatureType.DATA, "RESULT")
MEAN, VALID = (FeatureType.DATA_TIMELESS, "MEAN"), (FeatureType.MASK, "VALID")


def patch_of(data):
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2020-01-01"] * len(data))
    patch[SIGMA] = np.asarray(data)
    return patch


@pytest.mark.parametrize(
    ("to", "values", "expected"), [("dB", [1, 0.1, 0], [0, -10, np.nan]), ("linear", [10, -20], [10, 0.01])]
)
def test_units_are_converted(to, values, expected):
    patch = patch_of(np.array(values, np.float32).reshape(1, 1, -1, 1))
    result = ConvertBackscatterTask((*SIGMA, "OTHER"), to)(patch).data["OTHER"]
    assert result.dtype == np.float32
    assert_allclose(result.ravel(), expected, rtol=1e-6)


def test_timeless_backscatter_is_converted_too():
    patch = patch_of(np.zeros((0, 1, 1, 1)))
    patch[MEAN] = np.full((1, 1, 1), 100.0)
    assert ConvertBackscatterTask(MEAN, "dB")(patch)[MEAN].item() == 20


def test_decibels_are_averaged_as_backscatter():
    data = np.array([0.0, 20, np.nan, 99]).reshape(4, 1, 1, 1)
    patch = patch_of(data)
    patch[VALID] = np.array([1, 1, 1, 0]).reshape(4, 1, 1, 1)
    result = RadarMeanTask(SIGMA, MEAN, mask_feature=VALID)(patch)[MEAN]
    assert_allclose(result.item(), 10 * np.log10((1 + 100) / 2))
    assert RadarMeanTask(SIGMA, MEAN, unit="linear", mask_feature=VALID)(patch)[MEAN].item() == 10


@pytest.mark.parametrize("method", ["mean", "lee", "refined_lee"])
@pytest.mark.parametrize("shape", [(0, 2, 2, 1), (1, 1, 1, 1), (2, 3, 0, 2), (2, 5, 5, 3), (1, 2, 2, 224)])
def test_level_backscatter_of_any_shape_stays_level(method, shape):
    data = np.full(shape, -12.5, np.float32)
    result = SpeckleFilterTask((*SIGMA, "RESULT"), method, unit="dB")(patch_of(data))[RESULT]
    assert (result.shape, result.dtype) == (shape, np.float32)
    assert_allclose(result, data, rtol=1e-6)


def test_each_date_and_band_is_filtered_on_its_own():
    data = np.random.default_rng(0).gamma(4, 0.1, (3, 12, 13, 2))
    data[1, 3, 4, 0] = np.inf
    result = SpeckleFilterTask((*SIGMA, "RESULT"), "lee", window=5, looks=4)(patch_of(data))[RESULT]
    data[1, 3, 4, 0] = np.nan
    expected = [[lee(data[date, ..., band], 5, 4) for band in range(2)] for date in range(3)]
    assert_allclose(result, np.transpose(expected, (0, 2, 3, 1)))


def test_scene_without_data_stays_without_data():
    result = SpeckleFilterTask(SIGMA)(patch_of(np.full((1, 8, 8, 1), np.nan)))[SIGMA]
    assert np.isnan(result).all()


@pytest.mark.parametrize(("index", "expected"), [("ratio", 1 / 4), ("RVI", 4 / 5), ("NDPI", 3 / 5)])
def test_indices_are_those_of_linear_backscatter(index, expected):
    linear = np.array([[0.4, 0.1], [0, 0], [np.nan, 1]]).reshape(1, 1, 3, 2)
    result = RadarIndexTask(SIGMA, RESULT, [0, 1], index, unit="linear")(patch_of(linear))[RESULT]
    assert_allclose(result.ravel(), [expected, np.nan, np.nan])
    with np.errstate(divide="ignore"):
        decibels = 10 * np.log10(linear)
    assert_allclose(RadarIndexTask(SIGMA, RESULT, [0, 1], index)(patch_of(decibels))[RESULT], result)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ConvertBackscatterTask(SIGMA, "db"), "to must be one of"),
        (lambda: RadarMeanTask(SIGMA, MEAN, unit="power"), "unit must be one of"),
        (lambda: SpeckleFilterTask(SIGMA, "frost"), "method must be one of"),
        (lambda: SpeckleFilterTask(SIGMA, "lee", window=4), "odd number"),
        (lambda: SpeckleFilterTask(SIGMA, window=5), "window of refined_lee is 7"),
        (lambda: SpeckleFilterTask(SIGMA, looks=0), "looks must be"),
        (lambda: RadarIndexTask(SIGMA, RESULT, [0, 1], "NDVI"), "index must be one of"),
        (lambda: RadarIndexTask(SIGMA, RESULT, [0, "VH"]), "positions of two bands"),
    ],
)
def test_bad_settings_are_named(build, message):
    with pytest.raises(SettingError, match=message):
        build()


def test_band_that_is_not_there_is_named():
    with pytest.raises(IndexOutOfRange, match="it has 1 bands"):
        RadarIndexTask(SIGMA, RESULT, [0, 1])(patch_of(np.ones((1, 1, 1, 1))))


def test_input_is_not_changed():
    data = np.array([1.0, np.inf]).reshape(1, 1, 2, 1)
    patch = patch_of(data)
    SpeckleFilterTask((*SIGMA, "A"), unit="linear")(patch)
    ConvertBackscatterTask((*SIGMA, "B"), "dB")(patch)
    assert_array_equal(data.ravel(), [1, np.inf])
