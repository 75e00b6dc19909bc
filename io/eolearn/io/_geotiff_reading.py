"""Windows of GeoTIFF files, from local disks, S3 and whatever else fsspec reaches."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio import Affine
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.warp import transform_bounds
from rasterio.windows import Window, from_bounds
from sentinelhub import CRS, BBox

from eolearn.core.exceptions import BrokenFile, DataError, PathNotFound
from eolearn.core.utils.fs import Session, get_full_path, local_path
from eolearn.core.utils.redact import redact
from eolearn.core.utils.rooted_filesystem import RootedFileSystem
from eolearn.core.utils.threads import over_row_blocks, thread_limit

from ._geotiff import CHANNEL_TIME
from ._kernels.channels import fits, from_channels, to_channels

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from rasterio.io import DatasetReader

_DRIVERS = {".jp2": "JP2OpenJPEG"}
_ON_DEMAND = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "CPL_VSIL_CURL_NON_CACHED": "/vsis3/"}
"""No other file is looked for beside one, and what S3 answered is forgotten with it, since files are replaced."""
_BLOCK_BYTES = 2**18
_DECODED_BYTES = 2**26
_LEAST_BYTES = 2**21
"""Of an image, for which another thread is worth its while."""


class PlacesDiffer(DataError, RuntimeError):
    """Images of different places can't make one EOPatch."""


@dataclass(frozen=True, kw_only=True)
class RasterPart:
    """What was read of a raster file."""

    frames: NDArray[Any]
    """Shape (time, height, width, band), with the channels of a time after those of the one before."""

    is_placed: bool
    """Whether the file has a coordinate system."""

    bbox: BBox | None
    """The place of the whole image where it was read whole and has one."""

    times: Sequence[datetime]
    """The times of the channels in the tags of the file, none if one has none."""

    @property
    def channels(self) -> NDArray[Any]:
        """The channels in the order of the file, of the shape (channel, height, width)."""
        return to_channels(self.frames, self.frames.dtype, is_spatial=True)


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How a part of a file is read."""

    fill_value: float | None = None
    """Stands where the part reaches beyond the image; None for the file's own value of no data, or 0."""

    resolution: tuple[float, float] | None = None
    """Width and height of the pixels to read, in units of the file, from its overviews where it has some."""

    resampling: Resampling = Resampling.nearest
    """How pixels of another resolution are made."""

    times: int = 1
    """How many times there are in the file, if its channels can be shared out so."""


@contextmanager
def open_raster(filesystem: AbstractFileSystem, path: str) -> Iterator[DatasetReader]:
    """Open a GeoTIFF or JPEG 2000 file, of which no more is read than is asked for.

    Other formats of GDAL are refused: some of them lead to other files and addresses.

    Raises PathNotFound (a FileNotFoundError), and BrokenFile (an OSError and a ValueError) for a file that can't be
    understood, also where reading in the block fails.
    """
    shown = shown_path(filesystem, path)
    driver = _DRIVERS.get(posixpath.splitext(path)[1].lower(), "GTiff")
    on_disk = local_path(filesystem, path)
    if on_disk is not None and not Path(on_disk).is_file():
        raise PathNotFound(f"There is no file {shown}.")
    try:
        with _environment(filesystem, path), _opened(filesystem, path, driver) as source:
            yield source
    except RasterioError as error:
        reason = str(error.__cause__ or error)
        cause = error if redact(reason) == reason else None  # it would tell the secret of a URL
        if on_disk is None and not filesystem.isfile(path):
            raise PathNotFound(f"There is no file {shown}.") from cause
        raise BrokenFile(f"{shown} can't be read as {driver}: {redact(reason)}") from cause


def shown_path(filesystem: AbstractFileSystem, path: str) -> str:
    """Return a path as messages tell it: whole, and without the secrets of a URL."""
    return redact(get_full_path(filesystem, path))


