"""Resampling against numpy's slices, against scipy, and against what must hold."""

import cv2
import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from eolearn.coregistration._kernels.warp import Resampling, warp_band, warp_image

LINEAR = Resampling(cv2.INTER_LINEAR, cv2.BORDER_REPLICATE, 0)
NEAREST = Resampling(cv2.INTER_NEAREST, cv2.BORDER_REPLICATE, 0)
CUBIC = Resampling(cv2.INTER_CUBIC, cv2.BORDER_REPLICATE, 0)
IDENTITIES = [np.eye(2, 3, dtype=np.float32), np.eye(3, dtype=np.float32)]
DTYPES = [
    "bool",
    "uint8",
    "int8",
    "uint16",
    "int16",
    "uint32",
    "int32",
    "uint64",
    "int64",
    "float16",
    "float32",
    "float64",
]


def shift(x, y):
    return np.array([[1, 0, x], [0, 1, y]], dtype=np.float32)


@st.composite
def images(draw):
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    shape = draw(array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=6))
    elements = st.booleans() if dtype.kind == "b" else st.integers(0, 100)
    return draw(arrays(dtype, shape, elements=elements))


class TestLaws:
    @given(images(), st.sampled_from(IDENTITIES))
    def test_the_identity_returns_an_equal_copy(self, image, identity):
        warped = warp_image(image, identity, CUBIC)
        np.testing.assert_array_equal(warped, image)
        assert warped.dtype == image.dtype
        assert not np.shares_memory(warped, image)

    def test_the_identity_keeps_missing_values_where_they_are(self):
        image = np.array([[1, np.nan], [np.inf, 4]])
        np.testing.assert_array_equal(warp_image(image, np.eye(2, 3), LINEAR), image)

    @given(images(), st.integers(-3, 3), st.integers(-3, 3), st.sampled_from([NEAREST, LINEAR]))
    def test_whole_pixels_move_exactly_whatever_the_dtype(self, image, x, y, resampling):
        height, width = image.shape[:2]
        rows, columns = np.clip(np.arange(height) + y, 0, height - 1), np.clip(np.arange(width) + x, 0, width - 1)
        warped = warp_image(image, shift(x, y), resampling)
        assert warped.dtype == image.dtype
        np.testing.assert_array_equal(warped, image[rows][:, columns])

    @given(images())
    def test_the_image_that_was_handed_in_is_not_changed(self, image):
        before = image.copy()
        warp_image(image, shift(0.4, -1.3), LINEAR)
        np.testing.assert_array_equal(image, before)

    def test_bands_are_independent(self):
        image = np.random.default_rng(0).random((9, 8, 7)).astype(np.float32)
        warped = warp_image(image, shift(0.3, 0.6), LINEAR)
        for band in range(7):
            np.testing.assert_array_equal(warped[..., band], warp_image(image[..., band], shift(0.3, 0.6), LINEAR))

    def test_an_image_without_bands_stays_one(self):
        assert warp_image(np.zeros((4, 5, 0), np.float32), shift(1, 1), LINEAR).shape == (4, 5, 0)


class TestScipy:
    @pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1 / 32)])
    def test_a_part_of_a_pixel_is_interpolated_linearly(self, dtype, tolerance):
        image = np.random.default_rng(1).random((40, 50)).astype(dtype)
        expected = scipy.ndimage.shift(image.astype(np.float64), (0.7239, -1.3713), order=1, mode="nearest")
        # OpenCV rounds the positions of float64 to 1/32 of a pixel, and neighbours differ by at most 1
        np.testing.assert_allclose(warp_image(image, shift(1.3713, -0.7239), LINEAR), expected, atol=tolerance)

    def test_an_affine_map_equals_that_of_scipy(self):
        image = scipy.ndimage.gaussian_filter(np.random.default_rng(2).random((40, 50)), 2).astype(np.float32)
        matrix = np.array([[1.01, 0.02, -0.7], [-0.01, 0.98, 0.4]], dtype=np.float32)
        swapped = matrix[::-1, [1, 0, 2]].astype(np.float64)  # scipy has rows before columns
        expected = scipy.ndimage.affine_transform(image, swapped[:, :2], offset=swapped[:, 2], order=1, mode="nearest")
        np.testing.assert_allclose(warp_image(image, matrix, LINEAR), expected, atol=1e-4)

    def test_a_homography_without_perspective_is_the_affine_map(self):
        image = np.random.default_rng(3).random((20, 30)).astype(np.float32)
        matrix = np.array([[1.01, 0.02, -0.7], [-0.01, 0.98, 0.4], [0, 0, 1]], dtype=np.float32)
        np.testing.assert_allclose(warp_image(image, matrix, LINEAR), warp_image(image, matrix[:2], LINEAR), atol=1e-4)


