"""What reflectances say of their own scale and offset: dark surfaces, and steps between dates.

Pixels come as ``(time, pixel, band)``, and ``usable`` says which of them, ``(time, pixel)``, count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
Roles = Mapping[str, int]
"""Positions of blue, green, red, nir, swir1 and swir2 among the bands, as far as they are there."""

SHIFTS = (0.1, 0.2)
"""Offsets that products have: 1000 of 10,000 of Sentinel-2 since baseline 04.00 (https://sentiwiki.copernicus.eu/web/
s2-products), and 0.2 of Landsat Collection 2 Level 2 (USGS, LSDS-1619)."""
LEAST_PIXELS = 16
"""Percentiles of fewer pixels say little."""
LEAST_SHARE = 0.02
"""The part of an image that must show a dark surface."""
DARK_PERCENTILE = 10
"""Of the pixels that show a dark surface. Chavez (1988), https://doi.org/10.1016/0034-4257(88)90019-3, takes the least
values that are frequent for what shows no light from the ground."""
LEAST_CONTRAST = 0.15
"""Of near infrared to red: more than soil has. An offset leaves the contrast as it is, a veil of haze or cloud
lowers it."""
CIRRUS_AS_DARK = 0.03
"""The band at 1.375 um doesn't see the ground, (Gao et al. 1993, https://doi.org/10.1029/93GL00106), and
has 0.001 to 0.005 in the real images of the tests; this is added to compare it with dark vegetation."""
BRIGHT = 0.35
"""In the shortest visible band: cloud, snow or salt, also with an offset of 0.1 in it."""
FLATNESS = 0.02
"""How far a step may differ between bands, and between pixels, other changes of a few days included."""
CLOSENESS = 0.02
"""How far the step of two dates may be from an offset that products have."""
EXACTNESS, LEAST_LIKENESS = 0.005, 0.5
"""An offset leaves the image as it is, a veil doesn't: pixels differ by less than the first, or are correlated more
than the second. In the real images of the tests it is 0.9 for clear dates and 0.1 to 0.2 for a veil."""
NEAR_DATES = 4
"""Each date is compared with so many that follow."""
MOST_PIXELS = 10_000
"""Of an image are looked at; a regular part of larger ones."""


def sample(data: NDArray[np.generic], most: int = MOST_PIXELS) -> NDArray[np.generic]:
    """Return a regular part of the pixels of ``(time, height, width, band)`` as ``(time, pixel, band)``."""
    height, width = data.shape[1:3]
    step = max(1, int(np.ceil(np.sqrt(height * width / most))))
    part = data[:, ::step, ::step]
    return part.reshape(len(part), part.shape[1] * part.shape[2], part.shape[3])


def usable_pixels(pixels: FloatArray) -> BoolArray:
    """Return which pixels have data: two bands at least are finite, and not all finite ones are equal."""
    finite = np.isfinite(pixels)
    lowest = np.where(finite, pixels, np.inf).min(axis=-1, initial=np.inf)
    highest = np.where(finite, pixels, -np.inf).max(axis=-1, initial=-np.inf)
    usable: BoolArray = (finite.sum(axis=-1) >= 2) & (highest > lowest)
    return usable


def typical_sizes(pixels: FloatArray, usable: BoolArray) -> NDArray[np.float64]:
    """Return the median of the absolute values of each date, over its usable pixels and all bands; NaN without any."""
    return np.array([_median(np.abs(frame[ok])) for frame, ok in zip(pixels, usable, strict=True)])


class Darkness(NamedTuple):
    """What each date shows of dark surfaces; NaN where it shows none."""

    level: NDArray[np.float64]
    """How bright they are."""
    contrast: NDArray[np.float64]
    """Near infrared minus red of its vegetation, the 90th percentile."""
    blueness: NDArray[np.float64]
    """Blue minus red of its vegetation, the median: below 0 at the ground, above it at the top of the atmosphere.
    0 where the band at 1.375 um is taken, in which the air doesn't shine."""


def dark_levels(pixels: FloatArray, usable: BoolArray, roles: Roles, cirrus: int | None = None) -> Darkness:
    """Return what dark surfaces show: vegetation in red, or water in the longest band if there is no vegetation.

    Both are recognised by differences of bands, which an offset doesn't change. Their brightness is their 10th
    percentile. If there is a band at 1.375 um, its position being ``cirrus``, its darkness is taken instead.
    """
    result = Darkness(*np.full((3, len(pixels)), np.nan))
    for date, (frame, ok) in enumerate(zip(pixels, usable, strict=True)):
        least = max(LEAST_PIXELS, LEAST_SHARE * ok.sum())
        band = {role: frame[ok, position].astype(np.float64) for role, position in roles.items()}
        surfaces: list[tuple[str, BoolArray]] = []
        if {"red", "nir"} <= band.keys():
            contrast = band["nir"] - band["red"]
            plants = contrast >= LEAST_CONTRAST
            surfaces = [("red", plants), *(() if plants.sum() >= least else _water(band))]
            if plants.sum() >= least:
                result.contrast[date] = np.percentile(contrast[plants], 90)
                result.blueness[date] = np.median((band["blue"] - band["red"])[plants]) if "blue" in band else np.nan
        seen = [
            np.percentile(band[role][where], DARK_PERCENTILE)
            for role, where in surfaces
            if role in band and where.sum() >= least
        ]
        if cirrus is not None:
            seen = [np.nanpercentile(frame[ok, cirrus], DARK_PERCENTILE) + CIRRUS_AS_DARK] if ok.any() else []
            result.blueness[date] = 0
        result.level[date] = min(seen, default=np.nan)
    return result


