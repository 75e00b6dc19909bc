"""Derive the two tables of the simulated scene from real satellite data.

``spectra.csv`` holds what Sentinel-2 sees of each material (top of the atmosphere, L1C), ``courses.csv`` how much green
and dry plant cover each kind of land carries through the year. Run it again after a change here::

    python tools/derive_scene_tables.py --data ../shared/data

It needs numpy, scipy and a rasterio whose GDAL reads netCDF (the wheels on the package index do). The same data give
the same files, byte for byte. Four sources, each with its licence in its folder:

* ``eolearn``: 3 clear and 1 cloudy L1C frames of 13 bands and 68 dates of NDVI (Slovenia, 2015-2017), land use;
* ``worldcereal``: monthly L2A composites of 9 bands, a village and its fields (Belgium, 2020-11 to 2021-10);
* ``yatsm``: 423 Landsat surface reflectances of a forest (Vermont and New Hampshire, 1984-2014);
* ``gdalcubes_L8NY18``: Landsat 8 scenes of New York, sea, rivers and one fresh snow (2018).

Everything that is not L1C of the reference date goes through surface reflectance: what was seen at the top of the
atmosphere is brought down with the model of `Sky` at its own sun, and up again with the sun of the reference date.
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import minimum_filter
from scipy.optimize import minimize_scalar, nnls

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
WAVELENGTH_UM = np.array(
    [0.443, 0.492, 0.560, 0.665, 0.704, 0.741, 0.783, 0.833, 0.865, 0.945, 1.374, 1.614, 2.202]
)
B01, B02, B03, B04, B05, B06, B07, B08, B8A, B09, B10, B11, B12 = range(13)
CUBE_BANDS = [B02, B03, B04, B05, B06, B07, B08, B11, B12]
STEPS = np.round(365.25 / 24 * (np.arange(24) + 0.5)).astype(int)
LANDSAT8_UM = np.array([0.443, 0.482, 0.561, 0.655, 0.865, 1.609, 2.201])
LANDSAT5_UM = np.array([0.485, 0.560, 0.660, 0.835, 1.650, 2.215])
# Transmittance of ozone, oxygen and water vapour, down and up at a sun of 60 degrees, rounded. Assumed (public knowledge).
GAS = np.array([1.0, 0.985, 0.95, 0.965, 0.96, 0.97, 0.985, 0.93, 0.995, 0.30, 0.002, 0.97, 0.95])
GAS_LANDSAT8 = np.array([1.0, 0.985, 0.95, 0.97, 0.995, 0.98, 0.96])


def sun_cosine(latitude: float, longitude: float, when: datetime) -> float:
    """Cosine of the zenith angle of the sun (Spencer 1971, Fourier series of declination and equation of time)."""
    day = 2 * np.pi * (when.timetuple().tm_yday - 1) / 365
    harmonics = np.array([1, np.cos(day), np.sin(day), np.cos(2 * day), np.sin(2 * day)])
    declination = harmonics @ [0.006918, -0.399912, 0.070257, -0.006758, 0.000907]
    equation_min = 229.18 * (harmonics @ [0.000075, 0.001868, -0.032077, -0.014615, -0.040849])
    hour_angle = np.radians((when.hour * 60 + when.minute + equation_min + 4 * longitude) / 4 - 180)
    lat = np.radians(latitude)
    return float(np.sin(lat) * np.sin(declination) + np.cos(lat) * np.cos(declination) * np.cos(hour_angle))


@dataclass(frozen=True)
class Sky:
    """A clear sky over flat ground, seen from straight above: path reflectance, transmittance, gases.

    ``toa = gas * (path + transmittance * surface / (1 - albedo * surface))``, with the optical depth of air after
    Hansen and Travis (1974), an aerosol of Angstrom exponent 1.3 and asymmetry 0.65 (Henyey and Greenstein 1941),
    single scattering, and the approximations of transmittance and spherical albedo of the 5S code (Tanre et al. 1990).
    """

    sun: float
    """Cosine of the zenith angle of the sun."""
    aerosol: float
    """Optical depth of the aerosol at 0.55 micrometres."""
    wavelength_um: Float
    gas: Float

    def _terms(self) -> tuple[Float, Float, Float]:
        um = self.wavelength_um
        air = 0.008569 * um**-4 * (1 + 0.0113 * um**-2 + 0.00013 * um**-4)
        haze = self.aerosol * (um / 0.55) ** -1.3
        phase_air = 0.75 * (1 + self.sun**2)
        phase_haze = (1 - 0.65**2) / (1 + 0.65**2 + 2 * 0.65 * self.sun) ** 1.5
        path = (air * phase_air + haze * phase_haze) / (4 * self.sun)
        transmittance = np.exp(-(0.52 * air + 0.167 * haze) * (1 / self.sun + 1))
        albedo = (0.92 * air + 0.333 * haze) * np.exp(-air - haze)
        return path, transmittance, albedo

    def up(self, surface: Float) -> Float:
        """Top-of-atmosphere reflectance of a surface; the last axis is the band."""
        path, transmittance, albedo = self._terms()
        return self.gas * (path + transmittance * surface / (1 - albedo * surface))

    def down(self, toa: Float) -> Float:
        """The surface under a top-of-atmosphere reflectance, at least 0.001: the inverse of `up`."""
        path, transmittance, albedo = self._terms()
        lifted = (toa / self.gas - path) / transmittance
        return np.maximum(lifted / (1 + albedo * lifted), 0.001)


REFERENCE_SUN = sun_cosine(45.87, 14.55, datetime(2015, 7, 11, 10, 0, tzinfo=UTC))
CLEAR_AEROSOL = 0.1  # assumed; dense grass of the L1C and the L2A data then agrees to 0.015 in B02, B03 and B04
SENTINEL2 = Sky(REFERENCE_SUN, CLEAR_AEROSOL, WAVELENGTH_UM, GAS)


def ndvi(spectra: Float) -> Float:
    """Normalised difference of B08 and B04 of spectra of 13 bands."""
    return (spectra[..., B08] - spectra[..., B04]) / (spectra[..., B08] + spectra[..., B04])


def without_green(spectrum: Float, green: Float, target_ndvi: float) -> Float:
    """Take so much of `green` out of a mixed spectrum that its NDVI falls to `target_ndvi` (linear mixing)."""

    def excess(s: Float) -> float:
        return float(s[B08] - s[B04] - target_ndvi * (s[B08] + s[B04]))

    share = excess(spectrum) / excess(green)
    return (spectrum - share * green) / (1 - share)


class Alps:
    """The patch in Slovenia: L1C frames in reflectance, flat ground only, and the NDVI of 68 dates."""

    def __init__(self, data: Path) -> None:
        folder = data / "eolearn/example_data"
        patch = folder / "TestEOPatch"
        frames = np.load(folder / "REFERENCE_SCENES.npy").astype(float)  # dates 2, 1, 4, 3, 0 of the patch
        self.july, self.cloudy, self.clear = frames[4], frames[0], frames[2:]
        self.use = np.load(patch / "mask_timeless/LULC.npy")[..., 0]
        north, east = np.gradient(np.load(patch / "data_timeless/DEM.npy")[..., 0].astype(float), 10.0)
        self.flat: Bool = np.hypot(north, east) < np.tan(np.radians(8))
        times = json.loads((patch / "timestamps.json").read_text())
        self.times = [datetime.fromisoformat(time).replace(tzinfo=UTC) for time in times]
        self.ndvi = np.load(patch / "data/NDVI.npy")[..., 0].astype(float)
        self.valid: Bool = np.load(patch / "mask/IS_VALID.npy")[..., 0]
        winter = [i for i, time in enumerate(self.times) if time.month in (12, 1) and self.is_usable(i)]
        self.winter_ndvi: Float = np.median(self.ndvi[winter], axis=0)

    def is_usable(self, date: int) -> bool:
        """Nine tenths of the patch are cloudless and the grassland isn't under snow."""
        grass = self.ndvi[date][(self.use == 3) & self.valid[date]]
        return bool(self.valid[date].mean() > 0.9 and np.median(grass) > 0.3)

    def forest(self, quantiles: tuple[float, float]) -> Bool:
        """Flat forest between two quantiles of winter NDVI: low is broadleaf, high is conifer."""
        low, high = np.quantile(self.winter_ndvi[self.use == 2], quantiles)
        return (self.use == 2) & self.flat & (self.winter_ndvi >= low) & (self.winter_ndvi <= high)


