"""The raster that the patches of a mosaic are parts of."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from sentinelhub import BBox

from eolearn.core.exceptions import DataError

from .._grid import PixelGrid
from .tiles import Tile

_TOLERANCE_PX = 0.01
_LONGEST_SIDE = 2**31 - 1  # that GDAL can count


class PlacedTile(NamedTuple):
    """A patch, and the pixel of the mosaic that its first one is. They sort from north to south, then to the east."""

    row: int
    column: int
    height: int
    width: int
    tile: Tile


def place_tiles(tiles: Sequence[Tile]) -> tuple[PixelGrid, list[PlacedTile]]:
    """Return the raster that covers all patches, and the patches in the order in which they are to be drawn.

    Neither depends on the order in which the patches are given. Raises DataError for patches of different coordinate
    systems, sizes of pixels or numbers of bands, for pixels that don't lie on each other's grid, and for two patches of
    one place.
    """
    tiles = sorted(tiles, key=lambda tile: (-tile.bbox.max_y, tile.bbox.min_x, *tile.shape, tile.name))
    for tile in tiles[1:]:
        _check_same_kind(tiles[0], tile)
    west, north = min(tile.bbox.min_x for tile in tiles), tiles[0].bbox.max_y
    width_px, height_px = _pixel_size(tiles[0])
    placed = []
    for tile in tiles:
        column, row = (tile.bbox.min_x - west) / width_px, (north - tile.bbox.max_y) / height_px
        if max(abs(column - round(column)), abs(row - round(row))) > _TOLERANCE_PX:
            raise DataError(
                f"The pixels of {tile.name} and of {tiles[0].name} aren't on one grid: the corner of the first is "
                f"{column:.3f} columns and {row:.3f} rows away from that of the mosaic. Move it onto the grid first."
            )
        placed.append(PlacedTile(round(row), round(column), tile.shape[0], tile.shape[1], tile))
    placed.sort(key=lambda item: item[:4])
    _check_places_differ(placed)
    height, width = max(item.row + item.height for item in placed), max(item.column + item.width for item in placed)
    if max(height, width) > _LONGEST_SIDE:
        raise DataError(f"The patches lie so far apart that the mosaic would have {height} x {width} pixels.")
    east, south = max(tile.bbox.max_x for tile in tiles), min(tile.bbox.min_y for tile in tiles)
    bbox = BBox((west, south, east, north), tiles[0].bbox.crs)
    return PixelGrid(bbox=bbox, height=height, width=width), placed


def _pixel_size(tile: Tile) -> tuple[float, float]:
    bbox: BBox = tile.bbox
    height, width, _ = tile.shape
    return (bbox.max_x - bbox.min_x) / width, (bbox.max_y - bbox.min_y) / height


def _check_same_kind(first: Tile, other: Tile) -> None:
    if first.bbox.crs != other.bbox.crs:
        raise DataError(
            f"{first.name} is in {first.bbox.crs!r} and {other.name} in {other.bbox.crs!r}: a mosaic has one "
            "coordinate system. Write one for each, or reproject the patches first."
        )
    if first.shape[2] != other.shape[2]:
        raise DataError(
            f"{first.name} has {first.shape[2]} bands in {first.feature} and {other.name} {other.shape[2]}."
        )
    (first_width, first_height), (width, height) = _pixel_size(first), _pixel_size(other)
    deviation = max(
        abs(width / first_width - 1) * other.shape[1],
        abs(height / first_height - 1) * other.shape[0],
    )
    if deviation > _TOLERANCE_PX:
        raise DataError(
            f"{first.name} has pixels of {first_width:.9g} x {first_height:.9g} and {other.name} of {width:.9g} x "
            f"{height:.9g}: a mosaic has one size of pixels. Resample the patches first."
        )


def _check_places_differ(placed: Sequence[PlacedTile]) -> None:
    for first, second in pairwise(placed):
        if first[:4] == second[:4]:
            raise DataError(f"{first.tile.name} and {second.tile.name} are of the same place: leave one of them out.")