class TestValues:
    def test_integers_are_rounded(self):
        for dtype in ("uint8", "uint16", "int16", "int32", "uint64"):
            row = np.array([[0, 3, 6, 9]], dtype=dtype)
            # a quarter pixel on: 0.75, 3.75, 6.75, and 9 beyond which there is nothing
            np.testing.assert_array_equal(warp_image(row, shift(0.25, 0), LINEAR), [[1, 4, 7, 9]])

    @pytest.mark.parametrize("dtype", [f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)])
    def test_overshoots_are_cut_at_the_range_of_the_integers(self, dtype):
        limits = np.iinfo(dtype)
        row = np.array([[limits.min] * 4 + [limits.max] * 4], dtype=dtype)
        warped = warp_image(row, shift(0.5, 0), CUBIC)[0].astype(np.float64)
        # cubic interpolation overshoots on both sides of a step: it must not wrap around to the other end
        assert (np.diff(warped) >= 0).all()
        assert (warped[0], warped[-1]) == (limits.min, pytest.approx(limits.max, rel=1e-15))

    @pytest.mark.parametrize("interpolation", [cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4])
    def test_large_values_are_interpolated_as_small_ones(self, interpolation):
        row, resampling = np.array([[0.0, 0, 0, 1, 1, 1]]), LINEAR._replace(interpolation=interpolation)
        small, large = (warp_image(scale * row, shift(0.5, 0), resampling) / scale for scale in (1, 2.0**40))
        np.testing.assert_allclose(large, small, atol=1e-6)

    def test_the_nearest_pixel_keeps_numbers_that_no_float_holds(self):
        row = np.array([[2**53 + 1, 2**63 - 1]])
        np.testing.assert_array_equal(warp_image(row, shift(0.6, 0), NEAREST), [[2**63 - 1, 2**63 - 1]])

    def test_booleans_take_the_nearest_pixel(self):
        row = np.array([[True, False, False, True]])
        np.testing.assert_array_equal(warp_image(row, shift(0.3, 0), LINEAR), row)

    def test_missing_values_spread_to_what_is_made_of_them(self):
        row = np.array([[1, np.nan, 3, 4]], dtype=np.float32)
        np.testing.assert_array_equal(warp_image(row, shift(0.5, 0), LINEAR), [[np.nan, np.nan, 3.5, 4]])

    @pytest.mark.parametrize("interpolation", [cv2.INTER_NEAREST, cv2.INTER_LINEAR])
    @pytest.mark.parametrize(
        ("border_mode", "beyond"), [(cv2.BORDER_CONSTANT, 9), (cv2.BORDER_REPLICATE, 3), (cv2.BORDER_REFLECT_101, 2)]
    )
    def test_what_comes_from_beyond_the_edge_is_as_the_border_mode_says(self, border_mode, beyond, interpolation):
        row = np.array([[1, 2, 3]], dtype=np.uint16)
        warped = warp_image(row, shift(1, 0), Resampling(interpolation, border_mode, 9))
        np.testing.assert_array_equal(warped, [[2, 3, beyond]])


def test_a_band_can_be_resampled_to_another_size_and_forwards():
    band = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(
        warp_band(band, shift(1, 0), LINEAR, size_wh=(2, 3), flags=cv2.INTER_LINEAR), [[0, 0], [4, 4], [8, 8]]
    )
