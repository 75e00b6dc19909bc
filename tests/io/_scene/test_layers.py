"""The layers of the service, against the functions that they come from."""

from datetime import datetime

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core.utils.sun import sun_angles
from eolearn.io._scene.grid import ImageGrid
from eolearn.io._scene.layers import LAYERS
from eolearn.io._scene.orbits import acquisitions, view_angles
from eolearn.io._scene.view import SceneView
from eolearn.io._scene.weather import weather_of

KEY = np.uint64(9)
BOX = BBox((480_000, 5_080_000, 481_280, 5_081_280), CRS.UTM_33N)


@pytest.fixture(scope="module")
def view():
    return SceneView(KEY, ImageGrid.of(BOX, 32, 32))


@pytest.fixture(scope="module")
def weathers(view):
    passes = acquisitions(*view.grid.corners_wgs84, datetime(2019, 1, 1), datetime(2019, 12, 31))
    return [weather_of(KEY, each, view.latitude_deg) for each in passes]


def places(view):
    """Longitudes and latitudes of the pixels: 40 m apart, they show the 10 m pixel north-east of their middle."""
    x, y = np.meshgrid(view.grid.eastings + 5, view.grid.northings + 5)
    return view.grid.to_wgs84(x, y)


def test_the_sun_and_the_satellite_stand_where_formulas_say(view, weathers):
    weather = weathers[10]
    zenith, azimuth = sun_angles([weather.acquisition.timestamp], *places(view))
    assert_allclose(LAYERS["sunZenithAngles"](view, weather), zenith[0], atol=1e-9)
    assert_allclose(LAYERS["sunAzimuthAngles"](view, weather), azimuth[0], atol=1e-9)
    zenith, azimuth = view_angles(weather.acquisition.relative_orbit, *places(view))
    assert_allclose(LAYERS["viewZenithMean"](view, weather), zenith, atol=1e-9)
    assert_allclose(LAYERS["viewAzimuthMean"](view, weather), azimuth, atol=1e-9)


def test_the_cloud_mask_is_where_the_probability_is_above_two_fifths(view, weathers):
    shares = []
    for weather in weathers:
        probability, mask = LAYERS["CLP"](view, weather), LAYERS["CLM"](view, weather)
        assert probability.dtype == mask.dtype == np.uint8
        assert_array_equal(mask, probability > 102)  # 0.4 * 255
        shares.append(mask.mean())
    assert any(0.1 < share < 0.9 for share in shares)
    assert np.corrcoef(shares, [weather.cloud_share for weather in weathers])[0, 1] > 0.6


def test_clouds_of_the_service_are_found_in_squares_of_160_m(view, weathers):
    """480 000 and 5 080 000 are multiples of 160, and pixels are 40 m wide: 4 x 4 have one value."""
    for weather in weathers[:20]:
        blocks = LAYERS["CLP"](view, weather).reshape(8, 4, 8, 4)
        assert (blocks == blocks[:, :1, :, :1]).all()


def test_in_the_middle_of_the_swath_all_is_data(view, weathers):
    for weather in weathers:
        assert LAYERS["dataMask"](view, weather).dtype == bool
    orbits = {weather.acquisition.relative_orbit for weather in weathers}
    assert any(LAYERS["dataMask"](view, weather).all() for weather in weathers), orbits
