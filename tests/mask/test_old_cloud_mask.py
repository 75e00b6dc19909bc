from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import EODeprecationWarning, FeatureMissing, SettingError
from eolearn.mask.cloud_mask import (
    AddCloudMaskTask,
    AddMultiCloudMaskTask,
    CloudMaskTask,
    get_s2_pixel_cloud_detector,
)


class Blue:
    """A detector whose probability is the second band."""

    def get_cloud_probability_maps(self, images):
        self.shape = images.shape
        return images[..., 1]

    def get_mask_from_prob(self, probabilities):
        return (probabilities > 0.5).astype(np.uint8)


def make_patch():
    patch = EOPatch(bbox=BBox((0, 0, 240, 180), CRS.UTM_33N), timestamps=["2025-01-01", "2025-01-02"])
    patch.data["BANDS"] = np.random.default_rng(0).random((2, 18, 24, 13), dtype=np.float32)
    return patch


def test_mask_and_probabilities_are_those_of_the_detector():
    patch = AddCloudMaskTask(Blue(), "BANDS", cprobs_feature="CLP")(make_patch())
    assert_array_equal(patch.data["CLP"], patch.data["BANDS"][..., 1:2])
    assert_array_equal(patch.mask["CLM"], patch.data["BANDS"][..., 1:2] > 0.5)
    assert patch.mask["CLM"].dtype == bool


@pytest.mark.parametrize(
    ("x", "y", "shape"), [(8, 9, (9, 8)), ("20m", "30m", (6, 12)), (12, None, (9, 12)), (None, "30m", (6, 8))]
)
def test_images_are_classified_in_another_size_and_brought_back(x, y, shape):
    detector = Blue()
    patch = AddCloudMaskTask(detector, (FeatureType.DATA, "BANDS"), x, y, cprobs_feature="CLP")(make_patch())
    assert detector.shape == (2, *shape, 13)
    assert patch.data["CLP"].shape == patch.mask["CLM"].shape == (2, 18, 24, 1)
    assert patch.data["CLP"].dtype == np.float32


def test_detector_of_s2cloudless_has_the_old_defaults():
    pytest.importorskip("s2cloudless")
    detector = get_s2_pixel_cloud_detector()
    assert (detector.threshold, detector.average_over, detector.dilation_size, detector.all_bands) == (0.4, 4, 2, True)
    assert AddCloudMaskTask(detector, "BANDS")(make_patch()).mask["CLM"].shape == (2, 18, 24, 1)


def test_missing_images_are_not_requested():
    with pytest.raises(FeatureMissing, match=r"'L1C'.*load"):
        AddCloudMaskTask(Blue(), "L1C")(make_patch())


def test_bad_settings_are_refused():
    with pytest.raises(SettingError, match="get_cloud_probability_maps"):
        AddCloudMaskTask(object(), "BANDS")
    with pytest.raises(SettingError, match="wide"):
        AddCloudMaskTask(Blue(), "BANDS", "wide")(make_patch())


def test_old_name_of_the_multi_temporal_task_warns_and_takes_names():
    with pytest.warns(EODeprecationWarning, match="CloudMaskTask"):
        task = AddMultiCloudMaskTask(1, 2, "A", "B", mask_feature="C")
    assert isinstance(task, CloudMaskTask)
    assert (task.mono_classifier, task.multi_classifier, task.average_over) == (1, 2, 1)
    features = (task.data_feature, task.is_data_feature, task.mask_feature)
    assert features == ((FeatureType.DATA, "A"), (FeatureType.MASK, "B"), (FeatureType.MASK, "C"))
