"""What the parcels look like on a day: mixtures of the spectra that follow the course of crops, leaves and water."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._kernels.landscape import ARTIFICIAL, BARE, CULTIVATED, FOREST, GRASSLAND, RESERVOIR_DEPTH_M, WATER
from .._kernels.world_noise import draw_units
from .chance import course_of_chance
from .tables import BANDS, DAYS_A_YEAR, course, spectra
from .weather import days_since_epoch, season_day

CROPS = ("winter_wheat", "rapeseed", "maize", "beet")
_CROP_SHARES = np.cumsum([0.38, 0.12, 0.34, 0.16])  # assumed: a mix usual in central Europe
_NEW_CROP_DAY = 274.0  # first of October: what is sown in autumn belongs to the next year's harvest
_CHANGE_DAYS = 30.0
_CUTS = (145.0, 195.0, 245.0)  # days on which meadows are mown, about
LANE_COVER = 255
_SNOW_HOLD = {CULTIVATED: 1.0, FOREST: 0.45, GRASSLAND: 1.0, WATER: 0.0, ARTIFICIAL: 0.6, BARE: 1.0, LANE_COVER: 0.5}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ParcelTable:
    """Lanes, reservoirs and parcels that some pixels show, a row each."""

    keys: NDArray[np.uint64]
    """Random bits of each."""
    covers: NDArray[np.uint8]
    heights: Floats
    """Metres above the sea."""

    @property
    def snow_hold(self) -> NDArray[np.float32]:
        """The share of snow that is seen from above."""
        return np.array([_SNOW_HOLD[int(cover)] for cover in self.covers], np.float32)

    def draw(self, purpose: int, number: int = 0) -> Floats:
        """Return random numbers of [0, 1), one a row, for some purpose."""
        drawn = np.empty(len(self.keys))
        draw_units(np.uint64(purpose), self.keys, number, drawn)
        return drawn

    @property
    def leaning(self) -> NDArray[np.float32]:
        """How much the second state prevails in each, about 0."""
        return (1.8 * self.draw(601) - 1.1).astype(np.float32)


def crops_of(table: ParcelTable, harvest_year: int) -> NDArray[np.intp]:
    """Return for each row the position in ``CROPS`` of what a field would bear in a year."""
    return np.searchsorted(_CROP_SHARES, table.draw(602, harvest_year), side="right").clip(0, len(CROPS) - 1)


def drawdowns(table: ParcelTable, timestamp: datetime, latitude: float) -> NDArray[np.float32]:
    """Return how far the level of each reservoir is below its full one, metres, and NaN for what is on land.

    Levels are lowest in autumn, and follow wet and dry years.
    """
    result = np.full(len(table.keys), np.nan, np.float32)
    for row in np.flatnonzero(table.covers == WATER):
        result[row] = drawdown(table.keys[row], timestamp, latitude)
    return result


def drawdown(key: np.uint64, timestamp: datetime, latitude: float) -> float:
    """Return how far the level of one reservoir is below its full one: metres, to the centimetre."""
    day = season_day(timestamp, latitude)
    season = 0.5 - 0.5 * np.cos(2 * np.pi * (day - 110) / DAYS_A_YEAR)
    years = days_since_epoch(timestamp) / 420.0
    dry = course_of_chance(key, 612, years) + 0.35 * course_of_chance(key, 613, 6 * years)
    share = 0.08 + 0.14 * season + 0.4 * dry
    return round(float(np.clip(share, 0.005, 0.7)) * RESERVOIR_DEPTH_M, 2)


def reflectances(
    table: ParcelTable, timestamp: datetime, latitude: float, turbidity: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the spectra of both states of each row on a day, each of shape (rows, 13)."""
    first, second = (np.zeros((len(table.keys), len(BANDS))) for _ in range(2))
    day = _own_days(table, timestamp, latitude)
    for cover, mixture in _MIXTURES.items():
        rows = table.covers == cover
        if rows.any():
            some = ParcelTable(table.keys[rows], table.covers[rows], table.heights[rows])
            first[rows], second[rows] = mixture(some, day[rows], timestamp, turbidity)
    brightness = 1 + 0.12 * (table.draw(603) - 0.5)
    brightness[table.covers == WATER] = 1
    first, second = (state * brightness[:, np.newaxis] for state in (first, second))
    return first.astype(np.float32), second.astype(np.float32)


def _own_days(table: ParcelTable, timestamp: datetime, latitude: float) -> Floats:
    """Return the day of the year by the season of each parcel: later with height, and other from year to year."""
    day = season_day(timestamp, latitude)
    year = timestamp.year
    delay = (table.heights - 300) / 100 * 2.5 + 14 * (table.draw(604, year) - 0.5) + 8 * np.sin(2.4 * year)
    return np.asarray(day - delay, np.float64)


def _blend(**shares: Any) -> Floats:
    """Return the sum of spectra, each times its share, of shape (rows, 13)."""
    table = spectra()
    return sum(np.multiply.outer(np.asarray(share, np.float64), table[name]) for name, share in shares.items())  # type: ignore[return-value]


