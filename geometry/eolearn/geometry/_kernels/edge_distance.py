"""How far each pixel is from the nearest edge of polygons."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from eolearn.core.utils.threads import over_row_blocks


def edges_of(polygons: NDArray[Any]) -> NDArray[np.float64]:
    """Return the edges of polygons, those of holes too, of shape (number, end, xy)."""
    rings = shapely.get_parts(shapely.boundary(polygons))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    goes_on = ring[1:] == ring[:-1]
    return np.stack([points[:-1][goes_on], points[1:][goes_on]], axis=1)


def edge_distance(
    edges: NDArray[np.float64], shape_hw: tuple[int, int], pixel_hw: tuple[float, float], reach: float
) -> NDArray[np.float32]:
    """Return the distance of the centre of each pixel to the nearest edge, of shape (height, width).

    edges: (number, end, xy), x to the right and y down from the upper left corner of the image. They may lie outside.
    pixel_hw: height and width of a pixel. All lengths are in one unit.
    reach: distances are given up to this; it is the distance of pixels that are farther away.

    Each edge is compared with the pixels of the box around it only, so that the time grows with the length of all edges
    and with the reach.

    Example:
        >>> edge_distance(np.array([[[0.0, 0.0], [0.0, 10.0]]]), (1, 3), (10, 10), 20)
        array([[ 5., 15., 20.]], dtype=float32)
    """
    distance = np.full(shape_hw, reach, np.float32)

    def fill(start: int, stop: int) -> None:
        _nearest(edges, distance[start:stop], start, *map(float, (*pixel_hw, reach)))

    over_row_blocks(fill, shape_hw[0], least_rows=64)
    return distance


@njit(cache=True, nogil=True)
def _nearest(
    edges: NDArray[np.float64], distance: NDArray[np.float32], top: int, tall: float, wide: float, reach: float
) -> None:
    """Lower distances, of the rows from `top`, to those of the edges."""
    for number in range(len(edges)):
        ax, ay, bx, by = edges[number, 0, 0], edges[number, 0, 1], edges[number, 1, 0], edges[number, 1, 1]
        dx, dy = bx - ax, by - ay
        squared = dx * dx + dy * dy
        left, right = _centres(min(ax, bx) - reach, max(ax, bx) + reach, wide, 0, distance.shape[1])
        first, last = _centres(min(ay, by) - reach, max(ay, by) + reach, tall, top, distance.shape[0])
        for row in range(first, last):
            y = (row + top + 0.5) * tall - ay
            for column in range(left, right):
                x = (column + 0.5) * wide - ax
                along = min(1.0, max(0.0, (x * dx + y * dy) / squared)) if squared > 0 else 0.0
                found = math.hypot(x - along * dx, y - along * dy)
                if found < distance[row, column]:
                    distance[row, column] = found


@njit(cache=True, nogil=True)
def _centres(start: float, stop: float, size: float, skipped: int, count: int) -> tuple[int, int]:
    """Return which pixels have their centres in a span: the first one, and the one after the last."""
    first, after = math.ceil(start / size - 0.5) - skipped, math.floor(stop / size + 0.5) - skipped
    return max(0, first), min(count, after)
