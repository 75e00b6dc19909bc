from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, SettingError
from eolearn.features.phenology import SeasonTask

NDVI, SEASON = (FeatureType.DATA, "NDVI"), (FeatureType.DATA_TIMELESS, "SEASON")
VALID = (FeatureType.MASK, "VALID")


def patch_of(values, first=datetime(2020, 3, 1)):
    times = [first + timedelta(days=10 * date) for date in range(len(values))]
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=times)
    patch[NDVI] = np.asarray(values, np.float32).reshape(len(values), 1, 1, 1)
    return patch


def test_times_are_days_of_the_year():
    result = SeasonTask(NDVI, SEASON, start_fraction=0.5, end_fraction=0.5)(patch_of([0, 4, 8, 6, 4]))[SEASON]
    # the 1st of March 2020 is day 61; half of the rise is done 10 days later, half of the fall after 30 days
    assert_allclose(result, [[[71, 81, 91, 20, 2, 8, 6]]])
    assert result.dtype == np.float32


def test_day_one_may_be_another():
    task = SeasonTask(NDVI, SEASON, first_day=datetime(2020, 3, 1))
    assert task(patch_of([0, 4, 8, 6, 4]))[SEASON][0, 0, 1] == 21


def test_masked_dates_do_not_count():
    patch = patch_of([0, 4, 99, 8, 4])
    patch[VALID] = np.array([1, 1, 0, 1, 1]).reshape(5, 1, 1, 1)
    assert SeasonTask(NDVI, SEASON, mask_feature=VALID)(patch)[SEASON][0, 0, 5] == 8


@pytest.mark.parametrize("values", [[], [3], [3, np.nan]])
def test_few_dates_have_no_season(values):
    result = SeasonTask(NDVI, SEASON)(patch_of(values))[SEASON]
    assert result.shape == (1, 1, 7)
    assert np.isnan(result[..., [0, 2, 3, 6]]).all()


@pytest.mark.parametrize(
    "settings", [{"start_fraction": 2}, {"end_fraction": -1}, {"amplitude_min": -1}, {"first_day": "2020-01-01"}]
)
def test_bad_settings_are_named(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        SeasonTask(NDVI, SEASON, **settings)


def test_several_bands_are_refused():
    patch = patch_of([1, 2])
    patch[NDVI] = np.zeros((2, 1, 1, 3))
    with pytest.raises(DataError, match="one band, but it has 3"):
        SeasonTask(NDVI, SEASON)(patch)


def test_seasons_of_a_real_place_are_in_order(real_patch_path):
    patch = EOPatch.load(real_patch_path, features=[NDVI, (FeatureType.LABEL, "IS_CLOUDLESS")])
    patch = patch.temporal_subset([i for i, time in enumerate(patch.timestamps) if time.year == 2017])
    patch = SeasonTask(NDVI, SEASON, mask_feature=(FeatureType.LABEL, "IS_CLOUDLESS"))(patch)
    start, peak, end = np.moveaxis(patch[SEASON][..., :3], -1, 0)
    known = ~np.isnan(start + end)
    assert known.mean() > 0.5
    assert (start <= peak)[known].all()
    assert (peak <= end)[known].all()
    assert (start[known] >= 1).all()
    assert (end[known] <= 366).all()
