"""Vector features that move along with their dates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch
from eolearn.core.constants import TIMESTAMP_COLUMN
from eolearn.core.exceptions import DataError, TimestampsMissing

from .transforms import Transform

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


def move_vectors(
    eopatch: EOPatch, table: GeoDataFrame, transforms: Sequence[Transform], shape_hw: tuple[int, int]
) -> GeoDataFrame:
    """Return a table with the corners of each geometry moved from its date's image to the reference.

    table: with the column TIMESTAMP, in any CRS. transforms: one a date of the patch, of images of a height and width
    that fill its bounding box. Rows of other times stay as they are.

    Raises DataError for a patch without bounding box, and TimestampsMissing for one without timestamps.
    """
    import shapely

    if eopatch.bbox is None:
        raise DataError("Vectors can't move by pixels of an EOPatch without a bounding box. Set eopatch.bbox.")
    if eopatch.timestamps is None:
        raise TimestampsMissing("Vectors move with their dates, and the EOPatch has no timestamps.")
    crs = table.crs
    moved = table.to_crs(eopatch.bbox.crs.pyproj_crs())
    times = moved[TIMESTAMP_COLUMN].to_numpy("datetime64[us]")
    geometries = moved.geometry.to_numpy().copy()
    for time, transform in zip(np.asarray(eopatch.timestamps, "datetime64[us]"), transforms, strict=True):
        rows = times == time
        if rows.any() and not transform.is_identity:
            geometries[rows] = shapely.transform(geometries[rows], _mover(transform, eopatch.bbox, shape_hw))
    return moved.set_geometry(type(moved.geometry)(geometries, index=moved.index, crs=moved.crs)).to_crs(crs)


def _mover(transform: Transform, bbox: Any, shape_hw: tuple[int, int]) -> Any:
    """Return the function of coordinates in a bounding box that a transform of its pixels is."""
    height, width = shape_hw
    corner = np.array([bbox.min_x, bbox.max_y])
    size = np.array([(bbox.max_x - bbox.min_x) / width, (bbox.min_y - bbox.max_y) / height])

    def move(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        pixels = (coordinates - corner) / size - 0.5
        return np.asarray((transform.to_reference(pixels, shape_hw) + 0.5) * size + corner)

    return move
