"""Files with tables of geometries, read by GDAL or pyarrow."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sentinelhub import CRS, BBox

from eolearn.core.exceptions import BrokenFile, DataError, MissingExtra, SettingError

if TYPE_CHECKING:
    import pyproj
    from fsspec import AbstractFileSystem
    from geopandas import GeoDataFrame

_PARQUET = (".parquet", ".geoparquet", ".pq")


@dataclass(frozen=True)
class VectorFile:
    """A file, or several that belong together."""

    name: str
    """For messages."""
    path: str
    filesystem: AbstractFileSystem | None
    """Of the path, None for a local disk; only for GeoParquet."""
    options: Mapping[str, Any]
    """For the reader of geopandas."""

    @staticmethod
    def is_parquet(path: str) -> bool:
        """Whether the name is one of a GeoParquet file."""
        return path.lower().endswith(_PARQUET)

    def crs(self) -> CRS:
        """Return the coordinate system, DataError for a file without one or with one that has no EPSG code."""
        found = self._pyproj_crs()
        try:
            return CRS(str(found.to_epsg(min_confidence=25)))
        except ValueError as error:
            raise DataError(f"The coordinate system of {self.name} has no EPSG code: {found.name}.") from error

    def read(self, bbox: BBox | None) -> GeoDataFrame:
        """Return the rows that meet a box, in whatever coordinate system it is; all of them without one."""
        import geopandas

        bounds = None if bbox is None else self._bounds(bbox)
        if self.is_parquet(self.path):
            return self._read_parquet(bounds)
        with self._reading():
            table = geopandas.read_file(self.path, bbox=bounds, **{"engine": "pyogrio", **self.options})
        if not isinstance(table, geopandas.GeoDataFrame):
            raise DataError(f"{self.name} is a table without geometries.")
        return table

    def _read_parquet(self, bounds: tuple[float, ...] | None) -> GeoDataFrame:
        import geopandas
        from shapely import box

        geo = self._parquet_metadata()
        has_boxes = "covering" in geo["columns"][geo["primary_column"]]
        table = geopandas.read_parquet(
            self.path, filesystem=self.filesystem, bbox=bounds if has_boxes else None, **self.options
        )
        return table if bounds is None else table[table.intersects(box(*bounds))].reset_index(drop=True)

    def _bounds(self, bbox: BBox) -> tuple[float, ...]:
        """Return the smallest box around a box of another coordinate system, whose sides may be curved here."""
        from pyproj import Transformer

        transformer = Transformer.from_crs(bbox.crs.pyproj_crs(), self._pyproj_crs(), always_xy=True)
        bounds: tuple[float, ...] = transformer.transform_bounds(*bbox)
        return bounds

    def _pyproj_crs(self) -> pyproj.CRS:
        import pyproj

        if self.is_parquet(self.path):
            geo = self._parquet_metadata()
            found = geo["columns"][geo["primary_column"]].get("crs", "OGC:CRS84")
        else:
            import pyogrio

            with self._reading():
                found = pyogrio.read_info(self.path, layer=self.options.get("layer"))["crs"]
        if found is None:
            raise DataError(f"{self.name} does not say its coordinate system: set it with GeoDataFrame.set_crs.")
        return pyproj.CRS.from_user_input(found)

    def _parquet_metadata(self) -> dict[str, Any]:
        try:
            from pyarrow import ArrowInvalid, parquet
        except ImportError as error:
            raise MissingExtra("Reading GeoParquet needs pyarrow: pip install 'eo-learn-io[parquet]'") from error
        try:
            metadata = parquet.read_schema(self.path, filesystem=self.filesystem).metadata or {}
        except ArrowInvalid as error:
            raise BrokenFile(f"{self.name} can't be read: {error}") from error
        if b"geo" not in metadata:
            raise DataError(f"{self.name} is a table without geometries: it is Parquet, but not GeoParquet.")
        geo: dict[str, Any] = json.loads(metadata[b"geo"])
        return geo

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Raise errors of the libraries as ours, with the name of the file."""
        import pyogrio
        from pyogrio.errors import DataLayerError, DataSourceError

        try:
            yield
        except DataLayerError as error:
            layers = ", ".join(pyogrio.list_layers(self.path)[:, 0])
            raise SettingError(f"{self.name} has no layer {self.options.get('layer')!r}, but {layers}.") from error
        except DataSourceError as error:
            raise BrokenFile(f"{self.name} can't be read: {error}") from error
