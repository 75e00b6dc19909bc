from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.mask._kernels.course import LEAST_CLEAR, NEIGHBOURS, clear_course


def slow_course(values, clear, days):
    """Return course and spread of one pixel, (dates, bands) and (dates), by sorting all clear dates by distance."""
    course, spread = np.empty_like(values), np.empty(len(values), np.float32)
    for date in range(len(values)):
        others = [other for other in np.flatnonzero(clear) if other != date]
        near = sorted(others, key=lambda other: (abs(days[other] - days[date]), other))[:NEIGHBOURS]
        course[date] = np.median(values[near], axis=0)
        spread[date] = np.median(abs(values[near, 0] - course[date, 0]))
    return course, spread


def test_course_is_the_median_of_the_nearest_clear_observations():
    rng = np.random.default_rng(0)
    values = rng.random((20, 3, 4, 2), dtype=np.float32)
    clear = rng.random((20, 3, 4)) > 0.4
    days = np.cumsum(rng.integers(1, 9, 20)).astype(float)
    course, spread = clear_course(values, clear, np.ones_like(clear), days)
    for row, column in np.ndindex(3, 4):
        expected, expected_spread = slow_course(values[:, row, column], clear[:, row, column], days)
        assert_allclose(course[:, row, column], expected, rtol=1e-6)
        assert_allclose(spread[:, row, column], expected_spread, rtol=1e-5, atol=1e-7)


def test_steady_pixel_that_is_never_clear_has_the_spectrum_of_a_dark_observation():
    values = np.array([0.31, 0.2, 0.3, 0.9, 0.34, 0.7], np.float32).reshape(6, 1, 1, 1)
    values = np.concatenate([values, values + 1], axis=-1)
    nowhere, everywhere = np.zeros((6, 1, 1), bool), np.ones((6, 1, 1), bool)
    course, spread = clear_course(values, nowhere, everywhere, np.arange(6.0))
    # a fifth of the way from the first to the last of 0.2 0.3 0.31 0.34 0.7 0.9 is the second
    assert_allclose(course[:, 0, 0], np.tile([0.3, 1.3], (6, 1)), rtol=1e-6)
    assert_array_equal(spread, 0)


def test_nothing_is_known_of_a_pixel_that_is_cloudy_on_most_dates():
    values = np.array([0.5, 0.2, 0.3, 0.9, 0.6, 0.7], np.float32).reshape(6, 1, 1, 1)
    nowhere, everywhere = np.zeros((6, 1, 1), bool), np.ones((6, 1, 1), bool)
    course, spread = clear_course(values, nowhere, everywhere, np.arange(6.0))
    assert np.isnan(course).all()
    assert np.isnan(spread).all()


@pytest.mark.parametrize("usable", range(LEAST_CLEAR))
def test_nothing_is_known_of_a_pixel_with_hardly_any_data(usable):
    mask = np.zeros((5, 1, 1), bool)
    mask[:usable] = True
    course, spread = clear_course(np.ones((5, 1, 1, 1), np.float32), mask, mask, np.arange(5.0))
    assert np.isnan(course).all()
    assert np.isnan(spread).all()


def test_without_dates_or_pixels_the_course_is_empty():
    for shape in [(0, 3, 4, 2), (5, 0, 4, 2)]:
        masks = np.zeros(shape[:3], bool)
        course, spread = clear_course(np.zeros(shape, np.float32), masks, masks, np.arange(float(shape[0])))
        assert course.shape == shape
        assert spread.shape == shape[:3]
