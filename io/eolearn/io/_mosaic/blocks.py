"""Patches drawn into the blocks of a file, which are handed on as soon as no other patch can touch them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from .._grid import PixelGrid
from .._kernels.blending import Floats, axis_weights, blend, keep_nearest
from .grid import PlacedTile

BLOCK = 128
"""Rows and columns of a block. With small ones, fewer pixels wait for those beside them."""


@dataclass
class Block:
    """A part of the mosaic."""

    window: Window
    values: NDArray[Any]
    """(band, height, width)."""
    weight: Floats
    rank: NDArray[np.uint8]
    """Of the same shape, 0 where there are no data."""


@dataclass
class Blocks:
    """The blocks that some patch lies in, and that are not finished.

    bands, dtype: of the patches; blended values are float32.
    blended: whether overlaps are blended; otherwise each pixel comes from one patch.
    margin: how many pixels along the edges of a patch count only where no other one has anything better.
    no_data: the value that means no data in patches of integers, NaN for none.
    """

    grid: PixelGrid
    bands: int
    dtype: np.dtype[Any]
    blended: bool
    margin: int
    no_data: float
    _open: dict[tuple[int, int], Block] = field(default_factory=dict)

    def of(self, tiles: Iterable[PlacedTile]) -> Iterator[Block]:
        """Draw the patches, in their order, and iterate over all blocks, from north to south."""
        for placed, image in read_ahead(tiles):
            yield from self._finished(placed.row // BLOCK)
            self._draw(placed, image)
        yield from self._finished(None)

    def _finished(self, row: int | None) -> Iterator[Block]:
        """Iterate over the blocks above a row of blocks, and forget them; None for all."""
        for position in sorted(self._open):
            if row is None or position[0] < row:
                yield self._open.pop(position)

    def _draw(self, placed: PlacedTile, image: NDArray[Any]) -> None:
        draw = blend if self.blended else keep_nearest
        rows, columns = axis_weights(placed.height, self.margin), axis_weights(placed.width, self.margin)
        for block_row in range(placed.row // BLOCK, (placed.row + placed.height - 1) // BLOCK + 1):
            for block_column in range(placed.column // BLOCK, (placed.column + placed.width - 1) // BLOCK + 1):
                block = self._block(block_row, block_column)
                corner = placed.row - block_row * BLOCK, placed.column - block_column * BLOCK
                draw(block.values, block.weight, block.rank, image, rows, columns, corner, self.no_data)

    def _block(self, row: int, column: int) -> Block:
        if (row, column) not in self._open:
            height = min(BLOCK, self.grid.height - row * BLOCK)
            width = min(BLOCK, self.grid.width - column * BLOCK)
            shape = (self.bands, height, width)
            self._open[row, column] = Block(
                Window(column * BLOCK, row * BLOCK, width, height),
                np.zeros(shape, dtype=np.float32 if self.blended else self.dtype),
                np.zeros(shape, dtype=np.float32),
                np.zeros(shape, dtype=np.uint8),
            )
        return self._open[row, column]


def read_ahead(tiles: Iterable[PlacedTile]) -> Iterator[tuple[PlacedTile, NDArray[Any]]]:
    """Iterate over patches and their pixels; while one is drawn, the next one is read."""
    with ThreadPoolExecutor(1) as reader:
        previous = None
        for placed in tiles:
            reading = placed, reader.submit(placed.tile.read)
            if previous is not None:
                yield previous[0], previous[1].result()
            previous = reading
        if previous is not None:
            yield previous[0], previous[1].result()
