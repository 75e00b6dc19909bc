from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureError, SettingError
from eolearn.mask.date_quality import DateQualityTask, FilterDatesByQualityTask

CLOUDS, SHADOWS, VALID = ((FeatureType.MASK, name) for name in ("CLOUDS", "SHADOWS", "VALID"))
QUALITY = (FeatureType.SCALAR, "QUALITY")


def make_patch(dates=4):
    patch = EOPatch(
        bbox=BBox((500000, 5000000, 500080, 5000060), CRS.UTM_33N),
        timestamps=[f"2025-01-0{day + 1}" for day in range(dates)],
    )
    for feature in (CLOUDS, SHADOWS):
        patch[feature] = np.zeros((dates, 6, 8, 1), np.uint8)
    patch[VALID] = np.ones((dates, 6, 8, 1), bool)
    return patch


def test_figure_is_the_share_of_clear_pixels_where_edges_do_not_matter():
    patch = make_patch()
    patch[CLOUDS][1, :3], patch[SHADOWS][1, 3] = 1, 1
    patch[CLOUDS][2] = 255
    patch[VALID][3, :, :4] = False
    DateQualityTask(masks=[CLOUDS, SHADOWS], target=QUALITY, valid=VALID, edge_m=0)(patch)
    assert patch[QUALITY].dtype == np.float32
    assert_allclose(patch[QUALITY], [[1], [1 / 3], [0], [0.5]], rtol=1e-6)


def test_pixels_near_clouds_count_less():
    patch = make_patch(2)
    patch[CLOUDS][1, :, 0] = 1
    DateQualityTask(masks=[CLOUDS], target=QUALITY, edge_m=40)(patch)
    # columns at 10, 20, 30, then 40 m and more from the cloud; pixels on the ground are a bit smaller than on the map
    assert_allclose(patch[QUALITY][:, 0], [1, (0.25 + 0.5 + 0.75 + 4) / 8], rtol=1e-3)


def test_patch_without_dates_has_no_figures():
    patch = make_patch(0)
    DateQualityTask(masks=[CLOUDS], target=QUALITY)(patch)
    assert patch[QUALITY].shape == (0, 1)


def test_mask_of_another_size_is_refused():
    patch = make_patch()
    patch[SHADOWS] = np.zeros((4, 6, 7, 1), bool)
    with pytest.raises(DataError, match=r"'SHADOWS'.*\(4, 6, 7, 1\).*\(4, 6, 8, 1\)"):
        DateQualityTask(masks=[CLOUDS, SHADOWS], target=QUALITY)(patch)


def test_filter_keeps_the_good_dates_in_their_order():
    patch = make_patch()
    patch[QUALITY] = np.array([[0.4], [np.nan], [0.9], [0.2]])
    patch[CLOUDS][:, 0, 0, 0] = [0, 1, 2, 3]
    kept = FilterDatesByQualityTask(quality=QUALITY, least=0.3)(patch)
    assert_array_equal(kept[CLOUDS][:, 0, 0, 0], [0, 2])
    assert [time.day for time in kept.timestamps] == [1, 3]
    best = FilterDatesByQualityTask(quality=QUALITY, at_most=1)(patch)
    assert_array_equal(best[CLOUDS][:, 0, 0, 0], [2])
    assert len(patch.timestamps) == 4


def test_filter_may_keep_nothing():
    patch = make_patch()
    patch[QUALITY] = np.zeros((4, 1))
    assert FilterDatesByQualityTask(quality=QUALITY, least=0.1)(patch).timestamps == []


def test_filter_needs_one_figure_a_date():
    patch = make_patch()
    patch[QUALITY] = np.zeros((4, 2))
    with pytest.raises(DataError, match="one figure a date"):
        FilterDatesByQualityTask(quality=QUALITY)(patch)


def test_bad_settings_are_refused():
    with pytest.raises(SettingError, match="masks is empty"):
        DateQualityTask(masks=[], target=QUALITY)
    with pytest.raises(SettingError, match="edge_m"):
        DateQualityTask(masks=[CLOUDS], target=QUALITY, edge_m=-1)
    with pytest.raises(SettingError, match="at_most"):
        FilterDatesByQualityTask(quality=QUALITY, at_most=0)
    with pytest.raises(FeatureError, match="target of DateQualityTask"):
        DateQualityTask(masks=[CLOUDS], target=CLOUDS)
