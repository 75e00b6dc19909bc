from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from pyproj import Geod
from sentinelhub import CRS, BBox

from eolearn.features.pixel_size import pixel_size_m


@pytest.mark.parametrize("latitude", [-60.0, 0.0, 46.0, 80.0])
def test_geographic_pixels_have_their_size_on_the_ellipsoid(latitude):
    box = BBox((14, latitude - 0.05, 14.2, latitude + 0.05), CRS.WGS84)
    width, height = pixel_size_m(box, (10, 20))
    geod = Geod(ellps="WGS84")
    for row in (0, 9):
        at = latitude + 0.05 - (row + 0.5) * 0.01
        assert_allclose(width[row, 0], geod.inv(14, at, 14.01, at)[2], rtol=1e-6)
        assert_allclose(height[row, 0], geod.inv(14, at - 0.005, 14, at + 0.005)[2], rtol=1e-6)


def test_web_mercator_is_measured_on_the_ground():
    box = BBox((14, 60, 14.2, 60.1), CRS.WGS84)
    ground = pixel_size_m(box, (100, 200))
    there = pixel_size_m(box.transform(CRS.POP_WEB), (100, 200))
    assert_allclose(there[0][50], ground[0][50], rtol=1e-4)
    assert_allclose(there[1][50], ground[1][50], rtol=2e-3)  # rows are not of one height in both


def test_other_coordinates_are_taken_as_they_are():
    width, height = pixel_size_m(BBox((500000, 5000000, 500200, 5000400), CRS.UTM_33N), (20, 10))
    assert width.shape == height.shape == (20, 1)
    assert (width == 20).all()
    assert (height == 20).all()


def test_feet_are_no_metres():
    width, _ = pixel_size_m(BBox((0, 0, 100, 100), CRS(2263)), (1, 10))  # New York, US survey feet
    assert_allclose(width, 10 * 1200 / 3937)


def test_images_without_rows_have_no_sizes():
    width, height = pixel_size_m(BBox((0, 0, 1, 1), CRS.WGS84), (0, 0))
    assert width.shape == height.shape == (0, 1)
    assert np.isfinite(width).all()