class Village:
    """The village in Belgium: 10 monthly composites of 9 bands, brought to the top of the atmosphere."""

    months = (11, 2, 3, 4, 5, 6, 7, 8, 9, 10)

    def __init__(self, data: Path, clear: Float) -> None:
        name = f"netcdf:{data}/worldcereal/worldcereal_preprocessed_inputs.nc:S2-L2A-"
        layers = [rasterio.open(name + BANDS[band]).read() for band in CUBE_BANDS]
        raw = np.stack(layers, axis=-1).reshape(12, -1, 9)
        raw = raw[(raw != 65535).all(axis=(1, 2))]  # December and January have no data
        self.spectra = complete(raw / 1e4, clear)
        self.ndvi = ndvi(self.spectra)

    def at(self, month: int) -> Float:
        return self.ndvi[self.months.index(month)]

    def look(self, where: Bool, *months: int) -> Float:
        """Median spectrum of some pixels in some months."""
        chosen = self.spectra[[self.months.index(month) for month in months]]
        return np.median(chosen[:, where].reshape(-1, 13), axis=0)


def complete(surface: Float, clear: Float) -> Float:
    """All 13 bands at the top of the atmosphere from the 9 of the cube (surface reflectance).

    B01 continues the line from B04 to B02 of the surface, B8A lies on the line from B08 to B11.
    """
    full = np.ones((*surface.shape[:-1], 13))
    full[..., CUBE_BANDS] = surface
    um = WAVELENGTH_UM
    slope = (full[..., B04] - full[..., B02]) / (um[B04] - um[B02])
    full[..., B01] = np.maximum(full[..., B02] + slope * (um[B01] - um[B02]), 0.005)
    slope = (full[..., B11] - full[..., B08]) / (um[B11] - um[B08])
    full[..., B8A] = full[..., B08] + slope * (um[B8A] - um[B08])
    return with_vapour_bands(SENTINEL2.up(full), clear)


