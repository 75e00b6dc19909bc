"""The grid of the patches of an area: cores that lie side by side, each with a margin around it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from eolearn.core.exceptions import DataError, SettingError

from ._raster_size import ShapeHW

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

_TOLERANCE_PX = 1e-6
_MOST_PATCHES = 10_000_000


@dataclass(frozen=True)
class CoreGrid:
    """Cores side by side. Pixels are counted from the origin of the CRS, down and to the right."""

    size: ShapeHW
    """Of a patch, with its margins."""
    margin_px: int
    resolution: float
    first_row: int = 0
    """A row of pixels with which a row of cores begins."""
    first_column: int = 0

    def __post_init__(self) -> None:
        if min(self.core) < 1:
            raise SettingError(
                f"Patches of {self.size.height} x {self.size.width} pixels can't overlap by {2 * self.margin_px}: "
                "nothing is left of them."
            )

    @property
    def core(self) -> ShapeHW:
        """The size of a core."""
        return ShapeHW(*(side - 2 * self.margin_px for side in self.size))

    def bounds(self, row: Any, column: Any, margin_px: float) -> tuple[Any, Any, Any, Any]:
        """Return west, south, east and north of cores with a margin."""
        top, left = self.first_row + row * self.core.height, self.first_column + column * self.core.width
        bottom, right = top + self.core.height + margin_px, left + self.core.width + margin_px
        edges = left - margin_px, -bottom, right, margin_px - top
        west, south, east, north = (edge * self.resolution for edge in edges)
        return west, south, east, north

    def cores_in(self, shape: BaseGeometry) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return rows and columns of the cores that hold something of a shape."""
        west, south, east, north = (bound / self.resolution for bound in shape.bounds)
        rows = _span(-north - self.first_row, -south - self.first_row, self.core.height)
        columns = _span(west - self.first_column, east - self.first_column, self.core.width)
        if len(rows) * len(columns) > _MOST_PATCHES:
            raise DataError(
                f"The area would be split into up to {len(rows)} x {len(columns)} patches. Choose larger ones."
            )
        row, column = (index.ravel() for index in np.meshgrid(rows, columns, indexing="ij"))
        shapely.prepare(shape)
        held = shapely.intersects(shape, shapely.box(*self.bounds(row, column, -_TOLERANCE_PX)))
        return row[held], column[held]


def _span(start_px: float, stop_px: float, size_px: int) -> NDArray[np.int64]:
    return np.arange(math.floor(start_px / size_px), math.ceil(stop_px / size_px) + 1)
