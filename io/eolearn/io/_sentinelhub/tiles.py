"""Images that are larger than the service makes: cut into requests, and joined again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from sentinelhub import BBox

MOST_PX = 2500
"""The longest side of an image of the Process API, https://docs.sentinel-hub.com/api/latest/api/process/."""


@dataclass(frozen=True)
class Tile:
    """A part of an image: where it lies, and its pixels."""

    bbox: BBox
    rows: slice
    columns: slice

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.columns.stop - self.columns.start, self.rows.stop - self.rows.start


def tiles_of(bbox: BBox, width: int, height: int) -> list[Tile]:
    """Return the tiles of an image, as few and as even as can be, of whole pixels. One tile has the very same box."""
    from sentinelhub import BBox

    if max(width, height) <= MOST_PX:
        return [Tile(bbox, slice(0, height), slice(0, width))]
    west, south, east, north = bbox
    x, y = np.linspace(west, east, width + 1), np.linspace(north, south, height + 1)
    return [
        Tile(BBox((x[columns.start], y[rows.stop], x[columns.stop], y[rows.start]), bbox.crs), rows, columns)
        for rows in _parts(height)
        for columns in _parts(width)
    ]


def _parts(pixels: int) -> list[slice]:
    count = -(-pixels // MOST_PX)
    edges = [pixels * number // count for number in range(count + 1)]
    return [slice(start, stop) for start, stop in pairwise(edges)]


def join(tiles: Sequence[Tile], answers: Sequence[Any]) -> Any:
    """Return the answer for the whole image, from those for its tiles: an array, or a dictionary of them by file.

    What is no array, the user data, is a list with that of each tile.
    """
    if len(tiles) == 1:
        return answers[0]
    if isinstance(answers[0], dict) and all(name.endswith((".tif", ".tiff", ".json")) for name in answers[0]):
        return {name: join(tiles, [answer[name] for answer in answers]) for name in answers[0]}
    if not isinstance(answers[0], np.ndarray):
        return list(answers)
    height, width = tiles[-1].rows.stop, tiles[-1].columns.stop
    whole = np.empty((height, width, *answers[0].shape[2:]), answers[0].dtype)
    for tile, answer in zip(tiles, answers, strict=True):
        whole[tile.rows, tile.columns] = answer
    return whole
