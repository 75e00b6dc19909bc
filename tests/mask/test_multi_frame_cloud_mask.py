from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, SettingError
from eolearn.mask._kernels.temporal_features import multi_temporal_features
from eolearn.mask.cloud_mask import ClassifierType, CloudMaskTask

L1C, IS_DATA = (FeatureType.DATA, "BANDS-S2-L1C"), (FeatureType.MASK, "IS_DATA")
MASK = (FeatureType.MASK, "CLM_INTERSSIM")
TEN = [0, 1, 3, 4, 7, 8, 9, 10, 11, 12]


class Column:
    """A classifier in the way of scikit-learn, whose probability is one of its features."""

    def __init__(self, column):
        self.column = column

    def predict(self, X):  # noqa: N803 - the name of scikit-learn
        return X[:, self.column] > 0.5

    def predict_proba(self, X):  # noqa: N803
        return np.stack([1 - X[:, self.column], X[:, self.column]], axis=1)


_: ClassifierType = Column(0)
MONO = Column(1)  # blue
MULTI = Column(10 * 7 + 2)  # greatest difference of blue from the other dates


def make_patch(dates=4):
    rng = np.random.default_rng(0)
    patch = EOPatch(
        bbox=BBox((0, 0, 240, 180), CRS.UTM_33N), timestamps=[f"2025-01-0{day + 1}" for day in range(dates)]
    )
    patch[L1C] = rng.random((dates, 18, 24, 13), dtype=np.float32)
    patch[IS_DATA] = rng.random((dates, 18, 24, 1)) < 0.8
    return patch


def task(**settings):
    return CloudMaskTask(**({"mono_classifier": MONO, "multi_classifier": MULTI} | settings))


def test_both_classifiers_must_agree():
    settings = {
        "average_over": None,
        "dilation_size": None,
        "mono_features": ("P1", "M1"),
        "multi_features": ("P2", "M2"),
    }
    patch = task(**settings)(make_patch())
    valid = patch[IS_DATA]
    assert_array_equal(patch.data["P1"], np.where(valid, patch[L1C][..., 1:2], 0))
    assert_array_equal(patch.mask["M1"], (patch.data["P1"] >= 0.4) & valid)
    assert_array_equal(patch.mask["M2"], (patch.data["P2"] >= 0.5) & valid)
    assert_array_equal(patch[MASK], patch.mask["M1"] & patch.mask["M2"])
    assert patch.data["P2"].dtype == np.float32
    assert patch[MASK].dtype == bool
    assert patch[MASK].any()


@pytest.mark.parametrize(
    ("frames", "target", "window"), [(11, 1, slice(0, 4)), (2, 3, slice(2, 4)), (1, 0, slice(0, 1))]
)
def test_features_come_from_a_window_of_dates(frames, target, window):
    patch = task(max_proc_frames=frames, multi_features=("P", None), mask_feature=None)(make_patch())
    bands, valid = patch[L1C][window][..., TEN], patch[IS_DATA][window][..., 0]
    features = multi_temporal_features(bands, valid, target - window.start, 10.0)  # 200 / (10 m + 10 m)
    assert_array_equal(patch.data["P"][target][valid[target - window.start]][:, 0], features[:, MULTI.column])


@pytest.mark.parametrize("resolution", [30, "30m", (30, 30), ("30m", 30)])
def test_frames_are_classified_at_the_processing_resolution(resolution):
    patch = make_patch()
    patch[IS_DATA] = np.ones((4, 18, 24, 1), bool)
    found = task(processing_resolution=resolution, mono_features=("P", None))(patch).data["P"][:, 1::3, 1::3, 0]
    assert_allclose(found, patch[L1C][..., 1].reshape(4, 6, 3, 8, 3).mean(axis=(2, 4)), rtol=1e-5)


def test_combined_mask_is_widened_within_the_data():
    patch = task(average_over=None, dilation_size=1)(make_patch())
    narrow = task(average_over=None, dilation_size=None)(make_patch())[MASK]
    wide = narrow.copy()
    wide[:, 1:] |= narrow[:, :-1]
    wide[:, :-1] |= narrow[:, 1:]
    wide[:, :, 1:] |= narrow[:, :, :-1]
    wide[:, :, :-1] |= narrow[:, :, 1:]
    assert_array_equal(patch[MASK], wide & patch[IS_DATA])


def test_first_classifier_is_that_of_s2cloudless_and_needs_no_second():
    s2cloudless = pytest.importorskip("s2cloudless")
    patch = CloudMaskTask(mask_feature=None, mono_features=("P", None))(make_patch())
    expected = s2cloudless.S2PixelCloudDetector(all_bands=True).get_cloud_probability_maps(patch[L1C], num_threads=1)
    assert_array_equal(patch.data["P"], np.where(patch[IS_DATA], expected[..., np.newaxis], 0))
    assert MASK not in patch


def test_boosters_give_probabilities_themselves():
    lightgbm = pytest.importorskip("lightgbm")
    pixels = np.random.default_rng(0).random((200, 10))
    options = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(options, lightgbm.Dataset(pixels, pixels[:, 1] > 0.5), 3)
    patch = task(mono_classifier=booster, mono_features=("P", None))(make_patch())
    valid = patch[IS_DATA][..., 0]
    expected = booster.predict(patch[L1C][..., TEN][valid])
    assert_allclose(patch.data["P"][valid][:, 0], expected, rtol=1e-6)


def test_missing_second_model_is_explained():
    with pytest.raises(SettingError, match=r"multi_classifier.*published nowhere"):
        CloudMaskTask(mono_classifier=MONO)(make_patch())


def test_patches_without_dates_and_frames_without_data_are_empty():
    assert task()(make_patch(0))[MASK].shape == (0, 18, 24, 1)
    patch = make_patch()
    patch[IS_DATA] = np.zeros((4, 18, 24, 1), bool)
    assert not task()(patch)[MASK].any()


@pytest.mark.parametrize(
    "settings",
    [
        {"max_proc_frames": 0},
        {"processing_resolution": "far"},
        {"mono_features": "P"},
        {"multi_features": ("P",)},
        {"mask_feature": None},
    ],
)
def test_bad_settings_are_refused(settings):
    with pytest.raises(SettingError):
        task(**settings)


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.EODeprecationWarning")
def test_bad_data_are_refused():
    patch = make_patch()
    patch.bbox = None
    with pytest.raises(DataError, match="bounding box"):
        task()(patch)
    with pytest.raises(DataError, match="13 bands"):
        task(all_bands=False)(make_patch())
