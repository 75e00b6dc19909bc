from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import SettingError
from eolearn.core.utils.testing import DEFAULT_BBOX
from eolearn.mask.mask_counting import ClassFrequencyTask

SCL, SHARES = (FeatureType.MASK, "SCL"), (FeatureType.DATA_TIMELESS, "SHARES")


@pytest.mark.parametrize("dates", [6, 0])
def test_shares_are_counts_by_the_dates_with_data(dates):
    codes = np.random.default_rng(0).integers(0, 4, (dates, 5, 7, 2)).astype(np.uint8)
    codes[:, 0, 0] = 9
    patch = EOPatch(bbox=DEFAULT_BBOX, timestamps=[f"2025-01-0{day + 1}" for day in range(dates)])
    patch[SCL] = codes
    found = ClassFrequencyTask(SCL, SHARES, [3, 1, 0], no_data_value=9)(patch)[SHARES]
    assert found.dtype == np.float32
    assert found.shape == (5, 7, 6)
    for row, column, place in np.ndindex(found.shape):
        series = codes[:, row, column, place % 2]
        series = series[series != 9]
        expected = np.mean(series == [3, 1, 0][place // 2], dtype=float) if len(series) else np.nan
        assert_array_equal(found[row, column, place], np.float32(expected))


@pytest.mark.parametrize("classes", [3, (1, 2), [1.5], ["a"], [True], [0, 1]])
def test_classes_must_be_a_list_of_integers_without_that_of_no_data(classes):
    with pytest.raises(SettingError, match="classes"):
        ClassFrequencyTask(SCL, SHARES, classes)
