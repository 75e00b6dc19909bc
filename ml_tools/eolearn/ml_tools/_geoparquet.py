"""Writes a GeoParquet file of points piece by piece, whole or not at all."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from eolearn.core.exceptions import DataError, MissingExtra
from eolearn.core.storage.remote import naming_place
from eolearn.core.utils.fs import get_base_filesystem_and_path, local_path
from eolearn.core.utils.whole_file import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from pyproj import CRS

GEOMETRY = "geometry"
_LINES_PER_GROUP = 100_000


def import_pyarrow() -> Any:
    """Return the module pyarrow. Raises MissingExtra where it isn't installed."""
    try:
        import pyarrow
    except ImportError as error:
        raise MissingExtra("GeoParquet needs pyarrow: pip install 'eo-learn-ml-tools[parquet]'") from error
    return pyarrow


@contextmanager
def file_in_one_go(path: str | Path) -> Iterator[Path]:
    """Give a local file to write, which takes its place under a path or URL when the body ends without an error."""
    filesystem, target = get_base_filesystem_and_path(path)
    on_disk = local_path(filesystem, target)
    if on_disk is None:
        with tempfile.TemporaryDirectory() as folder, naming_place(filesystem, target):
            yield Path(folder, "part")
            filesystem.put_file(str(Path(folder, "part")), target)
        return
    Path(on_disk).parent.mkdir(parents=True, exist_ok=True)
    with whole_file(on_disk) as part:
        yield part


class PointsWriter:
    """Appends tables of one schema to a file. Used in a ``with`` statement.

    crs: of the points, which are in the column ``geometry`` as well-known binary.
    """

    def __init__(self, path: Path, crs: CRS):
        self.path, self.crs, self.lines = path, crs, 0
        self._writer: Any = None
        self._schema: pa.Schema = None
        self._waiting: list[pa.Table] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def append(self, table: pa.Table, name: str) -> None:
        """Add a table. Raises DataError, with its name, where its columns aren't those of the first one."""
        if self._writer is None:
            self._open(table.schema)
        if not table.schema.equals(self._schema):
            raise DataError(f"The samples of {name} differ from those of the first patch: {self._difference(table)}.")
        self._waiting.append(table)
        self.lines += table.num_rows
        if sum(part.num_rows for part in self._waiting) >= _LINES_PER_GROUP:
            self.flush()

    def flush(self) -> None:
        """Write what was appended."""
        if self._waiting:
            self._writer.write_table(import_pyarrow().concat_tables(self._waiting))
            self._waiting = []

    def _open(self, schema: pa.Schema) -> None:
        from pyarrow.parquet import ParquetWriter

        column = {"encoding": "WKB", "geometry_types": ["Point"], "crs": self.crs.to_json_dict()}
        geo = {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}
        self._schema = schema
        self._writer = ParquetWriter(self.path, schema.with_metadata({"geo": json.dumps(geo)}), compression="zstd")

    def _difference(self, table: pa.Table) -> str:
        first, other = (dict(zip(schema.names, schema.types, strict=True)) for schema in (self._schema, table.schema))
        parts = [f"{column} is missing" for column in first if column not in other]
        parts += [f"{column} is additional" for column in other if column not in first]
        parts += [
            f"{column} is {other[column]} instead of {first[column]}"
            for column in first
            if column in other and other[column] != first[column]
        ]
        return ", ".join(parts) or f"the order of the columns is {list(other)} instead of {list(first)}"
