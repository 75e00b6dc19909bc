"""From the ground and the sky to the reflectances that a sensor reports."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .sky import CIRRUS, HAZE, LIGHT, OPACITY, SHADE, SNOW
from .surface import MIDDLE, SAMPLES
from .world_noise import Floats, hash_of, normal

LEAST_REFLECTANCE = 1e-4
"""Pixels with data are never 0, which means no data."""


class Ground(NamedTuple):
    """What the pixels of a date show, for some bands. A row of the tables is a parcel."""

    entries: NDArray[np.int32]
    """Rows of the tables (pixels, samples)."""
    texture: Floats
    """How far each pixel leans to the second state, from 0 to 1."""
    depths: Floats
    """Metres of each pixel's ground below the full level of a reservoir."""
    bed_rise: float
    """How many metres a reservoir's bed rises across a pixel, about."""
    first: Floats
    """Reflectances of the first state (parcels, bands): of a reservoir, its water."""
    second: Floats
    """Of the second state: of a reservoir, its dry bed."""
    drawdowns: Floats
    """Metres of the level of a reservoir below its full one; NaN for parcels on land."""
    snow_hold: Floats
    """The share of snow that is seen from above, from 0 to 1 (parcels)."""


class Optics(NamedTuple):
    """What light meets on its way, per band, on one date."""

    rayleigh: Floats
    """Reflectance of the molecules of air that the spectra hold."""
    more_rayleigh: Floats
    """What is to be added, because the sun stands lower or higher."""
    diffuse: Floats
    """The share of diffuse light on the ground."""
    haze: Floats
    """Reflectance of haze per unit of optical thickness at 550 nm."""
    extinction: Floats
    """The share of light that haze holds back, per unit of optical thickness at 550 nm."""
    snow: Floats
    cloud: Floats
    cirrus: Floats
    """Reflectance of an opaque layer."""
    noise: Floats
    """Deviation of the sensor's noise in the dark."""
    noise_gain: float
    """And what it grows by with the reflectance."""


@njit(cache=True, nogil=True)
def water_share(depth: float, drawdown: float, rise: float) -> float:
    """Return how much of a pixel in a reservoir is under water."""
    return min(1.0, max(0.0, 0.5 + (depth - drawdown) / rise))


@njit(cache=True, nogil=True)
def _lean(ground: Ground, entry: int, pixel: int) -> float:
    drawdown = ground.drawdowns[entry]
    if np.isnan(drawdown):
        return float(ground.texture[pixel])
    return 1.0 - water_share(max(0.0, ground.depths[pixel]), drawdown, ground.bed_rise)


@njit(cache=True, nogil=True)
def _mix_parcels(ground: Ground, pixel: int, spectrum: Floats) -> None:
    """Fill the reflectances (bands) of the mixture of what lies under the samples of a pixel."""
    entries = ground.entries[pixel]
    is_pure = True
    for sample in range(1, SAMPLES):
        is_pure = is_pure and entries[sample] == entries[0]
    spectrum[:] = 0.0
    samples = 1 if is_pure else SAMPLES
    for sample in range(samples):
        entry = entries[sample]
        lean = _lean(ground, entry, pixel)
        for band in range(spectrum.size):
            spectrum[band] += (1.0 - lean) * ground.first[entry, band] + lean * ground.second[entry, band]
    for band in range(spectrum.size):
        spectrum[band] /= samples


@njit(cache=True, nogil=True)
def expose(
    ground: Ground,
    optics: Optics,
    drawn: Floats,
    columns: NDArray[Any],
    rows: NDArray[Any],
    noise_keys: NDArray[Any],
    image: Floats,
) -> None:
    """Fill an image, float32 (pixels, bands), with reflectances at the top of the atmosphere.

    drawn: what ``draw_sky`` filled. columns, rows: of the pixels in the world. noise_keys: uint64 (bands), random bits
    of date and band.
    """
    spectrum = np.empty(image.shape[1])
    for pixel in range(image.shape[0]):
        _mix_parcels(ground, pixel, spectrum)
        snow = drawn[SNOW, pixel] * ground.snow_hold[ground.entries[pixel, MIDDLE]]
        opacity, cirrus, haze = drawn[OPACITY, pixel], drawn[CIRRUS, pixel], drawn[HAZE, pixel]
        direct = drawn[LIGHT, pixel] * (1.0 - 0.95 * drawn[SHADE, pixel])
        for band in range(spectrum.size):
            value = spectrum[band] + snow * (optics.snow[band] - spectrum[band])
            diffuse, air = optics.diffuse[band], optics.rayleigh[band]
            value = air + (value - air) * ((1.0 - diffuse) * direct + diffuse)
            value = (
                value * (1.0 - optics.extinction[band] * haze) + optics.more_rayleigh[band] + optics.haze[band] * haze
            )
            value += opacity * (optics.cloud[band] * (0.75 + 0.25 * opacity) - value)
            value += cirrus * (optics.cirrus[band] - value)
            bits = hash_of(noise_keys[band], columns[pixel], rows[pixel])
            value += (optics.noise[band] + optics.noise_gain * value) * normal(bits)
            image[pixel, band] = max(LEAST_REFLECTANCE, value)


@njit(cache=True, nogil=True)
def spread(group: Floats, index: NDArray[Any], bands: NDArray[Any], scale: float, image: NDArray[Any]) -> None:
    """Copy the pixels of some bands, of their own size, to the pixels of an image that they are the nearest of.

    group: (pixels, bands). index: for each pixel of the image that of the group. image: (rows, columns, all bands), of
    floats, or of integers that get the nearest to ``scale`` times the value.
    """
    half = 0.5 if scale != 1.0 else 0.0
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            pixel = index[row, column]
            for place in range(bands.size):
                image[row, column, bands[place]] = group[pixel, place] * scale + half
