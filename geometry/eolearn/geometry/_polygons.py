"""The polygons of a table that lie in an EOPatch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from geopandas import GeoDataFrame, GeoSeries

from eolearn.core.constants import FeatureType
from eolearn.core.exceptions import DataError
from eolearn.core.utils.parsing import parse_feature

from ._rows import drawable, rows_near

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sentinelhub.geometry import BBox

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature

_AREAS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def parse_polygons(polygons: Any) -> GeoDataFrame | Feature:
    """Return a table or a vector feature; FeatureError (a ValueError) for what is neither."""
    if isinstance(polygons, GeoSeries):
        return GeoDataFrame(geometry=polygons)
    if isinstance(polygons, GeoDataFrame):
        return polygons
    return parse_feature(polygons, allowed_feature_types=FeatureType.is_vector)


def place_of(eopatch: EOPatch, wanted: object) -> BBox:
    """Return the bounding box of a patch; DataError if there is none, naming what it is needed for."""
    if eopatch.bbox is None:
        raise DataError(f"The EOPatch has no bounding box, which {wanted} needs. Set eopatch.bbox.")
    return eopatch.bbox


def polygons_in(
    polygons: GeoDataFrame | Feature, eopatch: EOPatch, bbox: BBox, *, reach: float = 0
) -> tuple[GeoDataFrame, NDArray[Any]]:
    """Return the rows whose polygons share an area with a patch, and their geometries, fit for computing.

    polygons: as :func:`parse_polygons` returns them.
    reach: how far outside of the patch a polygon may lie, in units of its CRS.

    Rows are in the CRS of the patch, and in their order. Invalid geometries are mended and heights left out, both with
    an EORuntimeWarning; those that are missing or empty, also after they were mended, are left out. Raises DataError
    for a table without CRS, and for points and lines, FeatureMissing for a feature that the patch doesn't have.
    """
    table = polygons if isinstance(polygons, GeoDataFrame) else eopatch[polygons]
    check_areas(table.geometry.to_numpy())
    table = rows_near(table, bbox, reach)
    geometries = drawable(table.geometry.to_numpy(), 0)
    west, south, east, north = bbox
    window = shapely.box(west - reach, south - reach, east + reach, north + reach)
    kept = ~(shapely.is_empty(geometries) | shapely.touches(geometries, window))
    return table[kept], geometries[kept]


def check_areas(geometries: NDArray[Any]) -> None:
    """Raise DataError for geometries that are neither polygons nor missing nor empty."""
    wrong = ~np.isin(shapely.get_type_id(geometries), _AREAS) & ~shapely.is_missing(geometries)
    wrong &= ~shapely.is_empty(geometries)
    if wrong.any():
        first = int(wrong.argmax())
        raise DataError(
            f"{wrong.sum()} of {len(geometries)} geometries are no polygons; the first is a "
            f"{geometries[first].geom_type} in row {first}. Leave them out, or give them an area by a buffer."
        )
