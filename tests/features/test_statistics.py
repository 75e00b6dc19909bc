from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, SettingError, TimestampsMissing
from eolearn.features.statistics import TemporalStatisticsTask

BANDS, STATS = (FeatureType.DATA, "BANDS"), (FeatureType.DATA_TIMELESS, "STATS")
VALID = (FeatureType.MASK, "VALID")


def patch_of(data, step_days=10):
    times = np.datetime64("2020-01-01") + step_days * np.arange(len(data))
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=list(map(str, times)))
    patch[BANDS] = data
    return patch


def test_statistics_stand_band_by_band_in_the_order_wanted():
    data = np.random.default_rng(0).random((5, 3, 4, 2)).astype(np.float32)
    patch = patch_of(data)
    result = TemporalStatisticsTask(BANDS, STATS, ["p90", "count", "mean", "median", "area", "p2.5"])(patch)[STATS]
    assert (result.shape, result.dtype) == ((3, 4, 12), np.float32)
    for band in range(2):
        series = data[..., band].astype(float)
        expected = [
            np.percentile(series, 90, axis=0),
            np.full((3, 4), 5),
            series.mean(axis=0),
            np.median(series, axis=0),
            np.trapezoid(series, dx=10, axis=0),
            np.percentile(series, 2.5, axis=0),
        ]
        assert_allclose(result[..., 6 * band : 6 * band + 6], np.stack(expected, axis=-1), rtol=1e-6)


def test_only_valid_and_finite_values_count():
    data = np.array([1.0, 2, np.inf, np.nan, 9]).reshape(5, 1, 1, 1)
    patch = patch_of(data)
    patch[VALID] = np.array([1, 1, 1, 1, 0]).reshape(5, 1, 1, 1)
    result = TemporalStatisticsTask(BANDS, STATS, ["count", "max", "p50"], mask_feature=VALID)(patch)[STATS]
    assert_array_equal(result, [[[2, 2, 1.5]]])


@pytest.mark.parametrize(("dtype", "expected"), [("u1", "f4"), ("i2", "f4"), ("i4", "f8"), ("f4", "f4"), ("?", "f4")])
def test_integers_have_statistics_too(dtype, expected):
    result = TemporalStatisticsTask(BANDS, STATS, "max")(patch_of(np.ones((2, 1, 1, 1), dtype)))[STATS]
    assert (result.item(), result.dtype) == (1, expected)


@pytest.mark.parametrize("shape", [(0, 2, 2, 1), (1, 1, 1, 1), (3, 2, 2, 0), (2, 1, 1, 224), (2, 0, 3, 2)])
def test_any_shape_is_described(shape):
    result = TemporalStatisticsTask(BANDS, STATS, ["count", "area", "p10"])(patch_of(np.ones(shape)))[STATS]
    assert result.shape == (*shape[1:3], 3 * shape[3])
    assert (result[..., ::3] == shape[0]).all()


def test_pixel_without_valid_date_has_a_count_of_none():
    patch = patch_of(np.full((3, 1, 1, 1), np.nan))
    assert_array_equal(
        TemporalStatisticsTask(BANDS, STATS, ["count", "mean", "p5"])(patch)[STATS], [[[0, np.nan, np.nan]]]
    )


@pytest.mark.parametrize("name", ["mode", "p", "p101", "p-1", "pp5", 3, ""])
def test_unknown_statistic_is_named(name):
    with pytest.raises(SettingError, match=f"no statistic {name!r}.*median"):
        TemporalStatisticsTask(BANDS, STATS, [name])


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
def test_settings_and_data_that_can_not_be_described_are_refused():
    with pytest.raises(SettingError, match="empty"):
        TemporalStatisticsTask(BANDS, STATS, [])
    with pytest.raises(DataError, match="complex128"):
        TemporalStatisticsTask(BANDS, STATS)(patch_of(np.ones((1, 1, 1, 1), complex)))
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84))
    patch[BANDS] = np.ones((2, 1, 1, 1))
    assert TemporalStatisticsTask(BANDS, STATS, "mean")(patch)[STATS].item() == 1
    with pytest.raises(TimestampsMissing):
        TemporalStatisticsTask(BANDS, STATS, "area")(patch)
