from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureError, SettingError, TimestampsMissing
from eolearn.mask.multitemporal import CloudRefinementTask

DATA, CLM, OUT, VALID = (FeatureType.DATA, "D"), *((FeatureType.MASK, name) for name in ("CLM", "OUT", "VALID"))
NAMES = ["blue", "nir"]
SETTINGS = {"source": DATA, "clouds": CLM, "target": OUT, "bands": NAMES}
ROOF, CLOUD = (slice(None), slice(2, 5), slice(2, 5)), (3, slice(8, 12), slice(8, 12))


def make_patch(dates=12, bands=2):
    rng = np.random.default_rng(0)
    patch = EOPatch(
        bbox=BBox((500000, 5000000, 500200, 5000200), CRS.UTM_33N),
        timestamps=[f"2025-01-{day + 1:02d}" for day in range(dates)],
    )
    data = np.full((dates, 20, 20, bands), 0.1, np.float32)
    data[ROOF] = 0.5
    if dates:
        data[CLOUD] += 0.3
    patch[DATA] = data + rng.normal(0, 0.002, data.shape).astype(np.float32)
    patch[CLM], patch[VALID] = np.zeros((dates, 20, 20, 1), bool), np.ones((dates, 20, 20, 1), bool)
    patch[CLM][ROOF] = True
    return patch


def test_bright_roof_leaves_the_mask_and_small_cloud_enters_it():
    patch = make_patch()
    before = patch[DATA].copy(), patch[CLM].copy()
    CloudRefinementTask(**SETTINGS)(patch)
    expected = np.zeros((12, 20, 20, 1), bool)
    expected[CLOUD] = True
    assert patch[OUT].dtype == bool
    assert_array_equal(patch[OUT], expected)
    assert_array_equal(patch[DATA], before[0])
    assert_array_equal(patch[CLM], before[1])


def test_pixels_without_data_are_no_cloud_and_no_example():
    patch = make_patch()
    patch[DATA][3, 8, 8, 0] = np.nan
    patch[VALID][3, 9, 9] = False
    CloudRefinementTask(**SETTINGS, valid=VALID)(patch)
    assert not patch[OUT][3, 8, 8]
    assert not patch[OUT][3, 9, 9]
    assert patch[OUT].sum() == 14


@pytest.mark.parametrize("where", [{"blue": 2, "nir": 0}, ["nir", "red", "blue", "swir22"]])
def test_bands_are_found_by_name(where):
    patch, other = make_patch(), make_patch(bands=4)
    other[DATA][:] = np.nan if isinstance(where, dict) else 0.1
    other[DATA][..., 2], other[DATA][..., 0] = patch[DATA][..., 0], patch[DATA][..., 1]
    CloudRefinementTask(**SETTINGS)(patch)
    CloudRefinementTask(**SETTINGS | {"bands": where})(other)
    assert_array_equal(other[OUT], patch[OUT])


def test_clouds_of_few_pixels_are_dropped():
    patch = make_patch()
    CloudRefinementTask(**SETTINGS, least_px=17)(patch)
    assert not patch[OUT].any()


@pytest.mark.parametrize("dates", [0, 1, 2])
def test_with_too_few_dates_the_mask_stays(dates):
    patch = make_patch(5).temporal_subset(list(range(dates)))
    CloudRefinementTask(**SETTINGS)(patch)
    if dates < 2:  # of two dates, one is the course of the other
        assert_array_equal(patch[OUT], patch[CLM])
    assert patch[OUT].shape == patch[CLM].shape


def test_frame_without_valid_pixels_is_empty():
    patch = make_patch()
    patch[VALID][5] = False
    CloudRefinementTask(**SETTINGS, valid=VALID)(patch)
    assert not patch[OUT][5].any()


def test_digital_numbers_are_refused():
    patch = make_patch()
    patch[DATA] = (patch[DATA] * 10_000).astype(np.uint16)
    with pytest.raises(DataError, match=r"divide it by 10,000.*04\.00"):
        CloudRefinementTask(**SETTINGS)(patch)


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
def test_missing_band_positions_and_dates_and_other_sizes_are_refused():
    patch = make_patch()
    with pytest.raises(DataError, match="2 bands.*'cirrus': 10"):
        CloudRefinementTask(**SETTINGS | {"bands": "sentinel2-l1c"})(patch)
    patch[CLM] = patch[CLM][:, :5]
    with pytest.raises(DataError, match=r"\(12, 5, 20, 1\)"):
        CloudRefinementTask(**SETTINGS)(patch)
    patch = EOPatch(bbox=patch.bbox)
    patch[DATA], patch[CLM] = make_patch()[DATA], make_patch()[CLM]
    with pytest.raises(TimestampsMissing, match="no timestamps"):
        CloudRefinementTask(**SETTINGS)(patch)


def test_bad_settings_are_refused():
    with pytest.raises(SettingError, match="Did you mean sentinel2"):
        CloudRefinementTask(**SETTINGS | {"bands": "sentinel2"})
    with pytest.raises(SettingError, match="nir is missing"):
        CloudRefinementTask(**SETTINGS | {"bands": ["blue", "red"]})
    with pytest.raises(SettingError, match="alike"):
        CloudRefinementTask(**SETTINGS, alike=0.2)
    with pytest.raises(FeatureError, match="source of CloudRefinementTask"):
        CloudRefinementTask(**SETTINGS | {"source": CLM})


def test_task_can_be_pickled():
    task = CloudRefinementTask(**SETTINGS)
    assert pickle.loads(pickle.dumps(task)) == task
