"""Which share of each pixel polygons cover, exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

_LEAST_SHARE = 1e-9  # less comes from rounding

Bounds = tuple[float, ...]
"""West, south, east and north of an image."""


class Cover(NamedTuple):
    """The pixels that a polygon covers in whole or part: a window of the image, and the share of each pixel in it."""

    window: tuple[slice, slice]
    shares: NDArray[np.float64]
    """From 0 to 1, of the size of the window."""


def coverage(geometries: NDArray[Any], bounds: Bounds, shape_hw: tuple[int, int]) -> NDArray[np.float32]:
    """Return the share of each pixel that polygons cover together, from 0 to 1, of shape (height, width).

    geometries: valid polygons, which may overlap: what two of them cover counts once.
    bounds: west, south, east and north of the image.

    Example:
        >>> coverage(np.array([shapely.box(0.5, 0, 2, 1)]), (0, 0, 3, 1), (1, 3))
        array([[0.5, 1. , 0. ]], dtype=float32)
    """
    result = np.zeros(shape_hw, np.float32)
    for window, shares in covers(np.array([shapely.union_all(geometries)]), bounds, shape_hw):
        result[window] = shares
    return result


def covers(geometries: NDArray[Any], bounds: Bounds, shape_hw: tuple[int, int]) -> Iterator[Cover]:
    """Yield for each valid polygon which pixels of an image it covers.

    Each edge adds, to every row that it crosses, the area to the right of it, with the sign of its direction. Summed up
    along the rows, the areas of all edges are those within the polygon: a discrete form of Green's theorem, which needs
    no case for corners or edges on the borders of pixels. (There exactextract 0.3 has been seen to crash, and to be
    wrong by whole pixels.) Sums are in float64.

    Source: the method of area and cover of anti-aliased fonts, D. Turner, FreeType, https://freetype.org
    """
    west, south, east, north = bounds
    height, width = shape_hw
    scale = np.array([width / (east - west), height / (south - north)])
    for geometry in shapely.normalize(geometries):  # gives all outer rings one direction, and holes the other
        rings = shapely.get_rings(shapely.get_parts(geometry))
        points, ring = shapely.get_coordinates(rings, return_index=True)
        points = (points - (west, north)) * scale
        left, top, right, bottom = _window(points, width, height)
        shares = np.zeros((bottom - top, right - left + 1))
        _add_edges(points - (left, top), ring, shares)
        shares = np.abs(np.cumsum(shares, axis=1)[:, :-1])
        shares[shares < _LEAST_SHARE] = 0
        yield Cover((slice(top, bottom), slice(left, right)), np.minimum(shares, 1))


def _window(points: NDArray[np.float64], width: int, height: int) -> tuple[int, int, int, int]:
    if not len(points):
        return 0, 0, 0, 0
    left, top = np.clip(np.floor(points.min(axis=0)), 0, (width, height)).astype(int).tolist()
    right, bottom = np.clip(np.ceil(points.max(axis=0)), 0, (width, height)).astype(int).tolist()
    return left, top, max(left, right), max(top, bottom)


@njit(cache=True, nogil=True)
def _add_edges(points: NDArray[np.float64], ring: NDArray[np.int64], areas: NDArray[np.float64]) -> None:
    """Add the areas of the edges that join points of one ring; areas has a column more than there are pixels."""
    for number in range(1, len(points)):
        (xa, ya), (xb, yb), sign = points[number - 1], points[number], 1.0
        if ring[number] != ring[number - 1] or ya == yb:
            continue
        if ya > yb:
            xa, ya, xb, yb, sign = xb, yb, xa, ya, -1.0
        for row in range(max(0, math.floor(ya)), min(len(areas), math.ceil(yb))):
            start, stop = max(ya, row), min(yb, row + 1)
            first, last = xa + (start - ya) / (yb - ya) * (xb - xa), xa + (stop - ya) / (yb - ya) * (xb - xa)
            _add_span(areas[row], first, last, sign * (stop - start))


@njit(cache=True, nogil=True)
def _add_span(areas: NDArray[np.float64], xa: float, xb: float, tall: float) -> None:
    """Add the area to the right of a piece of an edge within a row, which goes over a signed part of its height."""
    width = len(areas) - 1
    left, right = min(xa, xb), max(xa, xb)
    if left < 0:
        areas[0] += tall * (min(right, 0.0) - left) / (right - left) if right > left else tall
    for column in range(max(0, math.floor(left)), min(width, math.floor(right) + 1)):
        start, stop = max(left, column), min(right, column + 1)
        part = tall * (stop - start) / (right - left) if right > left else tall
        middle = (start + stop) / 2 - column
        areas[column] += part * (1 - middle)
        areas[column + 1] += part * middle
