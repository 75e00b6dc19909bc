"""The four sources of real data, read and brought to 13 bands at the top of the atmosphere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import rasterio

from .bands import B01, B02, B04, B08, B09, B8A, B10, B11, BANDS, WAVELENGTH_UM, Bool, Float, between, ndvi
from .sky import REFERENCE, landsat8_sky, sun_cosine

CUBE_BANDS = [BANDS.index(band) for band in ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B11", "B12")]


@dataclass(frozen=True)
class Vapour:
    """What the clear L1C frames show in the two bands that water vapour darkens."""

    b09_of_b8a: float
    b10: float

    def fill(self, toa: Float) -> Float:
        """The same spectra with B09 in proportion to B8A and B10 constant."""
        filled = toa.copy()
        filled[..., B09] = self.b09_of_b8a * toa[..., B8A]
        filled[..., B10] = self.b10
        return filled

    def lift(self, surface: Float, wavelength_um: Float) -> Float:
        """All 13 bands at the top of the atmosphere from one surface seen in fewer: straight lines between those."""
        return self.fill(REFERENCE.up(np.interp(WAVELENGTH_UM, wavelength_um, surface)))

    def straighten(self, toa: Float, known: list[int]) -> Float:
        """The bands between the known ones put on straight lines: pixels of 10 and 20 m don't show the same ground."""
        return self.lift(REFERENCE.down(toa)[known], WAVELENGTH_UM[known])


class Alps:
    """A patch in Slovenia (``eolearn``): L1C frames of reflectance, NDVI of 68 dates, land use, flat ground."""

    def __init__(self, data: Path) -> None:
        folder = data / "eolearn/example_data"
        patch = folder / "TestEOPatch"
        frames = np.load(folder / "REFERENCE_SCENES.npy").astype(float)  # dates 2, 1, 4, 3, 0 of the patch
        self.cloudy, clear, self.july = frames[0], frames[2:], frames[4]
        self.vapour = Vapour(float(np.median(clear[..., B09] / clear[..., B8A])), float(np.median(clear[..., B10])))
        north, east = np.gradient(np.load(patch / "data_timeless/DEM.npy")[..., 0].astype(float), 10.0)
        self.flat: Bool = np.hypot(north, east) < np.tan(np.radians(8))
        land_use = np.load(patch / "mask_timeless/LULC.npy")[..., 0]
        self.grass: Bool = (land_use == 3) & self.flat
        self._forest: Bool = (land_use == 2) & self.flat
        self._ndvi = np.load(patch / "data/NDVI.npy")[..., 0].astype(float)
        self._valid: Bool = np.load(patch / "mask/IS_VALID.npy")[..., 0]
        times = [datetime.fromisoformat(time) for time in json.loads((patch / "timestamps.json").read_text())]
        self.usable = {i: time for i, time in enumerate(times) if self._is_usable(i)}
        winter = [i for i, time in self.usable.items() if time.month in (12, 1)]
        self._winter_ndvi: Float = np.median(self._ndvi[winter], axis=0)

    def _is_usable(self, date: int) -> bool:
        """Nine tenths of the patch are cloudless, and the grass isn't under snow."""
        return self._valid[date].mean() > 0.9 and self.ndvi_of(self.grass, date) > 0.3

    def ndvi_of(self, where: Bool, date: int) -> float:
        """Median of the valid pixels of some places on a date."""
        return float(np.median(self._ndvi[date][where & self._valid[date]]))

    def forest(self, low: float, high: float) -> Bool:
        """Forest between two quantiles of winter NDVI: low is broadleaf, high is conifer."""
        return between(self._winter_ndvi, self._forest, low, high)