def _fields(table: ParcelTable, day: Floats, timestamp: datetime, _: float) -> tuple[Floats, Floats]:
    """Return a dense and a sparse stand of whatever crop the fields bear, which changes in autumn."""
    change = np.clip((day - _NEW_CROP_DAY) / _CHANGE_DAYS + 0.5, 0, 1)
    change = change * change * (3 - 2 * change)
    green, dry = _cover_of_crop(crops_of(table, timestamp.year), day)
    new_green, new_dry = _cover_of_crop(crops_of(table, timestamp.year + 1), day)
    green, dry = (1 - change) * green + change * new_green, (1 - change) * dry + change * new_dry
    vigour = 0.8 + 0.2 * table.draw(605)
    bright = table.draw(606)
    green, dry = green * vigour, dry * vigour
    return _stand(green, dry, bright), _stand(0.7 * green, 0.9 * dry, bright)


def _cover_of_crop(crops: NDArray[np.intp], day: Floats) -> tuple[Floats, Floats]:
    green, dry = np.zeros(len(day)), np.zeros(len(day))
    for position, crop in enumerate(CROPS):
        rows = crops == position
        green[rows], dry[rows] = course(f"{crop}_green", day[rows]), course(f"{crop}_dry", day[rows])
    return green, dry


def _stand(green: Floats, dry: Floats, bright: Floats) -> Floats:
    soil = np.clip(1 - green - dry, 0, 1)
    soil_bright = 0.15 + 0.5 * bright
    return _blend(crop_green=green, crop_dry=dry, soil_bright=soil * soil_bright, soil_dark=soil * (1 - soil_bright))


def _meadows(table: ParcelTable, day: Floats, *_: Any) -> tuple[Floats, Floats]:
    green, dry = course("meadow_green", day), course("meadow_dry", day)
    for number, cut in enumerate(_CUTS):
        since = day - (cut + 24 * (table.draw(607, number) - 0.5))
        is_cut = table.draw(608, number) < 0.75
        green = green * (1 - 0.45 * is_cut * (since >= 0) * np.exp(-np.maximum(since, 0) / 16))
    soil = np.clip(1 - green - dry, 0, 1)
    dense = _blend(grass_green=green, grass_dry=dry + 0.5 * soil, soil_dark=0.5 * soil)
    return dense, _blend(grass_green=0.8 * green, grass_dry=dry + 0.2 * green + 0.3 * soil, soil_dark=0.7 * soil)


def _forests(_: ParcelTable, day: Floats, *__: Any) -> tuple[Floats, Floats]:
    leaves, brown = course("broadleaf_green", day), course("broadleaf_dry", day)
    bare = np.clip(1 - leaves - brown, 0, 1)
    needles = course("conifer_green", day).clip(0.85, 1)
    broadleaf = _blend(broadleaf_summer=leaves, grass_dry=0.4 * brown, broadleaf_bare=bare + 0.6 * brown)
    return broadleaf, _blend(conifer=needles, broadleaf_bare=1 - needles)


def _settlements(table: ParcelTable, day: Floats, *_: Any) -> tuple[Floats, Floats]:
    green, dry = course("garden_green", day), course("garden_dry", day)
    paved = 0.25 + 0.3 * table.draw(609)
    garden = 1 - paved
    red = 0.35 + 0.6 * table.draw(610)
    between = _blend(
        grass_green=garden * green, grass_dry=garden * dry, soil_dark=garden * (1 - green - dry).clip(0), asphalt=paved
    )
    return between, _blend(roof_red=0.9 * red, roof_bright=0.9 * (1 - red), asphalt=np.full(len(day), 0.1))


def _bare_land(table: ParcelTable, *_: Any) -> tuple[Floats, Floats]:
    ones = np.ones(len(table.keys))
    return _blend(gravel=0.85 * ones, soil_dark=0.15 * ones), _blend(gravel=0.5 * ones, soil_bright=0.5 * ones)


def _reservoirs(table: ParcelTable, _: Floats, __: datetime, turbidity: float) -> tuple[Floats, Floats]:
    muddy = np.clip(0.15 + 0.6 * turbidity * table.draw(611), 0, 1)
    ones = np.ones(len(table.keys))
    water = _blend(water_turbid=muddy, water_clear=1 - muddy)
    return water, _blend(soil_dark=0.35 * ones, gravel=0.35 * ones, grass_dry=0.3 * ones)


def _lanes(table: ParcelTable, *_: Any) -> tuple[Floats, Floats]:
    ones = np.ones(len(table.keys))
    lane = _blend(asphalt=0.4 * ones, gravel=0.2 * ones, grass_dry=0.4 * ones)
    return lane, lane


_MIXTURES: dict[int, Any] = {
    CULTIVATED: _fields,
    FOREST: _forests,
    GRASSLAND: _meadows,
    WATER: _reservoirs,
    ARTIFICIAL: _settlements,
    BARE: _bare_land,
    LANE_COVER: _lanes,
}
