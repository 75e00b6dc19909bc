"""How large an image is, told by its shape, by another image, or by the size of its pixels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from rasterio import Affine
from sentinelhub.geo_utils import bbox_to_dimensions

from eolearn.core.constants import FeatureType
from eolearn.core.exceptions import DataError, FeatureError, SettingError
from eolearn.core.utils.parsing import parse_feature

if TYPE_CHECKING:
    from sentinelhub.geometry import BBox

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature


class ShapeHW(NamedTuple):
    """The size of an image in pixels."""

    height: int
    width: int


class ResolutionXY(NamedTuple):
    """The size of a pixel in metres."""

    x_m: float
    y_m: float


def parse_size(shape: Any, resolution: Any) -> ShapeHW | ResolutionXY | Feature:
    """Return what tells the size of the image: exactly one of raster_shape and raster_resolution, checked."""
    if (shape is None) == (resolution is None):
        raise SettingError(
            f"Give either raster_shape or raster_resolution, and not both; got raster_shape={shape!r}, "
            f"raster_resolution={resolution!r}."
        )
    return _parse_resolution(resolution) if shape is None else _parse_shape(shape)


def _parse_shape(shape: Any) -> ShapeHW | Feature:
    if isinstance(shape, (tuple, list)) and len(shape) == 2 and all(isinstance(n, (int, np.integer)) for n in shape):
        if min(shape) < 1:
            raise SettingError(f"raster_shape must be a height and a width of at least one pixel, got {shape!r}.")
        return ShapeHW(int(shape[0]), int(shape[1]))
    try:
        return parse_feature(shape, allowed_feature_types=FeatureType.is_image)
    except FeatureError as error:
        message = f"raster_shape must be (height, width) as two integers, or an image feature, got {shape!r}."
        raise SettingError(message) from error


def _parse_resolution(resolution: Any) -> ResolutionXY:
    parts = resolution if isinstance(resolution, (tuple, list)) else (resolution, resolution)
    try:
        x_m, y_m = (float(part.removesuffix("m") if isinstance(part, str) else part) for part in parts)
    except (TypeError, ValueError):
        x_m = y_m = math.nan
    if not (0 < x_m < math.inf and 0 < y_m < math.inf):
        raise SettingError(
            "raster_resolution must be the size of a pixel in metres, above 0: a number, a string as '10m', or a pair "
            f"(x, y) of these; got {resolution!r}."
        )
    return ResolutionXY(x_m, y_m)


def image_size(eopatch: EOPatch, bbox: BBox, size: ShapeHW | ResolutionXY | Feature) -> ShapeHW:
    """Return the size of an image over the bounding box of an EOPatch."""
    if isinstance(size, ResolutionXY):
        width, height = bbox_to_dimensions(bbox, size)
        if min(width, height) < 1:
            raise DataError(f"A pixel of {size.x_m} x {size.y_m} metres is larger than the EOPatch over {bbox!r}.")
        return ShapeHW(height, width)
    return size if isinstance(size, ShapeHW) else ShapeHW(*eopatch.get_spatial_dimension(*size))


def pixels_to_crs(bbox: BBox, shape_hw: ShapeHW) -> Affine:
    """Return the transform from (column, row) of an image over a bounding box to its coordinates."""
    west, south, east, north = bbox
    return Affine((east - west) / shape_hw.width, 0, west, 0, (south - north) / shape_hw.height, north)
