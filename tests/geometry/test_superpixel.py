"""Images of two plain halves, and scikit-image."""

import numpy as np
import pytest
from sentinelhub import CRS, BBox
from skimage.segmentation import felzenszwalb, mark_boundaries, slic

from eolearn.core.constants import FeatureType
from eolearn.core.eodata import EOPatch
from eolearn.core.exceptions import DataError, EODeprecationWarning, EORuntimeWarning, FeatureError, SettingError
from eolearn.geometry.superpixel import (
    FelzenszwalbSegmentationTask,
    MarkSegmentationBoundariesTask,
    SlicSegmentationTask,
    SuperpixelSegmentationTask,
)

DATA = (FeatureType.DATA, "D")
SEGMENTS = (FeatureType.MASK_TIMELESS, "S")
MARKED = (FeatureType.MASK_TIMELESS, "B")


def patch(data, **features):
    days = [f"2020-01-{day + 1:02}" for day in range(len(data))]
    return EOPatch(bbox=BBox((0, 0, 10, 10), CRS.UTM_33N), data={"D": data}, timestamps=days, **features)


def halves():
    """Two dates of two bands; the right half differs from the left one in one band of one date."""
    data = np.zeros((2, 12, 16, 2))
    data[1, :, 8:, 1] = 1
    return data


def channels(data):
    return np.concatenate(list(data), axis=-1)


def test_segments_are_found_in_all_dates_and_bands_together():
    eopatch = patch(halves())
    segments = SuperpixelSegmentationTask(DATA, SEGMENTS, sigma=0, scale=0.1, min_size=2)(eopatch)[SEGMENTS]
    assert segments.shape == (12, 16, 1)
    assert segments.dtype.kind == "i"
    assert len(np.unique(segments[:, :8])) == len(np.unique(segments[:, 8:])) == 1
    assert segments[0, 0] != segments[0, 15]


def test_felzenszwalb_is_that_of_scikit_image():
    data = np.random.default_rng(0).random((2, 9, 8, 2))
    with pytest.warns(RuntimeWarning, match="third dimension of 4"):
        expected = felzenszwalb(channels(data), scale=2)
    for task in (SuperpixelSegmentationTask, FelzenszwalbSegmentationTask):
        eopatch = patch(data)
        if task is FelzenszwalbSegmentationTask:
            with pytest.warns(EODeprecationWarning, match="use SuperpixelSegmentationTask"):
                made = task(DATA, SEGMENTS, scale=2)
        else:
            made = task(DATA, SEGMENTS, scale=2)
        np.testing.assert_array_equal(made(eopatch)[SEGMENTS][..., 0], expected)


def test_slic_is_that_of_scikit_image_on_floats_and_counts_from_0():
    data = np.random.default_rng(0).integers(0, 200, (2, 9, 8, 2))
    segments = SlicSegmentationTask(DATA, SEGMENTS, n_segments=6, compactness=1)(patch(data))[SEGMENTS][..., 0]
    expected = slic(channels(data).astype(float), n_segments=6, compactness=1, start_label=0)
    np.testing.assert_array_equal(segments, expected)
    assert segments.min() == 0


def test_any_function_can_find_segments():
    task = SuperpixelSegmentationTask(
        DATA, SEGMENTS, segmentation_object=lambda image, limit: image[..., 3] > limit, limit=0.5
    )
    segments = task(patch(halves()))[SEGMENTS]
    np.testing.assert_array_equal(segments, halves()[1, ..., 1:] > 0.5, strict=True)


def test_timeless_features_have_segments_too():
    feature = (FeatureType.DATA_TIMELESS, "T")
    eopatch = patch(halves(), data_timeless={"T": halves()[1]})
    assert SlicSegmentationTask(feature, SEGMENTS, n_segments=2, compactness=0.01)(eopatch)[SEGMENTS].max() == 1


def test_missing_values_are_told_of():
    data = halves()
    data[0, 0, 0, 0] = np.nan
    task = SuperpixelSegmentationTask(DATA, SEGMENTS, segmentation_object=lambda image: np.isnan(image).any(-1))
    with pytest.warns(EORuntimeWarning, match="0.1% of .*'D'.* is NaN"):
        assert task(patch(data))[SEGMENTS].sum() == 1


@pytest.mark.parametrize("mode", ["thick", "inner", "outer"])
@pytest.mark.parametrize("background", [0, 3])
def test_boundaries_are_those_of_scikit_image(mode, background):
    segments = np.repeat(np.repeat(np.random.default_rng(1).integers(0, 5, (4, 5)), 3, 0), 3, 1)[..., np.newaxis]
    eopatch = patch(halves(), mask_timeless={"S": segments})
    task = MarkSegmentationBoundariesTask(SEGMENTS, MARKED, mode=mode, background_label=background)
    expected = mark_boundaries(
        np.zeros(segments.shape[:2]), segments[..., 0], color=(1, 1, 1), mode=mode, background_label=background
    )
    np.testing.assert_array_equal(task(eopatch)[MARKED], expected[..., :1].astype(np.uint8), strict=True)


def test_what_can_not_be_segmented_is_refused():
    with pytest.raises(FeatureError):
        SuperpixelSegmentationTask((FeatureType.SCALAR, "S"), SEGMENTS)
    with pytest.raises(FeatureError):
        SuperpixelSegmentationTask(DATA, DATA)
    with pytest.raises(SettingError, match="segmentation_object must be a function, got 'slic'"):
        SuperpixelSegmentationTask(DATA, SEGMENTS, segmentation_object="slic")
    with pytest.raises(SettingError, match="mode must be"):
        MarkSegmentationBoundariesTask(SEGMENTS, MARKED, mode="subpixel")
    wrong = SuperpixelSegmentationTask(DATA, SEGMENTS, segmentation_object=lambda image: image)
    with pytest.raises(DataError, match=r"must have the shape \(12, 16\), but is \(12, 16, 4\)"):
        wrong(patch(halves()))
    eopatch = patch(halves(), mask_timeless={"S": np.zeros((4, 4, 2), dtype=int)})
    with pytest.raises(DataError, match="must have one band"):
        MarkSegmentationBoundariesTask(SEGMENTS, MARKED)(eopatch)