def with_vapour_bands(toa: Float, clear: Float) -> Float:
    """Set B09 and B10 as the clear L1C frames have them: B09 in proportion to B8A, B10 constant."""
    toa[..., B09] = toa[..., B8A] * np.median(clear[..., B09] / clear[..., B8A])
    toa[..., B10] = np.median(clear[..., B10])
    return toa


def straightened(toa: Float, known: list[int], clear: Float) -> Float:
    """The bands between the known ones put on straight lines of the surface: where pixels of 10 and 20 m disagree."""
    return from_landsat(SENTINEL2.down(toa)[known], WAVELENGTH_UM[known], clear)


def from_landsat(surface: Float, wavelength_um: Float, clear: Float) -> Float:
    """All 13 bands from a surface seen in fewer, linear in wavelength between its bands."""
    toa = SENTINEL2.up(np.interp(WAVELENGTH_UM, wavelength_um, surface))
    return with_vapour_bands(toa, clear)


def new_york(data: Path, scene: str, hour: float = 15.62) -> tuple[Float, Bool, Bool]:
    """Surface reflectance (pixels, 7 bands) of a Landsat 8 scene, and where it is water and where snow.

    The digital numbers lack the division by the sine of the sun's elevation: it comes from the date and the time of
    the passage (15:37 UTC, to 3 minutes for these orbits).
    """
    folder = next((data / "gdalcubes_L8NY18/inst/L8NY18").glob(scene + "_*"))
    names = [f"{folder}/{scene}_B{band}.TIF" for band in (1, 2, 3, 4, 5, 6, 7)]
    numbers = np.stack([rasterio.open(name).read(1) for name in names], axis=-1).reshape(-1, 7)
    quality = rasterio.open(f"{folder}/{scene}_BQA.TIF").read(1).ravel()
    when = datetime.strptime(scene[-8:], "%Y%m%d").replace(hour=15, minute=37, tzinfo=UTC)
    sun = sun_cosine(40.7, -74.0, when)
    sky = Sky(sun, CLEAR_AEROSOL, LANDSAT8_UM, GAS_LANDSAT8)
    toa = (2e-5 * numbers - 0.1) / sun
    is_clear = (quality > 1) & (quality >> 4 & 1 == 0)
    red, nir, swir = toa[:, 3], toa[:, 4], toa[:, 5]
    water = is_clear & (swir < 0.02) & (nir < red) & (red < 0.15)
    snow = is_clear & (quality >> 9 & 3 == 3) & (red > 0.6) & (swir < 0.05)
    return sky.down(toa), water, snow


