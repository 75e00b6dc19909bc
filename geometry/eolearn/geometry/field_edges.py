"""How near each pixel is to the edge of a field: as a distance, as a band to leave out, or as a weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from eolearn.core.constants import FeatureType
from eolearn.core.eotask import EOTask
from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.utils.parsing import parse_feature

from ._kernels.burn import burn
from ._kernels.edge_distance import edge_distance, edges_of
from ._polygons import parse_polygons, place_of, polygons_in
from ._raster_size import ShapeHW, image_size, parse_size, pixels_to_crs

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from sentinelhub.geometry import BBox

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature

Output = Literal["distance", "band", "weight"]
_MOST_STRETCH = 0.05


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldEdgesTask(EOTask):
    """Tells for each pixel how near its centre is to the nearest edge of a polygon.

    Pixels at the edge of a field hold something of the neighbour too. They may be left out of samples, or count less.
    Each polygon has its own edges, also where two touch; the border of the patch is no edge. Polygons that lie outside
    count as far as they are within reach.

    ============  ==========================================================================================
    output        what it is
    ============  ==========================================================================================
    ``distance``  metres to the nearest edge, at most reach_m; float32, in DATA_TIMELESS
    ``band``      True where an edge is nearer than reach_m; bool, in MASK_TIMELESS
    ``weight``    0 on an edge, 1 from reach_m on, and half a wave of a cosine between; float32, in DATA_TIMELESS
    ============  ==========================================================================================

    Example:
        >>> task = FieldEdgesTask(
        ...     polygons=(FeatureType.VECTOR_TIMELESS, "FIELDS"),
        ...     target=(FeatureType.MASK_TIMELESS, "EDGES"),
        ...     output="band",
        ...     reach_m=20,
        ...     raster_shape=(FeatureType.DATA, "BANDS"),
        ... )
        >>> inner = ~task(eopatch)[FeatureType.MASK_TIMELESS, "EDGES"]
    """

    polygons: Feature | GeoDataFrame
    """A vector feature, or a table for all patches. In another CRS they are re-projected, with an EORuntimeWarning."""
    target: Feature
    """The image, of shape (height, width, 1)."""
    output: Output
    """What the image holds."""
    reach_m: float
    """Edges farther away than this are no matter."""
    inside_only: bool = False
    """Whether pixels whose centre lies in no polygon count as if they were on an edge."""
    raster_shape: tuple[int, int] | Feature | None = None
    """(height, width) in pixels, or an image feature of the same size. Either this or raster_resolution."""
    raster_resolution: float | str | tuple[float, float] | None = None
    """Size of a pixel in metres, as a number, as "10m", or as a pair (x, y) of these."""

    def __post_init__(self) -> None:
        parse_polygons(self.polygons)
        parse_size(self.raster_shape, self.raster_resolution)
        if self.output not in get_args(Output):
            raise SettingError(f"output must be one of {', '.join(get_args(Output))}, got {self.output!r}.")
        wanted = FeatureType.MASK_TIMELESS if self.output == "band" else FeatureType.DATA_TIMELESS
        parse_feature(self.target, allowed_feature_types=[wanted])
        if not 0 < self.reach_m < np.inf:
            raise SettingError(f"reach_m must be a number of metres above 0, got {self.reach_m!r}.")

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the image.

        Raises DataError (a ValueError) for a patch without bounding box or in a CRS that has no metres, polygons
        without CRS, and points or lines; FeatureMissing (a KeyError) for a missing feature.
        """
        bbox = place_of(eopatch, self.target)
        unit_m = _unit_m(bbox)
        size = image_size(eopatch, bbox, parse_size(self.raster_shape, self.raster_resolution))
        _, geometries = polygons_in(parse_polygons(self.polygons), eopatch, bbox, reach=self.reach_m / unit_m)
        distance = _distance(geometries, bbox, size, unit_m, self.reach_m)
        if self.inside_only:
            distance[~_inside(geometries, bbox, size)] = 0
        eopatch[self.target] = self._output(distance)[..., np.newaxis]
        return eopatch

    def _output(self, distance: NDArray[np.float32]) -> NDArray[Any]:
        if self.output == "distance":
            return distance
        if self.output == "band":
            return np.asarray(distance < self.reach_m)
        return np.asarray((1 - np.cos(np.float32(np.pi / self.reach_m) * distance)) / 2)


def _distance(
    geometries: NDArray[Any], bbox: BBox, size: ShapeHW, unit_m: float, reach_m: float
) -> NDArray[np.float32]:
    west, south, east, north = bbox
    edges = (edges_of(geometries) - (west, north)) * (unit_m, -unit_m)
    pixel_hw = (north - south) / size.height * unit_m, (east - west) / size.width * unit_m
    return edge_distance(edges, size, pixel_hw, reach_m)


def _inside(geometries: NDArray[Any], bbox: BBox, size: ShapeHW) -> NDArray[np.bool_]:
    inside = np.zeros(size, np.uint8)
    if len(geometries):
        burn(inside, geometries, np.ones(len(geometries), np.uint8), transform=pixels_to_crs(bbox, size))
    return inside.astype(np.bool_)


def _unit_m(bbox: BBox) -> float:
    """Return how many metres the unit of the CRS has; DataError where it has none, or others than on the ground."""
    from pyproj import Proj, Transformer

    crs, name = bbox.crs.pyproj_crs(), bbox.crs.ogc_string()
    advice = "Re-project the patch first, for example to UTM."
    if crs.is_geographic:
        raise DataError(f"Distances to edges are in metres, and {name} of the EOPatch is in degrees. {advice}")
    middle = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True).transform(*bbox.middle)
    factors = Proj(crs).get_factors(*middle)
    for scale in (factors.meridional_scale, factors.parallel_scale):
        if not abs(scale - 1) <= _MOST_STRETCH:
            raise DataError(f"A metre on the ground is {scale:.2f} m in {name} of the EOPatch. {advice}")
    return float(crs.axis_info[0].unit_conversion_factor)
