"""What the imports of tables of geometries have in common: the place, the coordinate system, the cutting, the times."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.constants import TIMESTAMP_COLUMN
from eolearn.core.exceptions import DataError, SettingError

if TYPE_CHECKING:
    import pyproj
    from geopandas import GeoDataFrame

    from eolearn.core.types import Feature

Bounds = tuple[float, float, float, float]
"""West, south, east, north."""


class VectorSource(Protocol):
    """A table of geometries somewhere. It is used by one thread, while it is open."""

    @property
    def name(self) -> str:
        """What messages call it, without secrets."""

    def crs(self) -> pyproj.CRS:
        """Return the coordinate system, DataError (a ValueError) for a table without one."""

    def read(self, bounds: Bounds | None) -> GeoDataFrame:
        """Return the rows that meet bounds in its coordinate system; all of them without bounds."""


class VectorImportBaseTask(EOTask, ABC):
    """What the imports of tables of geometries have in common.

    feature: a vector feature. One of VECTOR needs a column TIMESTAMP, of times or of texts that can be read as such.
        It becomes one of times in UTC without a zone, as the timestamps of patches are.
    reproject: whether geometries are brought into the coordinate system of the bounding box.
    clip: whether they are cut at the bounding box. Pieces of another kind, such as a point of a polygon that touches
        it, are left out.
    """

    def __init__(self, feature: Feature, reproject: bool = True, clip: bool = False):
        self.feature = self.parse_feature(feature, allowed_feature_types=FeatureType.is_vector)
        self.reproject = reproject
        self.clip = clip

    @abstractmethod
    def _source(self) -> AbstractContextManager[VectorSource]:
        """Open the table."""

    @cached_property
    def dataset_crs(self) -> CRS:
        """The coordinate system of the table, read when it is first asked for.

        Raises DataError (a ValueError) for a table without one, or with one that has no EPSG code.
        """
        with self._source() as source:
            return _crs_of(source)

    def execute(self, eopatch: EOPatch | None = None, *, bbox: BBox | None = None) -> EOPatch:
        """Return the patch with the geometries, or a new one with the place that was asked for.

        bbox: rows that meet it are read; by default that of the patch. Without any, all rows are, which needs
            reproject=False, and the new patch has the place that they take up.

        Raises SettingError (a ValueError) where reprojecting or clipping lacks something, DataError (a ValueError) for
        data without geometries or a coordinate system, and for VECTOR without times, StorageError (an OSError) for
        what isn't there (PathNotFound, a FileNotFoundError), can't be read (BrokenFile), or isn't reached. The patch
        is as before then.
        """
        if bbox is None and eopatch is not None:
            bbox = eopatch.bbox
        if bbox is None and (self.reproject or self.clip):
            setting = "reproject" if self.reproject else "clip"
            raise SettingError(f"{setting}=True needs a bounding box: give a patch or a bbox, or set {setting}=False.")
        with self._source() as source:
            if bbox is not None and self.clip and not self.reproject and _crs_of(source) != bbox.crs:
                raise SettingError(f"To clip {_crs_of(source)!r} at a box in {bbox.crs!r}, set reproject=True.")
            table = source.read(None if bbox is None else bounds_in(source.crs(), bbox))
            place = _place_of(table, source) if bbox is None else bbox
        if bbox is not None:
            table = self._fitted(table, bbox, source.name)
        if self.feature[0].is_temporal():
            table = self._with_times(table, source.name)
        if eopatch is None:
            eopatch = EOPatch(bbox=place)
        elif eopatch.bbox is None:
            eopatch.bbox = place
        eopatch[self.feature] = table
        return eopatch

    def _fitted(self, table: GeoDataFrame, bbox: BBox, name: str) -> GeoDataFrame:
        from shapely.errors import GEOSException

        if self.reproject:
            table = table.to_crs(bbox.crs.pyproj_crs())
        if not self.clip:
            return table
        try:
            return table.clip(bbox.geometry, keep_geom_type=True)
        except GEOSException as error:
            raise DataError(f"Geometries of {name} can't be clipped: {error}. Mend them with make_valid().") from error

    def _with_times(self, table: GeoDataFrame, name: str) -> GeoDataFrame:
        """Return the table with times in UTC, without a zone."""
        import pandas as pd

        if TIMESTAMP_COLUMN not in table:
            raise DataError(f"{self.feature} needs a column {TIMESTAMP_COLUMN!r}, {name} has {list(table.columns)}.")
        column = table[TIMESTAMP_COLUMN]
        if pd.api.types.is_numeric_dtype(column) and column.notna().any():
            raise DataError(f"The column {TIMESTAMP_COLUMN!r} of {name} holds numbers, not times.")
        try:
            times = pd.to_datetime(column, format="ISO8601", utc=True)
        except (ValueError, TypeError, OverflowError) as error:
            raise DataError(f"The column {TIMESTAMP_COLUMN!r} of {name} can't be read as times: {error}") from error
        return table.assign(**{TIMESTAMP_COLUMN: times.dt.tz_localize(None)})


def _crs_of(source: VectorSource) -> CRS:
    found = source.crs()
    try:
        return CRS(str(found.to_epsg(min_confidence=25)))
    except ValueError as error:
        raise DataError(f"The coordinate system of {source.name} has no EPSG code: {found.name}.") from error


def bounds_in(crs: pyproj.CRS, bbox: BBox) -> Bounds:
    """Return the smallest box around a box of another coordinate system, whose sides may be curved here."""
    from pyproj import Transformer

    transformer = Transformer.from_crs(bbox.crs.pyproj_crs(), crs, always_xy=True)
    bounds: Bounds = transformer.transform_bounds(*bbox)
    return bounds


def _place_of(table: GeoDataFrame, source: VectorSource) -> BBox:
    if table.empty or table.geometry.is_empty.all():
        raise DataError(f"{source.name} has no geometries, so that the patch has no place.")
    return BBox(tuple(table.total_bounds.tolist()), _crs_of(source))
