"""The weather of a pass over a latitude band, drawn from seed and pass: not of a patch, so that neighbours agree."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from statistics import NormalDist

import numpy as np

from .._kernels.sky import Sky
from .chance import chance, course_of_chance, deviate, key_of
from .orbits import Acquisition
from .tables import DAYS_A_YEAR

_SKIPPED = 0.06
_EPOCH = datetime(2015, 1, 1)
_MIDWINTER_DAY = 20.0


@dataclass(frozen=True)
class Weather:
    """What a pass finds over a latitude band."""

    acquisition: Acquisition
    sky: Sky
    cloud_share: float
    """Of the whole region, from 0 to 1; ``maxcc`` asks for it."""
    turbidity: float
    """How muddy the water is, from 0 to 1."""
    shift_m: tuple[float, float]
    """How far the image is shifted to the east and to the north."""


def season_day(timestamp: datetime, latitude_deg: float) -> float:
    """Return the day of the year, in the southern hemisphere that of the season half a year off."""
    day = timestamp.timetuple().tm_yday + timestamp.hour / 24
    return day if latitude_deg >= 0 else (day + DAYS_A_YEAR / 2) % DAYS_A_YEAR


def days_since_epoch(timestamp: datetime) -> float:
    """Return days since the beginning of 2015, before the first image."""
    return (timestamp - _EPOCH).total_seconds() / 86_400


def band_latitude(latitude_deg: float) -> float:
    """Return the middle of the latitude band of 8 degrees."""
    return 8 * math.floor(latitude_deg / 8) + 4.0


def is_skipped(seed_key: np.uint64, acquisition: Acquisition) -> bool:
    """Tell whether the satellite did not record this pass, as for manoeuvres and calibrations."""
    return chance(seed_key, 501, acquisition.number) < _SKIPPED


def weather_of(
    seed_key: np.uint64, acquisition: Acquisition, latitude_deg: float, misregistration_m: float = 0.0
) -> Weather:
    """Draw the weather of a pass."""
    key = key_of(seed_key, 502, acquisition.number)
    draws = [chance(key, 503, index) for index in range(6)]
    latitude = band_latitude(latitude_deg)
    day = season_day(acquisition.timestamp, latitude)
    winter = 0.5 + 0.5 * math.cos(2 * math.pi * (day - _MIDWINTER_DAY) / DAYS_A_YEAR)
    clouds = _cloud_share(draws[0], draws[1], winter)
    sky = Sky(
        key=key,
        threshold=round(-NormalDist().inv_cdf(clouds), 6),
        cloud_height_m=round(1100 + 2200 * draws[2] + 500 * (1 - winter), 1),
        cirrus=round(max(0.0, 0.6 * draws[3] - 0.36), 6),
        haze=round(0.04 + 0.22 * draws[4] ** 2 + 0.05 * (1 - winter), 6),
        snow_line_m=_snow_line(seed_key, acquisition.timestamp, latitude, winter),
    )
    east, north = (round(misregistration_m * deviate(key, 504, axis), 3) for axis in range(2))
    return Weather(acquisition, sky, clouds, draws[5], (east, north))


def _cloud_share(kind: float, amount: float, winter: float) -> float:
    """Return a share of cloud: nearly clear days, overcast ones, more of these in winter, and those between."""
    if kind < 0.42 - 0.17 * winter:
        return 0.002 + 0.05 * amount * amount
    if kind > 0.82 - 0.17 * winter:
        return 0.9 + 0.095 * amount
    return 0.05 + 0.8 * amount


def _snow_line(seed_key: np.uint64, timestamp: datetime, latitude: float, winter: float) -> float:
    """Return a height in metres that follows the season, with cold and mild spells of weeks."""
    spell = course_of_chance(seed_key, 505, days_since_epoch(timestamp) / 22)
    line = 620 + 3000 * (1 - winter) + 1500 * spell - 70 * (abs(latitude) - 44)
    return round(line, 1)