def _opened(filesystem: AbstractFileSystem, path: str, driver: str) -> DatasetReader:
    options = {"driver": driver, "num_threads": thread_limit(), "sharing": False}
    on_disk, url = local_path(filesystem, path), get_full_path(filesystem, path)
    if on_disk is not None:
        return rasterio.open(on_disk, **options)
    if url.startswith("s3://"):
        return rasterio.open(f"/vsis3/{url.removeprefix('s3://')}", **options)

    def opener(name: str, mode: str = "rb") -> BinaryIO:
        if name != path:
            raise FileNotFoundError(name)  # GDAL looks for no other file, and gets none
        opened: BinaryIO = filesystem.open(path, mode, block_size=_BLOCK_BYTES)
        return opened

    return rasterio.open(path, opener=opener, **options)


def _environment(filesystem: AbstractFileSystem, path: str) -> rasterio.Env:
    """Return the settings of GDAL: none for local files, the credentials of the filesystem for S3."""
    url = get_full_path(filesystem, path)
    while isinstance(filesystem, RootedFileSystem):
        filesystem = filesystem.fs
    if "://" not in url:
        return rasterio.Env()
    if not url.startswith("s3://"):
        return rasterio.Env(**_ON_DEMAND)
    from rasterio.session import AWSSession

    client = filesystem.client_kwargs
    host, is_plain = _host(filesystem.endpoint_url or client.get("endpoint_url"))
    session = AWSSession(
        session=Session(
            aws_access_key_id=filesystem.key,
            aws_secret_access_key=filesystem.secret,
            aws_session_token=filesystem.token,
            profile_name=filesystem.kwargs.get("profile"),
            region_name=client.get("region_name"),
        ),
        aws_unsigned=bool(filesystem.anon),
        endpoint_url=host,
        requester_pays=bool(filesystem.req_kw),
    )
    own_server = {"AWS_VIRTUAL_HOSTING": False, "AWS_HTTPS": "NO" if is_plain else "YES"} if host else {}
    return rasterio.Env(session, **_ON_DEMAND, **own_server)


def _host(endpoint: str | None) -> tuple[str | None, bool]:
    """Return the host of an address of S3 as GDAL wants it, and whether it is reached without encryption."""
    if not endpoint:
        return None, False
    scheme, separator, host = endpoint.rpartition("://")
    return host.rstrip("/"), bool(separator) and scheme == "http"


def read_part(
    filesystem: AbstractFileSystem, path: str, bbox: BBox | None = None, options: ReadOptions = ReadOptions()
) -> RasterPart:
    """Read the window of an image that covers a place, or all of it.

    bbox: in any coordinate system; its edges needn't be those of pixels: each pixel of the result is the nearest one.
        Without it, and for an image without a coordinate system, all is read.

    Raises what :func:`open_raster` does, and DataError (a ValueError) for an image that is rotated or upside down, and
    for a fill_value that the file can't hold where it is needed.
    """
    with open_raster(filesystem, path) as source:
        shown = shown_path(filesystem, path)
        is_placed = has_place(source)
        if is_placed:
            check_north_up(source, shown)
        window = Window(0, 0, source.width, source.height)
        if bbox is not None and is_placed:
            window = _window(source, bbox)
        times = options.times if source.count % options.times == 0 else 1
        is_local = local_path(filesystem, path) is not None
        if is_local and options.resolution is None and _is_exact(source, window):
            frames = _whole_pixels(source, window, times)
        else:
            frames = from_channels(_resampled(source, window, options, shown), times=times, is_spatial=True)
        return RasterPart(
            frames=frames,
            is_placed=is_placed,
            bbox=image_bbox(source, shown) if is_placed and bbox is None else None,
            times=_times(source, shown),
        )


