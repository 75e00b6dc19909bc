"""A window of a patch: a box, or rows and columns, on the grids of its images."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ..exceptions import DataError, IndexOutOfRange, SettingError
from ..types import Feature
from .array_part import Window

if TYPE_CHECKING:
    from sentinelhub import BBox

WindowSpec: TypeAlias = "BBox | tuple[slice, slice]"
"""A box, in any CRS, or rows and columns."""

_TOLERANCE_PX = 1e-3  # what transforming coordinates may move them by


class ShapeHW(NamedTuple):
    """The size of an image in pixels."""

    height: int
    width: int


@dataclass(frozen=True)
class GridWindow:
    """A window on whole pixels of a grid, which it lies in."""

    grid: ShapeHW
    rows: range
    columns: range

    def on(self, shape: ShapeHW, feature: Feature) -> Window:
        """Return the rows and columns of an image of the same place with another size.

        Raises DataError where they aren't whole ones. feature: the image, for messages.
        """
        rows, columns = (
            _scaled(part, old, new) for part, old, new in zip((self.rows, self.columns), self.grid, shape, strict=True)
        )
        if rows is None or columns is None:
            raise DataError(
                f"{feature[0]} {feature[1]!r} has {shape.height} x {shape.width} pixels, of which rows "
                f"{_span(self.rows)} and columns {_span(self.columns)} of {self.grid.height} x {self.grid.width} are "
                "not whole ones. Take a window on whole pixels of all images, or load them one by one."
            )
        return rows, columns

    def bbox(self, whole: BBox) -> BBox:
        """Return the box of the window, given that of the grid."""
        from sentinelhub import BBox

        west, south, east, north = whole
        pixel_width, pixel_height = (east - west) / self.grid.width, (north - south) / self.grid.height
        left = west if self.columns.start == 0 else west + self.columns.start * pixel_width
        right = east if self.columns.stop == self.grid.width else west + self.columns.stop * pixel_width
        top = north if self.rows.start == 0 else north - self.rows.start * pixel_height
        bottom = south if self.rows.stop == self.grid.height else north - self.rows.stop * pixel_height
        return BBox((left, bottom, right, top), whole.crs)


def find_window(window: WindowSpec, bbox: BBox | None, shapes: Mapping[Feature, ShapeHW]) -> GridWindow:
    """Return a window on the grid of images.

    bbox: the place of the images.
    shapes: their sizes. A box is snapped to the pixels of the coarsest that cover it; rows and columns are those of
        the finest.

    Raises IndexOutOfRange (an IndexError and a ValueError) for a window that reaches out of the patch, SettingError (a
    ValueError) for what is no window, DataError (a ValueError) where there is nothing to cut or no box.
    """
    if not shapes:
        raise DataError("A window needs an image to be cut out of, and there is none among the features to load.")
    if isinstance(window, tuple) and len(window) == 2 and all(isinstance(part, slice) for part in window):
        finest = ShapeHW(*(max(sizes) for sizes in zip(*shapes.values(), strict=True)))
        rows, columns = map(_checked_span, window, finest, ("rows", "columns"))
        return GridWindow(finest, rows, columns)
    from sentinelhub import BBox

    if not isinstance(window, BBox):
        raise SettingError(f"A window is a BBox, or a tuple of two slices (rows, columns), got {window!r}.")
    if bbox is None:
        raise DataError("The patch has no bounding box to find a box in: give rows and columns, as two slices.")
    coarsest = ShapeHW(*(min(sizes) for sizes in zip(*shapes.values(), strict=True)))
    return _snapped(window, bbox, coarsest)


def _snapped(window: BBox, bbox: BBox, grid: ShapeHW) -> GridWindow:
    west, south, east, north = _bounds_in_crs_of(window, bbox)
    left, bottom, right, top = bbox
    pixel_width, pixel_height = (right - left) / grid.width, (top - bottom) / grid.height
    columns = _covering((west - left) / pixel_width, (east - left) / pixel_width, grid.width)
    rows = _covering((top - north) / pixel_height, (top - south) / pixel_height, grid.height)
    if rows is None or columns is None:
        raise IndexOutOfRange(
            f"The window {window!r} reaches out of the patch, {bbox!r}"
            + ("." if window.crs == bbox.crs else f": there it is {(west, south, east, north)}.")
            + " Cut it to what lies in the patch."
        )
    return GridWindow(grid, rows, columns)


def _bounds_in_crs_of(window: BBox, bbox: BBox) -> tuple[float, float, float, float]:
    west, south, east, north = window
    if window.crs == bbox.crs:
        return west, south, east, north
    from pyproj import Transformer

    transformer = Transformer.from_crs(window.crs.pyproj_crs(), bbox.crs.pyproj_crs(), always_xy=True)
    return transformer.transform_bounds(west, south, east, north, densify_pts=21)


def _covering(start: float, stop: float, size: int) -> range | None:
    """Return the pixels that cover a span, of which there is at least one; None if they aren't all there."""
    if not (math.isfinite(start) and math.isfinite(stop)):
        return None
    first = math.floor(start + _TOLERANCE_PX)
    last = max(math.ceil(stop - _TOLERANCE_PX), first + 1)
    return range(first, last) if first >= 0 and last <= size else None


def _checked_span(part: slice, size: int, what: str) -> range:
    numbers = [number for number in (part.start, part.stop) if number is not None]
    if part.step not in (None, 1):
        raise SettingError(f"The {what} of a window follow each other, got {part}: give a slice without a step.")
    if any(not -size <= number <= size for number in numbers):
        raise IndexOutOfRange(f"The window has the {what} {part}, but there are {size} {what}.")
    span = range(size)[part]
    if not span:
        raise SettingError(f"The window has no {what}: {part} of {size}.")
    return span


def _scaled(part: range, old: int, new: int) -> slice | None:
    if part.start * new % old or part.stop * new % old:
        return None
    return slice(part.start * new // old, part.stop * new // old)


def _span(part: range) -> str:
    return f"{part.start}:{part.stop}"


def image_shapes(shapes: Iterable[tuple[Feature, tuple[int, ...]]]) -> dict[Feature, ShapeHW]:
    """Return the sizes of images, given the shapes of their arrays."""
    return {feature: ShapeHW(*shape[-3:-1]) for feature, shape in shapes}
