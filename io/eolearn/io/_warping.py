"""Raster files on the grid of a patch, each pixel resampled once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.warp import reproject, transform_bounds
from sentinelhub import BBox

from eolearn.core.exceptions import DataError

from ._geotiff_reading import has_place, open_raster, shown_path
from ._grid import PixelGrid
from ._kernels.channels import fits
from ._raster_settings import nearest

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from rasterio.io import DatasetReader


@dataclass(frozen=True, kw_only=True)
class Channel:
    """What is read of files, and how."""

    name: str | None
    """Description or number of a channel, None for the only one of a file."""

    resampling: Resampling
    """How pixels of the grid are made."""

    file_no_data: float | None
    """What stands for no data; None for what the file says, if anything."""


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """What is known of a file without reading pixels."""

    dtype: np.dtype[Any]
    """Of the first channel."""

    no_data: float | None
    """What stands for no data in the first channel."""

    channels: Sequence[str]
    """The descriptions of the channels, or their numbers from 1."""


def file_facts(filesystem: AbstractFileSystem, path: str) -> FileFacts:
    """Return what is known of a file."""
    with open_raster(filesystem, path) as source:
        return FileFacts(dtype=np.dtype(source.dtypes[0]), no_data=source.nodata, channels=_channel_names(source))


def warped(
    filesystem: AbstractFileSystem, path: str, channel: Channel, grid: PixelGrid
) -> tuple[NDArray[np.float64], np.dtype[Any]] | None:
    """Return a channel of a file on a grid, with NaN where it has no data, and its dtype; None if it lies elsewhere.

    Raises what :func:`open_raster` does, and DataError (a ValueError) for a file without a coordinate system or without
    the channel, and for a value of no data that it can't hold.
    """
    with open_raster(filesystem, path) as source:
        shown = shown_path(filesystem, path)
        if not has_place(source):
            raise DataError(f"{shown} has no coordinate system, so it can't be brought onto the grid.")
        index = _channel_index(source, channel.name, shown)
        dtype = np.dtype(source.dtypes[index - 1])
        if dtype.kind == "c":
            raise DataError(f"{shown} holds {dtype}: complex numbers can't be resampled.")
        if not _touches(source, grid.bbox):
            return None
        values = np.full((grid.height, grid.width), np.nan)
        no_data = _no_data(source, index, channel.file_no_data, shown)
        reproject(
            rasterio.band(source, index),
            values,
            src_nodata=no_data,
            dst_transform=grid.transform,
            dst_crs=grid.bbox.crs.ogc_string(),
            dst_nodata=None if no_data is None else np.nan,
            init_dest_nodata=no_data is not None,
            resampling=channel.resampling,
        )
        return values, dtype


def first_valid(images: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the first value of each pixel that is not NaN. images: of one shape, at least one."""
    merged = images[0]
    for image in images[1:]:
        merged = np.where(np.isnan(merged), image, merged)
    return merged


def _channel_names(source: DatasetReader) -> list[str]:
    if all(source.descriptions):
        return list(source.descriptions)
    return [str(index) for index in source.indexes]


def _channel_index(source: DatasetReader, name: str | None, shown: str) -> int:
    names = _channel_names(source)
    if name is None:
        if len(names) > 1:
            raise DataError(f"{shown} has {len(names)} channels, but one band in its name: leave {{band}} out.")
        return 1
    if name not in names:
        raise DataError(f"{shown} has no band {name!r}.{nearest(name, names)}")
    return names.index(name) + 1


def _touches(source: DatasetReader, bbox: BBox) -> bool:
    corners = [source.transform @ (x, y) for x in (0, source.width) for y in (0, source.height)]
    west, south, east, north = transform_bounds(bbox.crs.ogc_string(), source.crs, *bbox)
    (left, right), (bottom, top) = ((min(axis), max(axis)) for axis in zip(*corners, strict=True))
    return bool(west < right and east > left and south < top and north > bottom)


def _no_data(source: DatasetReader, index: int, file_no_data: float | None, shown: str) -> float | None:
    """Return what stands for no data. Among floats, NaN does where nothing else is said."""
    dtype = np.dtype(source.dtypes[index - 1])
    value = source.nodatavals[index - 1] if file_no_data is None else file_no_data
    if value is None:
        return np.nan if dtype.kind == "f" else None
    if not fits(np.asarray(value), dtype):
        raise DataError(f"{shown} holds {dtype}, in which {value} can't stand for no data: set another file_no_data.")
    return float(value)
