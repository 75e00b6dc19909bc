"""Which pixels of the world an image shows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.io._scene.grid import ImageGrid

BOX = BBox((460000, 5080000, 460640, 5080320), CRS.UTM_33N)


def test_rows_run_from_north_to_south_and_places_are_the_middles_of_pixels():
    grid = ImageGrid.of(BOX, 64, 32)
    assert grid.shape == (32, 64)
    assert_array_equal(grid.eastings, 460005 + 10 * np.arange(64))
    assert_array_equal(grid.northings, 5080315 - 10 * np.arange(32))


@given(st.integers(-20_000, 20_000), st.integers(-20_000, 20_000), st.sampled_from([10.0, 20.0, 60.0]))
def test_each_pixel_of_an_image_shows_the_pixel_that_holds_its_middle(east_dm, north_dm, pixel_m):
    west, south = 460000 + east_dm / 10, 5080000 + north_dm / 10
    grid = ImageGrid.of(BBox((west, south, west + 175, south + 130), CRS.UTM_33N), 25, 13)
    pixels = grid.pixels(pixel_m)
    x, y = pixels.x[pixels.index], pixels.y[pixels.index]
    assert (np.abs(x - grid.eastings) <= pixel_m / 2).all()
    assert (np.abs(y - grid.northings[:, np.newaxis]) <= pixel_m / 2).all()


@pytest.mark.parametrize("crs", [CRS.UTM_33N, CRS.WGS84, CRS.POP_WEB])
@pytest.mark.parametrize("pixel_m", [10.0, 60.0])
def test_pixels_are_listed_once_and_all_are_shown(crs, pixel_m):
    pixels = ImageGrid.of(BOX.transform(crs), 30, 20).pixels(pixel_m)
    places = np.column_stack([pixels.rows, pixels.columns])
    assert len(np.unique(places, axis=0)) == len(places)
    assert_array_equal(np.unique(pixels.index), np.arange(len(places)))


@pytest.mark.parametrize("crs", [CRS.WGS84, CRS.POP_WEB, CRS.UTM_32N])
def test_images_in_other_systems_lie_in_the_zone_where_their_middles_transform_to(crs):
    box = BOX.transform(crs)
    grid = ImageGrid.of(box, 16, 8)
    assert grid.zone is CRS.UTM_33N
    assert grid.shape == (8, 16)
    west, south, east, north = box
    x, y = west + 3.5 * (east - west) / 16, north - 2.5 * (north - south) / 8
    expected = crs.get_transform_function(CRS.UTM_33N)(x, y)
    assert_allclose((grid.eastings[2, 3], grid.northings[2, 3]), expected, atol=1e-3)


def test_corners_are_those_of_the_middles():
    longitudes, latitudes = ImageGrid.of(BOX, 64, 32).corners_wgs84
    x, y = CRS.WGS84.get_transform_function(CRS.UTM_33N)(longitudes, latitudes)
    assert_allclose(np.sort(x.ravel()), np.repeat([460005, 460635], 2), atol=1e-3)
    assert_allclose(np.sort(y.ravel()), np.repeat([5080005, 5080315], 2), atol=1e-3)


def test_a_single_pixel_has_corners():
    assert ImageGrid.of(BBox((460000, 5080000, 460010, 5080010), CRS.UTM_33N), 1, 1).corners_wgs84[0].size == 1


def test_a_box_across_zones_is_refused_with_both_names():
    with pytest.raises(ValueError, match="across UTM_32N and UTM_33N.*UtmZoneSplitter"):
        ImageGrid.of(BBox((11.9, 45.0, 12.1, 45.1), CRS.WGS84), 8, 8)


@pytest.mark.parametrize(("south", "latitude"), [(84.5, "84"), (-81, "-8")])
def test_a_box_beyond_utm_is_refused(south, latitude):
    with pytest.raises(ValueError, match=rf"reaches latitude {latitude}.*-80 and 84"):
        ImageGrid.of(BBox((14, south, 14.1, south + 0.1), CRS.WGS84), 8, 8)


def test_a_box_without_area_is_refused():
    with pytest.raises(ValueError, match=r"460000.*has no area"):
        ImageGrid.of(BBox((460000, 5080000, 460000, 5080320), CRS.UTM_33N), 8, 8)
