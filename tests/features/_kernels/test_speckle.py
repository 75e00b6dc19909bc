from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.features._kernels.speckle import box_mean, lee, refined_lee


def speckled(truth, looks, seed=0):
    return truth * np.random.default_rng(seed).gamma(looks, 1 / looks, truth.shape)


def slow_lee(image, window, looks):
    """Equations of Lee (1980), pixel by pixel."""
    reach, result = window // 2, np.full(image.shape, np.nan)
    for row, column in zip(*np.nonzero(~np.isnan(image)), strict=True):
        part = image[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
        mean, variance = np.nanmean(part), np.nanvar(part)
        signal = max(0, (variance - mean**2 / looks) / (1 + 1 / looks))
        weight = signal / variance if variance > 0 else 0
        result[row, column] = mean + weight * (image[row, column] - mean)
    return result


@pytest.fixture(scope="module")
def image():
    image = speckled(np.where(np.arange(25) < 11, 0.02, 0.4) * np.ones((18, 1)), 4)
    image[3:6, 7:14] = image[0, 0] = np.nan
    return image


@pytest.mark.parametrize("window", [1, 3, 7])
def test_lee_equals_a_slow_loop(image, window):
    assert_allclose(lee(image, window, 4), slow_lee(image, window, 4), rtol=1e-9)


def test_box_mean_is_the_mean_of_the_valid_pixels(image):
    expected = np.full(image.shape, np.nan)
    for row, column in zip(*np.nonzero(~np.isnan(image)), strict=True):
        expected[row, column] = np.nanmean(image[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2])
    assert_allclose(box_mean(image, 3), expected, rtol=1e-12)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("is_diagonal", [False, True])
def test_refined_filter_does_not_mix_both_sides_of_an_edge(turns, is_diagonal):
    rows, columns = np.indices((24, 24))
    sharp = np.rot90(np.where(columns + rows * is_diagonal < 12, 9.0, 900.0), turns)
    inner = (slice(1, -1), slice(1, -1))  # on the rim there is no gradient
    assert_allclose(refined_lee(sharp, 4)[inner], sharp[inner], rtol=1e-12)


def test_refined_filter_is_a_mean_of_half_windows_where_there_is_only_speckle():
    image = speckled(np.full((60, 60), 0.3), 4)
    filtered = refined_lee(image, 4)
    assert abs(filtered.mean() / 0.3 - 1) < 0.05
    assert filtered.var() < image.var() / 4


def test_edges_are_sharper_than_after_the_plain_filter():
    truth = np.where(np.arange(40) < 20, 0.02, 0.4) * np.ones((40, 1))
    image = speckled(truth, 4)
    near = (slice(None), slice(17, 23))
    errors = [np.abs(filtered - truth)[near].mean() for filtered in (refined_lee(image, 4), lee(image, 7, 4))]
    assert errors[0] < errors[1]


def test_no_data_stays_no_data_and_does_not_spread(image):
    for filtered in (refined_lee(image, 4), lee(image, 7, 4), box_mean(image, 7)):
        assert_array_equal(np.isnan(filtered), np.isnan(image))


@pytest.mark.parametrize("value", [3.0, np.nan])
def test_single_pixel_is_left_as_it_is(value):
    one = np.array([[value]])
    for filtered in (refined_lee(one, 4), lee(one, 7, 4), box_mean(one, 7)):
        assert_array_equal(filtered, one)
