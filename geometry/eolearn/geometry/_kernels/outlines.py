"""Outlines of the areas of equal value in an image. Where they run is left to GDAL, through rasterio."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import shapes

if TYPE_CHECKING:
    from rasterio import Affine


def outlines(
    image: NDArray[Any],
    *,
    transform: Affine,
    wanted: NDArray[np.bool_] | None = None,
    connectivity: Literal[4, 8] = 4,
) -> tuple[NDArray[np.object_], NDArray[Any]]:
    """Return a polygon, or a multi-polygon, around each area of equal value, and these values.

    image: (height, width) of any dtype of numbers; NaN equals NaN.
    transform: from (column, row) of the image to the coordinates of the polygons.
    wanted: (height, width), True for the pixels whose areas are outlined; None for all.
    connectivity: 8 if pixels that meet at a corner are of one area, 4 if only those that share an edge are.

    Polygons are valid, and their edges run along those of pixels. Values are of the dtype of the image.
    """
    palette, codes = _coded(image)
    found = list(shapes(codes, mask=wanted, connectivity=connectivity, transform=transform))
    numbers = np.array([number for _, number in found], dtype=np.int32)
    polygons = _polygons([shape["coordinates"] for shape, _ in found])
    invalid = ~shapely.is_valid(polygons)
    polygons[invalid] = shapely.buffer(polygons[invalid], 0)
    return polygons, numbers.astype(image.dtype) if palette is None else palette[numbers]


def _coded(image: NDArray[Any]) -> tuple[NDArray[Any] | None, NDArray[np.int32]]:
    """Return an image of numbers that GDAL can read, and what each of them stands for; None if for itself."""
    if np.can_cast(image.dtype, np.int32):
        return None, image.astype(np.int32)
    palette, codes = np.unique(image, return_inverse=True)
    return palette, codes.reshape(image.shape).astype(np.int32)


def _polygons(polygons: list[list[list[tuple[float, float]]]]) -> NDArray[np.object_]:
    """Return polygons, each given as rings of points, made from all points at once: one by one takes twice as long."""
    rings = list(chain.from_iterable(polygons))
    points = np.array(list(chain.from_iterable(rings)), dtype=np.float64).reshape(-1, 2)
    offsets = tuple(np.cumsum([0, *map(len, parts)]) for parts in (rings, polygons))
    return np.asarray(shapely.from_ragged_array(shapely.GeometryType.POLYGON, points, offsets))
