from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError
from eolearn.features.validity import valid_observations

SHAPE = (2, 3, 4, 5)  # dates, height, width, bands
MASKS = {
    FeatureType.MASK: SHAPE[:3],
    FeatureType.MASK_TIMELESS: SHAPE[1:3],
    FeatureType.LABEL: SHAPE[:1],
}
AXES = {
    FeatureType.MASK: "thwb -> thwb",
    FeatureType.MASK_TIMELESS: "hwb",
    FeatureType.LABEL: "tb",
}


def patch_with(**masks):
    """A patch with masks, given as name=(type, array)."""
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2025-01-01", "2025-01-02"])
    for name, (feature_type, mask) in masks.items():
        patch[feature_type, name] = mask
    return patch, [(feature_type, name) for name, (feature_type, _) in masks.items()]


def random_mask(feature_type, bands, dtype=bool, seed=0):
    return np.random.default_rng(seed).integers(0, 3, (*MASKS[feature_type], bands)).astype(dtype)


def four_axes(feature_type, mask):
    """The mask, repeated by numpy's own means, for all dates or for all pixels."""
    dates, height, width, _ = SHAPE
    if feature_type is FeatureType.MASK_TIMELESS:
        return np.stack([mask] * dates)
    if feature_type is FeatureType.LABEL:
        return np.repeat(np.repeat(mask[:, None, None], height, 1), width, 2)
    return mask


@pytest.mark.parametrize("feature_type", MASKS)
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32])
def test_anything_but_zero_is_valid(feature_type, dtype):
    mask = random_mask(feature_type, 1, dtype)
    patch, features = patch_with(M=(feature_type, mask))
    valid = valid_observations(patch, features, SHAPE)
    assert valid.dtype == bool
    assert_array_equal(valid, four_axes(feature_type, mask != 0))


@pytest.mark.parametrize("feature_type", MASKS)
def test_mask_with_as_many_bands_as_the_data_counts_band_by_band(feature_type):
    mask = random_mask(feature_type, SHAPE[-1])
    patch, features = patch_with(M=(feature_type, mask))
    assert_array_equal(valid_observations(patch, features, SHAPE), four_axes(feature_type, mask))


@pytest.mark.parametrize("feature_type", MASKS)
@pytest.mark.parametrize("bands", [2, 6])
def test_of_another_number_of_bands_the_first_one_counts(feature_type, bands):
    mask = random_mask(feature_type, bands)
    patch, features = patch_with(M=(feature_type, mask))
    assert_array_equal(valid_observations(patch, features, SHAPE), four_axes(feature_type, mask[..., :1]))


def test_valid_is_where_all_masks_are():
    masks = {
        "A": (FeatureType.MASK, random_mask(FeatureType.MASK, 1, seed=1)),
        "B": (FeatureType.MASK_TIMELESS, random_mask(FeatureType.MASK_TIMELESS, 5, seed=2)),
        "C": (FeatureType.LABEL, random_mask(FeatureType.LABEL, 1, seed=3)),
    }
    patch, features = patch_with(**masks)
    expected = np.all(np.broadcast_arrays(*(four_axes(*mask) for mask in masks.values())), axis=0)
    assert_array_equal(valid_observations(patch, features, SHAPE), expected)


def test_nothing_is_said_without_masks():
    patch, _ = patch_with()
    assert valid_observations(patch, [], SHAPE) is None


@pytest.mark.parametrize(
    ("feature_type", "shape"),
    [
        (FeatureType.MASK, (3, 3, 4, 1)),
        (FeatureType.MASK, (2, 4, 4, 1)),
        (FeatureType.MASK, (2, 3, 4, 0)),
        (FeatureType.MASK_TIMELESS, (3, 5, 1)),
        (FeatureType.LABEL, (3, 1)),
    ],
)
@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
def test_mask_that_does_not_fit_is_refused_by_name(feature_type, shape):
    patch, features = patch_with(CLOUDS=(feature_type, np.ones(shape, bool)))
    with pytest.raises(DataError, match="CLOUDS"):
        valid_observations(patch, features, SHAPE)
