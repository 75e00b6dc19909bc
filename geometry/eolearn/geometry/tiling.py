"""Splits an area into patches of one size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame, GeoSeries
from sentinelhub import CRS, BBox, Geometry

from eolearn.core.exceptions import DataError, SettingError, SettingTypeError

from ._core_grid import CoreGrid
from ._polygons import check_areas
from ._raster_size import ShapeHW
from ._rows import drawable
from ._utm_zones import ZonePart, parts_in_zones, reprojected, zone_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

_TOLERANCE_PX = 1e-6


def split_area(
    area: GeoDataFrame | GeoSeries | Geometry | BBox,
    *,
    size_px: int | tuple[int, int],
    resolution: float,
    overlap_px: int = 0,
    crs: CRS | int | str | None = None,
) -> GeoDataFrame:
    """Split an area into patches of one size, and return a table of them.

    area: polygons, which count as one area, in any CRS.
    size_px: height and width of a patch in pixels, as a number or as a pair.
    resolution: size of a pixel, in units of the CRS of the patches: metres in UTM.
    overlap_px: how many pixels neighbours share; an even number.
    crs: of the patches; by default each is in the UTM zone of its place.

    A patch is its core, and around it a margin of half the overlap. Cores lie side by side from the origin of the CRS
    on, so that corners are multiples of the resolution, and a place has the same patch whatever area it is part of.
    Within a CRS, each pixel of the area is in exactly one core. Patches whose core holds nothing of the area are left
    out.

    **Where UTM zones meet**, a place belongs to the zone of its longitude, every 6 degrees from -180 on, and to the
    north or south of the equator; a place on a border to the zone in the east, or to the north. Norway and Svalbard are
    no exceptions here. A zone has all patches whose core holds a place of the area that belongs to the zone, so that no
    place is left out. Along the border the cores of one zone reach into the other and overlap with its cores:
    :func:`owned_pixels` tells which pixels of a patch are of its own zone.

    The table has a row for each patch, with the columns

    ==========================  ================================================================================
    ``id``                      CRS and upper left corner of the core, as ``32633_500000_5100000``; names a folder
    ``crs``                     such as EPSG:32633
    ``zone``                    such as 33N; only if no crs is given
    ``row, column``             of the patch, within the CRS, from the northernmost and the westernmost patch on
    ``west, south, east,``      bounds of the patch with its margins
    ``north``
    ``height_px, width_px``     size of the patch with its margins
    ``margin_px``               width of the margin on each side
    ``geometry``                the core, in the CRS of the area, for maps
    ==========================  ================================================================================

    It can be saved and loaded with geopandas. :func:`bbox_of`, :func:`core_window` and :func:`owned_pixels` take its
    rows.

    Raises SettingError (a ValueError) for sizes that don't go together; DataError (a ValueError) for an area without
    CRS, empty, of points or lines, outside of UTM, or across the 180th meridian. Invalid polygons are mended, with an
    EORuntimeWarning.

    Example:
        >>> area = geopandas.read_file("slovenia.gpkg")
        >>> patches = split_area(area, size_px=1000, resolution=10, overlap_px=64)
        >>> arguments = [{load_node: {"bbox": bbox_of(patch)}} for patch in patches.itertuples()]
    """
    shape, area_crs = _parse_area(area)
    grid = CoreGrid(_parse_size(size_px), _parse_margin(overlap_px), _parse_resolution(resolution))
    if crs is None:
        parts = list(parts_in_zones(shape, area_crs, grown_by=grid.resolution))
    else:
        target = _parse_crs(crs)
        parts = [ZonePart("", target, reprojected(shape, area_crs, target, grown_by=grid.resolution))]
    return _table(parts, area_crs, grid)


def split_area_evenly(
    area: GeoDataFrame | GeoSeries | Geometry | BBox,
    rows: int,
    columns: int,
    *,
    resolution: float,
    overlap_px: int = 0,
    crs: CRS | int | str | None = None,
) -> GeoDataFrame:
    """Split an area into a number of rows and columns of patches, and return a table of them.

    area, resolution, overlap_px: as for :func:`split_area`, and so are the table, and the errors.
    rows, columns: of patches over the box around the area. Those whose core holds nothing of the area are left out.
    crs: of the patches; by default that of the area.

    The upper left corner is that of the area, moved outwards to a multiple of the resolution. All patches are of one
    size, so the last ones may reach a bit beyond the area.

    Example:
        >>> patches = split_area_evenly(BBox((500000, 5100000, 520000, 5110000), CRS.UTM_33N), 2, 4, resolution=10)
    """
    for name, count in (("rows", rows), ("columns", columns)):
        if not isinstance(count, (int, np.integer)) or count < 1:
            raise SettingError(f"{name} must be a number of patches, 1 or more, got {count!r}.")
    shape, area_crs = _parse_area(area)
    target = area_crs if crs is None else _parse_crs(crs)
    resolution, margin_px = _parse_resolution(resolution), _parse_margin(overlap_px)
    shape = reprojected(shape, area_crs, target, grown_by=resolution)
    west, south, east, north = (bound / resolution for bound in shape.bounds)
    left, top = math.floor(west + _TOLERANCE_PX), math.floor(-north + _TOLERANCE_PX)
    right, bottom = math.ceil(east - _TOLERANCE_PX), math.ceil(-south - _TOLERANCE_PX)
    core = ShapeHW(-(-(bottom - top) // rows), -(-(right - left) // columns))
    size = ShapeHW(*(side + 2 * margin_px for side in core))
    grid = CoreGrid(size, margin_px, resolution, first_row=top, first_column=left)
    return _table([ZonePart("", target, shape)], area_crs, grid)


def bbox_of(patch: Any) -> BBox:
    """Return the bounding box of a patch with its margins, given its row in the table."""
    return BBox((patch.west, patch.south, patch.east, patch.north), CRS(patch.crs))


def core_window(patch: Any) -> tuple[slice, slice]:
    """Return the rows and columns of the core within the patch, given its row in the table.

    Example:
        >>> core = cut_patch(eopatch, core_window(patch))
    """
    margin = patch.margin_px
    return slice(margin, patch.height_px - margin), slice(margin, patch.width_px - margin)


def owned_pixels(patch: Any) -> NDArray[np.bool_]:
    """Return which pixels of a patch belong to no other one, of shape (height, width), given its row in the table.

    These are the pixels of its core, and with UTM zones, those whose centre belongs to its zone. Statistics and samples
    of these pixels count nothing twice. Along the border of two zones, whose pixels don't fit together, a strip of less
    than a pixel may be left out or be counted twice.
    """
    owned = np.zeros((patch.height_px, patch.width_px), np.bool_)
    owned[core_window(patch)] = True
    zone = getattr(patch, "zone", "")
    if not zone:
        return owned
    from pyproj import Transformer

    x = patch.west + (np.arange(patch.width_px) + 0.5) * ((patch.east - patch.west) / patch.width_px)
    y = patch.north - (np.arange(patch.height_px) + 0.5) * ((patch.north - patch.south) / patch.height_px)
    to_degrees = Transformer.from_crs(CRS(patch.crs).pyproj_crs(), CRS.WGS84.pyproj_crs(), always_xy=True)
    longitude, latitude = to_degrees.transform(*np.meshgrid(x, y))
    hemisphere = latitude >= 0 if zone[-1] == "N" else latitude < 0
    owned &= hemisphere & (zone_numbers(longitude) == int(zone[:-1]))
    return owned


def _table(parts: list[ZonePart], area_crs: CRS, grid: CoreGrid) -> GeoDataFrame:
    tables = [_part_table(part, area_crs, grid) for part in parts]
    return pd.concat(tables, ignore_index=True)


def _part_table(part: ZonePart, area_crs: CRS, grid: CoreGrid) -> GeoDataFrame:
    row, column = grid.cores_in(part.shape)
    west, south, east, north = grid.bounds(row, column, grid.margin_px)
    core = grid.bounds(row, column, 0)
    columns = {
        "id": [f"{part.crs.epsg}_{x:.12g}_{y:.12g}" for x, y in zip(core[0], core[3], strict=True)],
        "crs": f"EPSG:{part.crs.epsg}",
        **({"zone": part.zone} if part.zone else {}),
        "row": row - min(row, default=0),
        "column": column - min(column, default=0),
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "height_px": grid.size.height,
        "width_px": grid.size.width,
        "margin_px": grid.margin_px,
    }
    geometry = GeoSeries(shapely.box(*core), crs=part.crs.pyproj_crs()).to_crs(area_crs.pyproj_crs())
    return GeoDataFrame(columns, geometry=geometry)


def _parse_area(area: Any) -> tuple[BaseGeometry, CRS]:
    """Return an area as one valid shape, and its CRS."""
    if isinstance(area, (BBox, Geometry)):
        geometries, crs = np.array([area.geometry], object), area.crs
    elif isinstance(area, (GeoDataFrame, GeoSeries)):
        if area.crs is None:
            raise DataError("The area has no CRS, so it has no place. Set it with area.set_crs(...).")
        geometries, crs = area.geometry.to_numpy(), _parse_crs(area.crs)
    else:
        raise SettingTypeError(
            f"An area is a GeoDataFrame, a GeoSeries, or a BBox or Geometry of sentinelhub, got {type(area).__name__}. "
            "Give a polygon of shapely as Geometry(polygon, CRS.WGS84)."
        )
    geometries = geometries[~shapely.is_missing(geometries)]
    check_areas(geometries)
    shape = shapely.union_all(drawable(geometries, 0))
    if shape.area == 0:
        raise DataError(f"The area is empty: it has {len(geometries)} polygons without an area.")
    return shape, crs


def _parse_crs(crs: Any) -> CRS:
    try:
        return CRS(crs)
    except ValueError as error:
        raise SettingError(
            f"crs must be one with an EPSG code, as CRS(3035), 3035 or 'EPSG:3035', got {crs}."
        ) from error


def _parse_size(size_px: Any) -> ShapeHW:
    sides = size_px if isinstance(size_px, (tuple, list)) else (size_px, size_px)
    if len(sides) != 2 or not all(isinstance(side, (int, np.integer)) and side >= 1 for side in sides):
        raise SettingError(
            f"size_px must be a number of pixels, 1 or more, or a pair (height, width), got {size_px!r}."
        )
    return ShapeHW(int(sides[0]), int(sides[1]))


def _parse_margin(overlap_px: Any) -> int:
    if not isinstance(overlap_px, (int, np.integer)) or overlap_px < 0 or overlap_px % 2:
        raise SettingError(f"overlap_px must be an even number of pixels, half for each neighbour, got {overlap_px!r}.")
    return int(overlap_px) // 2


def _parse_resolution(resolution: Any) -> float:
    if not isinstance(resolution, (int, float)) or not 0 < resolution < np.inf:
        raise SettingError(f"resolution must be the size of a pixel in units of the CRS, above 0, got {resolution!r}.")
    return resolution  # an integer keeps coordinates whole
