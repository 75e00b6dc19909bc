from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import IndexOutOfRange, SettingError
from eolearn.features.radiometric_normalization import (
    BaseCompositingTask,
    BlueCompositingTask,
    HOTCompositingTask,
    MaxNDVICompositingTask,
    MaxNDWICompositingTask,
    MaxRatioCompositingTask,
)

BANDS, COMPOSITE = (FeatureType.DATA, "BANDS"), (FeatureType.DATA_TIMELESS, "COMPOSITE")
BLUE, RED, NIR, SWIR = range(4)


def patch_of(data):
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2020-01-01"] * len(data))
    patch[BANDS] = data
    return patch


def pixels(rows):
    """Bands of the dates of one pixel."""
    return np.array(rows, np.float32).reshape(len(rows), 1, 1, -1)


def quarter(values):
    return np.percentile(values, 25, method="lower")


def test_blue_composite_is_the_date_of_its_lower_quartile():
    data = np.random.default_rng(0).random((9, 6, 5, 4)).astype(np.float32)
    result = BlueCompositingTask(BANDS, COMPOSITE, BLUE)(patch_of(data))[COMPOSITE]
    for row, column in np.ndindex(6, 5):
        series = data[:, row, column]
        date = np.flatnonzero(series[:, BLUE] == quarter(series[:, BLUE]))[0]
        assert_array_equal(result[row, column], series[date])


def test_haze_composite_is_the_date_of_its_lower_quartile():
    data = np.random.default_rng(0).random((9, 1, 1, 4))
    haze = data[:, 0, 0, BLUE] - 0.5 * data[:, 0, 0, RED] - 0.08
    result = HOTCompositingTask(BANDS, COMPOSITE, BLUE, RED)(patch_of(data))[COMPOSITE]
    assert_array_equal(result[0, 0], data[haze == quarter(haze), 0, 0][0])


def test_greenest_date_is_taken_and_over_water_the_least_green():
    land = [[0, 0.1, 0.2, 0], [0, 0.1, 0.5, 0], [0, 0.1, 0.3, 0]]
    water = [[0, 0.2, 0.1, 0], [0, 0.3, 0.1, 0], [0, 0.2, 0.3, 0]]
    task = MaxNDVICompositingTask(BANDS, COMPOSITE, RED, NIR)
    for series in (land, water):
        assert_array_equal(task(patch_of(pixels(series)))[COMPOSITE].ravel(), np.float32(series[1]))


def test_wettest_date_is_taken():
    series = [[0, 0, 0.3, 0.1], [0, 0, 0.3, 0.05], [0, 0, 0.3, np.nan]]
    result = MaxNDWICompositingTask(BANDS, COMPOSITE, NIR, SWIR)(patch_of(pixels(series)))
    assert_array_equal(result[COMPOSITE].ravel(), np.float32(series[1]))


def test_date_of_the_greatest_ratio_is_taken():
    series = [[0.1, 0, 0.3, 0.2], [0.1, 0, 0.2, 0.4], [0.2, 0, 0.5, 0.5], [0, 0, 1, 1]]
    result = MaxRatioCompositingTask(BANDS, COMPOSITE, BLUE, NIR, SWIR)(patch_of(pixels(series)))
    assert_array_equal(result[COMPOSITE].ravel(), np.float32(series[1]))  # an infinite ratio doesn't count


class Darkest(BaseCompositingTask):
    """As users write them."""

    def _get_reference_band(self, data):
        return data.sum(axis=-1)


@pytest.mark.parametrize(
    ("percentile", "interpolation", "date"), [(0, "lower", 0), (50, "higher", 2), (40, "geoville", 1)]
)
def test_own_reference_bands_can_be_given(percentile, interpolation, date):
    series = pixels([[1, 1], [2, 2], [3, 3], [4, 4]])
    # geoville: round(0.4 * 3) = 1
    task = Darkest(BANDS, COMPOSITE, percentile, interpolation=interpolation)
    assert_array_equal(task(patch_of(series))[COMPOSITE], series[date])


def test_unsigned_bands_do_not_wrap_around():
    series = np.array([[10, 200, 0, 0], [90, 0, 0, 0]], np.uint8).reshape(2, 1, 1, 4)
    result = HOTCompositingTask(BANDS, COMPOSITE, BLUE, RED)(patch_of(series))[COMPOSITE]
    assert_array_equal(result.ravel(), [10, 200, 0, 0])


def test_more_than_255_dates_are_told_apart():
    data = np.zeros((300, 1, 2, 1), np.float32)
    data[298, 0, 0] = 5
    data[:, 0, 1] = np.nan
    result = Darkest(BANDS, COMPOSITE, 100, no_data_value=-1)(patch_of(data))[COMPOSITE]
    assert_array_equal(result, [[[5], [-1]]])


@pytest.mark.parametrize("interpolation", ["lower", "geoville"])
@pytest.mark.parametrize("shape", [(0, 2, 2, 4), (1, 1, 1, 4), (2, 1, 1, 224), (2, 0, 2, 4)])
def test_any_shape_has_a_composite(shape, interpolation):
    for task in (
        BlueCompositingTask(BANDS, COMPOSITE, BLUE, interpolation),
        MaxNDVICompositingTask(BANDS, COMPOSITE, RED, NIR, interpolation),
    ):
        result = task(patch_of(np.random.default_rng(0).random(shape)))[COMPOSITE]
        assert result.shape == shape[1:]
        assert np.isnan(result).all() == (shape[0] == 0 or result.size == 0)


def test_settings_are_checked():
    with pytest.raises(SettingError, match="blue_idx"):
        BlueCompositingTask(BANDS, COMPOSITE, "blue")
    with pytest.raises(SettingError, match="red_idx"):
        HOTCompositingTask(BANDS, COMPOSITE, 0, 1.5)
    with pytest.raises(SettingError, match="interpolation must be one of.*geoville"):
        BlueCompositingTask(BANDS, COMPOSITE, 0, "best")
    with pytest.raises(SettingError, match="percentile"):
        Darkest(BANDS, COMPOSITE, 101)
    with pytest.raises(IndexOutOfRange, match="no band 9"):
        BlueCompositingTask(BANDS, COMPOSITE, 9)(patch_of(np.ones((1, 1, 1, 2))))
