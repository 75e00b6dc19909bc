from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.core.exceptions import DataError, SettingError
from eolearn.mask.utils import map_over_axis, resize_images


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 3), (4, 20, 30, 3), (0, 20, 30, 3)])
@pytest.mark.parametrize("size", [{"new_size": (10, 45)}, {"scale_factors": (0.5, 1.5)}])
def test_images_of_two_to_four_axes_get_another_size(shape, size):
    images = np.random.default_rng(0).random(shape, dtype=np.float32)
    found = resize_images(images, **size)
    expected = list(shape)
    expected[-3 if len(shape) > 2 else 0], expected[-2 if len(shape) > 2 else 1] = 10, 45
    assert found.shape == tuple(expected)
    assert found.dtype == np.float32


@pytest.mark.parametrize(("name", "method"), [("nearest", 0), ("linear", 1), ("cubic", 2)])
def test_smaller_images_are_smoothed_first(name, method):
    image = np.random.default_rng(0).random((24, 36))
    plain = cv2.resize(image, (9, 8), interpolation=method)
    assert_array_equal(resize_images(image, (8, 9), anti_alias=False, interpolation=name), plain)
    smooth = cv2.GaussianBlur(image, (0, 0), 1.5, sigmaY=1.0)  # (36 / 9 - 1) / 2 and (24 / 8 - 1) / 2
    expected = cv2.resize(smooth, (9, 8), interpolation=method)
    assert_array_equal(resize_images(image, (8, 9), interpolation=name), expected)


def test_larger_images_are_not_smoothed():
    image = np.random.default_rng(0).random((8, 9))
    assert_array_equal(resize_images(image, (16, 18)), resize_images(image, (16, 18), anti_alias=False))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.int64, np.float16, np.float64])
def test_dtypes_are_kept(dtype):
    images = np.full((2, 9, 8, 1), 1, dtype)
    found = resize_images(images, (3, 5))
    assert found.dtype == dtype
    assert_allclose(found.astype(float), 1, rtol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"new_size": (2, 2), "scale_factors": (1, 1)},
        {"new_size": (0, 2)},
        {"new_size": (2, 2), "interpolation": "lanczos"},
    ],
)
def test_settings_that_do_not_fit_are_refused(settings):
    with pytest.raises(SettingError):
        resize_images(np.ones((5, 5)), **settings)


def test_other_numbers_of_axes_are_refused():
    with pytest.raises(DataError, match=r"\(5,\)"):
        resize_images(np.ones(5), (2, 2))


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_function_is_mapped_over_an_axis(axis):
    data = np.arange(60).reshape(3, 4, 5)
    assert_array_equal(map_over_axis(data, lambda part: part * 2, axis), data * 2)


def test_axis_must_be_there_and_not_empty():
    with pytest.raises(SettingError, match="axis 3"):
        map_over_axis(np.ones((2, 2, 2)), np.sqrt, 3)
    with pytest.raises(DataError, match="empty"):
        map_over_axis(np.ones((0, 2)), np.sqrt)
