"""Cloud-optimised GeoTIFF files, written block by block."""

from __future__ import annotations

import itertools
import math
import os
import posixpath
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.shutil import copy
from rasterio.windows import Window

from eolearn.core.exceptions import StorageError
from eolearn.core.storage.remote import has_folders, naming_place
from eolearn.core.utils.fs import get_full_path, local_path
from eolearn.core.utils.threads import thread_limit

from .._grid import PixelGrid
from .blocks import BLOCK

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from rasterio.io import DatasetReader

TILE = 512
"""Rows and columns of a block of the file."""

_CACHE_MB = 128  # of GDAL, for its blocks; by default a share of all memory


@dataclass(frozen=True, kw_only=True)
class CogLayout:
    """What a file is, but for its pixels."""

    grid: PixelGrid
    bands: int
    dtype: np.dtype[Any]
    no_data_value: float
    unit: float = 1
    """What a number of the file stands for: values are numbers times this."""
    are_classes: bool
    """Whether values are names of classes, of which there is no mean."""
    compress: str | None
    overviews: bool
    band_names: Sequence[str] | None
    colors: Mapping[int, tuple[int, int, int]] | None


def write_cog(
    filesystem: AbstractFileSystem, path: str, layout: CogLayout, blocks: Iterable[tuple[Window, NDArray[Any]]]
) -> None:
    """Write blocks (band, height, width) as a file, whole or not at all. What no block covers has no data.

    GDAL can't write a cloud-optimised file block by block, so there is first a plain one beside it, as large as the
    pixels are uncompressed; for remote filesystems in the folder for temporary files. Raises StorageError (an OSError)
    where GDAL can't write.
    """
    on_disk = local_path(filesystem, path)
    if on_disk is not None or has_folders(filesystem, path):
        filesystem.makedirs(posixpath.dirname(path), exist_ok=True)
    beside = None if on_disk is None else os.path.dirname(on_disk)
    with tempfile.TemporaryDirectory(prefix=".eolearn-", suffix=".part", dir=beside) as folder:
        plain, optimised = Path(folder) / "plain.tif", Path(folder) / "mosaic.tif"
        try:
            with rasterio.Env(GDAL_CACHEMAX=_CACHE_MB, GDAL_NUM_THREADS=thread_limit()):
                _write_plain(plain, layout, blocks)
                _optimise(plain, optimised, layout)
                _check_whole(plain, optimised)
        except (RasterioError, CPLE_BaseError) as error:
            place = get_full_path(filesystem, path)
            raise StorageError(f"GDAL can't write the mosaic {place}: {error.__cause__ or error}") from error
        if on_disk is not None:
            os.replace(optimised, on_disk)
        else:
            with naming_place(filesystem, path):
                filesystem.put_file(str(optimised), path)


def _write_plain(plain: Path, layout: CogLayout, blocks: Iterable[tuple[Window, NDArray[Any]]]) -> None:
    with rasterio.open(
        plain,
        "w",
        driver="GTiff",
        height=layout.grid.height,
        width=layout.grid.width,
        count=layout.bands,
        dtype=layout.dtype,
        crs=layout.grid.crs,
        transform=layout.grid.transform,
        nodata=layout.no_data_value,
        tiled=True,
        blockxsize=BLOCK,
        blockysize=BLOCK,
        interleave="band",  # of which GDAL makes overviews several times as fast
        sparse_ok=True,
        bigtiff="IF_SAFER",
    ) as target:
        target.scales = [layout.unit] * layout.bands
        if layout.band_names is not None:
            target.descriptions = layout.band_names
        if layout.colors is not None:
            target.write_colormap(1, layout.colors)
        for window, pixels in blocks:
            target.write(pixels, window=window)


def _optimise(plain: Path, optimised: Path, layout: CogLayout) -> None:
    longest = max(layout.grid.height, layout.grid.width)
    factors = [2**level for level in range(1, math.ceil(math.log2(longest / TILE)) + 1)] if longest > TILE else []
    if layout.overviews and factors:
        with rasterio.open(plain, "r+") as target:
            target.build_overviews(factors, Resampling.mode if layout.are_classes else Resampling.average)
    copy(
        plain,
        optimised,
        driver="COG",
        compress=layout.compress or "none",
        predictor="no" if layout.are_classes else "yes",
        blocksize=TILE,
        overviews="force_use_existing" if layout.overviews else "none",
        bigtiff="if_safer",
        sparse_ok=True,
        num_threads=thread_limit(),
    )


def _check_whole(plain: Path, optimised: Path) -> None:
    """Raise StorageError where the end is missing: of a disk that is full at last, GDAL says nothing."""
    with rasterio.open(plain) as expected, rasterio.open(optimised) as written:
        for band in expected.indexes:
            window = _last_with_data(expected, band)
            if window is None:
                continue
            there = written.read(band, window=window)
            if not np.array_equal(there, expected.read(band, window=window), equal_nan=there.dtype.kind == "f"):
                raise StorageError(f"The mosaic can't be written to {optimised.parent.parent}: the disk is full.")


def _last_with_data(source: DatasetReader, band: int) -> Window | None:
    """Return the last block of the file with data of a band."""
    rows, columns = math.ceil(source.height / TILE), math.ceil(source.width / TILE)
    for row, column in itertools.product(reversed(range(rows)), reversed(range(columns))):
        window = Window(column * TILE, row * TILE, TILE, TILE).intersection(Window(0, 0, source.width, source.height))
        if source.read_masks(band, window=window).any():
            return window
    return None
