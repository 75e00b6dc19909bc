from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox
from skimage.feature import hog

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureError, SettingError
from eolearn.features.hog import HOGTask

BANDS = (FeatureType.DATA, "BANDS")
HOG = (FeatureType.DATA, "HOG")
RENAMED = (*BANDS, "HOG")
SMALL = {"orientations": 5, "pixels_per_cell": (4, 3), "cells_per_block": (2, 3)}


def patch_with(data):
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2025-01-01"] * len(data))
    patch[BANDS] = data
    return patch


def random_patch(shape=(3, 22, 20, 2)):
    return patch_with(np.random.default_rng(0).random(shape, dtype=np.float32))


def test_blocks_of_scikit_image_lie_side_by_side():
    patch = random_patch()
    result = HOGTask(RENAMED, **SMALL)(patch)
    assert result[HOG].dtype == np.float32
    assert result[HOG].shape == (3, 4 * 2, 4 * 3, 5)  # 22 // 4 - 2 + 1 rows and 20 // 3 - 3 + 1 columns of blocks
    for date in range(3):
        image = patch[BANDS][date].astype(float)
        blocks, picture = hog(image, **SMALL, feature_vector=False, channel_axis=-1, visualize=True)
        for row, column in np.ndindex(4, 4):
            block = result[HOG][date, row * 2 : row * 2 + 2, column * 3 : column * 3 + 3]
            assert_allclose(block, blocks[row, column], rtol=1e-6)
        assert_allclose(result[FeatureType.DATA, "HOG_VISU"][date, ..., 0], picture, rtol=1e-6)


def test_single_band_equals_a_grey_image():
    patch = random_patch((1, 16, 16, 1))
    result = HOGTask(RENAMED, **SMALL, block_norm="L1")(patch)[HOG]
    blocks = hog(patch[BANDS][0, ..., 0].astype(float), **SMALL, feature_vector=False, block_norm="L1")
    assert_allclose(result[0], blocks.transpose(0, 2, 1, 3, 4).reshape(result.shape[1:]), rtol=1e-6)


def test_picture_is_made_on_request_under_the_wanted_name():
    result = HOGTask(RENAMED, **SMALL, visualize=False)(random_patch())
    assert {name for _, name in result.get_features()} == {"BANDS", "HOG"}
    result = HOGTask(RENAMED, **SMALL, visualize_feature_name="PICTURE")(random_patch())
    picture = result[FeatureType.DATA, "PICTURE"]
    assert (picture.shape, picture.dtype) == ((3, 22, 20, 1), np.float32)


def test_name_of_a_picture_is_refused_for_several_features():
    patch = random_patch()
    patch[HOG] = patch[BANDS]
    with pytest.raises(SettingError, match="there are 2"):
        HOGTask([BANDS, HOG], **SMALL, visualize_feature_name="PICTURE")(patch)


def test_vector_holds_the_values_of_scikit_image_in_its_order():
    patch = random_patch()
    result = HOGTask(RENAMED, **SMALL, hog_feature_vector=True)(patch)[HOG]
    assert result.shape == (3, 1, 1, 4 * 4 * 2 * 3 * 5)
    assert_allclose(result[1, 0, 0], hog(patch[BANDS][1].astype(float), **SMALL, channel_axis=-1), rtol=1e-6)


@pytest.mark.parametrize("nothing", [np.nan, np.inf])
def test_blocks_that_see_no_data_are_unknown_and_others_are_not(nothing):
    patch = random_patch((1, 40, 40, 1))
    whole = HOGTask(RENAMED, pixels_per_cell=(4, 4), cells_per_block=(1, 1), visualize=False)(patch)[HOG]
    data = patch[BANDS].copy()
    data[0, 10, 10, 0] = nothing
    cut = HOGTask(RENAMED, pixels_per_cell=(4, 4), cells_per_block=(1, 1), visualize=False)(patch_with(data))[HOG]
    missing = np.isnan(cut).any(axis=-1)[0]
    assert missing[2, 2]
    assert missing.sum() <= 5
    assert_array_equal(cut[0][~missing], whole[0][~missing])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, bool])
def test_integers_have_the_histograms_of_their_values(dtype):
    data = np.random.default_rng(0).integers(0, 2, (1, 16, 16, 2))
    expected = HOGTask(RENAMED, **SMALL, visualize=False)(patch_with(data.astype(float)))[HOG]
    assert_array_equal(HOGTask(RENAMED, **SMALL, visualize=False)(patch_with(data.astype(dtype)))[HOG], expected)


def test_there_may_be_no_date_or_many_bands():
    result = HOGTask(RENAMED)(patch_with(np.ones((0, 32, 24, 3))))
    assert result[HOG].shape == (0, 6, 3, 9)
    assert result[FeatureType.DATA, "HOG_VISU"].shape == (0, 32, 24, 1)
    assert HOGTask(RENAMED, visualize=False)(random_patch((1, 24, 24, 224)))[HOG].shape == (1, 3, 3, 9)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 23, 24, 1), (2, 24, 24, 0), (2, 0, 9, 1)])
def test_images_smaller_than_a_block_are_refused(shape):
    with pytest.raises(DataError, match="smaller than a block"):
        HOGTask(RENAMED)(patch_with(np.ones(shape)))


@pytest.mark.parametrize(
    "settings",
    [{"orientations": 0}, {"pixels_per_cell": (8,)}, {"cells_per_block": (0, 3)}, {"block_norm": "L3"}],
)
def test_settings_are_refused_at_construction(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        HOGTask(BANDS, **settings)


def test_other_features_are_refused():
    with pytest.raises(FeatureError):
        HOGTask((FeatureType.DATA_TIMELESS, "DEM"))
    with pytest.raises(DataError, match="complex"):
        HOGTask(BANDS)(patch_with(np.ones((1, 32, 32, 1), complex)))


@pytest.mark.parametrize("cell", [(1, 1), (1, 4), (4, 1)])
def test_pictures_of_cells_of_one_pixel_are_refused(cell):
    with pytest.raises(SettingError, match="visualize=False"):
        HOGTask((FeatureType.DATA, "X"), pixels_per_cell=cell)
    HOGTask((FeatureType.DATA, "X"), pixels_per_cell=cell, visualize=False)
