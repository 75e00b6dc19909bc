from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.features._kernels.resizing import resize_with_cv2, to_integers

RNG = np.random.default_rng(0)


def band_by_band(images, size_hw, method):
    return np.stack(
        [
            np.stack(
                [cv2.resize(band.copy(), size_hw[::-1], interpolation=method) for band in np.moveaxis(image, -1, 0)], -1
            )
            for image in images
        ]
    )


@pytest.mark.parametrize("bands", [1, 3, 10, 129, 224])
@pytest.mark.parametrize("method", [cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC])
def test_floats_of_many_bands_equal_those_resized_band_by_band(bands, method):
    images = RNG.random((2, 6, 8, bands), dtype=np.float32)
    result = resize_with_cv2(images, (5, 9), method)
    assert result.dtype == np.float32
    assert_allclose(result, band_by_band(images, (5, 9), method), atol=2e-6)  # sums in another order


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
@pytest.mark.parametrize("size_hw", [(3, 4), (5, 9), (12, 16)])
def test_small_integers_are_resized_by_the_exact_method(dtype, size_hw):
    images = RNG.integers(0, 200, (2, 6, 8, 10)).astype(dtype)
    result = resize_with_cv2(images, size_hw, cv2.INTER_LINEAR_EXACT)
    assert_array_equal(result, band_by_band(images, size_hw, cv2.INTER_LINEAR_EXACT))


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.uint32, np.int64, np.uint64])
@pytest.mark.parametrize("size_hw", [(3, 4), (5, 9), (12, 16)])
def test_integers_that_opencv_has_not_are_the_rounded_floats(dtype, size_hw):
    top = min(np.iinfo(dtype).max, 2**50)
    images = RNG.integers(0, top, (2, 6, 8, 3)).astype(dtype)
    result = resize_with_cv2(images, size_hw, cv2.INTER_LINEAR_EXACT)
    assert result.dtype == dtype
    floats = band_by_band(images.astype(np.float64), size_hw, cv2.INTER_LINEAR)
    assert np.abs(result.astype(np.float64) - floats).max() <= 0.5 + top * 1e-15


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"])
def test_nearest_pixels_are_copies_of_old_ones_whatever_the_dtype(dtype):
    images = np.arange(64).reshape(1, 8, 8, 1).astype(dtype)
    if np.dtype(dtype).kind in "iu" and np.dtype(dtype).itemsize == 8:
        images += np.array(2**62 + 1, dtype)  # which float64 doesn't hold
    exact = np.dtype(dtype).kind != "f"
    result = resize_with_cv2(images, (4, 4), cv2.INTER_NEAREST_EXACT if exact else cv2.INTER_NEAREST)
    first = 1 if exact else 0
    assert_array_equal(result, images[:, first::2, first::2])


def test_nan_and_infinities_spread_to_their_neighbours_only():
    images = np.zeros((1, 1, 8, 1), np.float32)
    images[0, 0, 7] = np.nan
    result = resize_with_cv2(images, (1, 4), cv2.INTER_LINEAR)
    assert_array_equal(np.isnan(result).ravel(), [False, False, False, True])


def test_numbers_beyond_an_integer_dtype_end_at_its_ends():
    assert to_integers(np.array([-3.0, 300.0]), np.dtype(np.uint8)).tolist() == [0, 255]
    assert to_integers(np.array([2.0**64]), np.dtype(np.uint64)).tolist() == [2**64 - 2048]  # the float64 below
