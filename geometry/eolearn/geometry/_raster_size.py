"""How large an image is, told by its shape, by another image, or by the size of its pixels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from sentinelhub.geo_utils import bbox_to_dimensions

from eolearn.core.constants import FeatureType
from eolearn.core.exceptions import DataError, FeatureError, SettingError
from eolearn.core.utils.parsing import parse_feature

if TYPE_CHECKING:
    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature


def parse_shape(shape: Any) -> tuple[int, int] | Feature:
    """Return (height, width) in pixels as integers, or the image feature that has them."""
    if isinstance(shape, (tuple, list)) and len(shape) == 2 and all(isinstance(n, (int, np.integer)) for n in shape):
        if min(shape) < 1:
            raise SettingError(f"raster_shape must be a height and a width of at least one pixel, got {shape!r}.")
        return int(shape[0]), int(shape[1])
    try:
        return parse_feature(shape, allowed_feature_types=FeatureType.is_image)
    except FeatureError as error:
        message = f"raster_shape must be (height, width) as two integers, or an image feature, got {shape!r}."
        raise SettingError(message) from error


def parse_resolution(resolution: Any) -> tuple[float, float]:
    """Return the (x, y) size of a pixel in metres."""
    parts = resolution if isinstance(resolution, (tuple, list)) else (resolution, resolution)
    try:
        x_m, y_m = (float(part.removesuffix("m") if isinstance(part, str) else part) for part in parts)
    except (TypeError, ValueError):
        x_m = y_m = math.nan
    if not (0 < x_m < math.inf and 0 < y_m < math.inf):
        raise SettingError(
            f"raster_resolution must be the size of a pixel in metres, above 0: a number, a string as '10m', or a pair "
            f"(x, y) of these; got {resolution!r}."
        )
    return x_m, y_m


def size_in_pixels(
    eopatch: EOPatch, *, shape: tuple[int, int] | Feature | None, resolution_xy_m: tuple[float, float] | None
) -> tuple[int, int]:
    """Return the (height, width) of an image of an EOPatch, from whichever of the two is given."""
    if shape is None:
        width, height = bbox_to_dimensions(eopatch.bbox, resolution_xy_m)
        if min(width, height) < 1:
            raise DataError(f"Pixels of {resolution_xy_m} metres are larger than the EOPatch, over {eopatch.bbox!r}.")
        return height, width
    height_or_type, width_or_name = shape
    if isinstance(height_or_type, FeatureType):
        return eopatch.get_spatial_dimension(height_or_type, str(width_or_name))
    return height_or_type, int(width_or_name)
