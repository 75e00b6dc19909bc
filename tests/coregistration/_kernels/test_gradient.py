"""Edges against a hand calculation and against scipy."""

import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from eolearn.coregistration._kernels.gradient import get_gradient

images = arrays(
    np.float32, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=8), elements=st.floats(-1, 1, width=32)
)


def test_a_step_along_one_axis_gives_half_of_the_sobel_sum():
    image = np.array([[0, 0, 1, 1]] * 4)
    # Sobel_x at the two columns of the step: (1 + 2 + 1) * (1 - 0) = 4; at the edges the mirrored image is flat; /2
    np.testing.assert_array_equal(get_gradient(image), [[0, 2, 2, 0]] * 4)


def test_both_axes_add_up():
    rows, columns = np.mgrid[0:5, 0:5]
    # within, x changes by 1 and y by 3 a pixel: 8 * 1 and 8 * 3, halved
    np.testing.assert_array_equal(get_gradient(columns + 3 * rows)[1:-1, 1:-1], np.full((3, 3), 16))


@given(images)
def test_equals_the_sobel_operator_of_scipy(image):
    along_x = scipy.ndimage.sobel(image.astype(np.float64), axis=1, mode="mirror")
    along_y = scipy.ndimage.sobel(image.astype(np.float64), axis=0, mode="mirror")
    np.testing.assert_allclose(get_gradient(image), (np.abs(along_x) + np.abs(along_y)) / 2, atol=1e-5)


@given(images, st.floats(-1, 1, width=32))
def test_does_not_see_brightness(image, brightness):
    np.testing.assert_allclose(get_gradient(image + brightness), get_gradient(image), atol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.float16, np.float64, np.bool_])
def test_any_dtype_becomes_float32_and_unsigned_differences_do_not_wrap(dtype):
    image = np.array([[1, 1, 0, 0]] * 3).astype(dtype)
    gradient = get_gradient(image)
    assert gradient.dtype == np.float32
    np.testing.assert_array_equal(gradient, [[0, 2, 2, 0]] * 3)


def test_bands_are_independent_and_the_input_stays_as_it_is():
    bands = np.random.default_rng(0).random((6, 7, 3)).astype(np.float32)
    before = bands.copy()
    single = np.stack([get_gradient(bands[..., band]) for band in range(3)], axis=-1)
    np.testing.assert_allclose(get_gradient(bands), single, atol=1e-5)
    np.testing.assert_array_equal(bands, before)
