"""Images in and out of GeoTIFF files."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.core_tasks import IOTask
from eolearn.core.exceptions import (
    DataError,
    EODeprecationWarning,
    EORuntimeWarning,
    FeatureMissing,
    SettingError,
    SettingTypeError,
    StorageError,
    warn_user,
)
from eolearn.core.utils.fs import as_filesystem, get_base_filesystem_and_path

from ._casting import cast_image, castable
from ._file_paths import file_paths
from ._geotiff import GeoImage, encode_geotiff, reprojected, write_file
from ._geotiff_reading import PlacesDiffer, RasterPart, ReadOptions, read_part, shown_path
from ._grid import PixelGrid
from ._kernels.channels import from_channels, select, to_channels
from ._raster_settings import checked_colors, checked_dtype, checked_resolution, resampling_of, tiff_layout
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
        self.image_dtype = checked_dtype(image_dtype)
        self.no_data_value = no_data_value

    def _file_paths(
        self, filename: str | list[str], timestamps: Sequence[datetime], *, are_written: bool = True
    ) -> list[str]:
        return file_paths(self.filesystem_path, filename, timestamps, are_written=are_written)


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
    cog: write a cloud optimised GeoTIFF: tiles, with smaller versions for looking at large areas, compressed by
        ``"deflate"`` if compress doesn't say otherwise.
    overview_resampling: how the smaller versions of a COG are made, a resampling of rasterio. By default ``"average"``,
        and ``"mode"`` for masks and other discrete types, whose values can't be averaged.
    predictor: compress the differences of neighbours, with ``"deflate"``, ``"lzw"`` and ``"zstd"``. Smooth images
        become smaller by it, masks don't. By default for a COG of what is not discrete.
    band_names: the names of the exported bands, which the file tells; with several dates, each after its date.
    with_times: write the times into the tags of the file, from where :class:`ImportFromTiffTask` can read them: for
        each channel ``TIMESTAMP``, and for a file of one date ``TIFFTAG_DATETIME``. By default for a COG.
    colors: (red, green, blue) of values, each from 0 to 255, for files of one channel of uint8 or uint16.

    Example:
        >>> task = ExportToTiffTask((FeatureType.DATA, "NDVI"), "maps", compress="deflate", no_data_value=np.nan)
        >>> task(patch, filename="ndvi_*")  # maps/ndvi_20200131T100500.tif and so on, one file a date
        >>> land_use = (FeatureType.MASK_TIMELESS, "LULC")
        >>> ExportToTiffTask(land_use, "map.tif", cog=True, colors={1: (0, 100, 0), 2: (240, 230, 140)})(patch)
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
        cog: bool = False,
        overview_resampling: str | None = None,
        predictor: bool | None = None,
        band_names: Sequence[str] | None = None,
        with_times: bool | None = None,
        colors: Mapping[int, Sequence[int]] | None = None,
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
        self.compress = compress
        self.cog = cog
        self.overview_resampling = overview_resampling
        self.predictor = predictor
        self.band_names = band_names
        self.with_times = cog if with_times is None else with_times
        self.colors = checked_colors(colors or {})
        self._layout = tiff_layout(
            compress=compress,
            cog=cog,
            overview_resampling=overview_resampling,
            predictor=predictor,
            is_discrete=self.feature[0].is_discrete(),
        )

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
        image = self._image(array, eopatch.bbox, timestamps, are_named=len(paths) < len(timestamps))
        count = len(image.channels) // len(paths)
        if self.colors and (count > 1 or image.channels.dtype not in (np.uint8, np.uint16)):
            raise DataError(
                f"Only a single channel of uint8 or uint16 can have colors. A file of {self.feature} has {count} of "
                f"{image.channels.dtype}: set image_dtype, band_indices, or a filename with '*', for a file a date."
            )
        edges = range(0, len(image.channels) + 1, count)
        for path, (start, stop) in zip(paths, pairwise(edges), strict=True):
            self._write(path, image.part(start, stop))
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

    def _image(self, array: NDArray[Any], bbox: BBox, timestamps: list[datetime], *, are_named: bool) -> GeoImage:
        """Return the image to write, in the coordinate system of the task.

        are_named: whether the names of bands begin with their dates.
        """
        names = self._band_names(array.shape[-1])
        if (self.with_times or names) and timestamps and len(timestamps) != len(array):
            raise DataError(f"{self.feature} has {len(array)} dates, but the EOPatch {len(timestamps)}.")
        times = [time for time in timestamps for _ in range(array.shape[-1])] if self.with_times else []
        if timestamps and are_named:
            names = [f"{time.isoformat()} {name}" for time in timestamps for name in names]
        elif timestamps:
            names = [name for _ in timestamps for name in names]
        array, dtype = castable(array, self.feature, image_dtype=self.image_dtype, no_data_value=self.no_data_value)
        channels = to_channels(array, dtype, is_spatial=self.feature[0].is_spatial())
        grid = PixelGrid(bbox=bbox, height=channels.shape[1], width=channels.shape[2])
        image = GeoImage(
            channels=channels,
            transform=grid.transform,
            crs=grid.crs,
            no_data_value=self.no_data_value,
            names=names,
            times=times,
            colors=self.colors,
        )
        return image if self.crs is None else reprojected(image, self.crs.ogc_string())

    def _band_names(self, count: int) -> list[str]:
        names = list(self.band_names or [])
        if names and len(names) != count:
            raise SettingError(f"band_names has {len(names)} names, but {count} bands of {self.feature} are exported.")
        return names

    def _write(self, path: str, image: GeoImage) -> None:
        try:
            content = encode_geotiff(image, self._layout)
        except RasterioError as error:
            raise StorageError(
                f"GDAL can't write {self.feature}, {len(image.channels)} channels of {image.channels.dtype}, to {path} "
                f"with compress={self.compress!r}: {error.__cause__ or error}"
            ) from error
        write_file(self.filesystem, path, content)


class ImportFromTiffTask(BaseRasterIoTask):
    """Reads a feature from a GeoTIFF file, or from one file of each date.

    Into a patch with a place, the part of the image is read that covers it, on the image's own grid: no pixel is
    resampled, but each pixel of the result is the nearest one where edges of the place cut pixels. What lies outside of
    the image has no_data_value. Only this part is read of a file, also on S3 and other object stores. Without a patch,
    the whole image is read into a new one. Features without rows and columns are always read whole.

    feature, path, filesystem, config, folder: see :class:`BaseRasterIoTask`.
    use_vsi: has no effect, and is deprecated.
    timestamp_size: the number of dates in the files, by default that of the patch, or 1. Channels are taken as those of
        the first date, those of the second, and so on.
    image_dtype: by default the dtype of the files.
    no_data_value: the value outside of the image, by default the one that the file has for no data, or 0.
    resolution: the size of pixels to read, or a tuple of their width and height, in units of the file. Smaller versions
        of the image in the file (overviews) are used.
    resampling: how these pixels are made, a resampling of rasterio. By default ``"average"``, and ``"nearest"`` for
        masks and other discrete types. Needs a resolution.
    read_timestamps: give the patch the times that are in the tags of the files, see ``with_times`` of
        :class:`ExportToTiffTask`. It may not have others.

    Example:
        >>> task = ImportFromTiffTask((FeatureType.DATA, "DEM"), "https://example.org/dem.tif", resolution=90)
        >>> task(EOPatch(bbox=place))
    """

    def __init__(
        self,
        feature: Feature,
        path: str | Path | None = None,
        *,
        use_vsi: bool | None = None,
        timestamp_size: int | None = None,
        resolution: float | tuple[float, float] | None = None,
        resampling: str | None = None,
        read_timestamps: bool = False,
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
            config=config,
            folder=folder,
        )
        if use_vsi is not None:
            warn_user("The parameter `use_vsi` is deprecated and has no effect.", EODeprecationWarning)
        if timestamp_size is not None and timestamp_size < 1:
            raise SettingError(f"timestamp_size must be 1 or more, got {timestamp_size}.")
        if resampling is not None and resolution is None:
            raise SettingError(f"resampling={resampling!r} needs a resolution: otherwise no pixel is resampled.")
        self.timestamp_size = timestamp_size
        self.resolution = resolution
        self.resampling = resampling
        self.read_timestamps = read_timestamps
        by_default = "nearest" if self.feature[0].is_discrete() or resolution is None else "average"
        self._options = ReadOptions(
            fill_value=no_data_value,
            resolution=checked_resolution(resolution),
            resampling=resampling_of(resampling or by_default),
        )
        if read_timestamps and not self.feature[0].is_temporal():
            raise SettingError(f"{self.feature} has no time axis, so read_timestamps=True can't be.")

    def execute(self, eopatch: EOPatch | None = None, *, filename: str | list[str] | None = "") -> EOPatch:
        """Read the feature into a patch, or into a new one that has the place of the image, and return the patch.

        filename: relative to the path of the task, which with "" is the file itself. With several names, see
            :class:`ExportToTiffTask`, the channels of the files follow each other. None reads nothing.

        A file without a coordinate system is read whole, and gives a new patch no place. Where the patch has a place,
        its other images must then be of the same size; if it has none, there is an EORuntimeWarning.

        Raises PathNotFound (a FileNotFoundError), BrokenFile (an OSError and a ValueError) for what is no GeoTIFF,
        PlacesDiffer (a RuntimeError and a ValueError) for files of different places if the patch has none, DataError
        (a ValueError) for an image that is rotated or upside down, for values that image_dtype can't hold, and for
        channels that can't be shared out among the dates. Then the patch is left as it was.
        """
        if filename is None:
            if eopatch is None:
                raise SettingError("There is nothing to do without both a patch and a filename: give one of them.")
            return eopatch
        is_spatial, is_temporal = self.feature[0].is_spatial(), self.feature[0].is_temporal()
        timestamps = (eopatch.timestamps or []) if eopatch is not None and is_temporal else []
        place = None if eopatch is None else eopatch.bbox
        paths = self._file_paths(filename, timestamps, are_written=False)
        times = (self.timestamp_size or len(timestamps) or 1) if is_temporal else 1
        options = replace(self._options, times=max(1, times // len(paths)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            parts = [read_part(self.filesystem, path, place if is_spatial else None, options) for path in paths]
        paths = [shown_path(self.filesystem, path) for path in paths]
        place = place or self._common_place(parts, paths)
        dates = self._dates(parts, paths) if self.read_timestamps else []
        array = self._joined(parts, paths, self.timestamp_size or len(timestamps) or len(dates) or 1)
        array = cast_image(array, self.feature, self.image_dtype)
        if (
            eopatch is not None
            and eopatch.bbox is not None
            and is_spatial
            and not all(part.is_placed for part in parts)
        ):
            self._check_size(eopatch, array.shape[-3:-1], paths)
        return self._stored(eopatch, array, place, dates)

    def _joined(self, parts: list[RasterPart], paths: list[str], times: int) -> NDArray[Any]:
        """Return the channels of all files, one after another, as times and bands."""
        is_spatial, is_temporal = self.feature[0].is_spatial(), self.feature[0].is_temporal()
        if is_spatial and len({part.frames.shape[1:3] for part in parts}) > 1:
            sizes = {path: part.frames.shape[1:3] for path, part in zip(paths, parts, strict=True)}
            raise DataError(f"Images of different sizes can't make one {self.feature}: {sizes}.")
        if is_spatial and is_temporal and len({part.frames.shape for part in parts}) == 1:
            frames: NDArray[Any] = parts[0].frames if len(parts) == 1 else np.concatenate([p.frames for p in parts])
            if len(frames) == times:
                return frames
        elif is_spatial and len(parts) == 1:
            bands: NDArray[Any] = parts[0].frames[0]
            return bands
        channels = parts[0].channels if len(parts) == 1 else np.concatenate([part.channels for part in parts])
        if is_temporal and len(channels) % times:
            raise DataError(f"{len(channels)} channels in {paths} can't be shared out among {times} dates.")
        return from_channels(channels, times=times if is_temporal else None, is_spatial=is_spatial)

    def _common_place(self, parts: list[RasterPart], paths: list[str]) -> BBox | None:
        if any(part.bbox != parts[0].bbox for part in parts):
            places = {path: part.bbox for path, part in zip(paths, parts, strict=True)}
            raise PlacesDiffer(f"The images lie at different places, and the EOPatch has no bounding box: {places}.")
        return parts[0].bbox

    def _check_size(self, eopatch: EOPatch, size: tuple[int, ...], paths: list[str]) -> None:
        """Check that an image without a coordinate system fits a patch that has a place."""
        sizes = {feature: eopatch[feature].shape[-3:-1] for feature in eopatch.get_features() if feature[0].is_image()}
        sizes.pop(self.feature, None)
        if any(other != size for other in sizes.values()):
            raise DataError(
                f"{paths} have no coordinate system, and {size[0]} rows and {size[1]} columns don't cover the EOPatch "
                f"as its other features do: {sizes}. Give the files a place, with gdal_edit.py -a_srs say."
            )
        if not sizes:
            warn_user(
                f"{paths} have no coordinate system, so they are taken to cover the EOPatch exactly.", EORuntimeWarning
            )

    def _dates(self, parts: list[RasterPart], paths: list[str]) -> list[datetime]:
        """Return the dates in the tags of the files, in the order of the channels, each once."""
        missing = [path for path, part in zip(paths, parts, strict=True) if not part.times]
        if missing:
            raise DataError(f"The tags of {missing} don't tell times: import without read_timestamps=True.")
        times = [time for part in parts for time in part.times]
        dates = list(dict.fromkeys(times))
        count = len(times) // len(dates)
        if times != [date for date in dates for _ in range(count)]:
            raise DataError(f"The times in the tags of {paths} don't share out the channels among dates: {times}.")
        return dates

    def _stored(
        self, eopatch: EOPatch | None, array: NDArray[Any], place: BBox | None, dates: list[datetime]
    ) -> EOPatch:
        """Put the feature, and what the patch doesn't have yet, into it."""
        if dates and len(dates) != len(array):
            raise DataError(f"The tags tell {len(dates)} times, but {self.feature} has {len(array)} dates.")
        if eopatch is None:
            eopatch = EOPatch(bbox=place, timestamps=dates or None)
        if dates and eopatch.timestamps and eopatch.timestamps != dates:
            raise DataError(f"The tags tell the times {dates}, but the EOPatch has {eopatch.timestamps}.")
        if eopatch.bbox is None and place is not None:
            eopatch.bbox = place
        if dates and not eopatch.timestamps:
            eopatch.timestamps = dates
        eopatch[self.feature] = array
        return eopatch
