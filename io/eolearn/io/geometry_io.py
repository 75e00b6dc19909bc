"""Tables of geometries from files into EOPatches."""

from __future__ import annotations

import logging
import posixpath
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.constants import TIMESTAMP_COLUMN
from eolearn.core.exceptions import DataError, PathNotFound, SettingError
from eolearn.core.storage.remote import base_filesystem, naming_place
from eolearn.core.utils.fs import as_filesystem, get_base_filesystem_and_path, get_full_path, local_path
from eolearn.core.utils.redact import redact

from ._vector_files import VectorFile

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from geopandas import GeoDataFrame
    from rasterio.session import AWSSession
    from sentinelhub import SHConfig

    from eolearn.core.types import Feature

LOGGER = logging.getLogger(__name__)


class VectorImportTask(EOTask):
    """Reads a table of geometries from a file: GeoPackage, GeoJSON, Shapefile, FlatGeobuf, GeoParquet and others.

    Only rows that meet the bounding box are read.

    feature: a vector feature. One of VECTOR needs a column TIMESTAMP, of times or of texts that can be read as such.
        It becomes one of times in UTC without a zone, as the timestamps of patches are.
    path: the file, a path or a URL that fsspec knows. Of remote files only GeoParquet is read in part, all others are
        fetched whole each time.
    reproject: whether geometries are brought into the coordinate system of the bounding box.
    clip: whether they are cut at the bounding box. Pieces of another kind, such as a point of a polygon that touches
        it, are left out.
    filesystem: an fsspec filesystem that the path is relative to.
    config: credentials for object stores, by default those of the environment.
    kwargs: for :func:`geopandas.read_file`, such as ``layer``, ``columns`` and ``where``, or for
        :func:`geopandas.read_parquet`, where the name ends in .parquet, .geoparquet or .pq.

    Example:
        >>> task = VectorImportTask((FeatureType.VECTOR_TIMELESS, "FIELDS"), "fields.gpkg", layer="2026", clip=True)
        >>> patch = task(bbox=BBox((465180, 5079240, 466180, 5080250), CRS.UTM_33N))
    """

    def __init__(
        self,
        feature: Feature,
        path: str | Path,
        reproject: bool = True,
        clip: bool = False,
        filesystem: AbstractFileSystem | None = None,
        config: SHConfig | None = None,
        **kwargs: Any,
    ):
        self.feature = self.parse_feature(feature, allowed_feature_types=FeatureType.is_vector)
        if filesystem is None:
            filesystem, path = get_base_filesystem_and_path(path, config=config)
        self.filesystem = as_filesystem(filesystem)
        self.path = str(path)
        self.full_path = get_full_path(self.filesystem, self.path)
        self.config = config
        self.reproject = reproject
        self.clip = clip
        if own := {"bbox", "mask"} & kwargs.keys():
            raise SettingError(f"{', '.join(sorted(own))}: give execute the bbox of the rows to read.")
        self.fiona_kwargs = kwargs

    @property
    def aws_session(self) -> AWSSession:
        """The credentials for a file on S3, as a session of rasterio; SettingError (a ValueError) for another place."""
        from rasterio.session import AWSSession

        filesystem, _ = base_filesystem(self.filesystem, self.path)
        if "s3" not in ([filesystem.protocol] if isinstance(filesystem.protocol, str) else filesystem.protocol):
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

    @cached_property
    def dataset_crs(self) -> CRS:
        """The coordinate system of the file, read when it is first asked for.

        Raises DataError (a ValueError) for a file without one, or with one that has no EPSG code.
        """
        with self._file() as file:
            return file.crs()

    def execute(self, eopatch: EOPatch | None = None, *, bbox: BBox | None = None) -> EOPatch:
        """Return the patch with the geometries, or a new one with the place that was asked for.

        bbox: rows that meet it are read; by default that of the patch. Without any, all rows are, which needs
            reproject=False, and the new patch has the place that they take up.

        Raises PathNotFound (a FileNotFoundError), BrokenFile (an OSError) for a file that can't be read, SettingError
        (a ValueError) where reprojecting or clipping lacks something, DataError (a ValueError) for data without
        geometries or a coordinate system, and for VECTOR without times.
        """
        if bbox is None and eopatch is not None:
            bbox = eopatch.bbox
        if bbox is None and (self.reproject or self.clip):
            setting = "reproject" if self.reproject else "clip"
            raise SettingError(f"{setting}=True needs a bounding box: give a patch or a bbox, or set {setting}=False.")
        with self._file() as file:
            if bbox is not None and self.clip and not self.reproject and file.crs() != bbox.crs:
                raise SettingError(f"To clip {file.crs()!r} at a box in {bbox.crs!r}, set reproject=True.")
            table = file.read(bbox)
            place = self._place_of(table, file.crs()) if bbox is None else bbox
        if bbox is not None:
            table = self._fitted(table, bbox)
        if self.feature[0].is_temporal():
            table = self._with_times(table)
        if eopatch is None:
            eopatch = EOPatch(bbox=place)
        elif eopatch.bbox is None:
            eopatch.bbox = place
        eopatch[self.feature] = table
        return eopatch

    @contextmanager
    def _file(self) -> Iterator[VectorFile]:
        """Give a file that GDAL or pyarrow can read; what is not on a local disk is fetched."""
        name = redact(self.full_path)
        on_disk = local_path(self.filesystem, self.path)
        with naming_place(self.filesystem, self.path):
            if not self.filesystem.exists(self.path):
                raise PathNotFound(f"There is no file {name}.")
        if on_disk is not None or VectorFile.is_parquet(self.path):
            yield VectorFile(name, on_disk or self.path, None if on_disk else self.filesystem, self.fiona_kwargs)
            return
        with tempfile.TemporaryDirectory(prefix="eolearn-") as folder:
            for path in self._parts():
                with naming_place(self.filesystem, path):
                    self.filesystem.get_file(path, f"{folder}/{posixpath.basename(path)}")
            yield VectorFile(name, f"{folder}/{posixpath.basename(self.path)}", None, self.fiona_kwargs)

    def _parts(self) -> list[str]:
        """Return the file, and those that belong to a shapefile: of the same name but for the extension."""
        stem, extension = posixpath.splitext(self.path)
        if extension.lower() != ".shp":
            return [self.path]
        folder = posixpath.dirname(self.path)
        found = [posixpath.join(folder, posixpath.basename(path)) for path in self.filesystem.ls(folder, detail=False)]
        return [path for path in found if posixpath.splitext(path)[0] == stem]

    def _fitted(self, table: GeoDataFrame, bbox: BBox) -> GeoDataFrame:
        from shapely.errors import GEOSException

        if self.reproject:
            table = table.to_crs(bbox.crs.pyproj_crs())
        if not self.clip:
            return table
        try:
            return table.clip(bbox.geometry, keep_geom_type=True)
        except GEOSException as error:
            raise DataError(
                f"Geometries of {redact(self.full_path)} can't be clipped: {error}. Mend them with make_valid()."
            ) from error

    def _with_times(self, table: GeoDataFrame) -> GeoDataFrame:
        """Return the table with times in UTC, without a zone."""
        import pandas as pd

        name = redact(self.full_path)
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

    def _place_of(self, table: GeoDataFrame, crs: CRS) -> BBox:
        if table.empty or table.geometry.is_empty.all():
            raise DataError(f"{redact(self.full_path)} has no geometries, so that the patch has no place.")
        return BBox(tuple(table.total_bounds.tolist()), crs)
