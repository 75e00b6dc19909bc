"""Which image a pixel is taken from, worked out by hand."""

import numpy as np
from numpy.testing import assert_array_equal

from eolearn.io._kernels.same_day import best_date, merged, valid_mean

NAN = np.nan


def test_first_valid_image_counts_and_the_first_where_none_is():
    valid = np.array([[[True, False, False]], [[True, True, False]], [[True, True, False]]])
    assert_array_equal(best_date(valid, None), [[0, 1, 0]])


def test_best_valid_image_counts_and_the_first_of_equals():
    valid = np.array([[[True, False, True, False, True]], [[True, True, True, False, True]]])
    quality = np.array([[[1.0, 9, 5, 9, -np.inf]], [[2.0, 1, 5, 1, -np.inf]]])
    assert_array_equal(best_date(valid, quality), [[1, 1, 0, 0, 0]])


def test_pixels_are_taken_from_the_chosen_image_with_all_bands():
    images = np.array([[[[1, 2], [3, 4]]], [[[5, 6], [7, 8]]]])
    assert_array_equal(merged(images, np.array([[1, 0]])), [[[5, 6], [3, 4]]])


def test_mean_is_of_valid_numbers_and_the_first_image_where_there_are_none():
    images = np.array([[[[1.0], [NAN], [5], [NAN], [-9]]], [[[3.0], [4], [9], [NAN], [2]]]], np.float32)
    valid = np.array([[[True, True, False, True, True]], [[True, True, False, True, True]]])
    mean = valid_mean(images, valid, -9)
    assert mean.dtype == np.float32
    assert_array_equal(mean, [[[2], [4], [5], [NAN], [2]]])


def test_mean_of_integers_is_rounded():
    images = np.array([[[[65535], [1]]], [[[65534], [3]]]], np.uint16)
    mean = valid_mean(images, np.ones((2, 1, 2), bool), NAN)
    assert mean.dtype == np.uint16
    assert_array_equal(mean, [[[65534], [2]]])  # half goes to the even one
