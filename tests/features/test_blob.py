from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox
from skimage.feature import blob_dog, blob_doh, blob_log

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, EODeprecationWarning, FeatureError, SettingTypeError
from eolearn.features.blob import BlobTask, DoGBlobTask, DoHBlobTask, LoGBlobTask

BANDS = (FeatureType.DATA, "BANDS")
BLOBS = (FeatureType.DATA, "BLOBS")
RENAMED = (*BANDS, "BLOBS")


def patch_with(data):
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2025-01-01"] * len(data))
    patch[BANDS] = data
    return patch


def spots(*places, sigma=3.0, side=40):
    """An image with a Gaussian of height 1 at each place."""
    rows, columns = np.indices((side, side))
    return sum(np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * sigma**2)) for row, column in places)


@pytest.mark.parametrize("function", [blob_log, blob_dog, blob_doh])
def test_radii_stand_at_the_centres_that_scikit_image_finds(function):
    data = np.random.default_rng(0).random((2, 30, 31, 2), dtype=np.float32)
    result = BlobTask(RENAMED, function, max_sigma=5, threshold=0.01)(patch_with(data))[BLOBS]
    assert (result.shape, result.dtype) == (data.shape, np.float32)
    for date, band in np.ndindex(2, 2):
        blobs = function(data[date, ..., band].astype(float), max_sigma=5, threshold=0.01)
        assert len(blobs)
        expected = np.zeros((30, 31))
        for row, column, sigma in blobs:
            expected[int(row), int(column)] = sigma * np.sqrt(2)
        assert_allclose(result[date, ..., band], expected, rtol=1e-6)


def test_spots_are_found_with_their_sizes():
    image = spots((10, 12), (28, 25))
    result = BlobTask(RENAMED, blob_log, min_sigma=2, max_sigma=4, num_sigma=3)(patch_with(image[None, ..., None]))
    assert np.argwhere(result[BLOBS][0, ..., 0]).tolist() == [[10, 12], [28, 25]]
    assert_allclose(result[BLOBS][0, 10, 12, 0], 3 * np.sqrt(2), rtol=1e-6)


@pytest.mark.parametrize("function", [blob_log, blob_dog])
@pytest.mark.parametrize("nothing", [np.nan, -np.inf])
def test_edges_of_what_has_no_data_are_no_blobs(function, nothing):
    image = 1 + spots((10, 12))
    task = BlobTask(RENAMED, function, min_sigma=2, max_sigma=4, threshold=0.005)
    whole = task(patch_with(image[None, ..., None]))[BLOBS][0, ..., 0]
    image[25:30, 25:30] = nothing  # where it is as good as flat
    cut = task(patch_with(image[None, ..., None]))[BLOBS][0, ..., 0]
    assert_array_equal(np.isnan(cut), ~np.isfinite(image))
    assert cut[10, 12] > 0
    assert_array_equal(np.argwhere(cut > 0), np.argwhere(whole > 0))


def test_image_without_data_has_no_blobs():
    assert np.isnan(BlobTask(RENAMED, blob_log)(patch_with(np.full((1, 5, 5, 2), np.nan)))[BLOBS]).all()


@pytest.mark.parametrize("shape", [(0, 5, 5, 2), (2, 0, 5, 1), (1, 1, 1, 1), (1, 5, 5, 0), (1, 4, 4, 224)])
def test_images_may_be_empty_or_a_pixel_or_have_many_bands(shape):
    task = BlobTask(RENAMED, blob_log, max_sigma=2, num_sigma=2)
    assert_array_equal(task(patch_with(np.ones(shape, np.uint16)))[BLOBS], np.zeros(shape))


@pytest.mark.parametrize(
    ("deprecated", "function", "settings"),
    [
        (DoGBlobTask, blob_dog, {"sigma_ratio": 1.6}),
        (DoHBlobTask, blob_doh, {"num_sigma": 10, "log_scale": False}),
        (LoGBlobTask, blob_log, {"num_sigma": 10, "log_scale": False}),
    ],
)
def test_deprecated_tasks_are_blob_tasks_with_their_function(deprecated, function, settings):
    with pytest.warns(EODeprecationWarning, match=f"BlobTask with skimage.feature.{function.__name__}"):
        task = deprecated(RENAMED, threshold=0.01, max_sigma=6, threshold_rel=None)
    assert task.blob_object is function
    given = {"min_sigma": 1, "max_sigma": 6, "threshold": 0.01, "overlap": 0.5, "threshold_rel": None}
    assert task.blob_parameters == given | settings
    image = spots((20, 20), side=41)[None, ..., None]
    assert_array_equal(
        task(patch_with(image))[BLOBS], BlobTask(RENAMED, function, **task.blob_parameters)(patch_with(image))[BLOBS]
    )


def test_what_is_no_function_is_refused():
    with pytest.raises(SettingTypeError, match="blob_log"):
        BlobTask(BANDS, "blob_log")


def test_other_features_are_refused():
    with pytest.raises(FeatureError):
        BlobTask((FeatureType.DATA_TIMELESS, "DEM"), blob_log)
    with pytest.raises(DataError, match="complex"):
        BlobTask(BANDS, blob_log)(patch_with(np.ones((1, 2, 2, 1), complex)))
