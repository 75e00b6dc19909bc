"""What Sentinel-2 sees of each material: the rows of ``spectra.csv``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .bands import (
    B01,
    B02,
    B03,
    B04,
    B08,
    B8A,
    B10,
    B11,
    B12,
    LANDSAT5_UM,
    LANDSAT8_UM,
    WAVELENGTH_UM,
    Bool,
    Float,
    Row,
    between,
    median,
    ndvi,
)
from .mixing import without
from .sources import Alps, Vapour, Village, bare_forest, new_york

NAMES = [
    *("soil_dark", "soil_bright", "crop_green", "crop_dry", "grass_green", "grass_dry"),
    *("broadleaf_summer", "broadleaf_bare", "conifer", "roof_red", "roof_bright", "asphalt", "gravel"),
    *("water_clear", "water_turbid", "snow", "cloud"),
]
_GRAVEL = np.array([0.17, 0.20, 0.24, 0.28, 0.29, 0.30, 0.31, 0.32, 0.325, 0.33, 0.35, 0.36, 0.34])
_ALPS = "derived: eolearn REFERENCE_SCENES.npy of 2015-07-11 (L1C); median of flat"
_VILLAGE = "derived: worldcereal_preprocessed_inputs.nc (L2A, lifted by the sky model); median of"
_NEW_YORK = "derived: gdalcubes_L8NY18 LC08_L1TP_014032_{} (numbers to reflectance, sky model); median of"


def spectra(data: Path, alps: Alps, village: Village) -> dict[str, Row]:
    """All rows, in the order of the table."""
    rows = _plants(alps) | _fields(village) | _landsat(data, alps.vapour)
    rows |= _settlement(village, rows["crop_green"].values, alps.vapour)
    rows["cloud"] = Row(
        _thick_cloud(alps),
        "derived: eolearn REFERENCE_SCENES.npy of 2015-08-20 (L1C); the line from thin to thick cloud followed to"
        " B08 = 1.1 B04, as the thickest clouds of gdalcubes_L8NY18 have it",
    )
    rows["gravel"] = Row(
        alps.vapour.lift(_GRAVEL, WAVELENGTH_UM),
        "assumed: no quarry in the data; rounded surface reflectances of light dry gravel as public spectral libraries"
        " have them for limestone and concrete, lifted by the sky model",
    )
    return {name: rows[name] for name in NAMES}


def conifers(alps: Alps) -> Bool:
    """The darkest fifth (B8A) of the forest with the highest quarter of winter NDVI."""
    return between(alps.july[..., B8A], alps.forest(0.75, 1), 0, 0.2)


def _plants(alps: Alps) -> dict[str, Row]:
    index = ndvi(alps.july)
    green = median(alps.july, between(index, alps.grass, 0.9, 1))
    mown = median(alps.july, between(index, alps.grass, 0, 0.05))
    dry = alps.vapour.straighten(without(mown, green, index=0.2), [B01, B02, B03, B04, B8A, B11, B12])
    dry_source = (
        f"{_ALPS} grassland (LULC 3), lowest twentieth of NDVI, grass_green taken out to NDVI 0.2,"
        " B05 to B08 on the line from B04 to B8A"
    )
    broadleaf_source = f"{_ALPS} forest (LULC 2), lowest tenth of winter NDVI"
    conifer_source = f"{_ALPS} forest (LULC 2), highest quarter of winter NDVI, of it the darkest fifth in B8A"
    return {
        "grass_green": Row(green, f"{_ALPS} grassland (LULC 3), highest tenth of NDVI"),
        "grass_dry": Row(dry, dry_source),
        "broadleaf_summer": Row(median(alps.july, alps.forest(0, 0.1)), broadleaf_source),
        "conifer": Row(median(alps.july, conifers(alps)), conifer_source),
    }


def _fields(village: Village) -> dict[str, Row]:
    at, was_green = village.at, village.ndvi.max(axis=0) > 0.6

    def bare(month: int, low: float, high: float) -> Float:
        brightness = village.spectra[village.months.index(month)][:, B08]
        return village.look(between(brightness, was_green & (at(month) < 0.2), low, high), month)

    green = village.look((at(11) < 0.4) & (at(5) > 0.82) & (at(6) > 0.82), 5, 6)
    dry = village.look((at(5) > 0.8) & (at(7) < 0.22), 7)
    return {
        "soil_dark": Row(bare(11, 0, 0.1), f"{_VILLAGE} bare fields (NDVI < 0.2) in November, darkest tenth in B08"),
        "soil_bright": Row(bare(6, 0.9, 1), f"{_VILLAGE} bare fields (NDVI < 0.2) in June, brightest tenth in B08"),
        "crop_green": Row(green, f"{_VILLAGE} winter cereals in May and June with NDVI > 0.82 in both"),
        "crop_dry": Row(dry, f"{_VILLAGE} fields in July with NDVI < 0.22 that had > 0.8 in May (ripe or straw)"),
    }


def _settlement(village: Village, green: Float, vapour: Vapour) -> dict[str, Row]:
    """What is never green is built up; the plants between are taken out, and an assumed share of asphalt from roofs."""
    built = village.ndvi.max(axis=0) < 0.3
    seen: Float = np.median(village.spectra, axis=0)
    visible, redness = seen[:, B02 : B04 + 1].mean(axis=-1), seen[:, B04] / seen[:, B02]
    known = [B01, B02, B03, B04, B08, B11, B12]
    asphalt = without(median(seen, between(seen[:, B11] + seen[:, B12], built, 0, 0.1)), green, index=0.06)

    def roof(where: Bool, index: float) -> Float:
        return vapour.straighten((without(median(seen, where), green, index=index) - 0.4 * asphalt) / 0.6, known)

    pixels = f"{_VILLAGE} never green pixels (NDVI < 0.3),"
    edge = "crop_green taken out, B05 to B8A on the line between the 10 m bands"
    roof_edge = f"{edge}, 0.4 of asphalt taken out (assumed)"
    return {
        "roof_red": Row(roof(between(redness, built, 0.95, 1), 0.12), f"{pixels} reddest twentieth, {roof_edge}"),
        "roof_bright": Row(roof(between(visible, built, 0.98, 1), 0.08), f"{pixels} brightest fiftieth, {roof_edge}"),
        "asphalt": Row(vapour.straighten(asphalt, known), f"{pixels} darkest tenth in B11 and B12, {edge}"),
    }


def _landsat(data: Path, vapour: Vapour) -> dict[str, Row]:
    sea, water, _ = new_york(data, "LC08_L1TP_014032_20180903")
    land, _, snow = new_york(data, "LC08_L1TP_014032_20180311")

    def lift(surface: Float, where: Bool, low: float, high: float) -> Float:
        return vapour.lift(median(surface, between(surface[:, 3], where, low, high)), LANDSAT8_UM)

    summer, winter = _NEW_YORK.format("20180903"), _NEW_YORK.format("20180311")
    bare_source = (
        "derived: yatsm p013r030_r50_n423_b8.npz (Landsat surface reflectance, sky model); median of clear dates of"
        " March and April, the fifth of the pixels with the largest change of NDVI in the year"
    )
    return {
        "broadleaf_bare": Row(vapour.lift(bare_forest(data), LANDSAT5_UM), bare_source),
        "water_clear": Row(lift(sea, water, 0, 0.5), f"{summer} water, the lower half in red"),
        "water_turbid": Row(lift(sea, water, 0.985, 1), f"{summer} water, the reddest 1.5 % (an estuary)"),
        "snow": Row(lift(land, snow, 0.9, 1), f"{winter} snow by BQA, the brightest tenth in red"),
    }


def _thick_cloud(alps: Alps) -> Float:
    """Go on along the line from the thinner to the thicker cloud of a frame; B10 keeps what was seen."""
    seen = alps.cloudy.reshape(-1, 13)
    everywhere = np.ones(len(seen), dtype=bool)
    thin = median(seen, between(seen[:, B02], everywhere, 0.05, 0.15))
    thick = median(seen, between(seen[:, B02], everywhere, 0.985, 0.995))
    step = thick - thin
    cloud: Float = thick + step * (thick[B08] - 1.1 * thick[B04]) / (1.1 * step[B04] - step[B08])
    cloud[B10] = thick[B10]
    return cloud
