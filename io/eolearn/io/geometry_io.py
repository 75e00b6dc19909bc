"""Tables of geometries from files and databases into EOPatches."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eolearn.core.exceptions import SettingError
from eolearn.core.storage.remote import base_filesystem
from eolearn.core.utils.fs import as_filesystem, get_base_filesystem_and_path, get_full_path, is_s3_path
from eolearn.core.utils.redact import redact

from ._secret import hide_settings
from ._sentinelhub.credentials import Access
from ._vector_database import Database, DatabaseTable, query_of
from ._vector_files import open_vector_file
from ._vector_import import VectorImportBaseTask, VectorSource
from .geopedia import GeopediaVectorImportTask

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from rasterio.session import AWSSession
    from sentinelhub import SHConfig
    from sqlalchemy import Engine

    from eolearn.core.types import Feature

__all__ = ["LOGGER", "GeopediaVectorImportTask", "VectorImportTask"]

LOGGER = logging.getLogger(__name__)


class VectorImportTask(VectorImportBaseTask):
    """Reads a table of geometries: from GeoPackage, GeoJSON, Shapefile, FlatGeobuf, GeoParquet and others, or PostGIS.

    Only rows that meet the bounding box are read.

    feature: a vector feature. One of VECTOR needs a column TIMESTAMP, of times or of texts that can be read as such.
        It becomes one of times in UTC without a zone, as the timestamps of patches are.
    path: the file, a path or a URL that fsspec knows, such as ``s3://bucket/fields.gpkg``. Of remote files only
        GeoParquet is read in part, all others are fetched whole each time. Or a database with PostGIS:
        ``postgresql://user@host/name``, or an engine of SQLAlchemy. The password may stand in the URL, or where
        PostgreSQL looks for it itself: ``PGPASSWORD`` or ``~/.pgpass``. Worker processes on this machine get one from
        the URL, but it isn't pickled with the task, nor are credentials for S3 from ``config``.
    reproject: whether geometries are brought into the coordinate system of the bounding box.
    clip: whether they are cut at the bounding box. Pieces of another kind, such as a point of a polygon that touches
        it, are left out.
    filesystem: an fsspec filesystem that the path is relative to.
    config: credentials for object stores, by default those of the environment.
    kwargs: for :func:`geopandas.read_file`, such as ``layer``, ``columns`` and ``where``, or for
        :func:`geopandas.read_parquet`, where the name ends in .parquet, .geoparquet or .pq. For a database ``layer``
        (a table or a view, with or without its schema) or ``sql`` (a statement), ``columns``, ``where`` (in SQL), and
        ``geom_col`` where there are several columns of geometries. The database looks for the rows of the box itself,
        in a transaction that can't change anything.

    Example:
        >>> task = VectorImportTask((FeatureType.VECTOR_TIMELESS, "FIELDS"), "fields.gpkg", layer="2026", clip=True)
        >>> patch = task(bbox=BBox((465180, 5079240, 466180, 5080250), CRS.UTM_33N))
    """

    def __init__(
        self,
        feature: Feature,
        path: str | Path | Engine,
        reproject: bool = True,
        clip: bool = False,
        filesystem: AbstractFileSystem | None = None,
        config: SHConfig | None = None,
        **kwargs: Any,
    ):
        super().__init__(feature, reproject, clip)
        self._access = None if config is None else Access(config)
        self.fiona_kwargs = kwargs
        if own := {"bbox", "mask"} & kwargs.keys():
            raise SettingError(f"{', '.join(sorted(own))}: give execute the bbox of the rows to read.")
        self._database = Database.of(path) if filesystem is None else None
        self._is_on_s3 = filesystem is None and self._database is None and is_s3_path(path)  # type: ignore[arg-type]
        if self._database is not None:
            self._query = query_of(kwargs)
            self.path = self.full_path = self._database.url
            self.filesystem: Any = None
            hide_settings(self, path=self.path)
            return
        if filesystem is None:
            filesystem, path = get_base_filesystem_and_path(path, config=config)  # type: ignore[arg-type]
        self.filesystem = as_filesystem(filesystem)
        self.path = str(path)
        self.full_path = get_full_path(self.filesystem, self.path)

    @property
    def config(self) -> SHConfig | None:
        """The configuration that the task was given."""
        return None if self._access is None else self._access.config

    @property
    def aws_session(self) -> AWSSession:
        """The credentials for a file on S3, as a session of rasterio; SettingError (a ValueError) for another place."""
        from rasterio.session import AWSSession

        filesystem = None if self.filesystem is None else base_filesystem(self.filesystem, self.path)[0]
        protocol = getattr(filesystem, "protocol", ())
        if filesystem is None or "s3" not in ([protocol] if isinstance(protocol, str) else protocol):
            raise SettingError(f"{redact(self.full_path)} is not on S3.")
        options = filesystem.client_kwargs
        endpoint = filesystem.endpoint_url or options.get("endpoint_url")
        return AWSSession(
            aws_unsigned=bool(filesystem.anon),
            profile_name=filesystem.kwargs.get("profile"),
            aws_access_key_id=filesystem.key,
            aws_secret_access_key=filesystem.secret,
            aws_session_token=filesystem.token,
            region_name=options.get("region_name"),
            endpoint_url=endpoint.split("://", 1)[-1] if endpoint else None,
        )

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | ({"filesystem": None} if self._is_on_s3 else {})

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._is_on_s3:
            self.filesystem, _ = get_base_filesystem_and_path(self.full_path, config=self.config)

    @contextmanager
    def _source(self) -> Iterator[VectorSource]:
        if self._database is None:
            with open_vector_file(self.filesystem, self.path, self.fiona_kwargs) as file:
                yield file
        else:
            with self._database.connect() as connection:
                yield DatabaseTable(connection, self._database, self._query)
