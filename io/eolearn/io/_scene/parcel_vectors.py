"""Parcels and reservoirs as polygons: the register that goes with the land-cover raster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._kernels.landscape import (
    ARTIFICIAL,
    BARE,
    CULTIVATED,
    FOREST,
    GRASSLAND,
    RESERVOIR_CELL_M,
    RESERVOIR_DEPTH_M,
    WATER,
    describe_parcels,
    full_level,
    reservoir_of_cell,
    shore_radius,
)
from .._kernels.parcels import BLOCK_M, codes_in_block, parcel_corners, unbend
from .ground import reservoir_key
from .seasons import CROPS, ParcelTable, crops_of, drawdown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from geopandas import GeoDataFrame
    from shapely import Geometry

LAND_COVER_NAMES = {
    CULTIVATED: "cultivated land",
    FOREST: "forest",
    GRASSLAND: "grassland",
    WATER: "water",
    ARTIFICIAL: "artificial surface",
    BARE: "bare land",
}
_VERTEX_SPACING_M = 15.0
_SHORE_VERTICES = 720
_MARGIN_M = 200.0  # a bend moves a place by less
_MESH = np.uint64(100)


def parcels(key: np.uint64, area: Geometry, years: Sequence[int], crs: Any) -> GeoDataFrame:
    """Return the parcels that meet an area, whole, as a register lists them.

    key: random bits of seed and zone. area: in the coordinates of the zone. years: for each a column of crops, such as
    ``CROP_2018``, by year of harvest; None where no crop grows. crs: of the zone.

    Columns: PARCEL_ID, LULC_ID, LULC_NAME, the crops, geometry. Borders are those of the raster to some decimetres. A
    reservoir is one row, up to its full shore, and cuts off what it covers.
    """
    import geopandas as gpd
    from shapely import box

    table, shapes = _fields(key, area.bounds)
    data: dict[str, Any] = {
        "PARCEL_ID": [f"{number:016x}" for number in table.keys],
        "LULC_ID": table.covers.astype(np.int64),
        "LULC_NAME": [LAND_COVER_NAMES[int(cover)] for cover in table.covers],
    }
    for year in years:
        names = np.array(CROPS, object)[crops_of(table, year)]
        names[table.covers != CULTIVATED] = None
        data[f"CROP_{year}"] = names
    fields = gpd.GeoDataFrame(data, geometry=shapes, crs=crs)
    settled = fields.LULC_ID == ARTIFICIAL
    blocks = fields[settled].dissolve("PARCEL_ID", as_index=False)
    lakes = reservoirs(key, box(*fields.total_bounds), crs)  # also those that cut parcels outside of the area
    rows = [fields[~settled], blocks[fields.columns]]
    if len(lakes):
        shores = lakes.geometry.union_all()
        rows = [part.assign(geometry=part.difference(shores)) for part in rows]
        water = gpd.GeoDataFrame(
            {"PARCEL_ID": lakes.RESERVOIR_ID, "LULC_ID": WATER, "LULC_NAME": LAND_COVER_NAMES[WATER]},
            geometry=lakes.geometry,
        )
        rows.append(water.reindex(columns=fields.columns))
    whole = gpd.GeoDataFrame(np.concatenate([part.to_numpy() for part in rows]), columns=fields.columns, crs=crs)
    whole = whole.astype({"LULC_ID": np.int64})
    return whole[whole.intersects(area) & ~whole.is_empty].reset_index(drop=True)


def reservoirs(key: np.uint64, area: Geometry, crs: Any) -> GeoDataFrame:
    """Return the reservoirs whose full shore meets an area.

    Columns: RESERVOIR_ID, FULL_LEVEL (metres above the sea), DEPTH (of the middle, metres), FULL_AREA (square metres),
    geometry. The bed rises evenly from the middle to the shore in each direction, so at a level d metres lower the
    water covers (1 - d / DEPTH) ** 2 of the full area.
    """
    import geopandas as gpd
    from shapely import Polygon

    west, south, east, north = np.floor(np.divide(area.bounds, RESERVOIR_CELL_M)).astype(int)
    rows = []
    for column in range(west, east + 1):
        for row in range(south, north + 1):
            exists, x, y, mean_radius = reservoir_of_cell(key, column, row)
            if exists:
                shore = Polygon(_shore(key, column, row, (x, y), mean_radius))
                name = f"{reservoir_key(key, column, row):016x}"
                rows.append((name, full_level(key, column, row), RESERVOIR_DEPTH_M, shore.area, shore))
    columns = ["RESERVOIR_ID", "FULL_LEVEL", "DEPTH", "FULL_AREA", "geometry"]
    found = gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=crs)
    return found[found.intersects(area)].reset_index(drop=True)


def water_levels(
    key: np.uint64, area: Geometry, times: Sequence[datetime], latitude_deg: float, crs: Any
) -> NDArray[np.float64]:
    """Return the level of the largest reservoir of an area at some times, metres above the sea, or NaN."""
    found = reservoirs(key, area, crs)
    if found.empty:
        return np.full(len(times), np.nan)
    largest = found.loc[found.intersection(area).area.idxmax()]
    own = np.uint64(int(largest.RESERVOIR_ID, 16))
    return np.array([largest.FULL_LEVEL - drawdown(own, time, latitude_deg) for time in times], np.float64)


def _shore(
    key: np.uint64, column: int, row: int, middle: tuple[float, float], mean_radius: float
) -> NDArray[np.float64]:
    angles = np.linspace(0, 2 * np.pi, _SHORE_VERTICES, endpoint=False)
    directions = np.column_stack([np.cos(angles), np.sin(angles)])
    radii = [shore_radius(key, column, row, east, north, mean_radius) for east, north in directions]
    return np.asarray(middle + directions * np.array(radii)[:, np.newaxis], np.float64)


def _fields(key: np.uint64, bounds: tuple[float, float, float, float]) -> tuple[ParcelTable, list[Geometry]]:
    """Return the parcels of all blocks that may meet a box, and their shapes."""
    mesh = np.uint64(key + _MESH)
    west, south = (int((low - _MARGIN_M) // BLOCK_M) - 1 for low in bounds[:2])
    east, north = (int((high + _MARGIN_M) // BLOCK_M) + 1 for high in bounds[2:])
    addresses = np.array(
        [
            (column, row, code)
            for row in range(south, north + 1)
            for column in range(west, east + 1)
            for code in codes_in_block(mesh, column, row)
        ],
        np.int64,
    )
    keys, covers = np.zeros(len(addresses), np.uint64), np.zeros(len(addresses), np.uint8)
    heights = np.zeros(len(addresses))
    columns, rows, codes = (np.ascontiguousarray(part) for part in addresses.T)
    describe_parcels(key, columns, rows, codes, keys, covers, heights)
    return ParcelTable(keys, covers, heights), [_shape(mesh, *map(int, address)) for address in addresses]


def _shape(mesh: np.uint64, column: int, row: int, code: int) -> Geometry:
    """Return a parcel, its straight sides in the bent plane as curves in the world."""
    from shapely import Polygon

    corners = parcel_corners(mesh, column, row, code)
    ring = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        steps = max(1, int(np.hypot(*(end - start)) / _VERTEX_SPACING_M))
        ring += [unbend(mesh, *(start + (end - start) * step / steps)) for step in range(steps)]
    return Polygon(ring)
