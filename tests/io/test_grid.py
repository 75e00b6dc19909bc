"""Grids of pixels, compared with rasterio and pyproj."""

import numpy as np
import pytest
import rasterio.transform
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pyproj import Transformer
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, EODeprecationWarning, FeatureMissing, SettingError
from eolearn.io._grid import PixelGrid, corners_in

BOX = BBox((500000, 5100000, 500240, 5100120), CRS.UTM_33N)


def test_transform_and_crs_are_those_of_rasterio():
    grid = PixelGrid(bbox=BOX, height=12, width=24)
    assert grid.transform == rasterio.transform.from_bounds(*BOX, 24, 12)
    assert rasterio.crs.CRS.from_user_input(grid.crs).to_epsg() == 32633


def test_grid_of_a_resolution_covers_the_box_with_pixels_as_near_to_it_as_can_be():
    assert PixelGrid.of_resolution(BOX, 10) == PixelGrid(bbox=BOX, height=12, width=24)
    assert PixelGrid.of_resolution(BOX, (7, 40)) == PixelGrid(bbox=BOX, height=3, width=34)  # 240 / 7 = 34.3


def test_box_smaller_than_a_pixel_is_refused():
    with pytest.raises(DataError, match="smaller than a pixel of 1000 metres"):
        PixelGrid.of_resolution(BOX, 1000)


def test_grid_without_pixels_is_refused():
    with pytest.raises(SettingError, match="at least one pixel, got 0 rows and 3 columns"):
        PixelGrid(bbox=BOX, height=0, width=3)


def patch_of(**sizes):
    patch = EOPatch(bbox=BOX)
    for name, (height, width) in sizes.items():
        patch[FeatureType.DATA_TIMELESS, name] = np.zeros((height, width, 1))
    return patch


def test_grid_of_a_patch_is_that_of_its_images():
    assert PixelGrid.of_patch(patch_of(A=(12, 24), B=(12, 24))) == PixelGrid(bbox=BOX, height=12, width=24)


def test_grid_of_a_patch_with_several_sizes_needs_the_feature():
    patch = patch_of(A=(12, 24), B=(6, 12))
    with pytest.raises(DataError, match=r"several sizes \(data_timeless A \(12, 24\), data_timeless B \(6, 12\)\)"):
        PixelGrid.of_patch(patch)
    assert PixelGrid.of_patch(patch, (FeatureType.DATA_TIMELESS, "B")).height == 6


def test_patch_without_images_place_or_pixels_has_no_grid():
    with pytest.raises(DataError, match="has no images"):
        PixelGrid.of_patch(patch_of())
    with pytest.raises(DataError, match="no pixels: 0 rows and 3 columns"):
        PixelGrid.of_patch(patch_of(A=(0, 3)))
    with pytest.raises(FeatureMissing):
        PixelGrid.of_patch(patch_of(A=(2, 2)), (FeatureType.DATA_TIMELESS, "B"))
    with pytest.warns(EODeprecationWarning):
        nowhere = EOPatch()
    with pytest.raises(DataError, match="no bounding box"):
        PixelGrid.of_patch(nowhere)


@pytest.mark.parametrize(
    ("box", "height", "width", "expected"),
    [
        ((500000, 5100000, 500240, 5100120), 12, 24, True),
        ((499970, 5100100, 500010, 5100200), 10, 4, True),  # three columns to the west, and beyond in the north
        ((500005, 5100000, 500245, 5100120), 12, 24, False),
        ((500000, 5100000, 500240, 5100120), 6, 12, False),
        ((500000, 5100000, 500241, 5100120), 12, 24, False),
    ],
)
def test_grids_are_aligned_if_one_continues_the_other(box, height, width, expected):
    first = PixelGrid(bbox=BOX, height=12, width=24)
    assert PixelGrid(bbox=BBox(box, CRS.UTM_33N), height=height, width=width).is_aligned_with(first) is expected


def test_grids_of_different_crs_are_not_aligned():
    first = PixelGrid(bbox=BOX, height=12, width=24)
    assert not PixelGrid(bbox=BBox(list(BOX), CRS.UTM_32N), height=12, width=24).is_aligned_with(first)


@given(factor=st.integers(1, 4), east=st.integers(-5, 5), south=st.integers(-5, 5))
def test_corners_in_the_same_crs_are_shifted_multiples(factor, east, south):
    source = PixelGrid(bbox=BOX, height=12, width=24)
    west, north, size = 500000 + 10 * east, 5100120 - 10 * south, 10 * factor
    target = PixelGrid(bbox=BBox((west, north - 3 * size, west + 2 * size, north), CRS.UTM_33N), height=3, width=2)
    columns, rows = corners_in(target, source)
    assert_allclose(columns, np.tile(east + factor * np.arange(3), (4, 1)), atol=1e-6)
    assert_allclose(rows, np.tile(south + factor * np.arange(4), (3, 1)).T, atol=1e-6)


def test_corners_in_another_crs_are_those_of_pyproj():
    source = PixelGrid(bbox=BOX, height=12, width=24)
    target = PixelGrid(bbox=BBox((15.0, 46.05, 15.004, 46.052), CRS.WGS84), height=5, width=4)
    columns, rows = corners_in(target, source)
    x, y = Transformer.from_crs(4326, 32633, always_xy=True).transform(15.001, 46.05)
    assert_allclose([columns[5, 1], rows[5, 1]], [(x - 500000) / 10, (5100120 - y) / 10], atol=1e-6)
