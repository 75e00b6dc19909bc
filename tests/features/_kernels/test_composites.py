from __future__ import annotations

import warnings

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize

from eolearn.features._kernels.composites import best, geometric_median, mean, medoid, percentile

PIXELS = arrays(np.float64, (3, 5, 2), elements=st.one_of(st.integers(-9, 9).map(float), st.just(np.nan)))


def whole(pixel):
    return pixel[~np.isnan(pixel).any(axis=1)]


def distances(points, point):
    return np.linalg.norm(points - point, axis=1).sum()


@given(PIXELS)
def test_medoid_is_the_observation_with_the_least_sum_of_distances(pixels):
    for pixel, found in zip(pixels, medoid(pixels), strict=True):
        points = whole(pixel)
        if len(points) == 0:
            assert np.isnan(found).all()
            continue
        sums = [distances(points, point) for point in points]
        assert_allclose(distances(points, found), min(sums), atol=1e-9)
        assert (points == found).all(axis=1).any()


@given(PIXELS)
def test_no_step_away_from_the_geometric_median_shortens_the_distances(pixels):
    for pixel, found in zip(pixels, geometric_median(pixels), strict=True):
        points = whole(pixel)
        if len(points) == 0:
            assert np.isnan(found).all()
            continue
        others = [*points, points.mean(axis=0), *(found + 0.1 * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]))]
        assert distances(points, found) <= min(distances(points, other) for other in others) * (1 + 1e-5) + 1e-9


def test_geometric_median_is_that_of_a_general_minimiser():
    points = np.random.default_rng(0).random((1, 15, 6))
    found = geometric_median(points)[0]
    expected = minimize(lambda point: distances(points[0], point), points[0].mean(axis=0), tol=1e-10).x
    assert_allclose(found, expected, atol=1e-5)


def test_geometric_median_may_be_an_observation():
    points = np.array([[[0.0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]]])
    assert_allclose(geometric_median(points), [[0, 0]], atol=1e-9)


@given(PIXELS)
def test_percentile_and_mean_are_those_of_numpy(pixels):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pixels without values
        assert_allclose(percentile(pixels, 30), np.nanpercentile(pixels, 30, axis=1), atol=1e-12)
        assert_allclose(mean(pixels), np.nanmean(pixels, axis=1), atol=1e-12)


def test_best_is_the_first_observation_of_the_highest_quality():
    pixels = np.array([[[1.0, 10, 0.5], [2, 20, 0.9], [3, 30, 0.9], [np.nan, np.nan, np.nan]]])
    assert_array_equal(best(pixels), [[2, 20]])


def test_nothing_comes_of_no_dates():
    none = np.zeros((3, 0, 2))
    for kernel in (medoid, geometric_median, mean, lambda pixels: percentile(pixels, 50)):
        assert_array_equal(kernel(none), np.full((3, 2), np.nan))
    assert_array_equal(best(none), np.full((3, 1), np.nan))
