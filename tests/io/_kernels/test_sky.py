"""Light, clouds, shadows and snow of a date, against plain formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.io._kernels.sky import (
    CIRRUS,
    HAZE,
    LIGHT,
    OPACITY,
    SHADE,
    SNOW,
    Sky,
    SunNodes,
    cloud_opacity,
    draw_sky,
    snow_cover,
)

WORLD = np.uint64(3)
PARTLY_CLOUDY = Sky(key=np.uint64(8), threshold=0.2, cloud_height_m=2000.0, cirrus=0.2, haze=0.1, snow_line_m=800.0)


def nodes_of(zenith_deg, azimuth_deg, first_column=-1, first_row=-1):
    """Return a sun that stands in the same direction everywhere."""
    zenith, azimuth = np.radians([zenith_deg, azimuth_deg])
    vector = [np.sin(zenith) * np.sin(azimuth), np.sin(zenith) * np.cos(azimuth), np.cos(zenith)]
    return SunNodes(first_column, first_row, 20_000.0, np.tile(vector, (4, 4, 1)))


def drawn(sky, nodes, x, y, heights=0.0, slopes=(0.0, 0.0), poleward=1.0):
    x, y = np.asarray(x, float), np.asarray(y, float)
    heights = np.broadcast_to(np.float32(heights), x.shape).copy()
    slopes = np.broadcast_to(np.asarray(slopes, np.float32), (*x.shape, 2)).copy()
    result = np.empty((6, x.size), np.float32)
    draw_sky(WORLD, sky, nodes, x, y, heights, slopes, poleward, result)
    return result


PLACES = np.random.default_rng(0).uniform(0, 15_000, (2, 500))


@given(st.floats(0, 80), st.floats(0, 360), st.floats(-0.8, 0.8), st.floats(-0.8, 0.8))
def test_light_on_a_slope_is_the_cosine_of_the_angle_between_the_sun_and_its_normal(zenith, azimuth, east, north):
    nodes = nodes_of(zenith, azimuth)
    normal = np.array([-east, -north, 1]) / np.sqrt(1 + east**2 + north**2)
    expected = max(0, normal @ nodes.vectors[0, 0]) / np.cos(np.radians(zenith))
    light = drawn(PARTLY_CLOUDY, nodes, [100.0], [200.0], slopes=(east, north))[LIGHT, 0]
    assert_allclose(light, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("zenith", "azimuth", "ground"), [(30, 150, 0.0), (65, 165, 400.0), (50, 20, 1200.0)])
def test_a_shadow_lies_away_from_the_sun_at_the_height_times_the_tangent_of_the_zenith_angle(zenith, azimuth, ground):
    x, y = PLACES
    shade = drawn(PARTLY_CLOUDY, nodes_of(zenith, azimuth), x, y, heights=ground)[SHADE]
    distance = (2000 - ground) * np.tan(np.radians(zenith))
    to_sun = distance * np.sin(np.radians(azimuth)), distance * np.cos(np.radians(azimuth))
    expected = [cloud_opacity(PARTLY_CLOUDY, a + to_sun[0], b + to_sun[1]) for a, b in zip(x, y, strict=True)]
    assert 0.05 < np.mean(shade > 0) < 0.95
    assert_allclose(shade, expected, atol=1e-6)


def test_what_is_above_the_clouds_has_the_shade_of_its_own_cloud_only():
    sky = drawn(PARTLY_CLOUDY, nodes_of(60, 150), *PLACES, heights=2500.0)
    assert_array_equal(sky[SHADE], sky[OPACITY])


def test_a_higher_threshold_means_less_cloud_everywhere():
    before = drawn(PARTLY_CLOUDY, nodes_of(40, 160), *PLACES)[OPACITY]
    for threshold in (0.5, 1.0, 4.0):
        after = drawn(PARTLY_CLOUDY._replace(threshold=threshold), nodes_of(40, 160), *PLACES)[OPACITY]
        assert (after <= before).all()
        before = after
    assert not before.any()


def test_all_but_light_and_haze_are_shares():
    sky = drawn(PARTLY_CLOUDY, nodes_of(40, 160), *PLACES, heights=800.0)
    for row in (OPACITY, SHADE, CIRRUS, SNOW):
        assert sky[row].min() >= 0
        assert 0 < sky[row].max() <= 1
    assert sky[CIRRUS].max() <= np.float32(PARTLY_CLOUDY.cirrus)
    assert sky[HAZE].min() >= np.float32(0.2 * PARTLY_CLOUDY.haze)


def test_there_is_no_cirrus_on_a_day_without():
    assert not drawn(PARTLY_CLOUDY._replace(cirrus=0.0), nodes_of(40, 160), *PLACES)[CIRRUS].any()


@given(st.floats(0, 15_000), st.floats(0, 15_000), st.floats(300, 1300), st.floats(0, 300))
def test_there_is_more_snow_higher_up_and_on_slopes_that_face_the_pole(x, y, ground, more):
    here = snow_cover(WORLD, PARTLY_CLOUDY, x, y, ground, 0.0)
    assert snow_cover(WORLD, PARTLY_CLOUDY, x, y, ground + more, 0.0) >= here
    assert snow_cover(WORLD, PARTLY_CLOUDY, x, y, ground, 0.3) <= here
    assert snow_cover(WORLD, PARTLY_CLOUDY, x, y, ground, -0.3) >= here


def test_the_snow_line_lies_between_no_snow_and_all_snow():
    heights = {-400: 0, 400: 1}
    for above, share in heights.items():
        assert_array_equal(drawn(PARTLY_CLOUDY, nodes_of(40, 160), *PLACES, heights=800.0 + above)[SNOW], share)


def test_the_sky_does_not_depend_on_the_first_node_of_the_sun():
    """Images that begin in other squares of the wide grid must agree bit for bit."""
    slopes = np.random.default_rng(1).normal(0, 0.2, (500, 2))
    one, other = (drawn(PARTLY_CLOUDY, _leaning(first), *PLACES, heights=300.0, slopes=slopes) for first in (-1, 0))
    assert_array_equal(one, other)


def _leaning(first):
    """Return a sun whose direction is a function of place."""
    x, y = np.meshgrid(20_000 * (first + np.arange(3)), 20_000 * (first + np.arange(3)))
    zenith, azimuth = 0.7 + x * 1e-6 + y * 2e-6, 2.5 + x * 3e-6
    vectors = np.stack([np.sin(zenith) * np.sin(azimuth), np.sin(zenith) * np.cos(azimuth), np.cos(zenith)], axis=-1)
    return SunNodes(first, first, 20_000.0, vectors)
