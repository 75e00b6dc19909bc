"""Tables of geometries as GeoPackages."""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from ..constants import TIMESTAMP_COLUMN
from ..exceptions import DataError
from ..utils.fs import split_all_extensions
from .feature_io import ByteWriter, FeatureIOGZip

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

_ROW_COLUMN = "eolearn_row"  # GeoPackage numbers the rows: under its default name, a column "fid" would be lost
_PLAIN_OBJECTS = frozenset(
    {"string", "empty", "boolean", "integer", "floating", "mixed-integer-float", "datetime", "date"}
)  # what pandas finds in columns of objects that comes back as it was, or as its text


class FeatureIOGeoDf(FeatureIOGZip["GeoDataFrame"]):
    """A table of geometries in a ``.gpkg`` file.

    The index is not stored. Times have milliseconds, and those with a time zone come back in UTC; dates come back as
    text, but for the column TIMESTAMP, which is always one of times.
    """

    extension = ".gpkg"

    def _read(self, file: BinaryIO) -> GeoDataFrame:
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
        return _with_parsed_timestamps(_with_common_crs(table))

    @classmethod
    def _write(cls, data: GeoDataFrame, file: ByteWriter, path: str) -> None:
        _check_columns(data, path)
        content = io.BytesIO()
        layer = split_all_extensions(PurePosixPath(path).name)[0]
        try:
            _in_utc(data).to_file(
                content,
                driver="GPKG",
                engine="pyogrio",
                index=False,
                layer=layer,
                layer_options={"FID": _ROW_COLUMN, "GEOMETRY_NAME": data.geometry.name},
            )
        except (AttributeError, TypeError, ValueError, OverflowError, RuntimeError) as error:
            raise DataError(f"The table for {path} can't be written as a GeoPackage: {error}.") from error
        file.write(content.getbuffer())


def _check_columns(table: GeoDataFrame, path: str) -> None:
    """Raise DataError for columns of objects that a GeoPackage would turn into something else."""
    from pandas.api.types import infer_dtype, is_object_dtype

    for position, name in enumerate(table.columns):
        column = table.iloc[:, position]
        kind = infer_dtype(column, skipna=True) if is_object_dtype(column.dtype) else "string"
        if kind not in _PLAIN_OBJECTS:
            raise DataError(
                f"The column {name!r} of the table for {path} holds {kind} objects, which a GeoPackage can't. Convert "
                "it to numbers, strings or times, or drop it."
            )


def _in_utc(table: GeoDataFrame) -> GeoDataFrame:
    import pandas as pd

    zoned = [name for name, dtype in table.dtypes.items() if isinstance(dtype, pd.DatetimeTZDtype)]
    return table.assign(**{name: table[name].dt.tz_convert("UTC") for name in zoned}) if zoned else table


def _with_common_crs(table: GeoDataFrame) -> GeoDataFrame:
    """Name the CRS as sentinelhub does, for which longitude comes before latitude."""
    from sentinelhub import CRS

    code = None if table.crs is None else table.crs.to_epsg()
    return table if code is None else table.set_crs(CRS(str(code)).pyproj_crs(), allow_override=True)


def _with_parsed_timestamps(table: GeoDataFrame) -> GeoDataFrame:
    import pandas as pd

    if TIMESTAMP_COLUMN in table:
        table[TIMESTAMP_COLUMN] = pd.to_datetime(table[TIMESTAMP_COLUMN], format="mixed")
    return table
