"""Where the sun stands, against the solar position algorithm of NREL and against what the seasons say."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.core.utils.sun import sun_angles

TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2049, 12, 31))
LONGITUDES = st.floats(-180, 180)
LATITUDES = st.floats(-90, 90)

# By the NREL SPA of pvlib 0.16.1 in an environment of its own, at sea level, true (not refracted) zenith:
# pvlib.solarposition.spa_python(time, latitude, longitude, altitude=0, delta_t=69.2)[["zenith", "azimuth"]]
SPA = [
    ("2015-06-27 10:00:00", 14.55, 45.87, 26.0811, 144.3625),
    ("2016-12-21 10:05:00", 14.55, 45.87, 70.4261, 166.6056),
    ("2017-03-20 10:30:00", 0, 51.48, 55.4345, 149.9492),
    ("2018-09-23 03:00:00", 139.7, 35.7, 36.2401, 191.1673),
    ("2019-06-29 21:28:40", -147.8, 60.8, 37.8694, 170.2227),
    ("2020-02-29 23:10:00", 179.9, -16.5, 17.7705, 61.4472),
    ("2020-03-01 22:40:00", -179.9, -16.5, 24.2982, 70.0330),
    ("2021-01-15 13:20:00", -58.4, -34.6, 38.2341, 80.1216),
    ("2022-06-21 08:00:00", 27.5, -7.7, 44.7902, 45.0945),
    ("2023-11-05 14:00:00", -70.9, -53.2, 47.2718, 51.7120),
    ("2024-07-04 12:00:00", 15.6, 78.2, 55.8135, 196.1637),
    ("2026-12-24 18:00:00", -118.2, 34.0, 63.3290, 151.0510),
    ("2030-05-12 02:15:00", 103.8, 1.3, 44.0965, 64.9416),
    ("2024-01-10 00:00:00", 14.55, 45.87, 154.0192, 27.8883),
]


@pytest.mark.parametrize(("time", "longitude", "latitude", "zenith", "azimuth"), SPA)
def test_the_angles_are_those_of_the_solar_position_algorithm(time, longitude, latitude, zenith, azimuth):
    found = np.ravel(sun_angles([datetime.fromisoformat(time)], longitude, latitude))
    # the sun is good to 0.01 degrees, plus up to 0.0024 of parallax; azimuths spread as they near the zenith
    assert abs(found[0] - zenith) < 0.0125
    assert abs(found[1] - azimuth) * np.sin(np.radians(zenith)) < 0.0125


def test_the_worked_example_of_reda_and_andreas_comes_out():
    """Table A5.1 of https://doi.org/10.1016/j.solener.2003.12.003; its zenith has 0.0163 degrees of refraction."""
    zenith, azimuth = sun_angles([datetime(2003, 10, 17, 19, 30, 30)], -105.1786, 39.742476)
    np.testing.assert_allclose(zenith, 50.11162 + 0.0163, atol=0.01)
    np.testing.assert_allclose(azimuth, 194.34024, atol=0.01)


@given(TIMES, LONGITUDES, LATITUDES)
def test_the_sun_is_never_higher_than_the_tropics_allow(time, longitude, latitude):
    zenith, azimuth = sun_angles([time], longitude, latitude)
    assert zenith[0] >= max(0, abs(latitude) - 23.45)
    assert zenith[0] <= 180 - max(0, abs(latitude) - 23.45)
    assert 0 <= azimuth[0] <= 360


@given(TIMES, LONGITUDES, LATITUDES)
def test_on_the_other_side_of_the_earth_the_sun_is_as_far_below_the_horizon(time, longitude, latitude):
    here, _ = sun_angles([time], longitude, latitude)
    there, _ = sun_angles([time], longitude + 180, -latitude)
    np.testing.assert_allclose(here + there, 180, atol=1e-9)


@given(st.dates(datetime(1990, 1, 1).date(), datetime(2049, 12, 31).date()), LONGITUDES, st.floats(24, 80))
def test_north_of_the_tropic_the_sun_is_highest_in_the_south_and_stands_alike_before_and_after(
    day, longitude, latitude
):
    mean_noon = datetime(day.year, day.month, day.day, 12) - timedelta(hours=longitude / 15)
    minutes = [mean_noon + timedelta(minutes=minute) for minute in range(-20, 21)]  # the equation of time is below 17
    zenith, azimuth = sun_angles(minutes, longitude, latitude)
    noon = minutes[np.argmin(zenith)]
    turn_in_a_minute = 0.25 / np.sin(np.radians(zenith.min()))
    # where the sun's declination changes, it is highest up to half a minute beside the meridian, and more to the north
    assert abs(azimuth[np.argmin(zenith)] - 180) < 2.5 * turn_in_a_minute
    for hours in (1, 3, 5):
        before, after = sun_angles([noon - timedelta(hours=hours), noon + timedelta(hours=hours)], longitude, latitude)[
            0
        ]
        assert abs(before - after) < 0.4  # a minute of time, and 10 hours of declination at 0.017 degrees an hour


@pytest.mark.parametrize("latitude", [-60, -20, 10, 45, 80])
def test_at_noon_of_an_equinox_the_zenith_angle_is_the_latitude(latitude):
    """The equinox was on 2020-03-20 at 03:50 UTC; at 12:07:30 UTC the sun stands over the meridian of Greenwich."""
    zenith, azimuth = sun_angles([datetime(2020, 3, 20, 12, 7, 30)], 0, latitude)
    assert abs(zenith[0] - abs(latitude)) < 0.2
    assert abs(np.cos(np.radians(azimuth[0])) - (-1 if latitude > 0 else 1)) < 0.001


def test_in_the_south_the_sun_stands_in_the_north_at_noon():
    _, azimuth = sun_angles([datetime(2021, 6, 21, 12)], 0, -40)
    assert min(azimuth[0], 360 - azimuth[0]) < 1


def test_time_is_the_first_axis_and_places_are_broadcast():
    times = [datetime(2020, 1, 1, 10), datetime(2020, 7, 1, 10), datetime(2020, 7, 1, 11)]
    longitude, latitude = np.array([10.0, 20.0]), np.array([[45.0], [46.0], [47.0], [48.0]])
    zenith, azimuth = sun_angles(times, longitude, latitude)
    assert zenith.shape == azimuth.shape == (3, 4, 2)
    assert zenith.dtype == azimuth.dtype == np.float64
    np.testing.assert_array_equal(zenith[1, 2, 1], sun_angles([times[1]], 20.0, 47.0)[0][0])
    np.testing.assert_array_equal(azimuth[1, 2, 1], sun_angles([times[1]], 20.0, 47.0)[1][0])


def test_without_times_there_are_no_angles():
    zenith, azimuth = sun_angles([], 10.0, np.array([45.0, 46.0]))
    assert zenith.shape == azimuth.shape == (0, 2)
