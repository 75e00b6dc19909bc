from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.mask._kernels.disks import averaged, dilated, disk


@pytest.mark.parametrize("radius", [1, 2, 4, 7])
def test_mean_is_that_of_the_valid_pixels_on_the_disk(radius):
    rng = np.random.default_rng(0)
    values, valid = rng.random((17, 23), dtype=np.float32), rng.random((17, 23)) > 0.6
    padded = np.pad(values, radius, mode="symmetric"), np.pad(valid, radius, mode="symmetric")
    element = disk(radius).astype(bool)
    expected = np.zeros(values.shape)
    for row, column in np.ndindex(values.shape):
        window = np.s_[row : row + 2 * radius + 1, column : column + 2 * radius + 1]
        chosen = element & padded[1][window]
        expected[row, column] = padded[0][window][chosen].mean() if chosen.any() else 0
    assert_allclose(averaged(values, valid, radius), expected, atol=1e-6)  # sums in float32


@pytest.mark.parametrize("radius", [None, 0])
def test_no_radius_leaves_the_values(radius):
    values = np.array([[0.5, 0.25]], np.float32)
    assert_array_equal(averaged(values, np.array([[True, False]]), radius), [[0.5, 0]])


def test_dilation_draws_the_element_around_a_pixel():
    mask = np.zeros((7, 7), bool)
    mask[3, 3] = True
    assert_array_equal(dilated(mask, disk(2))[1:6, 1:6], disk(2) == 1)
    assert dilated(mask, None) is mask
