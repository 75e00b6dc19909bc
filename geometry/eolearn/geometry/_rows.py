"""The rows of a table of geometries that matter for an EOPatch, in its CRS and fit to be drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from rasterio.warp import transform_bounds

from eolearn.core.exceptions import DataError, EORuntimeWarning, warn_user

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from sentinelhub.geometry import BBox


def rows_near(table: GeoDataFrame, bbox: BBox, reach: float) -> GeoDataFrame:
    """Return the rows whose geometries intersect a bounding box, in the CRS of the box and in their order.

    reach: how far outside of the box a geometry may lie, in units of the CRS of the box.

    Rows in another CRS are re-projected, with an EORuntimeWarning; what is far larger than the box is cut first, so
    that no projection has to reach around the world. Raises DataError for a table without geometries or CRS.
    """
    crs = bbox.crs.pyproj_crs()
    if table.active_geometry_name is None:
        raise DataError(
            f"The table has no geometries, only the columns {list(table.columns)}. Use table.set_geometry(...)."
        )
    if table.crs is None:
        raise DataError(
            f"The vectors have no CRS, so they have no place in the EOPatch, which is in {crs.to_string()}. Set it "
            "with table.set_crs(...)."
        )
    window = shapely.box(*_grown(tuple(bbox), reach))
    if table.crs != crs:
        warn_user(
            f"The vectors are in {table.crs.to_string()} and the EOPatch is in {crs.to_string()}: those near it are "
            "re-projected each time. Re-project the table once, with table.to_crs(...), to save the time.",
            EORuntimeWarning,
        )
        table = _reprojected(table, crs, window)
    return table.iloc[table.sindex.query(window, predicate="intersects", sort=True)]


def _reprojected(table: GeoDataFrame, crs: Any, window: shapely.Polygon) -> GeoDataFrame:
    """Return at least the rows that intersect a window in another CRS, re-projected to it."""
    bounds: tuple[float, ...] = transform_bounds(crs, table.crs, *window.bounds)
    west, south, east, north = bounds
    if np.isfinite(bounds).all() and west < east:  # otherwise the window lies across the edge of the map
        size = max(east - west, north - south)
        margin = 0.01 * size  # its edges are curved there, and were followed at 21 points
        table = table.iloc[table.sindex.query(shapely.box(*_grown(bounds, margin)), sort=True)]
        table = _cut(table, _grown(bounds, 10 * size))
    return table.to_crs(crs)


def _cut(table: GeoDataFrame, bounds: tuple[float, float, float, float]) -> GeoDataFrame:
    """Return a table whose geometries end at some bounds. Those that lie within them are not touched."""
    west, south, east, north = shapely.bounds(table.geometry.to_numpy()).T
    large = (west < bounds[0]) | (south < bounds[1]) | (east > bounds[2]) | (north > bounds[3])
    geometries = table.geometry.where(~large, table.geometry.clip_by_rect(*bounds)) if large.any() else table.geometry
    return table.set_geometry(geometries)


def _grown(bounds: tuple[float, ...], by: float) -> tuple[float, float, float, float]:
    west, south, east, north = bounds
    return west - by, south - by, east + by, north + by


def drawable(geometries: NDArray[Any], buffer: float) -> NDArray[Any]:
    """Return geometries grown by a buffer (shrunk by a negative one), valid, and in two dimensions.

    Some may become empty. What is invalid is mended as ``buffer(0)`` does, and what has heights loses them, both with
    an EORuntimeWarning.
    """
    invalid = ~shapely.is_valid(geometries)
    if invalid.any():
        _warn(f"{invalid.sum()} of {len(geometries)} geometries are invalid. They are mended, and may lose parts.")
    if buffer:
        geometries = shapely.buffer(geometries, buffer, quad_segs=16)  # mends them too
    elif invalid.any():
        geometries = geometries.copy()
        geometries[invalid] = shapely.buffer(geometries[invalid], 0)
    if shapely.has_z(geometries).any():
        _warn("Some geometries have three dimensions. Their heights are left out.")
        geometries = shapely.force_2d(geometries)
    return geometries


def _warn(message: str) -> None:
    warn_user(message, EORuntimeWarning)
