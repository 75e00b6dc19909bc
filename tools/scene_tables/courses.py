"""How much green and dry cover each kind of land carries through the year: the rows of ``courses.csv``."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from .bands import Bool, Float, Row
from .mixing import share_of, unmix
from .sky import REFERENCE, SLOVENIA, sentinel2_sky, sun_cosine
from .sources import CUBE_BANDS, Alps, Village
from .spectra import conifers

YEAR_DAYS = 365.25
STEPS = np.round(YEAR_DAYS / 24 * (np.arange(24) + 0.5)).astype(int)
"""Days of the year of the columns: the middles of 24 half months."""
_CALENDAR = {
    "winter_wheat": "bare in autumn, full in May, bare in August",
    "rapeseed": (
        "green in autumn and winter, full in April, ripe in July (the data name no crop: perhaps barley);"
        " October, the crop of the year after, is left out"
    ),
    "maize": "bare until May, full in July and August, harvested in October",
    "beet": "bare until May, full from July to October; November, a green manure of the year before, is left out",
}
_OTHER_CROP = {"rapeseed": 10, "beet": 11}  # months in which the field carries another crop


def courses(alps: Alps, village: Village, spectra: dict[str, Float]) -> dict[str, Row]:
    """All rows, in the order of the table."""
    crops = [_crop(kind, village, spectra) for kind in _CALENDAR]
    perennials = [_meadow(alps, spectra), _broadleaf(alps, spectra), _conifer(alps, spectra), _garden(village, spectra)]
    return {name: row for rows in crops + perennials for name, row in rows.items()}


def _pixels_of(kind: str, village: Village) -> Bool:
    """Pixels of a kind, by when their NDVI is high and low: the data name no crop, the farming calendar does."""
    at = village.at
    late = (at(4) < 0.25) & (at(5) < 0.3) & (at(7) > 0.75) & (at(8) > 0.75)
    pixels: dict[str, Bool] = {
        "winter_wheat": (at(11) < 0.4) & (at(2) < 0.4) & (at(4) > 0.5) & (at(5) > 0.8) & (at(8) < 0.35),
        "rapeseed": (at(11) > 0.45) & (at(2) > 0.5) & (at(4) > 0.8) & (at(5) > 0.8) & (at(7) < 0.35),
        "maize": late & (at(11) < 0.5) & (at(10) < 0.5),
        "beet": late & (at(9) > 0.75) & (at(10) > 0.7),
        "garden": (village.ndvi.min(axis=0) > 0.4) & (village.ndvi.max(axis=0) < 0.72),
    }
    return pixels[kind]


def _crop(kind: str, village: Village, spectra: dict[str, Float]) -> dict[str, Row]:
    members = {name: spectra[name][CUBE_BANDS] for name in ("crop_green", "crop_dry", "soil_dark", "soil_bright")}
    where = _pixels_of(kind, village)
    months = [month for month in village.months if month != _OTHER_CROP.get(kind)]
    shares = [unmix(village.look(where, month)[CUBE_BANDS], members) for month in months]
    green = np.array([share["crop_green"] for share in shares])
    dry = np.array([share["crop_dry"] for share in shares])
    if kind in ("winter_wheat", "rapeseed"):
        dry[months.index(7)] = 1 - green[months.index(7)]  # a ripening field doesn't open before the harvest
    source = (
        f"derived: worldcereal_preprocessed_inputs.nc, monthly medians of {where.sum()} pixels unmixed with crop_green,"
        f" crop_dry, soil_dark and soil_bright, months without data between; chosen by the calendar: {_CALENDAR[kind]}"
    )
    days = _middles(months)
    return {
        f"{kind}_green": Row(_round_the_year(days, green), source),
        f"{kind}_dry": Row(_round_the_year(days, dry), source),
    }


def _meadow(alps: Alps, spectra: dict[str, Float]) -> dict[str, Row]:
    days, _, shares = _shares_of_green(alps, alps.grass, spectra["grass_green"], spectra["grass_dry"])
    green = _round_the_year(days, _smooth(days, shares, width_days=8))
    source = f"{_SERIES.format(8)} grassland between grass_green and grass_dry"
    return {
        "meadow_green": Row(green, source),
        "meadow_dry": Row(1 - green, "derived: 1 - meadow_green (a meadow shows no soil)"),
    }


def _broadleaf(alps: Alps, spectra: dict[str, Float]) -> dict[str, Row]:
    """Leaves, told from what is green without them.

    The evergreen forest of the same date is the control for haze and shade. The leafless dates tell how green the
    ground and single conifers look, which is more under a high sun.
    """
    leafless_spectrum = spectra["broadleaf_bare"]
    _, _, control = _shares_of_green(alps, conifers(alps), spectra["conifer"], leafless_spectrum)
    days, suns, seen = _shares_of_green(alps, alps.forest(0, 0.1), spectra["broadleaf_summer"], leafless_spectrum)
    shares = seen / control
    leafless = (days < 95) | (days > 335)
    line = np.polynomial.Polynomial.fit(suns[leafless], shares[leafless], 1)
    ground = line(np.minimum(suns, suns[leafless].max()))
    leaves = np.clip((shares - ground) / (1 - ground), 0, 1)
    green = _round_the_year(days, _smooth(days, leaves, width_days=8))
    brown = np.clip(np.roll(green, 2) - green, 0, 1) * ((STEPS > 260) & (STEPS < 320))
    source = (
        f"{_SERIES.format(8)} forest with the lowest winter NDVI between broadleaf_summer and broadleaf_bare, over the"
        " same of the conifers as a control, less what is green on leafless dates"
    )
    return {
        "broadleaf_green": Row(green, source),
        "broadleaf_dry": Row(brown, "assumed: until mid November, what turned within a month is brown on the tree"),
    }


def _conifer(alps: Alps, spectra: dict[str, Float]) -> dict[str, Row]:
    days, _, shares = _shares_of_green(alps, conifers(alps), spectra["conifer"], spectra["broadleaf_bare"])
    source = f"{_SERIES.format(30)} forest with the highest winter NDVI between conifer and broadleaf_bare"
    return {
        "conifer_green": Row(_round_the_year(days, _smooth(days, shares, width_days=30)), source),
        "conifer_dry": Row(np.zeros(len(STEPS)), "assumed: needles don't turn"),
    }


def _garden(village: Village, spectra: dict[str, Float]) -> dict[str, Row]:
    index = np.median(village.ndvi[:, _pixels_of("garden", village)], axis=1)
    shares = np.array([share_of(spectra["grass_green"], spectra["asphalt"], index=float(i)) for i in index])
    green = _round_the_year(_middles(village.months), 0.9 * shares / shares.max())
    source = (
        "derived: worldcereal_preprocessed_inputs.nc, NDVI of mixed pixels of the village (0.4 to 0.72 all year)"
        " between grass_green and asphalt, scaled to an assumed 0.9 at the most"
    )
    return {
        "garden_green": Row(green, source),
        "garden_dry": Row((0.9 - green) / 2, "assumed: half of what the green lacks to 0.9 is brown plants"),
    }


_SERIES = "derived: eolearn NDVI.npy, clear dates without snow under their own sun, smoothed over {} days; flat"


def _shares_of_green(alps: Alps, where: Bool, green: Float, other: Float) -> tuple[Float, Float, Float]:
    """Days of the year, cosines of the sun and shares of green of all usable dates, in the order of the days."""
    table = []
    for date, time in alps.usable.items():
        sun = sun_cosine(*SLOVENIA, time)
        ends = [sentinel2_sky(sun).up(REFERENCE.down(spectrum)) for spectrum in (green, other)]
        table.append((time.timetuple().tm_yday, sun, share_of(*ends, index=alps.ndvi_of(where, date))))
    days, suns, shares = np.array(sorted(table), dtype=float).T
    return days, suns, shares


def _smooth(days: Float, values: Float, *, width_days: float) -> Float:
    """Means weighted by a normal curve of the distance in days, round the year."""
    apart = (days[:, None] - days + YEAR_DAYS / 2) % YEAR_DAYS - YEAR_DAYS / 2
    weights = np.exp(-0.5 * (apart / width_days) ** 2)
    return np.asarray(weights @ values / weights.sum(axis=1))


def _middles(months: tuple[int, ...] | list[int]) -> Float:
    return YEAR_DAYS / 12 * (np.array(months) - 0.5)


def _round_the_year(days: Float, values: Float) -> Float:
    """Values at the steps of the table, 0 to 1: a monotone cubic through points that go round the year."""
    knots, first = np.unique(days, return_index=True)
    year = np.array([-YEAR_DAYS, 0, YEAR_DAYS])
    curve = PchipInterpolator((year[:, None] + knots).ravel(), np.tile(values[first], 3))
    return np.asarray(np.clip(curve(STEPS), 0, 1))
