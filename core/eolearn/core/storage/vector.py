"""Tables of geometries as GeoPackages."""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ..constants import TIMESTAMP_COLUMN
from ..exceptions import DataError
from ..utils.fs import split_all_extensions
from .feature_io import ByteReader, ByteWriter, FeatureIOGZip

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import Series

_VERSION = "1.2"  # of the standard: GDAL before 3.7, which 1.5.6 may run with, takes later ones only from files
_ROW_COLUMN = "eolearn_row"  # GeoPackage numbers the rows: under its default name, a column "fid" would be lost


class FeatureIOGeoDf(FeatureIOGZip["GeoDataFrame"]):
    """A table of geometries in a ``.gpkg`` file.

    The index is not stored. Times have milliseconds, and those with a time zone come back in UTC; dates come back as
    text, but for the column TIMESTAMP, which is always one of times.
    """

    extension = ".gpkg"

    def _read(self, file: ByteReader) -> GeoDataFrame:
        import geopandas
        from pyogrio.errors import DataLayerError, DataSourceError

        with tempfile.TemporaryDirectory(prefix="eolearn-") as folder:
            unpacked = Path(folder) / "table.gpkg"  # GDAL warns of GeoPackages in memory, as they have no extension
            with unpacked.open("wb") as target:
                shutil.copyfileobj(file, target, 2**20)
            try:
                table = geopandas.read_file(unpacked, engine="pyogrio")
            except (DataSourceError, DataLayerError) as error:
                raise self._broken(error) from error
        if not isinstance(table, geopandas.GeoDataFrame):
            raise self._broken("its table has no geometries")
        if TIMESTAMP_COLUMN in table:
            table[TIMESTAMP_COLUMN] = _as_times(table[TIMESTAMP_COLUMN])
        return _with_common_crs(table)

    @classmethod
    def _write(cls, data: GeoDataFrame, file: ByteWriter, path: str) -> None:
        content = io.BytesIO()
        try:
            table = data.assign(**{name: _storable_column(name, column) for name, column in data.items()})
            table.to_file(
                content,
                driver="GPKG",
                engine="pyogrio",
                index=False,
                layer=split_all_extensions(PurePosixPath(path).name)[0],
                dataset_options={"VERSION": _VERSION},
                layer_options={"FID": _ROW_COLUMN, "GEOMETRY_NAME": data.geometry.name},
            )
        except (AttributeError, TypeError, ValueError, OverflowError, RuntimeError) as error:
            raise DataError(f"The table for {path} can't be written as a GeoPackage: {error}") from error
        file.write(content.getbuffer())


def _storable_column(name: object, column: Series) -> Series:
    """Return a column as one of a kind that a GeoPackage has, TypeError if there is none."""
    import pandas as pd

    if not isinstance(name, str):
        raise TypeError(f"the name of the column {name!r} is not a string")
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if name == TIMESTAMP_COLUMN or kind in ("datetime", "datetime64"):
        return _as_times(column)
    if column.dtype != object or kind in ("string", "date", "empty"):
        return column
    if kind in ("boolean", "integer", "floating", "mixed-integer-float"):
        return column.convert_dtypes()
    raise TypeError(f"the column {name!r} holds {kind} objects: make it one of numbers, strings or times, or drop it")


def _as_times(column: Series) -> Series:
    import pandas as pd

    has_zones = column.dtype == object and any(getattr(value, "tzinfo", None) for value in column)
    times = pd.to_datetime(column, format="mixed", utc=has_zones).dt.as_unit("us")
    return times.dt.tz_convert("UTC") if times.dt.tz else times


def _with_common_crs(table: GeoDataFrame) -> GeoDataFrame:
    """Name the CRS as sentinelhub does, for which longitude comes before latitude."""
    from sentinelhub import CRS

    code = None if table.crs is None else table.crs.to_epsg()
    return table if code is None else table.set_crs(CRS(str(code)).pyproj_crs(), allow_override=True)