def median(spectra: Float, where: Bool) -> Float:
    return np.median(spectra[where], axis=0)


def between(values: Float, where: Bool, low: float, high: float) -> Bool:
    """Which places of `where` lie between two quantiles of their values."""
    start, end = np.quantile(values[where], [low, high])
    return where & (values >= start) & (values <= end)


def plants_of_the_alps(alps: Alps) -> dict[str, tuple[Float, str]]:
    grass = (alps.use == 3) & alps.flat
    green = median(alps.july, between(ndvi(alps.july), grass, 0.9, 1))
    mown = median(alps.july, between(ndvi(alps.july), grass, 0, 0.05))
    conifer = alps.forest((0.75, 1))
    dark = between(alps.july[..., B8A], conifer, 0, 0.2)
    frame = "eolearn REFERENCE_SCENES.npy of 2015-07-11 (L1C), median of flat"
    return {
        "grass_green": (green, f"{frame} grassland (LULC 3), highest tenth of NDVI"),
        "grass_dry": (
            straightened(without_green(mown, green, 0.2), [B01, B02, B03, B04, B8A, B11, B12], alps.clear),
            f"{frame} grassland (LULC 3), lowest twentieth of NDVI, grass_green taken out down to NDVI 0.2,"
            " B05 to B08 on the line from B04 to B8A",
        ),
        "broadleaf_summer": (
            median(alps.july, alps.forest((0, 0.1))),
            f"{frame} forest (LULC 2), lowest tenth of winter NDVI",
        ),
        "conifer": (
            median(alps.july, dark),
            f"{frame} forest (LULC 2), highest quarter of winter NDVI, of it the darkest fifth in B8A",
        ),
    }


def fields_and_soils(village: Village) -> dict[str, tuple[Float, str]]:
    cube = "worldcereal_preprocessed_inputs.nc (L2A, sky model), median of"
    was_green = village.ndvi.max(axis=0) > 0.6
    at = village.at

    def bare(month: int, low: float, high: float) -> Float:
        bare_now = was_green & (at(month) < 0.2)
        brightness = village.spectra[village.months.index(month)][:, B08]
        return village.look(between(brightness, bare_now, low, high), month)

    return {
        "soil_dark": (bare(11, 0, 0.1), f"{cube} bare fields (NDVI < 0.2) in November, darkest tenth in B08"),
        "soil_bright": (bare(6, 0.9, 1), f"{cube} bare fields (NDVI < 0.2) in June, brightest tenth in B08"),
        "crop_green": (
            village.look(kinds_of_field(village)["winter_wheat"] & (at(5) > 0.82) & (at(6) > 0.82), 5, 6),
            f"{cube} winter cereals in May and June with NDVI > 0.82",
        ),
        "crop_dry": (
            village.look((at(5) > 0.8) & (at(7) < 0.22), 7),
            f"{cube} fields in July with NDVI < 0.22 that had > 0.8 in May (ripe or straw)",
        ),
    }


def settlement(village: Village, green: Float, clear: Float) -> dict[str, tuple[Float, str]]:
    """Pixels that are never green are built up; what grows between is taken out, and 0.4 of asphalt from the roofs."""
    cube = "worldcereal_preprocessed_inputs.nc (L2A, sky model), median of never green pixels (NDVI < 0.3)"
    built = village.ndvi.max(axis=0) < 0.3
    seen: Float = np.median(village.spectra, axis=0)
    brightness, redness = seen[:, B02 : B04 + 1].mean(axis=-1), seen[:, B04] / seen[:, B02]
    asphalt = without_green(median(seen, between(brightness, built, 0, 0.1)), green, 0.05)

    def roof(where: Bool, target_ndvi: float) -> Float:
        return (without_green(median(seen, where), green, target_ndvi) - 0.4 * asphalt) / 0.6

    edge = "B05 to B8A on the line between the 10 m bands"
    part = f"crop_green taken out, then 0.4 of asphalt (an assumed share), {edge}"
    found = {
        "roof_red": (roof(between(redness, built, 0.95, 1), 0.12), f"{cube}, reddest twentieth, {part}"),
        "roof_bright": (roof(between(brightness, built, 0.98, 1), 0.08), f"{cube}, brightest fiftieth, {part}"),
        "asphalt": (asphalt, f"{cube}, darkest tenth, crop_green taken out to NDVI 0.05, {edge}"),
    }
    known = [B01, B02, B03, B04, B08, B11, B12]
    return {name: (straightened(spectrum, known, clear), source) for name, (spectrum, source) in found.items()}


