"""What lies under each pixel: parcels, lanes and reservoirs, and the texture within them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .landscape import ARTIFICIAL, FOREST, RESERVOIR_DEPTH_M, reservoir_at
from .parcels import CODES_A_BLOCK, bend, parcel_at
from .world_noise import Floats, Int, fractal_noise, hash_of, uint64, unit

LANE = -1
FIRST_RESERVOIR = -2
"""And downwards: the reservoir of each cell of the window of cells."""
SAMPLES = 9
"""A pixel is the mean of this many places in it, in rows of three; the fifth is its middle."""
MIDDLE = 4


@njit(cache=True, nogil=True)
def place_of_sample(x: float, y: float, pixel_m: float, sample: Int) -> tuple[float, float]:
    """Return the place of a sample of the pixel whose middle is (x, y)."""
    third = pixel_m / 3.0
    return x + third * (sample % 3 - 1), y + third * (sample // 3 - 1)


@njit(cache=True, nogil=True)
def locate(
    key: Int,
    x: Floats,
    y: Floats,
    pixel_m: float,
    blocks: NDArray[Any],
    cells: NDArray[Any],
    found: NDArray[Any],
    depths: Floats,
) -> None:
    """Find what lies under each sample of each pixel.

    x, y: the middles of pixels, metres. blocks, cells: the windows of blocks and of reservoir cells that hold them all,
        each as first column, first row, number of columns.
    found: to be filled, int32 (pixels, samples): LANE, FIRST_RESERVOIR or below for a reservoir, or for a parcel its
        number in the window of blocks.
    depths: to be filled, float32 (pixels): how far below the full level a reservoir's bed lies in the middle of the
        pixel, in metres; negative outside.
    """
    mesh = uint64(key) + uint64(100)
    for pixel in range(x.size):
        for sample in range(SAMPLES):
            east, north = place_of_sample(x[pixel], y[pixel], pixel_m, sample)
            column, row, inside, _ = reservoir_at(key, east, north)
            if sample == MIDDLE:
                depths[pixel] = inside * RESERVOIR_DEPTH_M
            if inside > 0.0:
                found[pixel, sample] = FIRST_RESERVOIR - ((row - cells[1]) * cells[2] + column - cells[0])
                continue
            column, row, code, is_lane = parcel_at(mesh, east, north)
            number = ((row - blocks[1]) * blocks[2] + column - blocks[0]) * CODES_A_BLOCK + code
            found[pixel, sample] = LANE if is_lane and sample != MIDDLE else number


@njit(cache=True, nogil=True)
def weave(
    key: Int,
    x: Floats,
    y: Floats,
    pixel_m: float,
    entries: NDArray[Any],
    covers: NDArray[Any],
    leaning: Floats,
    texture: Floats,
) -> None:
    """Find how far each pixel leans from the first to the second state of its parcel.

    entries: int32 (pixels), the row of the parcel tables that belongs to the middle of each pixel.
    covers, leaning: of the table: land cover, and how much of the second state there is in forests, about 0.
    texture: to be filled, float32 (pixels), from 0 to 1: stands of conifers in a forest, roofs in a settlement, and
        soft patches elsewhere.
    """
    for pixel in range(x.size):
        entry = entries[pixel]
        east, north = x[pixel], y[pixel]
        if covers[entry] == ARTIFICIAL:
            texture[pixel] = _roofs(key, east, north, pixel_m)
        elif covers[entry] == FOREST:
            stands = fractal_noise(uint64(key) + uint64(130), east / 110.0, north / 110.0, 4, 0.65) + leaning[entry]
            texture[pixel] = min(1.0, max(0.0, 0.5 + 0.6 * stands))
        else:
            patches = fractal_noise(uint64(key) + uint64(140), east / 90.0, north / 90.0, 3, 0.55)
            texture[pixel] = min(1.0, max(0.0, 0.5 + 0.25 * patches))


@njit(cache=True, nogil=True)
def _roofs(key: Int, x: float, y: float, pixel_m: float) -> float:
    """Return the share of roofs in a pixel: houses of about 12 m, on plots of 24 x 20 m, two of three built."""
    roofs = 0
    for sample in range(SAMPLES):
        east, north = place_of_sample(x, y, pixel_m, sample)
        u, v = bend(uint64(key) + uint64(100), east, north)
        column, row = np.floor(u / 24.0), np.floor(v / 20.0)
        bits = hash_of(uint64(key) + uint64(150), np.int64(column), np.int64(row))
        is_inside = 0.18 < u / 24.0 - column < 0.78 and 0.15 < v / 20.0 - row < 0.8
        roofs += is_inside and unit(bits) < 0.66
    return roofs / SAMPLES
