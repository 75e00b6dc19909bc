"""What pixels show that stays from date to date: relief, parcels, reservoirs and texture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eolearn.core.utils.threads import over_row_blocks

from .._kernels.landscape import (
    FOREST,
    RESERVOIR_CELL_M,
    RESERVOIR_DEPTH_M,
    WATER,
    describe_parcels,
    full_level,
    relief,
)
from .._kernels.parcels import BLOCK_M, CODES_A_BLOCK
from .._kernels.surface import FIRST_RESERVOIR, LANE, MIDDLE, SAMPLES, locate, weave
from .chance import key_of
from .grid import WorldPixels
from .seasons import LANE_COVER, ParcelTable

_LONGEST_BEND_M = 160.0


@dataclass(frozen=True)
class GroundTruth:
    """What lies under some pixels. ``entries`` and the table belong together."""

    table: ParcelTable
    entries: NDArray[np.int32]
    """Rows of the table, (pixels, samples)."""
    texture: NDArray[np.float32]
    depths: NDArray[np.float32]
    heights: NDArray[np.float32]
    slopes: NDArray[np.float32]

    @property
    def land_cover(self) -> NDArray[np.uint8]:
        """The class of the middle of each pixel; a lane belongs to the parcel that it borders."""
        return self.table.covers[self.entries[:, MIDDLE]]


def survey(key: np.uint64, pixels: WorldPixels, shift_m: tuple[float, float]) -> GroundTruth:
    """Find out what lies under pixels, seen through an image that is shifted by some metres east and north."""
    x, y = pixels.x - shift_m[0], pixels.y - shift_m[1]
    blocks = _window(x, y, BLOCK_M, _LONGEST_BEND_M + BLOCK_M)
    cells = _window(x, y, RESERVOIR_CELL_M, pixels.pixel_m)
    found = np.empty((len(x), SAMPLES), np.int32)
    depths, heights, texture = (np.empty(len(x), np.float32) for _ in range(3))
    slopes = np.empty((len(x), 2), np.float32)

    def look(start: int, stop: int) -> None:
        part = slice(start, stop)
        locate(key, x[part], y[part], pixels.pixel_m, blocks, cells, found[part], depths[part])
        relief(key, x[part], y[part], heights[part], slopes[part])

    over_row_blocks(look, len(x), least_rows=1024)
    numbers, entries = _compact(found)
    table = _describe(key, numbers, blocks, cells)
    leaning, middles = table.leaning, np.ascontiguousarray(entries[:, MIDDLE])
    is_under_trees = (table.covers[entries] == LANE_COVER) & (table.covers[middles] == FOREST)[:, np.newaxis]
    np.copyto(entries, middles[:, np.newaxis], where=is_under_trees)

    def paint(start: int, stop: int) -> None:
        part = slice(start, stop)
        weave(key, x[part], y[part], pixels.pixel_m, middles[part], table.covers, leaning, texture[part])

    over_row_blocks(paint, len(x), least_rows=1024)
    return GroundTruth(table, entries, texture, depths, heights, slopes)


def _window(x: NDArray[np.float64], y: NDArray[np.float64], size: float, margin: float) -> NDArray[np.int64]:
    """Return first column, first row and number of columns of the squares that hold all places."""
    west, east = np.floor((x.min() - margin) / size), np.floor((x.max() + margin) / size)
    south = np.floor((y.min() - margin) / size)
    return np.array([west, south, east - west + 1], np.int64)


def _compact(found: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the numbers that occur, ascending, and for each place the position of its number among them."""
    lowest = int(found.min())
    is_there = np.zeros(int(found.max()) - lowest + 1, bool)
    is_there[(found - lowest).ravel()] = True
    positions = np.cumsum(is_there, dtype=np.int32) - np.int32(1)
    return (np.flatnonzero(is_there) + lowest).astype(np.int32), positions[found - lowest]


def _describe(
    key: np.uint64, numbers: NDArray[np.int32], blocks: NDArray[np.int64], cells: NDArray[np.int64]
) -> ParcelTable:
    keys, covers, heights = np.zeros(len(numbers), np.uint64), np.zeros(len(numbers), np.uint8), np.zeros(len(numbers))
    parcels = numbers >= 0
    block, codes = np.divmod(numbers[parcels].astype(np.int64), CODES_A_BLOCK)
    rows, columns = np.divmod(block, blocks[2])
    own_keys, own_covers, own_heights = keys[parcels], covers[parcels], heights[parcels]
    describe_parcels(key, columns + blocks[0], rows + blocks[1], codes, own_keys, own_covers, own_heights)
    keys[parcels], covers[parcels], heights[parcels] = own_keys, own_covers, own_heights
    for position in np.flatnonzero(numbers <= FIRST_RESERVOIR):
        row, column = divmod(FIRST_RESERVOIR - int(numbers[position]), int(cells[2]))
        cell = column + int(cells[0]), row + int(cells[1])
        keys[position], covers[position] = reservoir_key(key, *cell), WATER
        heights[position] = full_level(key, *cell)
    covers[numbers == LANE] = LANE_COVER
    return ParcelTable(keys, covers, heights)


def reservoir_key(key: np.uint64, column: int, row: int) -> np.uint64:
    """Return the random bits of the reservoir of a cell, which its level follows."""
    return key_of(key_of(key, 701, column), 702, row)


def bed_rise(pixel_m: float) -> float:
    """Return about how many metres the bed of a reservoir rises across a pixel."""
    return RESERVOIR_DEPTH_M / 550.0 * pixel_m