def landsat_materials(data: Path, clear: Float) -> dict[str, tuple[Float, str]]:
    def lift(surface: Float, where: Bool) -> Float:
        return from_landsat(median(surface, where), LANDSAT8_UM, clear)

    autumn, water, _ = new_york(data, "LC08_L1TP_014032_20180903")
    winter, _, snow = new_york(data, "LC08_L1TP_014032_20180311")
    red = autumn[:, 3]
    scene = "gdalcubes_L8NY18 LC08_L1TP_014032"
    how = "(DN to reflectance over the sine of the sun's elevation, sky model), median of"
    return {
        "broadleaf_bare": (
            from_landsat(bare_forest(data), LANDSAT5_UM, clear),
            "yatsm p013r030_r50_n423_b8.npz (Landsat surface reflectance, sky model), median of clear dates of"
            " March and April, fifth of pixels with the largest seasonal change of NDVI",
        ),
        "water_clear": (lift(autumn, between(red, water, 0, 0.5)), f"{scene}_20180903 {how} water, lower half in red"),
        "water_turbid": (lift(autumn, between(red, water, 0.985, 1)), f"{scene}_20180903 {how} water, reddest 1.5 %"),
        "snow": (lift(winter, between(winter[:, 3], snow, 0.9, 1)), f"{scene}_20180311 {how} snow by BQA, brightest tenth in red"),
    }


def bare_forest(data: Path) -> Float:
    """Surface reflectance (6 Landsat bands) of a broadleaf forest without leaves or snow."""
    archive = np.load(data / "yatsm/p013r030_r50_n423_b8.npz")
    bands, quality = archive["Y"][:6].astype(float) / 1e4, archive["Y"][7]
    day = np.array([datetime.fromordinal(int(date)).timetuple().tm_yday for date in archive["dates"]])
    usable = (quality == 0) & (bands > 0).all(axis=0) & (bands[0] < 0.12)
    index = np.where(usable, (bands[3] - bands[2]) / (bands[3] + bands[2]), np.nan)
    spring, summer = (day > 60) & (day <= 105), (day > 150) & (day <= 210)
    change = np.nanmedian(index[summer], axis=0) - np.nanmedian(index[spring], axis=0)
    where = usable & spring[:, None] & (change > np.quantile(change, 0.8))
    return np.median(bands[:, where], axis=1)


def thick_cloud(alps: Alps) -> Float:
    """Follow the line from the thinner to the thicker cloud of a frame to where B08 is 1.1 of B04.

    That is the ratio of the thickest clouds of the Landsat scenes of New York. B10 keeps what was seen.
    """
    seen = alps.cloudy.reshape(-1, 13)
    everywhere = np.ones(len(seen), dtype=bool)
    thin = median(seen, between(seen[:, B02], everywhere, 0.05, 0.15))
    thick = median(seen, between(seen[:, B02], everywhere, 0.985, 0.995))
    step = thick - thin
    length = (thick[B08] - 1.1 * thick[B04]) / (1.1 * step[B04] - step[B08])
    cloud = thick + length * step
    cloud[B10] = thick[B10]
    return cloud


GRAVEL = np.array([0.17, 0.20, 0.24, 0.28, 0.29, 0.30, 0.31, 0.32, 0.325, 0.33, 0.3, 0.36, 0.34])


def endmembers(data: Path, alps: Alps, village: Village) -> dict[str, tuple[Float, str]]:
    """All spectra with their sources, in the order of the table."""
    derived = plants_of_the_alps(alps) | fields_and_soils(village) | landsat_materials(data, alps.clear)
    derived |= settlement(village, derived["crop_green"][0], alps.clear)
    derived["cloud"] = (thick_cloud(alps), "eolearn REFERENCE_SCENES.npy of 2015-08-20 (L1C), line from thin to thick"
                        " cloud followed to B08 = 1.1 B04, as thick clouds of gdalcubes_L8NY18 have it")
    table = {name: (spectrum, f"derived: {source}") for name, (spectrum, source) in derived.items()}
    gravel = with_vapour_bands(SENTINEL2.up(GRAVEL), alps.clear)
    table["gravel"] = (gravel, "assumed: no quarry in the data; light dry gravel, surface reflectance of rounded"
                       " values as in public spectral libraries of limestone gravel and concrete (sky model)")
    return {name: table[name] for name in NAMES}