class Village:
    """A village in Belgium and its fields (``worldcereal``): monthly composites of L2A at the top of the atmosphere."""

    months = (11, 2, 3, 4, 5, 6, 7, 8, 9, 10)

    def __init__(self, data: Path, vapour: Vapour) -> None:
        name = f"netcdf:{data}/worldcereal/worldcereal_preprocessed_inputs.nc:S2-L2A-"
        layers = [rasterio.open(name + BANDS[band]).read() for band in CUBE_BANDS]
        raw = np.stack(layers, axis=-1).reshape(12, -1, 9)
        raw = raw[(raw != 65535).all(axis=(1, 2))]  # December and January have no data
        self.spectra = vapour.fill(REFERENCE.up(_nine_to_thirteen(raw / 1e4)))
        self.ndvi = ndvi(self.spectra)

    def at(self, month: int) -> Float:
        """NDVI of all pixels in a month."""
        return np.asarray(self.ndvi[self.months.index(month)])

    def look(self, where: Bool, *months: int) -> Float:
        """Median spectrum of some pixels in some months."""
        chosen = self.spectra[[self.months.index(month) for month in months]]
        return np.asarray(np.median(chosen[:, where].reshape(-1, 13), axis=0))


def _nine_to_thirteen(surface: Float) -> Float:
    """B01 continues the line from B04 to B02, B8A lies on the line from B08 to B11; B09 and B10 stay empty (1)."""
    full = np.ones((*surface.shape[:-1], 13))
    full[..., CUBE_BANDS] = surface
    for band, start, end in ((B01, B02, B04), (B8A, B08, B11)):
        way = (WAVELENGTH_UM[band] - WAVELENGTH_UM[start]) / (WAVELENGTH_UM[end] - WAVELENGTH_UM[start])
        full[..., band] = np.maximum(full[..., start] + way * (full[..., end] - full[..., start]), 0.005)
    return full


def new_york(data: Path, scene: str) -> tuple[Float, Bool, Bool]:
    """Surface reflectance (pixels, 7 bands) of a Landsat 8 scene (``gdalcubes_L8NY18``); its water; its snow.

    ``2e-5 * number - 0.1`` is reflectance times the cosine of the sun's zenith angle (USGS, Landsat 8 data users
    handbook). The files don't tell that angle: it comes from the date and 15:37 UTC, which these orbits keep to
    3 minutes.
    """
    folder = next((data / "gdalcubes_L8NY18/inst/L8NY18").glob(f"{scene}_*"))
    names = [f"{folder}/{scene}_B{band}.TIF" for band in range(1, 8)]
    numbers = np.stack([rasterio.open(name).read(1) for name in names], axis=-1).reshape(-1, 7)
    quality = rasterio.open(f"{folder}/{scene}_BQA.TIF").read(1).ravel()
    when = datetime.strptime(scene[-8:], "%Y%m%d").replace(hour=15, minute=37)
    sun = sun_cosine(40.7, -74.0, when)
    toa = (2e-5 * numbers - 0.1) / sun
    clear = (quality > 1) & (quality >> 4 & 1 == 0)
    red, nir, swir = toa[:, 3], toa[:, 4], toa[:, 5]
    water = clear & (swir < 0.02) & (nir < red) & (red < 0.15)
    snow = clear & (quality >> 9 & 3 == 3) & (red > 0.6) & (swir < 0.05)
    return landsat8_sky(sun).down(toa), water, snow


def bare_forest(data: Path) -> Float:
    """Surface reflectance (6 bands of Landsat 5) of a broadleaf forest in early spring (``yatsm``), without snow."""
    archive = np.load(data / "yatsm/p013r030_r50_n423_b8.npz")
    bands, quality = archive["Y"][:6] / 1e4, archive["Y"][7]
    day = np.array([datetime.fromordinal(int(date)).timetuple().tm_yday for date in archive["dates"]])
    usable = (quality == 0) & (bands > 0).all(axis=0) & (bands[0] < 0.12)
    index = np.full(usable.shape, np.nan)
    np.divide(bands[3] - bands[2], bands[3] + bands[2], out=index, where=usable)
    spring, summer = (day > 60) & (day <= 105), (day > 150) & (day <= 210)
    change = np.nanmedian(index[summer], axis=0) - np.nanmedian(index[spring], axis=0)
    where = usable & spring[:, None] & (change > np.quantile(change, 0.8))
    return np.asarray(np.median(bands[:, where], axis=1))
