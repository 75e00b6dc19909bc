from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_array_equal
from skimage import feature

from eolearn.features._kernels.local_binary_pattern import local_binary_pattern

IMAGES = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=7), elements=st.floats(-1, 1, width=16))


@pytest.mark.parametrize(("points", "radius"), [(1, 1), (8, 1), (8, 2), (24, 3), (12, 2.5)])
def test_equals_scikit_image(points, radius):
    image = np.random.default_rng(0).random((30, 25))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Applying `local_binary_pattern` to floating-point images")
        expected = feature.local_binary_pattern(image, points, radius, method="uniform")
    assert_array_equal(local_binary_pattern(image, points, radius), expected)


@given(IMAGES, st.integers(1, 9), st.floats(1, 3))
def test_patterns_are_few(image, points, radius):
    patterns = local_binary_pattern(image, points, radius)
    assert set(np.unique(patterns)) <= set(range(points + 2))


@given(IMAGES.map(lambda image: np.pad(image, 3)), st.sampled_from([0.5, 4, 256]))
def test_patterns_do_not_depend_on_contrast(image, factor):
    assert_array_equal(local_binary_pattern(image * factor, 8, 2), local_binary_pattern(image, 8, 2))


def test_flat_surface_has_one_pattern_whatever_its_height():
    for height in (0.1, 1 / 3, 7.3, -2.7e-5):
        patterns = local_binary_pattern(np.full((9, 9), height), 24, 3)
        assert_array_equal(patterns[4:-4, 4:-4], np.full((1, 1), 24))


def test_peak_pit_edge_and_saddle_by_hand():
    peak = np.zeros((3, 3))
    peak[1, 1] = 1
    edge = np.array([[0, 0, 0], [5, 5, 5], [5, 5, 5]])
    saddle = np.array([[0, 9, 0], [0, 5, 0], [0, 9, 0]])
    patterns = [local_binary_pattern(image, 4, 1)[1, 1] for image in (peak, 1 - peak, edge, saddle)]
    # points in turn to the right, above, left, below: the edge has bright, dark, bright, bright, which changes twice
    assert patterns == [0, 4, 3, 5]


def test_pixel_without_data_and_those_that_look_at_it_have_no_pattern():
    image = np.random.default_rng(0).random((9, 9))
    image[4, 4] = np.nan
    missing = np.isnan(local_binary_pattern(image, 4, 2))
    expected = np.zeros((9, 9), bool)
    for row, column in [(4, 4), (2, 4), (6, 4), (4, 2), (4, 6)]:
        expected[row, column] = True
    # points lie in the middle of pixels here, but bilinear interpolation also looks at those to the right and below
    assert_array_equal(missing & expected, expected)
    assert np.count_nonzero(missing) <= 4 * 4 + 1