NAMES = ("soil_dark soil_bright crop_green crop_dry grass_green grass_dry broadleaf_summer broadleaf_bare conifer"
         " roof_red roof_bright asphalt gravel water_clear water_turbid snow cloud").split()


def kinds_of_field(village: Village) -> dict[str, Bool]:
    """Pixels of a crop, by when its NDVI is high and low. The data name no crop: the farming calendar does."""
    at, top, bottom = village.at, village.ndvi.max(axis=0), village.ndvi.min(axis=0)
    late = (at(4) < 0.25) & (at(5) < 0.3) & (at(7) > 0.75) & (at(8) > 0.75)
    return {
        "winter_wheat": (at(11) < 0.4) & (at(2) < 0.4) & (at(4) > 0.5) & (at(5) > 0.8) & (at(8) < 0.35),
        "rapeseed": (at(11) > 0.45) & (at(2) > 0.5) & (at(4) > 0.8) & (at(5) > 0.8) & (at(7) < 0.35),
        "maize": late & (at(11) < 0.5) & (at(10) < 0.5),
        "beet": late & (at(9) > 0.75) & (at(10) > 0.7),
        "garden": (bottom > 0.4) & (top < 0.72),
    }


def unmix(spectrum: Float, members: dict[str, Float]) -> dict[str, float]:
    """Shares of the members in a spectrum: not negative, sum 1, least squares over the bands of the cube.
    """
    names = list(members)
    matrix = np.stack([members[name] for name in names], axis=-1)[CUBE_BANDS]
    weight = 10.0  # of the row that makes the sum 1
    shares, _ = nnls(np.vstack([matrix, np.full(len(names), weight)]), np.append(spectrum[CUBE_BANDS], weight))
    return dict(zip(names, shares / shares.sum(), strict=True))


def through_the_year(days: Float, values: Float) -> Float:
    """Values at the steps of the table: a monotone cubic through the points, which go round the year."""
    order = np.argsort(days)
    knots, heights = days[order], values[order]
    curve = PchipInterpolator(
        np.concatenate([knots - 365.25, knots, knots + 365.25]), np.tile(heights, 3)
    )
    return np.clip(curve(STEPS), 0, 1)


def share_of(index: float, green: Float, other: Float) -> float:
    """How much green, mixed with the other, has this NDVI."""

    def excess(s: Float) -> float:
        return float(s[B08] - s[B04] - index * (s[B08] + s[B04]))

    return excess(other) / (excess(other) - excess(green))


def crops(village: Village, spectra: dict[str, Float]) -> dict[str, tuple[Float, str]]:
    members = {name: spectra[name] for name in ("crop_green", "crop_dry", "soil_dark", "soil_bright")}
    days = np.array([30.44 * (month - 0.5) for month in village.months])
    rows: dict[str, tuple[Float, str]] = {}
    for kind in ("winter_wheat", "rapeseed", "maize", "beet"):
        where = kinds_of_field(village)[kind]
        shares = [unmix(village.look(where, month), members) for month in village.months]
        green = np.array([share["crop_green"] for share in shares])
        dry = np.array([share["crop_dry"] for share in shares])
        if kind in ("winter_wheat", "rapeseed"):
            july = village.months.index(7)
            dry[july] = 1 - green[july]  # a ripening field doesn't open before the harvest
        source = (
            f"derived: worldcereal_preprocessed_inputs.nc, monthly medians of {where.sum()} pixels unmixed with crop_green,"
            f" crop_dry and both soils, December and January between; pixels chosen by the calendar: {CALENDAR[kind]}"
        )
        rows[f"{kind}_green"] = (through_the_year(days, green), source)
        rows[f"{kind}_dry"] = (through_the_year(days, dry), source)
    return rows


CALENDAR = {
    "winter_wheat": "bare in autumn, full in May, bare in August",
    "rapeseed": "green in autumn and winter, full in April, ripe in July (the data name no crop: perhaps barley)",
    "maize": "bare until May, full in July and August, harvested in October",
    "beet": "bare until May, full from July to October; in November the green manure of the year before",
}


