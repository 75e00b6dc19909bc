from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureError, SettingError
from eolearn.features._kernels.gradients import gabor_amplitude, gradient
from eolearn.features.gradients import GaborTask, GradientTask

BANDS = (FeatureType.DATA, "BANDS")
RESULT = (FeatureType.DATA, "RESULT")
DIRECTION = (FeatureType.DATA, "DIRECTION")
DEM = (FeatureType.DATA_TIMELESS, "DEM")
SHAPES = [(0, 5, 5, 2), (2, 0, 5, 1), (1, 1, 1, 1), (1, 5, 5, 0), (1, 4, 4, 224)]


def patch_with(data, feature=BANDS):
    dates = len(data) if feature[0].is_temporal() else 1
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2025-01-01"] * dates)
    patch[feature] = data
    return patch


def random_images(dtype=np.float32):
    return (np.random.default_rng(0).random((2, 20, 18, 3)) * 100).astype(dtype)


def test_steepness_of_each_date_and_band():
    data = random_images()
    result = GradientTask(source=BANDS, target=RESULT, sigma_px=1.5)(patch_with(data))
    assert {name for _, name in result.get_features()} == {"BANDS", "RESULT"}
    for date, band in np.ndindex(2, 3):
        expected = np.hypot(*gradient(data[date, ..., band], 1.5))
        assert_allclose(result[RESULT][date, ..., band], expected, rtol=1e-6)


@pytest.mark.parametrize("angle", [0, 1, np.pi / 2, -2.5])
def test_direction_is_that_of_the_ascent_with_north_up(angle):
    rows, columns = np.indices((30, 30))
    plane = (np.cos(angle) * columns - np.sin(angle) * rows)[None, ..., None]
    result = GradientTask(source=BANDS, target=RESULT, direction=DIRECTION)(patch_with(plane))
    assert_allclose(result[DIRECTION][0, 5:-5, 5:-5, 0], angle, atol=1e-9)
    assert_allclose(result[RESULT][0, 5:-5, 5:-5, 0], 1, rtol=1e-3)


def test_strengths_of_waves_are_ordered_by_band_length_and_direction():
    data = random_images()
    result = GaborTask(source=BANDS, target=RESULT, wavelengths_px=(3, 5), directions=4)(patch_with(data))[RESULT]
    assert result.shape == (2, 20, 18, 3 * 2 * 4)
    position = 0
    for band in range(3):
        for wavelength in (3, 5):
            for angle in (0, np.pi / 4, np.pi / 2, 3 * np.pi / 4):
                expected = gabor_amplitude(data[1, ..., band], wavelength, angle)
                assert_allclose(result[1, ..., position], expected, rtol=1e-5, atol=1e-5)
                position += 1


@pytest.mark.parametrize(
    "task", [GradientTask(source=DEM, target=DEM), GaborTask(source=DEM, target=DEM, directions=1)]
)
def test_timeless_features_are_images_too(task):
    data = random_images()[0]
    result = task(patch_with(data, DEM))
    assert result[DEM].shape == data.shape
    assert not np.isnan(result[DEM]).any()


@pytest.mark.parametrize("shape", SHAPES)
def test_images_may_be_empty_or_a_pixel_or_have_many_bands(shape):
    patch = patch_with(np.ones(shape, np.uint16))
    assert_allclose(GradientTask(source=BANDS, target=RESULT)(patch)[RESULT], np.zeros(shape), atol=1e-6)
    waves = GaborTask(source=BANDS, target=RESULT, wavelengths_px=(2, 4), directions=2)(patch)[RESULT]
    assert_allclose(waves, np.zeros((*shape[:3], 4 * shape[3])), atol=1e-6)


@pytest.mark.parametrize(
    ("dtype", "stored"), [(bool, "f4"), ("u1", "f4"), ("u2", "f4"), ("f4", "f4"), ("i4", "f8"), ("f8", "f8")]
)
def test_integers_are_computed_as_numbers_and_float32_stays_float32(dtype, stored):
    data = random_images(dtype)
    result = GradientTask(source=BANDS, target=RESULT)(patch_with(data))[RESULT]
    assert result.dtype == stored
    assert_allclose(
        result, GradientTask(source=BANDS, target=RESULT)(patch_with(data.astype(float)))[RESULT], rtol=1e-5
    )


@pytest.mark.parametrize("nothing", [np.nan, np.inf])
def test_pixels_whose_window_has_no_data_are_unknown(nothing):
    data = np.ones((1, 60, 60, 1))
    data[0, :3, :3] = nothing
    for task in (GradientTask(source=BANDS, target=RESULT), GaborTask(source=BANDS, target=RESULT)):
        result = task(patch_with(data))[RESULT]
        assert np.isnan(result[0, :3, :3]).all()
        assert not np.isnan(result[0, 20:]).any()
        assert not np.isinf(result).any()


def test_steepness_and_direction_need_places_of_their_own():
    with pytest.raises(SettingError, match="must differ"):
        GradientTask(source=BANDS, target=RESULT, direction=RESULT)


@pytest.mark.parametrize("sigma", [0, -1, np.inf, np.nan])
def test_width_of_gradients_must_be_positive(sigma):
    with pytest.raises(SettingError, match="sigma_px"):
        GradientTask(source=BANDS, target=RESULT, sigma_px=sigma)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"wavelengths_px": ()}, "wavelengths"), ({"wavelengths_px": (4, 1)}, "wavelengths"), ({"directions": 0}, "dir")],
)
def test_waves_must_be_longer_than_pixels_and_go_somewhere(settings, message):
    with pytest.raises(SettingError, match=message):
        GaborTask(source=BANDS, target=RESULT, **settings)


def test_features_must_be_images_of_numbers_of_one_type():
    with pytest.raises(FeatureError):
        GradientTask(source=(FeatureType.MASK, "M"), target=RESULT)
    with pytest.raises(FeatureError):
        GradientTask(source=BANDS, target=RESULT, direction=DEM)
    with pytest.raises(FeatureError):
        GaborTask(source=DEM, target=RESULT)
    with pytest.raises(DataError, match="complex"):
        GradientTask(source=BANDS, target=RESULT)(patch_with(np.ones((1, 2, 2, 1), complex)))


def test_tasks_can_be_pickled():
    task = GaborTask(source=BANDS, target=RESULT, wavelengths_px=(3,), directions=2)
    again = pickle.loads(pickle.dumps(task))
    assert again == task
    patch = patch_with(random_images())
    assert_array_equal(again(patch)[RESULT], task(patch)[RESULT])
