"""Whether bands stand in the right order: which spectra are known in nature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]

_ROLES = ("blue", "green", "red", "nir", "swir1", "swir2")
UNNATURAL_SHARE, NATURAL_SHARE = 0.3, 0.7
"""Bands are swapped if less than the first part of the pixels has a natural spectrum as they stand, and more than the
second part has one after a swap."""
ALIKE = 0.02
"""Swaps whose shares differ by less can't be told apart."""


def natural_share(bands: Mapping[str, FloatArray]) -> float:
    """Return the part of pixels whose spectrum is that of vegetation, soil, water, snow or cloud.

    bands: reflectances by role, each of the shape (pixel,). Bands that are missing make no condition. The conditions
    are wide: they allow for a hazy sky, and hold for reflectances at the top of the atmosphere and at the ground. They
    follow the curves in the spectral library of the USGS (Kokaly et al. 2017, https://doi.org/10.3133/ds1035).
    """
    count = len(next(iter(bands.values())))
    value = {role: bands.get(role, np.full(count, np.nan, dtype=np.float32)) for role in _ROLES}
    surfaces = (_vegetation, _soil, _water, _snow, _cloud)
    known = np.logical_or.reduce([surface(*value.values()) for surface in surfaces])
    return float(known.mean()) if count else np.nan


@dataclass(frozen=True)
class Swap:
    """Pairs of roles each of which gives natural spectra if swapped, and the natural share as it is and then."""

    pairs: tuple[tuple[str, str], ...]
    share: float
    share_after: float


def swapped(bands: Mapping[str, FloatArray]) -> Swap | None:
    """Return which two roles must be swapped for a natural spectrum; several pairs if they can't be told apart.

    None if nothing is wrong, or if a swap doesn't mend it. Swaps that leave most spectra natural, such as that of blue
    and green, can't be seen.
    """
    if not {"red", "nir"} <= bands.keys() or len(bands) < 4:
        return None
    share = natural_share(bands)
    if not share < UNNATURAL_SHARE:
        return None
    shares = {pair: natural_share(_swap(bands, pair)) for pair in combinations(bands, 2)}
    best = max(shares.values())
    pairs = tuple(pair for pair, after in shares.items() if after >= best - ALIKE)
    return Swap(pairs, share, best) if best > NATURAL_SHARE else None


def _swap(bands: Mapping[str, FloatArray], pair: Sequence[str]) -> dict[str, FloatArray]:
    first, second = pair
    return {**bands, first: bands[second], second: bands[first]}


def _at_most(low: FloatArray, high: FloatArray) -> BoolArray:
    """Whether ``low <= high``; True where one of them isn't known."""
    return ~(low > high)


def _vegetation(
    blue: FloatArray, green: FloatArray, red: FloatArray, nir: FloatArray, swir1: FloatArray, swir2: FloatArray
) -> BoolArray:
    rises = (nir - red >= 0.08) & (nir >= 1.4 * red) & _at_most(green + 0.05, nir) & _at_most(blue + 0.05, nir)
    greenish = _at_most(red, green + 0.05) & _at_most(blue, np.maximum(green, red) + 0.08)
    return rises & greenish & _at_most(swir1, nir + 0.06) & _at_most(swir2, swir1 + 0.01)


def _soil(
    blue: FloatArray, green: FloatArray, red: FloatArray, nir: FloatArray, swir1: FloatArray, swir2: FloatArray
) -> BoolArray:
    rises = _at_most(blue, red + 0.04) & _at_most(blue, green + 0.04) & _at_most(green, red + 0.05)
    onwards = (red <= nir + 0.03) & (nir <= 2.2 * red + 0.03) & _at_most(red, swir1 + 0.03) & _at_most(nir, swir1 + 0.1)
    return rises & onwards & _at_most(swir2, swir1 + 0.03)


def _water(
    blue: FloatArray, green: FloatArray, red: FloatArray, nir: FloatArray, swir1: FloatArray, swir2: FloatArray
) -> BoolArray:
    brightest = np.fmax(np.fmax(blue, green), red)
    dark = (nir <= 0.15) & ~(brightest > 0.5) & ~(swir1 > 0.08) & ~(swir2 > 0.08)
    return dark & (nir <= brightest + 0.03) & _at_most(swir1, nir + 0.04) & _at_most(red, np.fmax(blue, green) + 0.04)


def _snow(
    blue: FloatArray, green: FloatArray, red: FloatArray, nir: FloatArray, swir1: FloatArray, swir2: FloatArray
) -> BoolArray:
    visible = ~(green < 0.2) & _at_most(0.7 * red, blue) & (nir >= 0.4 * red) & (nir <= 1.4 * red)
    return visible & _at_most(swir1, 0.6 * green) & _at_most(swir2, swir1 + 0.05)


def _cloud(
    blue: FloatArray, green: FloatArray, red: FloatArray, nir: FloatArray, swir1: FloatArray, swir2: FloatArray
) -> BoolArray:
    darkest = np.fmin(np.fmin(blue, green), red)
    white = (darkest >= 0.15) & (np.fmax(np.fmax(blue, green), red) <= 1.6 * darkest) & (nir >= 0.8 * red)
    return white & _at_most(swir1, nir + 0.1) & _at_most(swir2, swir1 + 0.05)
