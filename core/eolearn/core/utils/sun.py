"""Where the sun stands in the sky."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float: TypeAlias = NDArray[np.float64]

_J2000 = np.datetime64("2000-01-01T12:00:00", "us")


def sun_angles(times: Sequence[datetime], longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> tuple[Float, Float]:
    """Return the zenith and the azimuth angle of the sun at some times over some places, in degrees.

    times: naive UTC.
    longitude_deg, latitude_deg: geodetic, numbers or arrays, broadcast against each other.

    Returns two float64 arrays of shape (time, ...), where ... is the shape of the places. The azimuth is clockwise from
    north, 0 to 360. The zenith angle is above 90 at night. Refraction in the air is left out: it lifts the sun by 0.02
    degrees at a zenith angle of 50 and by half a degree at the horizon. Without it the angles are good to 0.01 degrees
    in zenith from 1950 to 2050, and in azimuth wherever the sun is not close to the zenith.

    Source: Michalsky (1988), Solar Energy 40(3), 227-235, https://doi.org/10.1016/0038-092X(88)90045-X. The azimuth is
    taken from its sine and its cosine, so the erratum, 41(1), 113, https://doi.org/10.1016/0038-092X(88)90122-3, on
    how to find its quadrant is not needed.

    Example:
        >>> zenith, azimuth = sun_angles([datetime(2020, 6, 21, 10), datetime(2020, 12, 21, 10)], 14.5, 46.0)
        >>> zenith.round(1), azimuth.round(1)
        (array([26. , 70.8]), array([144.8, 165.4]))
    """
    longitude, latitude = np.broadcast_arrays(
        np.asarray(longitude_deg, dtype=np.float64), np.radians(np.asarray(latitude_deg, dtype=np.float64))
    )
    days = (np.asarray(times, dtype="datetime64[us]") - _J2000) / np.timedelta64(1, "D")
    days = days.reshape(-1, *[1] * longitude.ndim)
    right_ascension, declination = _equatorial(days)
    sidereal_time = np.radians((15 * (6.697375 + 0.0657098242 * days + 24 * (days + 0.5)) + longitude) % 360)
    return _horizontal(sidereal_time - right_ascension, declination, latitude)


def _equatorial(days: Float) -> tuple[Float, Float]:
    """Return right ascension and declination of the sun, in radians, days after noon of 2000-01-01."""
    mean_anomaly = np.radians(357.528 + 0.9856003 * days)
    mean_longitude = 280.460 + 0.9856474 * days
    longitude = np.radians(mean_longitude + 1.915 * np.sin(mean_anomaly) + 0.020 * np.sin(2 * mean_anomaly))
    obliquity = np.radians(23.439 - 0.0000004 * days)
    right_ascension = np.arctan2(np.cos(obliquity) * np.sin(longitude), np.cos(longitude))
    return right_ascension, np.arcsin(np.sin(obliquity) * np.sin(longitude))


def _horizontal(hour_angle: Float, declination: Float, latitude: Float) -> tuple[Float, Float]:
    """Return zenith and azimuth in degrees, of angles in radians."""
    east = -np.cos(declination) * np.sin(hour_angle)
    north = np.sin(declination) * np.cos(latitude) - np.cos(declination) * np.cos(hour_angle) * np.sin(latitude)
    up = np.sin(declination) * np.sin(latitude) + np.cos(declination) * np.cos(hour_angle) * np.cos(latitude)
    return np.degrees(np.arctan2(np.hypot(east, north), up)), np.degrees(np.arctan2(east, north)) % 360
