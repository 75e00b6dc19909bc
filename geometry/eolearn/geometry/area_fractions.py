"""Which share of each pixel is covered by polygons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eolearn.core.constants import FeatureType
from eolearn.core.eotask import EOTask
from eolearn.core.exceptions import FeatureMissing, SettingError
from eolearn.core.utils.parsing import parse_feature

from ._kernels.coverage import coverage
from ._polygons import parse_polygons, place_of, polygons_in
from ._raster_size import image_size, parse_size

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature


@dataclass(frozen=True, kw_only=True, eq=False)
class AreaFractionsTask(EOTask):
    """Computes which share of the area of each pixel polygons cover, exactly, and for several classes at once.

    Where a polygon is narrower than a pixel, or a pixel lies across a border, a mask of 0 and 1 is wrong, and its sum
    is a wrong area. The sum of the shares times the area of a pixel is the area of the polygons in the patch.

    Polygons of one class that overlap count once, so that shares are between 0 and 1; those of several classes may
    overlap, and their shares add up to more than 1. Polygons in another CRS are re-projected, with an EORuntimeWarning.

    Example:
        >>> task = AreaFractionsTask(
        ...     polygons=(FeatureType.VECTOR_TIMELESS, "FIELDS"),
        ...     target=(FeatureType.DATA_TIMELESS, "CROP_SHARES"),
        ...     column="crop",
        ...     classes=["maize", "wheat"],
        ...     raster_shape=(FeatureType.DATA, "BANDS"),
        ... )
        >>> task(eopatch)[FeatureType.DATA_TIMELESS, "CROP_SHARES"].shape
        (101, 100, 2)
    """

    polygons: Feature | GeoDataFrame
    """A vector feature, or a table for all patches."""
    target: Feature
    """The shares, in DATA_TIMELESS: float32 from 0 to 1, of shape (height, width, class)."""
    column: str | None = None
    """The column with the class of each polygon. Without it all polygons are one class."""
    classes: Sequence[Any] | None = None
    """The values of the column, in the order of the bands, so that these are the same in all patches. Polygons with
    other values are left out."""
    raster_shape: tuple[int, int] | Feature | None = None
    """(height, width) in pixels, or an image feature of the same size. Either this or raster_resolution."""
    raster_resolution: float | str | tuple[float, float] | None = None
    """Size of a pixel in metres, as a number, as "10m", or as a pair (x, y) of these."""

    def __post_init__(self) -> None:
        parse_polygons(self.polygons)
        parse_feature(self.target, allowed_feature_types=[FeatureType.DATA_TIMELESS])
        parse_size(self.raster_shape, self.raster_resolution)
        if (self.column is None) != (self.classes is None):
            raise SettingError(
                f"Give both column and classes, or neither, got column={self.column!r} and classes={self.classes!r}."
            )
        if self.classes is not None and (isinstance(self.classes, str) or not len(self.classes)):
            raise SettingError(f"classes must be a list of values of {self.column!r}, got {self.classes!r}.")
        if self.classes is not None and len(set(self.classes)) != len(self.classes):
            raise SettingError(f"classes must differ from each other, got {self.classes!r}.")

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the shares.

        Raises DataError (a ValueError) for a patch without bounding box, polygons without CRS, and points or lines;
        FeatureMissing (a KeyError) for a missing feature or column.
        """
        bbox = place_of(eopatch, self.target)
        size = image_size(eopatch, bbox, parse_size(self.raster_shape, self.raster_resolution))
        table, geometries = polygons_in(parse_polygons(self.polygons), eopatch, bbox)
        if self.column is not None and self.column not in table:
            raise FeatureMissing(f"The polygons have no column {self.column!r}, only {list(table.columns)}.")
        groups = [geometries] if self.classes is None else [geometries[table[self.column] == c] for c in self.classes]
        eopatch[self.target] = np.stack([coverage(group, tuple(bbox), size) for group in groups], axis=-1)
        return eopatch
