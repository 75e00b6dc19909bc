from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.mask._kernels.coarse import coarsened, refined


def test_coarse_pixels_are_means_of_valid_ones():
    rng = np.random.default_rng(0)
    image, valid = rng.random((6, 8, 2), dtype=np.float32), rng.random((6, 8)) > 0.4
    valid[:2, :2] = False
    image[~valid] = np.nan
    means, has_data = coarsened(image, valid, (3, 4))
    blocks = image.reshape(3, 2, 4, 2, 2).transpose(0, 2, 1, 3, 4).reshape(3, 4, 4, 2)
    counted = np.isfinite(blocks).all(axis=-1).any(axis=-1)
    assert_array_equal(has_data, counted)
    assert_allclose(means[has_data], np.nanmean(blocks[counted], axis=1), rtol=1e-6)


def test_fine_pixels_lie_between_valid_coarse_ones():
    values = np.array([[0.0, 1.0, 77.0]], np.float32)
    fine = refined(values, np.array([[True, True, False]]), (1, 6))
    assert_allclose(fine, [[0, 0.25, 0.75, 1, 1, 0]], atol=1e-6)  # the last lies in the pixel without data


def test_constant_comes_back():
    image = np.full((5, 7, 1), 0.25, np.float32)
    valid = np.ones((5, 7), bool)
    means, has_data = coarsened(image, valid, (2, 3))
    assert_allclose(refined(means[..., 0], has_data, (5, 7)), image[..., 0], rtol=1e-6)
