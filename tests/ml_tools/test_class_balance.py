import numpy as np
import pytest
from sentinelhub import CRS, BBox

from eolearn.core.constants import FeatureType
from eolearn.core.eodata import EOPatch
from eolearn.core.exceptions import SettingError
from eolearn.ml_tools.class_balance import balanced_fractions, pixels_by_value
from eolearn.ml_tools.designs import DesignSamplingTask, StratifiedDesign

CROP = (FeatureType.MASK_TIMELESS, "CROP")


def test_fractions_balance_classes_over_saved_patches(tmp_path):
    rng = np.random.default_rng(0)
    paths = [tmp_path / str(index) for index in range(3)]
    for index, path in enumerate(paths):
        crops = rng.choice(3, (40, 50, 1), p=[0.6, 0.38 - 0.1 * index, 0.02 + 0.1 * index]).astype(np.uint8)
        EOPatch(bbox=BBox((0, 0, 50, 40), CRS.UTM_33N), mask_timeless={"CROP": crops}).save(path)
    pixels = pixels_by_value(paths, CROP)
    assert sum(pixels.values()) == 6000
    assert list(pixels) == [0, 1, 2]
    task = DesignSamplingTask([(*CROP, "Y")], StratifiedDesign(fraction=balanced_fractions(pixels, 200)), strata=CROP)
    labels = [task.execute(EOPatch.load(path), seed=0)[FeatureType.MASK_TIMELESS, "Y"] for path in paths]
    counts = np.bincount(np.concatenate(labels).ravel())
    assert (np.abs(counts - 200) <= 2).all()  # three patches, half a pixel is rounded in each


def test_of_rare_classes_all_are_taken_and_of_absent_ones_none():
    assert balanced_fractions({1: 1_000_000, 2: 20_000, 3: 50, 4: 0}, 10_000) == {1: 0.01, 2: 0.5, 3: 1.0}


def test_impossible_count_is_refused():
    with pytest.raises(SettingError, match="count must be at least 1"):
        balanced_fractions({1: 10}, 0)
