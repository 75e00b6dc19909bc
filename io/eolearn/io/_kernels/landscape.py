"""The lie of the land: heights, reservoirs, and what grows or stands on each parcel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .parcels import BLOCK_M, parcel_corners, unbend
from .world_noise import Floats, Int, fractal_noise, hash_of, mix, smooth_step, uint64, unit

RESERVOIR_CELL_M = 12_000.0
RESERVOIR_DEPTH_M = 24.0
_VILLAGE_CELL_M = 3_600.0

NO_DATA, CULTIVATED, FOREST, GRASSLAND, WATER, ARTIFICIAL, BARE = 0, 1, 2, 3, 5, 8, 9


@njit(cache=True, nogil=True)
def _natural_height(key: Int, x: float, y: float) -> float:
    """Return the height above the sea before anybody built a dam: flat valleys between hills, in metres."""
    shape = fractal_noise(uint64(key) + uint64(20), x / 9000.0, y / 9000.0, 7, 0.42)
    rise = max(0.0, shape + 0.6)
    waves = fractal_noise(uint64(key) + uint64(40), x / 1500.0, y / 1500.0, 3, 0.5)
    return float(215.0 + 150.0 * rise * np.sqrt(rise) + 9.0 * waves)


@njit(cache=True, nogil=True)
def reservoir_of_cell(key: Int, column: Int, row: Int) -> tuple[bool, float, float, float]:
    """Return whether a cell has a reservoir, its middle, and its mean radius in metres."""
    bits = hash_of(uint64(key) + uint64(60), column, row)
    x = (column + 0.3 + 0.4 * unit(mix(bits))) * RESERVOIR_CELL_M
    y = (row + 0.3 + 0.4 * unit(mix(bits + uint64(1)))) * RESERVOIR_CELL_M
    return unit(bits) < 0.8, x, y, 400.0 + 450.0 * unit(mix(bits + uint64(2)))


@njit(cache=True, nogil=True)
def shore_radius(key: Int, column: Int, row: Int, east: float, north: float, mean_radius: float) -> float:
    """Return the distance from the middle of a reservoir to its full shore, in the direction of a unit vector."""
    own = hash_of(uint64(key) + uint64(61), column, row)
    lobes = fractal_noise(own, 1.1 * east + 7.3, 1.1 * north + 3.1, 3, 0.4)
    return mean_radius * min(1.9, max(0.45, 1.0 + 0.38 * lobes))


@njit(cache=True, nogil=True)
def reservoir_at(key: Int, x: float, y: float) -> tuple[Int, Int, float, float]:
    """Return the cell of the reservoir that may be here, how far inside its full shore, and its mean radius.

    The third value is 1 in the middle, 0 at the full shore, and negative outside.
    """
    column, row = np.int64(np.floor(x / RESERVOIR_CELL_M)), np.int64(np.floor(y / RESERVOIR_CELL_M))
    exists, middle_x, middle_y, mean_radius = reservoir_of_cell(key, column, row)
    east, north = x - middle_x, y - middle_y
    distance = np.sqrt(east * east + north * north)
    if not exists or distance > 4.0 * mean_radius:
        return column, row, -3.0, mean_radius
    if distance == 0.0:
        return column, row, 1.0, mean_radius
    radius = shore_radius(key, column, row, east / distance, north / distance, mean_radius)
    return column, row, 1.0 - distance / radius, mean_radius


@njit(cache=True, nogil=True)
def full_level(key: Int, column: Int, row: Int) -> float:
    """Return the height of the water of a full reservoir above the sea, in metres."""
    _, x, y, _ = reservoir_of_cell(key, column, row)
    return float(np.floor(_natural_height(key, x, y) + 6.0))


@njit(cache=True, nogil=True)
def height(key: Int, x: float, y: float) -> float:
    """Return the height of the ground above the sea in metres, under the water of a reservoir that of its bed."""
    natural = _natural_height(key, x, y)
    column, row, inside, _ = reservoir_at(key, x, y)
    if inside <= -1.0:
        return natural
    level = full_level(key, column, row)
    if inside >= 0.0:
        return level - RESERVOIR_DEPTH_M * inside
    return (
        level
        + (natural - level) * smooth_step(0.0, 1.0, -inside)
        + 3.0 * smooth_step(0.0, 0.1, -inside) * (1.0 + inside)
    )


@njit(cache=True, nogil=True)
def relief(key: Int, x: Floats, y: Floats, heights: Floats, slopes: Floats) -> None:
    """Fill heights (points) in metres and slopes (points, 2), the rise to the east and to the north in m/m."""
    reach = 10.0
    for point in range(x.size):
        east, north = x[point], y[point]
        heights[point] = height(key, east, north)
        slopes[point, 0] = (height(key, east + reach, north) - height(key, east - reach, north)) / (2.0 * reach)
        slopes[point, 1] = (height(key, east, north + reach) - height(key, east, north - reach)) / (2.0 * reach)


@njit(cache=True, nogil=True)
def _is_settled(key: Int, x: float, y: float) -> bool:
    """Tell whether a place belongs to the village of its cell."""
    column, row = np.int64(np.floor(x / _VILLAGE_CELL_M)), np.int64(np.floor(y / _VILLAGE_CELL_M))
    bits = hash_of(uint64(key) + uint64(70), column, row)
    middle_x = (column + 0.25 + 0.5 * unit(mix(bits))) * _VILLAGE_CELL_M
    middle_y = (row + 0.25 + 0.5 * unit(mix(bits + uint64(1)))) * _VILLAGE_CELL_M
    size = unit(mix(bits + uint64(2)))
    radius = 300.0 + 700.0 * size * size
    east, north = x - middle_x, y - middle_y
    is_near = east * east + north * north < radius * radius
    return bool(is_near) and unit(bits) < 0.8 and _natural_height(key, middle_x, middle_y) < 520.0


@njit(cache=True, nogil=True)
def _cover(key: Int, bits: Int, x: float, y: float, ground: float, steepness: float) -> Int:
    """Return the land cover of a parcel that is not settled: higher and steeper means forest, then grassland."""
    woods = fractal_noise(uint64(key) + uint64(80), x / 2600.0, y / 2600.0, 4, 0.6)
    if woods + (ground - 350.0) / 90.0 + 4.0 * steepness > 0.45:
        return FOREST
    chance = unit(bits)
    if chance < 0.02:
        return BARE
    meadows = fractal_noise(uint64(key) + uint64(90), x / 2000.0, y / 2000.0, 3, 0.6)
    likes_grass = 0.8 * meadows + (ground - 290.0) / 110.0 + 5.0 * steepness > 0.35
    return GRASSLAND if likes_grass != (chance > 0.86) else CULTIVATED


@njit(cache=True, nogil=True)
def describe_parcels(
    key: Int,
    columns: NDArray[Any],
    rows: NDArray[Any],
    codes: NDArray[Any],
    keys: NDArray[Any],
    covers: NDArray[Any],
    heights: Floats,
) -> None:
    """Fill for parcels, given by block and code, their random keys (uint64), land covers (uint8) and heights in metres.

    A settled block is one parcel as far as its key and its cover are concerned.
    """
    mesh = uint64(key) + uint64(100)
    for index in range(codes.size):
        column, row, code = columns[index], rows[index], codes[index]
        block = hash_of(uint64(key) + uint64(110), column, row)
        block_x, block_y = unbend(mesh, (column + 0.5) * BLOCK_M, (row + 0.5) * BLOCK_M)
        corners = parcel_corners(mesh, column, row, code)
        x, y = unbend(mesh, corners[:, 0].sum() / 4.0, corners[:, 1].sum() / 4.0)
        ground = heights[index] = height(key, x, y)
        if _is_settled(key, block_x, block_y):
            keys[index], covers[index] = block, ARTIFICIAL
            continue
        keys[index] = mix(block ^ uint64(code + 1))
        east = (height(key, x + 30.0, y) - height(key, x - 30.0, y)) / 60.0
        north = (height(key, x, y + 30.0) - height(key, x, y - 30.0)) / 60.0
        steepness = np.sqrt(east * east + north * north)
        covers[index] = _cover(key, keys[index], x, y, ground, steepness)
