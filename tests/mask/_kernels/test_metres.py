from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.mask._kernels.metres import dilated_m, distance_m


def slow_distance(mask, size):
    result = np.full(mask.shape, np.inf)
    for row, column in np.ndindex(mask.shape):
        for other_row, other_column in np.argwhere(mask):
            away = np.hypot((row - other_row) * size[0], (column - other_column) * size[1])
            result[row, column] = min(result[row, column], away)
    return result


@given(arrays(bool, (5, 6)), st.tuples(st.floats(1, 60), st.floats(1, 60)))
def test_distances_are_those_to_the_nearest_pixel(mask, size):
    assert_allclose(distance_m(mask, size), slow_distance(mask, size))


@given(arrays(bool, (5, 6)))
def test_dilation_reaches_as_far_as_its_radius(mask):
    assert_array_equal(dilated_m(mask, 25.0, (20, 10)), slow_distance(mask, (20, 10)) <= 25)
    assert_array_equal(dilated_m(mask, 0.0, (20, 10)), mask)
