from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eolearn.core.exceptions import DataError
from eolearn.features._kernels.blocks import usable
from eolearn.features.images import over_images, real_stack


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 3, 4, 1), (0, 3, 4, 2), (2, 3, 4, 0)])
def test_each_image_is_visited_once(shape):
    stack = np.arange(np.prod(shape)).reshape(shape)
    result = np.zeros(shape)

    def add(image, place):
        result[place] += image + 1

    over_images(add, stack)
    assert_array_equal(result, stack + 1)


def test_timeless_features_are_a_stack_of_one():
    assert real_stack(np.ones((3, 4, 5)), "DEM").shape == (1, 3, 4, 5)
    with pytest.raises(DataError, match="'NAMES' is of dtype <U1"):
        real_stack(np.full((1, 1, 1, 1), "a"), "NAMES")


def test_images_are_shown_as_copies_in_which_infinite_values_are_nan():
    values = np.array([1, np.inf, -np.inf, np.nan], np.float32)
    copy = usable(values)
    assert copy.dtype == np.float64
    assert_array_equal(copy, [1, np.nan, np.nan, np.nan])
    assert np.isinf(values[1])
