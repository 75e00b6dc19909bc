"""Images as GeoTIFF files."""

from __future__ import annotations

import os
import posixpath
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rasterio import Affine
from rasterio.io import MemoryFile
from rasterio.transform import array_bounds
from rasterio.warp import Resampling, calculate_default_transform, reproject

from eolearn.core.utils.fs import local_path
from eolearn.core.utils.threads import thread_limit

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


@dataclass(frozen=True, kw_only=True)
class GeoImage:
    """An image with all that its file tells of it."""

    channels: NDArray[Any]
    """Shape (channel, height, width), of a dtype that GeoTIFF has."""

    transform: Affine
    """From pixels (column, row) to coordinates."""

    crs: str
    """The coordinate system, such as ``EPSG:32633``."""

    no_data_value: float | None = None
    """The value of pixels without data."""


def reprojected(image: GeoImage, crs: str) -> GeoImage:
    """Return an image in another coordinate system, each pixel with the value of the nearest one.

    Size and place are those that GDAL suggests; what lies outside of the source has no_data_value, or 0.
    """
    height, width = image.channels.shape[1:]
    bounds = array_bounds(height, width, image.transform)
    transform, new_width, new_height = calculate_default_transform(image.crs, crs, width, height, *bounds)
    channels = np.zeros((len(image.channels), new_height, new_width), dtype=image.channels.dtype)
    reproject(
        image.channels,
        channels,
        src_transform=image.transform,
        src_crs=image.crs,
        src_nodata=image.no_data_value,
        dst_transform=transform,
        dst_crs=crs,
        dst_nodata=image.no_data_value,
        resampling=Resampling.nearest,
        num_threads=thread_limit(),
    )
    return replace(image, channels=channels, transform=transform, crs=crs)


def encode_geotiff(image: GeoImage, compress: str | None = None) -> bytes:
    """Return the content of a GeoTIFF file, pixel by pixel and in strips, compressed in parallel.

    compress: a compression that rasterio knows by this name, for example ``deflate``.
    """
    count, height, width = image.channels.shape
    with MemoryFile() as file:
        with file.open(
            driver="GTiff",
            width=width,
            height=height,
            count=count,
            dtype=image.channels.dtype,
            crs=image.crs,
            transform=image.transform,
            nodata=image.no_data_value,
            compress=compress,
            interleave="pixel",
            num_threads=thread_limit(),
            bigtiff="IF_SAFER",
        ) as target:
            target.write(image.channels)
        content: bytes = file.read()
    return content


def write_file(filesystem: AbstractFileSystem, path: str, content: bytes) -> None:
    """Write a file whole or not at all, and make its folder where it is missing.

    On a local disk it is written beside under another name and renamed, in other filesystems it is put in one go. GDAL
    doesn't write it itself because it leaves half a file, without an error, when a disk is full.
    """
    filesystem.makedirs(posixpath.dirname(path), exist_ok=True)
    on_disk = local_path(filesystem, path)
    if on_disk is None:
        filesystem.pipe_file(path, content)
        return
    part = Path(on_disk).with_name(f".{secrets.token_hex(8)}.part")
    try:
        part.write_bytes(content)
        os.replace(part, on_disk)
    finally:
        part.unlink(missing_ok=True)