def _water(band: Mapping[str, NDArray[np.float64]]) -> Iterator[tuple[str, BoolArray]]:
    """Yield the longest band and where water is: it falls from green to near infrared, and is as dark beyond."""
    if {"green", "swir1"} <= band.keys():
        falls = band["green"] - band["nir"] >= 0.01
        yield "swir2" if "swir2" in band else "swir1", falls & (np.abs(band["nir"] - band["swir1"]) <= 0.02)


def steps(
    pixels: FloatArray, usable: BoolArray, roles: Roles, dark: NDArray[np.float64], shifts: Sequence[float]
) -> Iterator[tuple[int, int, float]]:
    """Yield pairs of dates near each other, and the step from the first to the second: 0, or plus or minus an offset.

    dark: from :func:`dark_levels`. shifts: those of :data:`SHIFTS` that may be.

    The step of two dates is the median over their common pixels of the difference in each band. It is that of an offset
    if it is the same in all bands and pixels, and that of the dark surfaces too; land changes otherwise, and haze and
    cloud do. Without a band beyond the visible haze can't be told from an offset, and nothing is yielded.
    """
    if len(roles) < 3 or not roles.keys() & {"nir", "swir1", "swir2"}:
        return
    columns = list(roles.values())
    shortest = next(roles[role] for role in ("blue", "green", "red", "nir", "swir1", "swir2") if role in roles)
    dim = usable & (pixels[..., shortest] < BRIGHT) & np.isfinite(pixels[..., columns]).all(axis=-1)
    dates = np.flatnonzero(dim.sum(axis=1) >= LEAST_PIXELS)
    for reach in range(1, NEAR_DATES + 1):
        for first, second in zip(dates[:-reach], dates[reach:], strict=True):
            common = dim[first] & dim[second]
            if common.sum() < max(LEAST_PIXELS, LEAST_SHARE * common.size):
                continue
            step = _step(pixels[first][common][:, columns], pixels[second][common][:, columns], shifts)
            contradiction = 0.0 if step is None else abs(dark[second] - dark[first] - step)
            if step is not None and not contradiction > FLATNESS:
                yield int(first), int(second), step


def _step(first: FloatArray, second: FloatArray, shifts: Sequence[float]) -> float | None:
    """Return the step between the same pixels, (pixel, band), on two dates; None if it is none of an offset."""
    differences = second - first
    bands = np.median(differences, axis=0).astype(np.float64)
    middle = float(np.median(bands))
    nearest = min((sign * shift for shift in (0.0, *shifts) for sign in (1, -1)), key=lambda x: abs(middle - x))
    if np.abs(bands - middle).max() > FLATNESS or abs(middle - nearest) > CLOSENESS:
        return None
    spread = np.median(np.abs(differences - bands))
    is_same_land = spread <= EXACTNESS or (spread <= FLATNESS and _likeness(first, second) >= LEAST_LIKENESS)
    return nearest if is_same_land else None


def _likeness(first: FloatArray, second: FloatArray) -> float:
    """Return the median over the bands of the correlation of two images, (pixel, band)."""
    left, right = (part - part.mean(axis=0, dtype=np.float64) for part in (first, second))
    product = np.sqrt((left**2).sum(axis=0) * (right**2).sum(axis=0))
    return float(np.median((left * right).sum(axis=0) / np.where(product > 0, product, np.inf)))


def lowest_levels(pixels: FloatArray, usable: BoolArray, columns: Sequence[int], percentile: float = 1) -> FloatArray:
    """Return a low percentile of each date and band, NaN where no pixel is usable."""
    result = np.full((len(pixels), len(columns)), np.nan, dtype=np.float32)
    for date, (frame, ok) in enumerate(zip(pixels, usable, strict=True)):
        values = frame[ok][:, columns]
        finite = np.isfinite(values).any(axis=0)
        if finite.any():
            result[date, finite] = np.nanpercentile(values[:, finite], percentile, axis=0)
    return result


def _median(values: FloatArray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else np.nan
