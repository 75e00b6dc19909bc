"""When the Sentinel-2 satellites pass over a place, and what part of it their swath holds.

The orbits are taken as circles, sun-synchronous, that repeat after 143 revolutions in 10 days. In mean solar time the
plane of such an orbit stands still and the Earth turns once a day under it. So one constant is left to be found: when
the first node is passed.

Sources:
    European Space Agency (2015): Sentinel-2 User Handbook (10:30 at the descending node, 143 orbits in 10 days, 786 km
    high, swath of 290 km, two satellites half a revolution apart).
    Capderou, M. (2014): Handbook of Satellite Orbits (ground tracks, sun-synchronous and recurrent orbits),
    https://doi.org/10.1007/978-3-319-03416-4.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eolearn.core.exceptions import SettingError

Float: TypeAlias = NDArray[np.float64]
Satellite: TypeAlias = Literal["S2A", "S2B", "S2C"]

ORBITS = 143
"""Revolutions of a satellite until it flies over the same track again."""

REVISIT = timedelta(days=5)
"""Time until one of the two satellites flies over the same track again."""

HALF_SWATH_M = 145_000.0
"""A place is seen if its distance from the ground track is at most this."""

FIRST_NODE = datetime(2015, 6, 22, 23, 16, 15)
"""When Sentinel-2A would have passed the descending node of relative orbit 1, in naive UTC.

