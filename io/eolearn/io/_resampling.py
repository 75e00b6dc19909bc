"""Images of one grid of pixels on another one, each pixel resampled once."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.warp import reproject
from sentinelhub import BBox

from eolearn.core.exceptions import DataError
from eolearn.core.utils.threads import over_row_blocks, thread_limit

from ._grid import PixelGrid, corners_in
from ._kernels.area import area_mean, area_mode, extents
from ._kernels.channels import fits, from_channels, to_channels

METHODS = tuple(method.name for method in Resampling if method is not Resampling.gauss)
"""What :attr:`Method.name` can be, besides "auto"."""

_INTERPOLATING = ("bilinear", "cubic", "cubic_spline", "lanczos")
_FOR_BOOL = ("nearest", "mode", "min", "max")
_COARSER = 1.1  # times a pixel: up to there interpolation leaves out nothing, whatever the angle of the grids
_ROUNDING = 1e-4  # of shares
_BLOCK_BYTES = 2**26  # of images that are resampled at once: more only takes more memory
_TO_GDAL = {"bool": "uint8", "float16": "float32"}


@dataclass(frozen=True, kw_only=True)
class Method:
    """How the pixels of an image are made."""

    name: str = "auto"
    """A resampling of rasterio; "auto" for one that fits."""
    are_classes: bool = False
    """Whether values stand for something, so that there is nothing between them."""
    no_data_value: float | None = None
    """Stands for no data, besides NaN."""
    min_valid_share: float = 0.5
    """How much of a pixel must have data, where several pixels become one."""


def resample(
    array: NDArray[Any], source: PixelGrid, target: PixelGrid, method: Method, what: object = "image"
) -> NDArray[Any]:
    """Return an image on another grid, of the same dtype; the same array if the grids are the same.

    array: (time, height, width, band) or (height, width, band). Pixels without data and such as the source doesn't
        cover get no_data_value, or without one NaN, 0 or False.
    what: the image, for messages.

    Raises DataError (a ValueError) for a dtype or a no_data_value that doesn't fit, or a method that makes no bool.
    """
    if source == target:
        return array
    if array.dtype.kind not in "biuf":
        raise DataError(f"{what} holds {array.dtype}, which can't be resampled.")
    name = _fitting(source, target, method, array.dtype) if method.name == "auto" else method.name
    if array.dtype == bool and name not in _FOR_BOOL:
        raise DataError(f"{what} is bool, which {name!r} can't make: choose one of {', '.join(_FOR_BOOL)}.")
    fill = _fill(array.dtype, method.no_data_value, what)
    images = array.astype(_TO_GDAL[array.dtype.name]) if array.dtype.name in _TO_GDAL else array
    images = images[np.newaxis] if array.ndim == 3 else images
    result = np.full((len(images), target.height, target.width, array.shape[-1]), fill, images.dtype)
    no_data = np.nan if method.no_data_value is None else float(np.asarray(method.no_data_value, images.dtype))
    resampling = _Resampling(source, target, name, fill, no_data, max(method.min_valid_share - _ROUNDING, _ROUNDING))
    if result.size:
        dates = max(1, _BLOCK_BYTES // max(images[0].nbytes, result[0].nbytes))
        for start in range(0, len(images), dates):
            resampling.fill_in(result[start : start + dates], images[start : start + dates])
    return (result[0] if array.ndim == 3 else result).astype(array.dtype, copy=False)


def _fitting(source: PixelGrid, target: PixelGrid, method: Method, dtype: np.dtype[Any]) -> str:
    are_classes = method.are_classes or dtype.kind == "b"
    if target.is_aligned_with(source):
        return "nearest"
    if _pixels_in_pixel(source, target) > _COARSER**2:
        return "mode" if are_classes else "average"
    return "nearest" if are_classes else "bilinear"


def _pixels_in_pixel(source: PixelGrid, target: PixelGrid) -> float:
    """Return how many pixels of a source are as large as one in the middle of a target."""
    west, south, east, north = target.bbox
    part_x, part_y = (east - west) / target.width / 2, (north - south) / target.height / 2
    x, y = (west + east) / 2, (south + north) / 2
    bbox = BBox((x - part_x, y - part_y, x + part_x, y + part_y), target.bbox.crs)
    columns, rows = corners_in(PixelGrid(bbox=bbox, height=1, width=1), source)
    (across_x, across_y), (down_x, down_y) = (
        (found[0, 1] - found[0, 0], found[1, 0] - found[0, 0]) for found in (columns, rows)
    )
    area = abs(across_x * down_y - across_y * down_x)
    return float(area) if math.isfinite(area) else 1.0


def can_hold(dtype: np.dtype[Any], value: float) -> bool:
    """Whether a number may stand for no data among values of a dtype."""
    if dtype.kind not in "iuf":
        return False
    return fits(np.asarray(value), dtype) and (dtype.kind == "f" or value % 1 == 0)


def _fill(dtype: np.dtype[Any], no_data_value: float | None, what: object) -> Any:
    if no_data_value is None:
        return np.nan if dtype.kind == "f" else 0
    if not can_hold(dtype, no_data_value):
        raise DataError(f"{what} holds {dtype}, in which no_data_value={no_data_value} can't stand for no data.")
    return no_data_value


@dataclass(frozen=True)
class _Resampling:
    """What is to be done with images of one kind: (time, height, width, band), of a dtype that GDAL has."""

    source: PixelGrid
    target: PixelGrid
    name: str
    fill: Any
    no_data: float
    """Doesn't count, nor does NaN; NaN if there is no other."""
    least_share: float

    @cached_property
    def edges(self) -> NDArray[np.float64]:
        """Where the pixels of the target lie in those of the source."""
        return extents(*corners_in(self.target, self.source))

    def fill_in(self, result: NDArray[Any], images: NDArray[Any]) -> None:
        """Write images into a part of the result, which is full of what stands for no data."""
        shares: NDArray[np.float32]
        if self.name == "nearest":
            result[...] = self._warped(images, result)
            return
        if self.name == "mode":
            shares = np.empty(result.shape, np.float32)
            over_row_blocks(
                lambda *rows: area_mode(images, self.edges, self.no_data, result, shares, rows), self.target.height
            )
        elif self.name == "average":
            means, shares = self._area_means(images, self.no_data)
            result[...] = _in_dtype(means, result.dtype, self.no_data)
        else:
            has_data = _has_data(images, self.no_data)
            skipped: float | None = None if np.isnan(self.no_data) else self.no_data
            if images.dtype.kind == "f":
                images, skipped = images if has_data.all() else np.where(has_data, images, np.nan), np.nan
            result[...] = self._warped(images, result, skipped)
            shares = self._shares(has_data)
        np.copyto(result, self.fill, where=shares < self.least_share)

    def _area_means(self, images: NDArray[Any], no_data: float) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        means = np.empty((len(images), self.target.height, self.target.width, images.shape[-1]))
        shares = np.empty(means.shape, np.float32)
        over_row_blocks(lambda *rows: area_mean(images, self.edges, no_data, means, shares, rows), self.target.height)
        return means, shares

    def _shares(self, has_data: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return which part of each new pixel has data; of an interpolated one, that of the nearest pixel."""
        marks = has_data.astype(np.uint8)
        if self.name not in _INTERPOLATING:
            return self._area_means(marks, 0)[1]
        blank = np.zeros((len(marks), self.target.height, self.target.width, marks.shape[-1]), np.uint8)
        return replace(self, name="nearest")._warped(marks, blank).astype(np.float32)

    def _warped(self, images: NDArray[Any], blank: NDArray[Any], no_data: float | None = None) -> NDArray[Any]:
        """Return images as GDAL resamples them, all dates and bands in one call.

        blank: of the shape to make, with the values of pixels that the source doesn't reach.
        no_data: the value that doesn't count, None to take all as they are.
        """
        channels = to_channels(blank, blank.dtype, is_spatial=True)
        with warnings.catch_warnings():
            # of rasterio's own arrays: it hides this warning in a way that threads disturb
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            reproject(
                to_channels(images, images.dtype, is_spatial=True),
                channels,
                src_transform=self.source.transform,
                src_crs=self.source.crs,
                src_nodata=no_data,
                dst_transform=self.target.transform,
                dst_crs=self.target.crs,
                init_dest_nodata=False,
                resampling=Resampling[self.name],
                num_threads=thread_limit(),
                UNIFIED_SRC_NODATA="NO",  # else a pixel that lacks one band spoils its neighbours in this band
            )
        return from_channels(channels, times=len(blank), is_spatial=True)


def _in_dtype(means: NDArray[np.float64], dtype: np.dtype[Any], no_data: float) -> NDArray[Any]:
    """Return means in a dtype; in integers, none that is rounded becomes what stands for no data."""
    if dtype.kind == "f":
        return means.astype(dtype)
    whole = np.rint(np.nan_to_num(means))
    if not np.isnan(no_data):
        whole[whole == no_data] = no_data - 1 if no_data == np.iinfo(dtype).max else no_data + 1
    return whole.astype(dtype)


def _has_data(images: NDArray[Any], no_data: float) -> NDArray[np.bool_]:
    """Return which pixels have data, with one date and band for all where these don't differ."""
    has_data: NDArray[np.bool_] = ~np.isnan(images) & (images != no_data)
    if has_data.all():
        return np.ones((1, *images.shape[1:3], 1), bool)
    first = has_data[..., :1]
    return first if (has_data == first).all() else has_data
