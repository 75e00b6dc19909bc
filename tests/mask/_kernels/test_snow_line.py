from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.mask._kernels.snow_line import SnowLineSettings, block_means, snow_in_two_passes, snow_line

SETTINGS = SnowLineSettings(
    d_z=100, f_t=0.1, r_f=2, r_d=0.3, r_b=0.1, r_1=0.2, r_2=0.04, n_1=0.4, n_2=0.15, f_s=0.001
)  # fmt: skip
SLOPE = np.repeat(np.arange(50.0, 1050, 100), 2)[:, np.newaxis] * np.ones(4)  # ten elevation bands of two rows


def test_line_lies_two_bands_below_the_first_snowy_one():
    snow = SLOPE > 700  # from the band 700 to 800 on
    assert snow_line(snow, np.ones(SLOPE.shape, bool), SLOPE, SETTINGS) == 500


@pytest.mark.parametrize("clear", [True, False])
def test_there_is_no_line_without_snow_or_without_clear_pixels(clear):
    snow = np.full(SLOPE.shape, not clear)
    assert snow_line(snow, np.full(SLOPE.shape, clear), SLOPE, SETTINGS) is None


def test_line_may_lie_below_the_sea():
    assert snow_line(np.ones(SLOPE.shape, bool), np.ones(SLOPE.shape, bool), SLOPE - 150, SETTINGS) == -300


def test_weak_snow_counts_only_above_the_line():
    ndsi, red = np.where(SLOPE > 700, 0.8, 0.2), np.where(SLOPE > 700, 0.5, 0.1)
    snow = snow_in_two_passes(ndsi, red, np.zeros(SLOPE.shape, bool), SLOPE, None, SETTINGS)
    assert_array_equal(snow, SLOPE > 500)


def test_dark_cloud_is_looked_at_again_and_bright_cloud_is_not():
    ndsi, cloud = np.full(SLOPE.shape, 0.8), np.ones(SLOPE.shape, bool)
    red = np.where(np.arange(4) < 2, 0.25, 0.6) * np.ones(SLOPE.shape)
    snow = snow_in_two_passes(ndsi, red, cloud, SLOPE, None, SETTINGS)
    assert_array_equal(snow, red < 0.3)


def test_cirrus_stays_cloud_where_it_is_stronger_than_the_elevation_explains():
    cirrus = np.where(np.arange(4) < 2, 0.01, 0.04) * np.ones(SLOPE.shape)  # limits are 0.0155 to 0.0245
    snow = snow_in_two_passes(
        np.full(SLOPE.shape, 0.8), np.full(SLOPE.shape, 0.25), np.ones(SLOPE.shape, bool), SLOPE, cirrus, SETTINGS
    )
    assert_array_equal(snow, cirrus < 0.02)


def test_bright_cloud_that_is_no_snow_is_cloud_again_in_the_second_pass():
    ndsi, red = np.where(SLOPE > 700, 0.8, 0.2), np.where(SLOPE > 700, 0.25, 0.15)
    cloud = (SLOPE < 700) & (np.arange(4) < 2)
    snow = snow_in_two_passes(ndsi, red, cloud, SLOPE, None, SETTINGS)
    assert_array_equal(snow, (SLOPE > 500) & ~cloud)


def test_means_of_blocks_leave_nan_out():
    image = np.array([[1.0, 3, 5, np.nan], [1, 3, 5, 7]])
    assert_allclose(block_means(image, 2), [[2, 2, 17 / 3, 17 / 3]] * 2, rtol=1e-6)