def seasons_of_the_alps(alps: Alps, where: Bool, green: Float, other: Float) -> Float:
    """Share of green through the year from the NDVI of clear dates without snow, each under its own sun."""
    dates = [i for i in range(len(alps.times)) if alps.is_usable(i)]
    days = np.array([alps.times[i].timetuple().tm_yday for i in dates], dtype=float)
    shares = np.empty(len(dates))
    for k, i in enumerate(dates):
        sky = Sky(sun_cosine(45.87, 14.55, alps.times[i]), CLEAR_AEROSOL, WAVELENGTH_UM, GAS)
        ends = (sky.up(SENTINEL2.down(spectrum)) for spectrum in (green, other))
        shares[k] = share_of(float(np.median(alps.ndvi[i][where & alps.valid[i]])), *ends)
    apart = np.abs((days[:, None] - days + 182.6) % 365.25 - 182.6)
    weights = np.exp(-0.5 * (apart / 8) ** 2)
    smooth = weights @ shares / weights.sum(axis=1)
    unique, first = np.unique(days, return_index=True)
    return through_the_year(unique, smooth[first])


def perennials(alps: Alps, village: Village, spectra: dict[str, Float]) -> dict[str, tuple[Float, str]]:
    grass = (alps.use == 3) & alps.flat
    meadow = seasons_of_the_alps(alps, grass, spectra["grass_green"], spectra["grass_dry"])
    broadleaf = seasons_of_the_alps(
        alps, alps.forest((0, 0.1)), spectra["broadleaf_summer"], spectra["broadleaf_bare"]
    )
    conifer = seasons_of_the_alps(alps, alps.forest((0.75, 1)), spectra["conifer"], spectra["broadleaf_bare"])
    garden_ndvi = np.median(village.ndvi[:, kinds_of_field(village)["garden"]], axis=1)
    days = np.array([30.44 * (month - 0.5) for month in village.months])
    garden = np.array([share_of(float(n), spectra["grass_green"], spectra["asphalt"]) for n in garden_ndvi])
    garden = 0.9 * through_the_year(days, garden / garden.max())
    series = "eolearn NDVI.npy, clear dates without snow, smoothed over 8 days, sun of each date; flat"
    brown = np.maximum(np.roll(broadleaf, 2) - broadleaf, 0) * (np.abs(STEPS - 300) < 45)
    return {
        "meadow_green": (meadow, f"derived: {series} grassland between grass_green and grass_dry"),
        "meadow_dry": (1 - meadow, "derived: 1 - meadow_green (a meadow shows no soil)"),
        "broadleaf_green": (
            broadleaf,
            f"derived: {series} forest with the lowest winter NDVI between broadleaf_summer and broadleaf_bare",
        ),
        "broadleaf_dry": (brown, "assumed: what turned in autumn (broadleaf_green) stays brown on the tree for a month"),
        "conifer_green": (
            conifer,
            f"derived: {series} forest with the highest winter NDVI between conifer and broadleaf_bare",
        ),
        "conifer_dry": (np.zeros(24), "assumed: needles don't turn"),
        "garden_green": (
            garden,
            "derived: worldcereal_preprocessed_inputs.nc, NDVI of the mixed pixels of the village (0.4 to 0.72 all year)"
            " between grass_green and asphalt, scaled to an assumed 0.9 at the most",
        ),
        "garden_dry": ((0.9 - garden) / 2, "assumed: half of what is less green than in summer shows brown plants"),
    }


def write(path: Path, header: list[str], table: dict[str, tuple[Float, str]], digits: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["name", *header, "source"])
        for name, (values, source) in table.items():
            rows.writerow([name, *(f"{value + 0.0:.{digits}f}" for value in values), source])


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=root.parent / "shared/data", help="folder of the four sources")
    parser.add_argument("--out", type=Path, default=root / "io/eolearn/io/_scene", help="folder of the two tables")
    options = parser.parse_args()

    alps = Alps(options.data)
    village = Village(options.data, alps.clear)
    materials = endmembers(options.data, alps, village)
    write(options.out / "spectra.csv", list(BANDS), materials, digits=4)
    spectra = {name: spectrum for name, (spectrum, _) in materials.items()}
    seasons = crops(village, spectra) | perennials(alps, village, spectra)
    write(options.out / "courses.csv", [f"day_{day:03d}" for day in STEPS], seasons, digits=3)


if __name__ == "__main__":
    main()
