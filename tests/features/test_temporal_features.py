from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureMissing, IndexOutOfRange, SettingError
from eolearn.features.temporal_features import (
    AddMaxMinNDVISlopeIndicesTask,
    AddMaxMinTemporalIndicesTask,
    AddSpatioTemporalFeaturesTask,
)


def patch_of(ndvi, bands=None, step_days=1):
    """Return a patch of one row of pixels: of ndvi, (dates,) or (dates, pixels)."""
    ndvi = np.asarray(ndvi, float)
    ndvi = ndvi.reshape(len(ndvi), 1, ndvi.shape[1] if ndvi.ndim == 2 else 1, 1)
    times = [datetime(2020, 1, 1) + timedelta(days=step_days * date) for date in range(len(ndvi))]
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=times)
    patch.data["NDVI"] = ndvi
    patch.mask["VALID_DATA"] = patch.mask["IS_DATA"] = np.ones(patch.data["NDVI"].shape, bool)
    if bands is not None:
        patch.data["BANDS-S2-L1C"] = bands
    return patch


def timeless(patch, name):
    return patch.data_timeless[name]


def test_highest_and_lowest_dates_are_found():
    patch = AddMaxMinTemporalIndicesTask()(patch_of([[0.1, 5], [0.3, 5], [np.nan, 7], [np.inf, -1]]))
    assert_array_equal(timeless(patch, "ARGMAX_NDVI"), [[[1], [2]]])
    assert_array_equal(timeless(patch, "ARGMIN_NDVI"), [[[0], [3]]])
    assert timeless(patch, "ARGMIN_NDVI").dtype == np.int64


def test_band_of_a_feature_is_chosen_and_results_are_named():
    bands = np.arange(12).reshape(3, 1, 1, 4)[::-1].astype(np.uint16)
    task = AddMaxMinTemporalIndicesTask("BANDS-S2-L1C", 2, "MAX", "MIN")
    patch = task(patch_of(np.zeros(3), bands))
    assert (timeless(patch, "MAX").item(), timeless(patch, "MIN").item()) == (0, 2)


@pytest.mark.parametrize(("mask_data", "expected"), [(True, 1), (False, 2)])
def test_mask_is_that_of_valid_or_of_observed_data(mask_data, expected):
    patch = patch_of([1, 2, 3])
    patch.mask["VALID_DATA"] = np.array([1, 1, 0]).reshape(3, 1, 1, 1)
    assert timeless(AddMaxMinTemporalIndicesTask(mask_data=mask_data)(patch), "ARGMAX_NDVI").item() == expected


def test_steepest_dates_are_found_on_the_axis_of_all_dates():
    patch = patch_of([0, 0, np.nan, 9, 10, 2, 1])
    patch = AddMaxMinNDVISlopeIndicesTask()(patch)
    # slopes: date 1 (9 - 0) / 3, date 3 (10 - 0) / 3, date 4 (2 - 9) / 2, date 5 (1 - 10) / 2
    assert timeless(patch, "ARGMAX_NDVI_SLOPE").item() == 3
    assert timeless(patch, "ARGMIN_NDVI_SLOPE").item() == 5


@pytest.mark.parametrize(("dates", "dtype"), [(255, np.uint8), (256, np.uint16), (400, np.uint16)])
def test_positions_beyond_255_do_not_overflow(dates, dtype):
    ndvi = np.zeros((dates, 2))
    ndvi[-1] = 1
    ndvi[:, 1] = np.nan
    result = timeless(AddMaxMinNDVISlopeIndicesTask()(patch_of(ndvi)), "ARGMAX_NDVI_SLOPE")
    assert result.dtype == dtype
    assert_array_equal(result, [[[dates - 2], [np.iinfo(dtype).max]]])


@pytest.mark.parametrize("dates", [0, 1, 2])
def test_few_dates_have_no_slope(dates):
    patch = AddMaxMinNDVISlopeIndicesTask()(AddMaxMinTemporalIndicesTask()(patch_of(np.zeros((dates, 3)))))
    assert_array_equal(timeless(patch, "ARGMAX_NDVI_SLOPE"), np.full((1, 3, 1), 255))
    assert_array_equal(timeless(patch, "ARGMAX_NDVI"), np.full((1, 3, 1), 0 if dates else -1))


def test_bands_at_the_dates_are_put_side_by_side():
    bands = np.random.default_rng(0).random((7, 1, 1, 13)).astype(np.float32)
    patch = patch_of([0, 0, np.nan, 9, 10, 2, 1], bands)
    for task in (
        AddMaxMinTemporalIndicesTask(),
        AddMaxMinTemporalIndicesTask("BANDS-S2-L1C", 3, "ARGMAX_B4", "ARGMIN_B4"),
        AddMaxMinNDVISlopeIndicesTask(),
        AddSpatioTemporalFeaturesTask(),
    ):
        patch = task(patch)
    dates = [4, 0, 3, 5, bands[:, 0, 0, 3].argmax()]
    result = timeless(patch, "STF")
    assert result.dtype == np.float32
    assert_array_equal(result, [[bands[dates, 0, 0][:, [2, 3, 7, 11]].ravel()]])


def test_pixel_without_the_date_has_no_bands():
    patch = patch_of(np.full(3, np.nan), np.ones((3, 1, 1, 13), np.uint8))
    patch = AddMaxMinNDVISlopeIndicesTask()(AddMaxMinTemporalIndicesTask()(patch))
    patch.data_timeless["ARGMAX_B4"] = np.zeros((1, 1, 1), int)
    result = timeless(AddSpatioTemporalFeaturesTask(indices=[-1])(patch), "STF")
    assert_array_equal(result, [[4 * [np.nan] + [1]]])


def test_what_does_not_fit_is_refused():
    with pytest.raises(SettingError, match="indices must be positions"):
        AddSpatioTemporalFeaturesTask(indices=[0.5])
    with pytest.raises(SettingError, match="data_index"):
        AddMaxMinTemporalIndicesTask(data_index="red")
    patch = patch_of([1, 2, 3], np.ones((3, 1, 1, 4)))
    with pytest.raises(DataError, match="one band, but it has 4"):
        AddMaxMinTemporalIndicesTask("BANDS-S2-L1C")(patch)
    with pytest.raises(IndexOutOfRange, match="no band 4"):
        AddMaxMinTemporalIndicesTask("BANDS-S2-L1C", 4)(patch)
    with pytest.raises(IndexOutOfRange, match="no band 7"):
        AddSpatioTemporalFeaturesTask()(patch)
    with pytest.raises(FeatureMissing, match="ARGMAX_NDVI"):
        AddSpatioTemporalFeaturesTask(indices=[0])(patch)
    patch.data_timeless["ARGMAX_NDVI"] = np.zeros((2, 2, 1), int)
    with pytest.raises(DataError, match=r"\(2, 2, 1\) must be of shape \(1, 1, 1\)"):
        AddSpatioTemporalFeaturesTask(indices=[0])(patch)
    del patch[FeatureType.MASK, "VALID_DATA"]
    with pytest.raises(FeatureMissing, match="VALID_DATA"):
        AddMaxMinTemporalIndicesTask()(patch)