Fitted, with the inclination, to three edges of real images: see the tests. A second is 460 m at the equator.
"""

S2A_FROM, S2B_FROM, S2C_FROM = datetime(2015, 6, 27), datetime(2017, 6, 15), datetime(2025, 1, 21)
"""First images of each satellite. Sentinel-2C took the place of Sentinel-2A."""

_EARTH_RADIUS_M = 6_371_009.0
_ALTITUDE_M = 786_000.0
_INCLINATION = math.radians(98.57)  # the handbook has 98.62, which is 4 km off between 8 S and 32 N
_TIME_AT_NODE = timedelta(hours=10, minutes=30)  # mean solar, at the descending node
_TURN = 10 / ORBITS  # of the Earth against the plane of the orbit, during one revolution: 360 degrees a mean solar day
_GEOCENTRIC = (1 - 1 / 298.257223563) ** 2  # ratio of the tangents of geocentric and geodetic latitude, WGS 84


class Acquisition(NamedTuple):
    """One pass of a satellite over a place."""

    timestamp: datetime
    """Naive UTC in whole seconds, the same for all places of the pass in one latitude band of 8 degrees."""

    satellite: Satellite

    relative_orbit: int
    """Number of the ground track, 1 to 143, as in names of products (``R122``)."""

    number: int
    """Number of the pass, in the order in which all satellites pass the node: no other pass has the same one."""


def acquisitions(
    longitude_deg: ArrayLike, latitude_deg: ArrayLike, start: datetime, end: datetime
) -> list[Acquisition]:
    """Return the passes that see at least one of the given places, in order of time.

    longitude_deg, latitude_deg: geodetic (WGS 84), of one place or of several, such as the corners of a patch.
    start, end: naive UTC, both inclusive.

    Several places have one timestamp a pass, that of the northernmost. There is none before the first images of
    2015-06-27. Passes in the dark are not left out. Raises SettingError for a place that is not on the Earth.

    Example:
        >>> for found in acquisitions(14.55, 45.87, datetime(2020, 6, 1), datetime(2020, 6, 10)):
        ...     print(found.timestamp, found.satellite, found.relative_orbit)
        2020-06-04 10:08:23 S2A 122
        2020-06-09 10:08:23 S2B 122
    """
    longitudes, latitudes = _places(longitude_deg, latitude_deg)
    orbits = np.arange(1, ORBITS + 1)
    offsets = swath_offset_m(orbits[:, np.newaxis], longitudes, latitudes)
    seen = orbits[(np.abs(offsets) <= HALF_SWATH_M).any(axis=1)]
    after_node = _time_after_node(float(latitudes.max()))
    return sorted(found for orbit in seen for found in _passes(int(orbit), after_node, start, end))


def _places(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> tuple[Float, Float]:
    """Return the coordinates of places in two flat arrays."""
    longitudes, latitudes = (
        each.ravel() for each in np.broadcast_arrays(np.asarray(longitude_deg, float), np.asarray(latitude_deg, float))
    )
    wrong = ~(np.isfinite(longitudes) & (np.abs(latitudes) <= 90))
    if wrong.any():
        raise SettingError(
            f"There is no place at longitude {longitudes[wrong][0]}, latitude {latitudes[wrong][0]}. "
            "Longitudes and latitudes are in degrees, latitudes from -90 to 90: transform coordinates of other systems."
        )
    return longitudes, latitudes


def _passes(relative_orbit: int, after_node: timedelta, start: datetime, end: datetime) -> Iterator[Acquisition]:
    """Yield the passes over one ground track.

    The satellites pass their nodes in turn. So the track of pass number n + 143 is that of pass n, by the other
    satellite, and pass n + 2 is on the next track.
    """
    first = 2 * (relative_orbit - 1) % ORBITS
    seconds = round((first * REVISIT / ORBITS + after_node).total_seconds())
    first_time = FIRST_NODE + timedelta(seconds=seconds)
    for revisit in range(-((first_time - start) // REVISIT), (end - first_time) // REVISIT + 1):
        number, timestamp = first + revisit * ORBITS, first_time + revisit * REVISIT
        satellite = _satellite(number, timestamp)
        if satellite:
            yield Acquisition(timestamp, satellite, relative_orbit, number)


def _satellite(number: int, timestamp: datetime) -> Satellite | None:
    if number % 2:
        return "S2B" if timestamp >= S2B_FROM else None
    if timestamp >= S2C_FROM:
        return "S2C"
    return "S2A" if timestamp >= S2A_FROM else None


def _time_after_node(latitude_deg: float) -> timedelta:
    """Return when a satellite flies over the middle of a latitude band, negative north of the equator.

    The bands are those of MGRS: 8 degrees from 80 degrees south, the northernmost one to 84.
    """
    south = 8 * min(max(math.floor(latitude_deg / 8), -10), 9)
    along = -math.asin(math.sin(math.radians(south + 4)) / math.sin(_INCLINATION))
    return along / (2 * math.pi) * 2 * REVISIT / ORBITS


def swath_offset_m(relative_orbit: ArrayLike, longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> Float:
    """Return how far places are from the ground track, in metres, positive to the east of it.

    relative_orbit, longitude_deg, latitude_deg: numbers or arrays, broadcast against each other.

    A place is seen if it is at most ``HALF_SWATH_M`` to either side. Each result depends on its own place only. It is
    the distance on a sphere to the nearest point of the descending half of the track.

    Example:
        >>> swath_offset_m(122, [14.55, 13.0], 45.87).round(-3)
        array([  11000., -105000.])
    """
    foot = _foot(relative_orbit, longitude_deg, latitude_deg)
    return np.copysign(_EARTH_RADIUS_M * _distance(foot), foot.left)


def view_angles(relative_orbit: ArrayLike, longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> tuple[Float, Float]:
    """Return the zenith and the azimuth angle at which places see the satellite when it is nearest, in degrees.

    relative_orbit, longitude_deg, latitude_deg: numbers or arrays, broadcast against each other.

    The azimuth is clockwise from north, 0 to 360. The Earth is taken as a sphere, and all detectors as looking across
    the flight: the real ones look a little ahead or back.

    Example:
        >>> zenith, azimuth = view_angles(122, [14.55, 13.0], 45.87)
        >>> zenith.round(1), azimuth.round()
        (array([0.9, 8.6]), array([285., 104.]))
    """
    foot = _foot(relative_orbit, longitude_deg, latitude_deg)
    angle = _distance(foot)
    ratio = 1 + _ALTITUDE_M / _EARTH_RADIUS_M
    zenith = np.arctan2(ratio * np.sin(angle), ratio * np.cos(angle) - 1)
    return np.degrees(zenith), np.degrees(np.arctan2(foot.east, foot.north)) % 360


class _Foot(NamedTuple):
    """The nearest point of the track, seen from a place: parts of unit vectors."""

    up: Float
    """Of the place, in the direction of the foot."""

    ahead: Float
    """Of the place, in the direction of the flight over ground."""

    left: Float
    """Of the place, to the left of the flight."""

    east: Float
    """Of the foot, to the east of the place."""

    north: Float
    """Of the foot, to the north of the place."""

    speed: Float
    """Of the foot over ground, in radians for a radian that the satellite flies."""


def _distance(foot: _Foot) -> Float:
    """Return the angle between place and foot at the centre of the Earth, in radians."""
    return np.arctan2(np.hypot(foot.ahead, foot.left), foot.up)


def _foot(relative_orbit: ArrayLike, longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> _Foot:
    """Return the nearest points of the descending half of the tracks, by Newton's method.

    The first guess is where the track has the latitude of the place. For places that are seen two steps lead to within
    5 m of the foot, and the distance is exact to a millimetre beyond 20 km.
    """
    latitude = np.arctan(_GEOCENTRIC * np.tan(np.radians(latitude_deg)))
    east_of_node = np.radians(longitude_deg) - _node_longitude(np.asarray(relative_orbit))
    flown = np.arcsin(np.clip(-np.sin(latitude) / math.sin(_INCLINATION), -1, 1))
    for _ in range(2):
        foot = _foot_after(flown, east_of_node + _TURN * flown, latitude)
        flown = np.clip(flown + np.arctan2(foot.ahead, foot.up) / foot.speed, -np.pi / 2, np.pi / 2)
    return _foot_after(flown, east_of_node + _TURN * flown, latitude)


def _node_longitude(relative_orbit: NDArray[Any]) -> Float:
    """Return in radians the longitude where mean solar time is 10:30 when the node is passed."""
    midnight = FIRST_NODE.replace(hour=0, minute=0, second=0)
    first = 2 * math.pi * (_TIME_AT_NODE - (FIRST_NODE - midnight)) / timedelta(days=1)
    return first - 2 * math.pi * _TURN * (relative_orbit - 1.0)


def _foot_after(flown: Float, longitude: Float, latitude: Float) -> _Foot:
    """Return the foot that a satellite reaches after an angle flown since its node.

    longitude: of the place, east of where the node was: in a frame that does not turn with the Earth. x points to the
    node, z to the pole. The direction of flight is that over ground, as the satellite turns to it (yaw steering).
    """
    cos_i, sin_i = math.cos(_INCLINATION), math.sin(_INCLINATION)
    x, y, z = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)
    foot_x, foot_y, foot_z = np.cos(flown), cos_i * np.sin(flown), -sin_i * np.sin(flown)
    speed = np.sqrt(1 - 2 * _TURN * cos_i + _TURN**2 * (1 - foot_z**2))
    up = x * foot_x + y * foot_y + z * foot_z
    ahead = (y * cos_i - z * sin_i) * np.cos(flown) - x * np.sin(flown) - _TURN * (y * foot_x - x * foot_y)
    left = y * sin_i + z * cos_i - _TURN * (z - up * foot_z)
    east = foot_y * np.cos(longitude) - foot_x * np.sin(longitude)
    north = foot_z * np.cos(latitude) - z * (foot_x * np.cos(longitude) + foot_y * np.sin(longitude))
    return _Foot(up, ahead / speed, left / speed, east, north, speed)
