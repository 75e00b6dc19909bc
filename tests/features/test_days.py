from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, TimestampsMissing
from eolearn.features.days import days_of, midnight_before

BANDS = (FeatureType.DATA, "BANDS")
TIMES = [datetime(2020, 2, 28, 6), datetime(2020, 3, 1, 6), datetime(2020, 3, 1, 18)]


def patch_of(timestamps, dates=None):
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=timestamps)
    patch[BANDS] = np.zeros((len(timestamps) if dates is None else dates, 1, 1, 1))
    return patch


def test_days_count_from_the_first_date_or_a_given_moment():
    assert_array_equal(days_of(patch_of(TIMES), BANDS), [0, 2, 2.5])  # 2020 has a 29th of February
    assert_array_equal(days_of(patch_of(TIMES), BANDS, since=datetime(2020, 2, 28)), [0.25, 2.25, 2.75])
    assert days_of(patch_of([]), BANDS).shape == (0,)


def test_midnight_is_that_of_the_first_date():
    assert midnight_before(patch_of(TIMES)) == datetime(2020, 2, 28)
    assert midnight_before(patch_of([])) is None


def test_dates_out_of_order_are_refused():
    patch = patch_of(TIMES)
    patch.timestamps = TIMES[::-1]
    with pytest.raises(DataError, match="out of order at 2020-03-01 06:00"):
        days_of(patch, BANDS)


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
def test_timestamps_must_fit():
    with pytest.raises(DataError, match="2 dates, but the EOPatch has 3"):
        days_of(patch_of(TIMES, dates=2), BANDS)
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84))
    patch[BANDS] = np.zeros((2, 1, 1, 1))
    with pytest.raises(TimestampsMissing, match="BANDS"):
        days_of(patch, BANDS)
