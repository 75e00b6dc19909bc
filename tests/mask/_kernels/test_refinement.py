from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import ndimage

from eolearn.mask._kernels.refinement import refined_clouds, without_specks

CLEAR = [0.1, 0.3]
SETTINGS = {"brighter": 0.05, "alike": 0.03}


def refined(change, cloud, spread=0.001, course=CLEAR, clear_change=0.0):
    """Return the answer for one pixel of 200 that changed against its course, the others by ``clear_change``."""
    values = np.tile(np.float32(course), (10, 20, 1))
    values[..., 0] += clear_change
    values[0, 0] += np.float32(change)
    clouds = np.zeros((10, 20), bool)
    clouds[0, 0] = cloud
    result = refined_clouds(
        values, np.tile(np.float32(course), (10, 20, 1)), np.full((10, 20), spread, np.float32), clouds, **SETTINGS
    )
    assert not result[1:].any()
    return bool(result[0, 0])


@pytest.mark.parametrize("cloud", [True, False])
def test_what_is_brighter_than_its_course_is_cloud(cloud):
    assert refined([0.3, 0.2], cloud)


@pytest.mark.parametrize("cloud", [True, False])
def test_what_is_as_on_other_dates_is_no_cloud(cloud):
    assert not refined([0.01, 0.0], cloud)


@pytest.mark.parametrize("cloud", [True, False])
def test_between_the_limits_the_mask_stays(cloud):
    assert refined([0.04, 0.04], cloud) == cloud


def test_ground_that_often_changes_must_be_brighter_by_more():
    assert not refined([0.1, 0.1], cloud=False, spread=0.02)  # 4 * 1.4826 * 0.02 = 0.12
    assert refined([0.13, 0.1], cloud=False, spread=0.02)


def test_ground_that_loses_its_plants_is_no_cloud():
    assert not refined([0.06, -0.1], cloud=False)


def test_haze_over_the_whole_image_is_taken_off():
    assert not refined([0.0, 0.0], cloud=True, clear_change=0.05)


def test_new_snow_is_not_added():
    course, snow = [0.1, 0.3, 0.1, 0.2], [0.7, 0.4, 0.7, -0.1]
    assert not refined(snow, cloud=False, course=course)
    assert refined([0.7, 0.4, 0.7, 0.5], cloud=False, course=course)


def test_cirrus_is_added_where_its_band_rises():
    course = [0.1, 0.3, 0.001]
    assert refined([0.0, 0.0, 0.03], cloud=False, course=course)
    assert not refined([0.0, 0.0, 0.001], cloud=True, course=course)


@pytest.mark.parametrize("cloud", [True, False])
def test_where_nothing_is_known_the_mask_stays(cloud):
    assert refined([0.3, 0.3], cloud, course=[np.nan, np.nan]) == cloud


def test_specks_are_dropped_and_the_rest_stays():
    mask = np.random.default_rng(0).random((40, 40)) > 0.7
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    expected = mask.copy()
    for label in range(1, count + 1):
        if (labels == label).sum() < 5:
            expected[labels == label] = False
    assert_array_equal(without_specks(mask, 5), expected)
    assert_array_equal(without_specks(mask, 1), mask)
