"""How an image sees the scene: shifts, seams and light."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core.utils.sun import sun_angles
from eolearn.io._kernels.sky import OPACITY, cloud_opacity
from eolearn.io._scene.grid import ImageGrid
from eolearn.io._scene.orbits import HALF_SWATH_M, acquisitions, swath_offset_m
from eolearn.io._scene.tables import BANDS
from eolearn.io._scene.view import SceneView
from eolearn.io._scene.weather import weather_of

KEY = np.uint64(2)
WEST, SOUTH, SIDE = 460_020, 5_080_080, 480  # multiples of 60


def view_of(west=WEST, south=SOUTH, side=SIDE):
    return SceneView(
        KEY, ImageGrid.of(BBox((west, south, west + side, south + side), CRS.UTM_33N), side // 10, side // 10)
    )


def weathers_of(view, misregistration_m=0.0):
    passes = acquisitions(*view.grid.corners_wgs84, datetime(2018, 5, 1), datetime(2018, 7, 30))
    return [weather_of(KEY, each, view.latitude_deg, misregistration_m) for each in passes]


def test_the_sun_of_the_scene_is_that_of_the_almanac_in_the_axes_of_the_map():
    """Far from the central meridian, where the north of the map is not the north of the Earth."""
    import pyproj

    view = view_of(west=300_000)
    weather = weathers_of(view)[0]
    nodes = view.sun(weather)
    row, column = 1, 1
    x, y = (nodes.first_column + column) * nodes.spacing, (nodes.first_row + row) * nodes.spacing
    longitude, latitude = view.grid.to_wgs84(np.array([x]), np.array([y]))
    zenith, azimuth = sun_angles([weather.acquisition.timestamp], longitude, latitude)
    convergence = pyproj.Proj("EPSG:32633").get_factors(longitude[0], latitude[0]).meridian_convergence
    east, north, up = nodes.vectors[row, column]
    assert_allclose(np.degrees(np.arccos(up)), zenith.ravel()[0], atol=1e-6)
    assert_allclose(np.degrees(np.arctan2(east, north)) % 360, azimuth.ravel()[0] - convergence, atol=0.01)
    assert abs(convergence) > 1


@pytest.mark.parametrize(("east", "north"), [(10.0, 0.0), (-20.0, 30.0), (60.0, -120.0)])
def test_a_shift_by_whole_pixels_shows_the_ground_beside(east, north):
    shifted = view_of().ground(10.0, (east, north))
    beside = view_of(WEST - int(east), SOUTH - int(north)).ground(10.0)
    assert_array_equal(shifted.land_cover, beside.land_cover)
    for name in ("texture", "depths", "heights", "slopes"):
        assert_array_equal(getattr(shifted, name), getattr(beside, name))
    assert_array_equal(shifted.table.keys[shifted.entries], beside.table.keys[beside.entries])


def test_a_shifted_image_is_the_scene_beside_but_for_the_noise_of_its_pixels():
    """60 and 120 m are whole pixels of all bands. Two draws of noise differ by 7 deviations at most."""
    for weather in weathers_of(view_of())[:6]:
        images = []
        for view, shift in ((view_of(), (60.0, -120.0)), (view_of(WEST - 60, SOUTH + 120), (0.0, 0.0))):
            images.append(np.empty((*view.grid.shape, 13)))
            view.expose(replace(weather, shift_m=shift), range(13), 1.0, images[-1])
        shifted, beside = images
        most = 7 * (0.0009 * 1.5 + 0.006 * 1.05 * np.maximum(shifted, beside))
        assert (np.abs(shifted - beside) <= most).all()


def test_a_sub_pixel_shift_moves_the_clouds_with_the_ground():
    view = view_of()
    for weather in weathers_of(view, 5.0)[:4]:
        sky = view.sky(weather, 10.0, view.ground(10.0, weather.shift_m))
        pixels = view.pixels(10.0)
        expected = [
            cloud_opacity(weather.sky, x - weather.shift_m[0], y - weather.shift_m[1])
            for x, y in zip(pixels.x[:100], pixels.y[:100], strict=True)
        ]
        assert_allclose(sky[OPACITY, :100], expected, atol=1e-7)


def test_the_edge_of_the_swath_cuts_an_image():
    """Between 498 and 503 km east the edge of orbit 79 passes: see what swath_offset_m says."""
    view = view_of(498_000, SOUTH, 4800)
    seen = view.is_seen(79)
    x, y = np.meshgrid(view.grid.eastings, view.grid.northings)
    expected = np.abs(swath_offset_m(79, *view.grid.to_wgs84(x, y))) <= HALF_SWATH_M
    assert_array_equal(seen, expected)
    assert 0.1 < seen.mean() < 0.9


def test_bands_may_be_asked_for_alone_and_in_any_order():
    view = view_of()
    weather = weathers_of(view)[3]
    whole, some = np.empty((48, 48, 13), np.float32), np.empty((48, 48, 3), np.float32)
    view.expose(weather, range(13), 1.0, whole)
    order = [BANDS.index(name) for name in ("B10", "B02", "B8A")]
    view.expose(weather, order, 1.0, some)
    assert_array_equal(some, whole[..., order])


def test_bands_have_the_pixel_sizes_of_sentinel_2():
    view = view_of()
    image = np.empty((48, 48, 13), np.float32)
    view.expose(weathers_of(view)[3], range(13), 1.0, image)
    for names, size in ((("B01", "B09", "B10"), 6), (("B05", "B06", "B07", "B8A", "B11", "B12"), 2)):
        for name in names:
            blocks = image[..., BANDS.index(name)].reshape(48 // size, size, 48 // size, size)
            assert (blocks == blocks[:, :1, :, :1]).all()
    assert np.unique(image[..., BANDS.index("B04")]).size > 1500  # noise makes nearly each of 2304 its own
