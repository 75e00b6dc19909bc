"""Random numbers and smooth random fields that depend on nothing but a key and a place.

Only integer arithmetic and the additions, products, quotients and square roots of IEEE 754 are used, in a fixed order,
so the values are the same bits on every machine.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numba
import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]
Int: TypeAlias = Any
"""An integer of 64 bits; random bits and keys are unsigned (uint64), which numba tells from signed ones."""

uint64: Any = numba.uint64
"""Takes an integer for an unsigned one, bit by bit."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_TO_UNIT = 1.0 / 9007199254740992.0  # 2 ** -53
_SIXTEEN_BITS = np.uint64(0xFFFF)


@njit(cache=True, nogil=True)
def mix(number: Int) -> Int:
    """Scramble 64 bits: the output function of SplitMix64 (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195)."""
    bits = uint64(number) + _GOLDEN
    bits = (bits ^ (bits >> uint64(30))) * _MIX_1
    bits = (bits ^ (bits >> uint64(27))) * _MIX_2
    return bits ^ (bits >> uint64(31))


@njit(cache=True, nogil=True)
def hash_of(key: Int, first: Int, second: Int) -> Int:
    """Return 64 random bits that belong to a key (uint64) and two integers."""
    return mix(uint64(key) ^ mix(uint64(first) ^ mix(uint64(second))))


@njit(cache=True, nogil=True)
def unit(bits: Int) -> float:
    """Turn 64 random bits into a number of [0, 1)."""
    return float(uint64(bits) >> uint64(11)) * _TO_UNIT


@njit(cache=True, nogil=True)
def normal(bits: Int) -> float:
    """Turn 64 random bits into a number that is nearly normal, of mean 0 and deviation 1.

    It is the sum of four uniform numbers (Irwin-Hall), which ends at 3.5 deviations.
    """
    bits = uint64(bits)
    total = (
        float(bits & _SIXTEEN_BITS)
        + float((bits >> uint64(16)) & _SIXTEEN_BITS)
        + float((bits >> uint64(32)) & _SIXTEEN_BITS)
        + float(bits >> uint64(48))
    )
    return (total / 65535.0 - 2.0) * 1.7320508075688772


@njit(cache=True, nogil=True)
def _slope_at(key: Int, column: Int, row: Int, x: float, y: float) -> float:
    """Return the height at (x, y) of the plane through the lattice point with its random slope."""
    bits = hash_of(key, column, row)
    east = float(bits & uint64(0xFFFFFFFF)) / 2147483648.0 - 1.0
    north = float(uint64(bits) >> uint64(32)) / 2147483648.0 - 1.0
    return east * x + north * y


@njit(cache=True, nogil=True)
def gradient_noise(key: Int, x: float, y: float) -> float:
    """Return a smooth random field of waves about as long as 1, of mean 0, mostly within 0.5.

    It is the lattice gradient noise of Perlin (1985, doi:10.1145/325165.325247) with the quintic blend of Perlin
    (2002, doi:10.1145/566654.566636).
    """
    column, row = np.floor(x), np.floor(y)
    dx, dy = x - column, y - row
    i, j = np.int64(column), np.int64(row)
    south = _slope_at(key, i, j, dx, dy)
    south_east = _slope_at(key, i + 1, j, dx - 1.0, dy)
    north = _slope_at(key, i, j + 1, dx, dy - 1.0)
    north_east = _slope_at(key, i + 1, j + 1, dx - 1.0, dy - 1.0)
    blend_x = dx * dx * dx * (dx * (dx * 6.0 - 15.0) + 10.0)
    blend_y = dy * dy * dy * (dy * (dy * 6.0 - 15.0) + 10.0)
    low = south + blend_x * (south_east - south)
    high = north + blend_x * (north_east - north)
    return float(low + blend_y * (high - low))


@njit(cache=True, nogil=True)
def fractal_noise(key: Int, x: float, y: float, octaves: int, gain: float) -> float:
    """Return a sum of gradient noises, each of half the wavelength and ``gain`` times the height of the one before.

    The sum is scaled to a standard deviation of about 1.
    """
    total, power, amplitude, scale = 0.0, 0.0, 1.0, 1.0
    for octave in range(octaves):
        own = mix(uint64(key) + uint64(octave))
        total += amplitude * gradient_noise(own, x * scale + 100.0 * unit(own), y * scale)
        power += amplitude * amplitude
        amplitude *= gain
        scale *= 2.0
    return float(total / np.sqrt(power) * 5.6)


@njit(cache=True, nogil=True)
def smooth_step(low: float, high: float, value: float) -> float:
    """Return 0 below ``low``, 1 above ``high``, and a smooth rise between."""
    share = min(1.0, max(0.0, (value - low) / (high - low)))
    return share * share * (3.0 - 2.0 * share)


@njit(cache=True, nogil=True)
def draw_units(purpose: Int, keys: NDArray[Any], number: Int, drawn: Floats) -> None:
    """Fill numbers of [0, 1) that belong to a purpose (uint64), many keys (uint64) and a number."""
    for index in range(keys.size):
        drawn[index] = unit(mix(keys[index] ^ hash_of(purpose, number, 0)))
