"""Files with tables of geometries, read by GDAL or pyarrow."""

from __future__ import annotations

import json
import posixpath
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eolearn.core.exceptions import BrokenFile, DataError, MissingExtra, PathNotFound, SettingError
from eolearn.core.storage.remote import naming_place
from eolearn.core.utils.fs import get_full_path, local_path
from eolearn.core.utils.redact import redact

if TYPE_CHECKING:
    import pyproj
    from fsspec import AbstractFileSystem
    from geopandas import GeoDataFrame

    from ._vector_import import Bounds

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

    def read(self, bounds: Bounds | None) -> GeoDataFrame:
        """Return the rows that meet bounds in the coordinate system of the file; all of them without bounds."""
        import geopandas

        if self.is_parquet(self.path):
            return self._read_parquet(bounds)
        with self._reading():
            table = geopandas.read_file(self.path, bbox=bounds, **{"engine": "pyogrio", **self.options})
        if not isinstance(table, geopandas.GeoDataFrame):
            raise DataError(f"{self.name} is a table without geometries.")
        return table

    def _read_parquet(self, bounds: Bounds | None) -> GeoDataFrame:
        import geopandas
        from shapely import box

        geo = self._parquet_metadata()
        has_boxes = "covering" in geo["columns"][geo["primary_column"]]
        table = geopandas.read_parquet(
            self.path, filesystem=self.filesystem, bbox=bounds if has_boxes else None, **self.options
        )
        return table if bounds is None else table[table.intersects(box(*bounds))].reset_index(drop=True)

    def crs(self) -> pyproj.CRS:
        """Return the coordinate system, DataError for a file without one."""
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


@contextmanager
def open_vector_file(filesystem: AbstractFileSystem, path: str, options: Mapping[str, Any]) -> Iterator[VectorFile]:
    """Give a file that GDAL or pyarrow can read; what is not on a local disk is fetched."""
    name = redact(get_full_path(filesystem, path))
    on_disk = local_path(filesystem, path)
    with naming_place(filesystem, path):
        if not filesystem.exists(path):
            raise PathNotFound(f"There is no file {name}.")
    if on_disk is not None or VectorFile.is_parquet(path):
        yield VectorFile(name, on_disk or path, None if on_disk else filesystem, options)
        return
    with tempfile.TemporaryDirectory(prefix="eolearn-") as folder:
        for part in _parts(filesystem, path):
            with naming_place(filesystem, part):
                filesystem.get_file(part, f"{folder}/{posixpath.basename(part)}")
        yield VectorFile(name, f"{folder}/{posixpath.basename(path)}", None, options)


def _parts(filesystem: AbstractFileSystem, path: str) -> list[str]:
    """Return the file, and those that belong to a shapefile: of the same name but for the extension."""
    stem, extension = posixpath.splitext(path)
    if extension.lower() != ".shp":
        return [path]
    folder = posixpath.dirname(path)
    found = [posixpath.join(folder, posixpath.basename(other)) for other in filesystem.ls(folder, detail=False)]
    return [other for other in found if posixpath.splitext(other)[0] == stem]
