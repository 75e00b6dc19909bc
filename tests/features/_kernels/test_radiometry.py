from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.features._kernels.radiometry import at_dates, match_histograms, nearest_dates, ranked


def test_nearest_date_is_the_first_of_those_that_have_data():
    band = np.array([[[np.nan, 1.0, np.nan]], [[3, 5, np.nan]], [[1, 3, np.nan]]])
    assert_array_equal(nearest_dates(band, np.array([[2.0, 4.0, 0.0]]), 255), [[1, 1, 255]])


def test_rank_is_rounded():
    band = np.array([[[5.0, np.nan]], [[1, np.nan]], [[2, 7]], [[3, np.nan]]])
    assert_array_equal(ranked(band, 25), [[2, 7]])  # round(0.25 * 3) = 1: the second of 1, 2, 3, 5
    assert_array_equal(ranked(np.zeros((0, 1, 2)), 25), [[np.nan, np.nan]])


def test_bands_come_from_the_date_of_each_pixel():
    data = np.arange(12, dtype=np.uint8).reshape(2, 1, 3, 2)
    result = at_dates(data, np.array([[0, 1, 255]]), -1)
    assert result.dtype == np.float32
    assert_array_equal(result, [[[0, 1], [8, 9], [-1, -1]]])


def test_matched_scene_has_the_moments_of_the_reference():
    rng = np.random.default_rng(0)
    scene, reference = rng.normal(3, 2, (20, 30, 2)), rng.normal(-1, 0.5, (20, 30, 2))
    scene[rng.random(scene.shape) < 0.2] = np.nan
    reference[rng.random(scene.shape) < 0.2] = np.nan
    result = match_histograms(scene, reference)
    for band in range(2):
        joint = ~np.isnan(scene[..., band] + reference[..., band])
        assert_allclose(result[..., band][joint].mean(), reference[..., band][joint].mean())
        assert_allclose(result[..., band][joint].std(), reference[..., band][joint].std())
    assert_array_equal(np.isnan(result), np.isnan(scene))


def test_band_without_spread_is_shifted_and_without_joint_pixel_unknown():
    scene = np.array([[[2.0, 1.0], [2.0, np.nan]]])
    reference = np.array([[[5.0, np.nan], [9.0, 1.0]]])
    assert_array_equal(match_histograms(scene, reference), [[[7, np.nan], [7, np.nan]]])
