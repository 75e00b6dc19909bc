from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.mask._kernels.shadow import cast_shadows, count_shadows, darkness, filled_pits, from_outside


def moved(mask, down, right):
    result = np.zeros_like(mask)
    for row, column in np.argwhere(mask):
        if 0 <= row + down < mask.shape[0] and 0 <= column + right < mask.shape[1]:
            result[row + down, column + right] = True
    return result


def test_darkness_is_that_of_the_least_darkened_band():
    values, reference = np.float32([[[0.1, 0.3], [np.nan, 0.1]]]), np.float32([[[0.2, 0.4], [0.2, 0.2]]])
    assert_allclose(darkness(values, reference), [[0.25, np.nan]])


def test_pits_are_filled_to_their_brims():
    image = np.full((7, 7), 0.4, np.float32)
    image[2:5, 2:5] = 0.1
    filled = filled_pits(image, np.ones((7, 7), bool))
    assert_allclose(filled, 0.4)
    image[3, 5:] = 0.25  # a way out to the border
    assert_allclose(filled_pits(image, np.ones((7, 7), bool))[2:5, 2:5], 0.25)


def test_image_without_valid_pixels_is_left_as_it_is():
    image = np.full((3, 3), np.nan, np.float32)
    assert_array_equal(filled_pits(image, np.zeros((3, 3), bool)), image)


def test_counts_are_those_of_a_moved_mask():
    rng = np.random.default_rng(0)
    cloud, dark = rng.random((12, 15)) > 0.7, rng.random((12, 15)) > 0.5
    steps = np.array([[0.0, 0.0], [2.4, -3.0], [-5.0, 6.6], [40.0, 0.0]])
    counts = np.zeros((4, 2), np.int64)
    count_shadows(*np.nonzero(cloud), cloud, dark, steps, counts)
    for (down, right), (covered, matched) in zip(np.rint(steps).astype(int), counts, strict=True):
        shadow = moved(cloud, down, right) & ~cloud
        assert (covered, matched) == (shadow.sum(), (shadow & dark).sum())


def test_each_cloud_is_matched_at_its_own_height():
    clouds = np.zeros((60, 60), bool)
    low, high = clouds.copy(), clouds.copy()
    low[5:11, 5:14], high[30:38, 8:15] = True, True
    heights = np.arange(1, 40)
    steps = np.stack([heights * 0.2, heights * 1.0], axis=-1)
    dark = moved(low, 2, 12) | moved(high, 5, 25)
    found = cast_shadows(low | high, low | high, dark & ~(low | high), steps)
    assert_array_equal(found, dark)


def test_without_dark_pixels_or_clouds_there_is_no_shadow():
    nothing = np.zeros((20, 20), bool)
    cloud = nothing.copy()
    cloud[2:6, 2:6] = True
    steps = np.stack([np.arange(1.0, 15), np.arange(1.0, 15)], axis=-1)
    assert not cast_shadows(cloud, cloud, nothing, steps).any()
    assert not cast_shadows(nothing, nothing, ~nothing, steps).any()
    assert not cast_shadows(~nothing, ~nothing, nothing, steps).any()


def test_shadows_from_outside_lie_at_the_border_from_which_the_sun_shines():
    expected = np.zeros((5, 6), bool)
    expected[3:] = True  # the cloud of row 3 would lie in row 5
    expected[:, 0] = True
    assert_array_equal(from_outside((5, 6), np.array([-2.0, 1.0])), expected)
