"""Images as GeoTIFF files."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rasterio import Affine
from rasterio.io import MemoryFile
from rasterio.transform import array_bounds
from rasterio.warp import Resampling, calculate_default_transform, reproject

from eolearn.core.utils.fs import local_path
from eolearn.core.utils.threads import thread_limit
from eolearn.core.utils.whole_file import whole_file

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from rasterio.io import DatasetWriter

CHANNEL_TIME = "TIMESTAMP"
"""The tag of a channel that holds its time."""

_STRIP_BYTES = 2**18
_WORTH_THREADS_BYTES = 2**22


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

    names: Sequence[str] = ()
    """The name of each channel, or none."""

    times: Sequence[datetime] = ()
    """The time of each channel, or none."""

    colors: Mapping[int, Sequence[int]] = field(default_factory=dict)
    """Red, green and blue of values, each from 0 to 255. Only a single channel of uint8 or uint16 has colours."""

    def part(self, start: int, stop: int) -> GeoImage:
        """Return an image of some of the channels."""
        return replace(
            self, channels=self.channels[start:stop], names=self.names[start:stop], times=self.times[start:stop]
        )


@dataclass(frozen=True, kw_only=True)
class TiffLayout:
    """How an image lies in its file."""

    compress: str | None = None
    """A compression that rasterio knows by this name, for example ``deflate``."""

    predictor: bool = False
    """Whether differences of neighbours are compressed, which makes images of smooth values smaller."""

    overviews: str | None = None
    """A resampling of rasterio. With it the file is a COG: in tiles, with smaller versions that are made by it."""


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


def encode_geotiff(image: GeoImage, layout: TiffLayout = TiffLayout()) -> bytes:
    """Return the content of a GeoTIFF file, compressed in parallel: pixel by pixel and in strips, or a COG."""
    count, height, width = image.channels.shape
    options = _cog_options(image, layout) if layout.overviews else _strip_options(image, layout)
    with MemoryFile() as file:
        with file.open(
            width=width,
            height=height,
            count=count,
            dtype=image.channels.dtype,
            crs=image.crs,
            transform=image.transform,
            nodata=image.no_data_value,
            num_threads=thread_limit() if image.channels.nbytes >= _WORTH_THREADS_BYTES else 1,
            bigtiff="IF_SAFER",
            **options,
        ) as target:
            if image.colors:
                target.write_colormap(1, {value: tuple(color) for value, color in image.colors.items()})
            target.write(image.channels)
            _write_tags(target, image)
        content: bytes = file.read()
    return content


def _strip_options(image: GeoImage, layout: TiffLayout) -> dict[str, Any]:
    """Return options of GDAL for strips of about 256 KiB.

    In those of a row or two, as GDAL makes them, each job of a thread is too small, and files are larger and take
    longer to read. The fast levels take a third of the time of the usual ones, and leave as little of reflectances.
    Classes, of a byte, become a third larger by them, so these keep the usual ones.
    """
    count, height, width = image.channels.shape
    rows = min(height, max(1, _STRIP_BYTES // (count * width * image.channels.itemsize)))
    options: dict[str, Any] = {"driver": "GTiff", "interleave": "pixel", "blockysize": rows}
    options["compress"] = layout.compress
    if layout.predictor:
        options["predictor"] = 3 if image.channels.dtype.kind == "f" else 2
    if image.channels.itemsize > 1:
        options |= {"deflate": {"zlevel": 1}, "zstd": {"zstd_level": 1}}.get((layout.compress or "").lower(), {})
    return options


def _cog_options(image: GeoImage, layout: TiffLayout) -> dict[str, Any]:
    return {
        "driver": "COG",
        "compress": layout.compress or "none",
        "predictor": "yes" if layout.predictor and image.channels.dtype.kind != "c" else "no",
        "overview_resampling": layout.overviews,
        "overview_compress": layout.compress or "none",
    }


def _write_tags(target: DatasetWriter, image: GeoImage) -> None:
    for index, name in enumerate(image.names, start=1):
        target.set_band_description(index, name)
    for index, time in enumerate(image.times, start=1):
        target.update_tags(index, **{CHANNEL_TIME: time.isoformat()})
    if len(set(image.times)) == 1:
        target.update_tags(TIFFTAG_DATETIME=image.times[0].strftime("%Y:%m:%d %H:%M:%S"))


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
    with whole_file(on_disk) as part:
        part.write_bytes(content)