def _whole_pixels(source: DatasetReader, window: Window, times: int) -> NDArray[Any]:
    """Return a window of whole pixels as (time, height, width, band).

    GDAL decodes many rows at once with its threads, in the order that they have in the file, and ours put them into
    their places.
    """
    width, height, bands = round(window.width), round(window.height), source.count // times
    frames = np.empty((times, height, width, bands), dtype=source.dtypes[0])
    tile_rows = source.block_shapes[0][0]
    step = tile_rows * max(1, _DECODED_BYTES // (tile_rows * width * source.count * frames.itemsize))
    for first in range(0, height, step):
        last = min(first + step, height)
        pixels = np.empty((last - first, width, source.count), frames.dtype)
        part = Window(window.col_off, window.row_off + first, width, last - first)
        source.read(window=part, out=np.moveaxis(pixels, -1, 0))
        _place(pixels.reshape(last - first, width, times, bands), frames[:, first:last])
    return frames


def _place(pixels: NDArray[Any], frames: NDArray[Any]) -> None:
    """Write pixels of the shape (height, width, time, band) into frames of (time, height, width, band)."""

    def fill(start: int, stop: int) -> None:
        frames[:, start:stop] = np.moveaxis(pixels[start:stop], 2, 0)

    over_row_blocks(fill, len(pixels), least_rows=max(1, _LEAST_BYTES * len(pixels) // max(frames.nbytes, 1)))


def _resampled(source: DatasetReader, window: Window, options: ReadOptions, shown: str) -> NDArray[Any]:
    """Return the channels of any window, each pixel from the nearest one or by the resampling of the options."""
    is_inside = _is_inside(source, window)
    if not is_inside:
        _check_fill_value(source, options.fill_value, shown)
    channels: NDArray[Any] = source.read(
        window=window,
        boundless=not is_inside,
        fill_value=None if is_inside else options.fill_value,
        out_shape=_out_shape(source, window, options.resolution),
        resampling=options.resampling,
    )
    return channels


def has_place(source: DatasetReader) -> bool:
    """Whether an image has a coordinate system and a position in it."""
    return source.crs is not None and source.transform != Affine.identity()


def check_north_up(source: DatasetReader, shown: str) -> None:
    """Check that rows of an image run from north to south, and columns from west to east."""
    transform = source.transform
    if transform.b or transform.d or transform.a <= 0 or transform.e >= 0:
        raise DataError(
            f"{shown} is rotated or upside down: its pixels lie at {tuple(transform)[:6]}. Bring it into order with "
            "gdalwarp, or read it with ImportFromFilesTask."
        )


def image_bbox(source: DatasetReader, shown: str) -> BBox:
    """Return the place of an image. Raises DataError for a coordinate system without an EPSG code."""
    code = source.crs.to_epsg()
    if code is None:
        raise DataError(f"{shown} has a coordinate system without an EPSG code, which no bbox can have: {source.crs}.")
    return BBox(tuple(source.bounds), CRS(code))


def _window(source: DatasetReader, bbox: BBox) -> Window:
    code = source.crs.to_epsg()
    if code == bbox.crs.epsg:
        bounds = tuple(bbox)
    elif code is None:
        bounds = transform_bounds(bbox.crs.ogc_string(), source.crs, *bbox)
    else:
        bounds = tuple(bbox.transform(CRS(code)))
    if bounds == tuple(source.bounds):
        return Window(0, 0, source.width, source.height)
    return from_bounds(*bounds, transform=source.transform)


def _is_inside(source: DatasetReader, window: Window) -> bool:
    right, bottom = window.col_off + window.width, window.row_off + window.height
    return bool(window.row_off >= 0 and window.col_off >= 0 and bottom <= source.height and right <= source.width)


def _is_exact(source: DatasetReader, window: Window) -> bool:
    """Whether a window is of whole pixels of an image."""
    return _is_inside(source, window) and all(part == round(part) for part in window.flatten())


def _check_fill_value(source: DatasetReader, fill_value: float | None, shown: str) -> None:
    for dtype in set(source.dtypes):
        if fill_value is not None and not fits(np.asarray(fill_value), np.dtype(dtype)):
            raise DataError(
                f"The place reaches beyond {shown}, whose {dtype} can't hold no_data_value={fill_value}. Set another."
            )


def _out_shape(
    source: DatasetReader, window: Window, resolution: tuple[float, float] | None
) -> tuple[int, int, int] | None:
    if resolution is None:
        return None
    pixel_width, pixel_height = source.res
    width, height = window.width * pixel_width / resolution[0], window.height * pixel_height / resolution[1]
    return source.count, max(1, round(height)), max(1, round(width))


def _times(source: DatasetReader, shown: str) -> list[datetime]:
    found = [source.tags(index).get(CHANNEL_TIME) for index in source.indexes]
    if not all(found):
        return []
    try:
        return [datetime.fromisoformat(text) for text in found]
    except ValueError as error:
        raise BrokenFile(f"{shown} has a tag {CHANNEL_TIME} that is no time: {error}") from error
