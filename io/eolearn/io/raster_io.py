"""Images in and out of GeoTIFF files."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from rasterio import Affine
from rasterio.enums import Compression
from rasterio.errors import RasterioError
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.core_tasks import IOTask
from eolearn.core.exceptions import (
    DataError,
    EODeprecationWarning,
    FeatureMissing,
    SettingError,
    SettingTypeError,
    StorageError,
    warn_user,
)
from eolearn.core.utils.fs import as_filesystem, get_base_filesystem_and_path

from ._casting import castable
from ._file_paths import file_paths
from ._geotiff import GeoImage, encode_geotiff, reprojected, write_file
from ._kernels.channels import select, to_channels
from ._selection import band_positions, date_positions

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from sentinelhub import SHConfig

    from eolearn.core.types import Feature

LOGGER = logging.getLogger(__name__)


class BaseRasterIoTask(IOTask):
    """What the import and the export of raster files have in common: a feature, a place, and the names of files.

    feature: an array feature.
    path: a folder, or a file; a path, or a URL that fsspec knows. Relative to the filesystem where one is given.
    filesystem: an fsspec filesystem.
    image_dtype: dtype of the image, by default that of what is read.
    no_data_value: the value of pixels without data.
    create: whether the filesystem is made where it is missing.
    config: credentials for object stores, by default those of the environment.
    folder: old name of path.
    """

    def __init__(
        self,
        feature: Feature,
        path: str | Path | None = None,
        *,
        filesystem: AbstractFileSystem | None = None,
        image_dtype: DTypeLike | None = None,
        no_data_value: float | None = None,
        create: bool = False,
        config: SHConfig | None = None,
        folder: str | Path | None = None,
    ):
        if folder is not None:
            warn_user("The parameter `folder` is deprecated, use `path` instead.", EODeprecationWarning)
            path = folder
        if path is None:
            raise SettingTypeError(f"{type(self).__name__} needs a path: a folder, or a file.")
        if filesystem is None:
            filesystem, path = get_base_filesystem_and_path(path, config=config)
        super().__init__(path, filesystem=as_filesystem(filesystem), create=create, config=config)
        self.feature = self.parse_feature(feature, allowed_feature_types=FeatureType.is_array)
        self.image_dtype = _checked_dtype(image_dtype)
        self.no_data_value = no_data_value

    def _file_paths(self, filename: str | list[str], timestamps: Sequence[datetime]) -> list[str]:
        return file_paths(self.filesystem_path, filename, timestamps)


def _checked_dtype(image_dtype: DTypeLike | None) -> DTypeLike | None:
    try:
        np.dtype(image_dtype)
    except TypeError as error:
        raise SettingTypeError(f"image_dtype must be a dtype of numpy, got {image_dtype!r}.") from error
    return image_dtype


class ExportToTiffTask(BaseRasterIoTask):
    """Writes a feature into a GeoTIFF file, or into one file of each date.

    The file has the place of the EOPatch, and as channels the dates and within each date the bands: T1B1, T1B2, T2B1,
    T2B2. Features without rows and columns become an image of one pixel. A file is written whole or not at all.

    feature, path, filesystem, no_data_value, config, folder: see :class:`BaseRasterIoTask`. Missing folders are made.
    date_indices: the dates to export, as a list of positions, or from the first to the last of a tuple of two
        positions, strings or datetimes. Features without time ignore it.
    band_indices: the bands to export, as a list of positions, or from the first to the last of a tuple of two.
    crs: reproject to this coordinate system, each pixel to the nearest.
    fail_on_missing: whether a missing feature is an error. It is logged anyway.
    compress: a compression of rasterio, for example ``"deflate"``.
    image_dtype: by default the dtype of the feature. GeoTIFF has no bool and no float16, which become uint8 and
        float32; int64 becomes int32, which all programs read, with an EORuntimeWarning. In integers, NaN becomes
        no_data_value, or without one 0 with an EORuntimeWarning.

    Example:
        >>> task = ExportToTiffTask((FeatureType.DATA, "NDVI"), "maps", compress="deflate", no_data_value=np.nan)
        >>> task(patch, filename="ndvi_*")  # maps/ndvi_20200131T100500.tif and so on, one file a date
    """

    def __init__(
        self,
        feature: Feature,
        path: str | Path | None = None,
        *,
        date_indices: list[int] | tuple[int, int] | tuple[datetime, datetime] | tuple[str, str] | None = None,
        band_indices: list[int] | tuple[int, int] | None = None,
        crs: CRS | int | str | None = None,
        fail_on_missing: bool = True,
        compress: str | None = None,
        filesystem: AbstractFileSystem | None = None,
        image_dtype: DTypeLike | None = None,
        no_data_value: float | None = None,
        config: SHConfig | None = None,
        folder: str | Path | None = None,
    ):
        super().__init__(
            feature,
            path,
            filesystem=filesystem,
            image_dtype=image_dtype,
            no_data_value=no_data_value,
            create=True,
            config=config,
            folder=folder,
        )
        self.date_indices = date_indices
        self.band_indices = band_indices
        self.crs = None if crs is None else CRS(crs)
        self.fail_on_missing = fail_on_missing
        if compress is not None and compress.lower() not in Compression.__members__:
            raise SettingError(f"compress can't be {compress!r}, only one of {', '.join(Compression.__members__)}.")
        self.compress = compress

    def execute(self, eopatch: EOPatch, *, filename: str | list[str] | None = "") -> EOPatch:
        """Write the feature, and return the patch.

        filename: relative to the path of the task, which with "" is the file itself. ``*`` stands for date and time,
            the codes of ``strftime`` for their parts, and a list names the file of each date. Without time, a list
            splits the bands equally. ``.tif`` is added where it is missing. None writes nothing.

        Raises FeatureMissing (a ValueError), DataError (a ValueError) for a patch without bounding box or for values
        that can't be written, SettingError (a ValueError) or IndexError for dates, bands or names that don't fit,
        TimestampsMissing (a RuntimeError), StorageError (an OSError) where GDAL can't write.
        """
        if filename is None:
            return eopatch
        if self.feature not in eopatch:
            message = f"Feature {self.feature} was not found in EOPatch"
            LOGGER.warning(message)
            if self.fail_on_missing:
                raise FeatureMissing(message)
            return eopatch
        if eopatch.bbox is None:
            raise DataError(f"The EOPatch has no bounding box, so {self.feature} can't be given a place in a GeoTIFF.")

        array, timestamps = self._selected(eopatch)
        paths = self._file_paths(filename, timestamps)
        self._check_split(array, len(paths))
        image = self._image(array, eopatch.bbox)
        for path, channels in zip(paths, np.split(image.channels, len(paths)), strict=True):
            self._write(path, replace(image, channels=channels))
        return eopatch

    def _selected(self, eopatch: EOPatch) -> tuple[NDArray[Any], list[datetime]]:
        """Return the part of the feature to export, and its dates, none for a feature without time."""
        array = eopatch[self.feature]
        frames, timestamps = None, []
        if self.feature[0].is_temporal():
            timestamps = eopatch.get_timestamps(f"The EOPatch has no timestamps, but {self.feature} has a time axis.")
            if self.date_indices is not None:
                if len(array) != len(timestamps):
                    raise DataError(f"{self.feature} has {len(array)} dates, but the EOPatch {len(timestamps)}.")
                frames = date_positions(self.date_indices, timestamps)
                timestamps = [timestamps[frame] for frame in frames]
        bands = None if self.band_indices is None else band_positions(self.band_indices, array.shape[-1])
        array = select(array, frames=frames, bands=bands)
        if not array.size:
            raise DataError(f"{self.feature} of shape {array.shape} has no values to write.")
        return array, timestamps

    def _check_split(self, array: NDArray[Any], count: int) -> None:
        """Check that there is one date, or the same number of bands, for each of several files."""
        is_temporal = self.feature[0].is_temporal()
        if count > 1 and (len(array) != count if is_temporal else array.shape[-1] % count):
            part = "a date" if is_temporal else "as many bands"
            raise DataError(f"{self.feature} of shape {array.shape} doesn't give each of {count} files {part}.")

    def _image(self, array: NDArray[Any], bbox: BBox) -> GeoImage:
        """Return the image to write, in the coordinate system of the task."""
        array, dtype = castable(array, self.feature, image_dtype=self.image_dtype, no_data_value=self.no_data_value)
        channels = to_channels(array, dtype, is_spatial=self.feature[0].is_spatial())
        height, width = channels.shape[1:]
        west, south, east, north = bbox
        image = GeoImage(
            channels=channels,
            transform=Affine((east - west) / width, 0, west, 0, (south - north) / height, north),
            crs=bbox.crs.ogc_string(),
            no_data_value=self.no_data_value,
        )
        return image if self.crs is None else reprojected(image, self.crs.ogc_string())

    def _write(self, path: str, image: GeoImage) -> None:
        try:
            content = encode_geotiff(image, self.compress)
        except RasterioError as error:
            raise StorageError(
                f"GDAL can't write {self.feature}, {len(image.channels)} channels of {image.channels.dtype}, to {path} "
                f"with compress={self.compress!r}: {error.__cause__ or error}"
            ) from error
        write_file(self.filesystem, path, content)
