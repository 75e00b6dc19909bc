"""Resampling of images at displaced pixels."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

# What OpenCV resamples by itself, and for the rest the dtype that holds its values; int64 exactly up to 2**53.
_RESAMPLED_AS = {"bool": "uint8", "int8": "int16", "float16": "float32"} | {
    name: name for name in ("uint8", "uint16", "int16", "float32", "float64")
}


class Resampling(NamedTuple):
    """How values between and beyond the pixels are made."""

    interpolation: int
    """``cv2.INTER_*``."""

    border_mode: int
    """``cv2.BORDER_*``: what lies beyond the edge."""

    border_value: float
    """The value there with ``cv2.BORDER_CONSTANT``."""


def warp_band(
    band: NDArray[Any], matrix: NDArray[Any], resampling: Resampling, *, size_wh: tuple[int, int], flags: int
) -> NDArray[Any]:
    """Return one band, resampled to a size.

    band: shape (height, width), of a dtype that OpenCV resamples.
    matrix: 2 x 3 for an affine map of pixels (x, y, 1), 3 x 3 for a perspective one.
    flags: the interpolation and, with ``cv2.WARP_INVERSE_MAP``, that the matrix leads from the result to the source.
    """
    function = cv2.warpPerspective if matrix.shape == (3, 3) else cv2.warpAffine
    warped: NDArray[Any] = function(
        band, matrix, size_wh, flags=flags, borderMode=resampling.border_mode, borderValue=resampling.border_value
    )
    return warped


def warp_image(image: NDArray[Any], matrix: NDArray[Any], resampling: Resampling) -> NDArray[Any]:
    """Return an image that has in each pixel what the source has where the matrix takes that pixel.

    image: shape (height, width) or (height, width, band), real numbers or bool.
    matrix: as :func:`warp_band`, from the result to the source: what a registration against a reference finds.

    Returns the same shape and dtype. Integers are rounded, and cut at the ends of their range; bool takes the nearest
    pixel. NaN spreads to the pixels that are made of it. The identity returns an exact copy.

    Bands are resampled one by one: OpenCV 5 is exact for a single band and rounds positions to 1/32 pixel for others.
    """
    if np.array_equal(matrix, np.eye(*matrix.shape)):
        return image.copy()
    working_dtype = _RESAMPLED_AS.get(image.dtype.name, "float64")
    interpolation = cv2.INTER_NEAREST if image.dtype == np.bool_ else resampling.interpolation
    flags = interpolation | cv2.WARP_INVERSE_MAP
    height, width = image.shape[:2]
    warped = np.empty(image.shape, image.dtype)
    bands, warped_bands = image.reshape(height, width, -1), warped.reshape(height, width, -1)
    for index in range(bands.shape[-1]):
        band = np.ascontiguousarray(bands[..., index], dtype=working_dtype)
        result = warp_band(band, matrix, resampling, size_wh=(width, height), flags=flags)
        warped_bands[..., index] = _fitting(result, image.dtype)
    return warped


def _fitting(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return values that can be cast to a dtype without wrapping around."""
    if values.dtype == dtype or dtype.kind not in "iu":
        return values
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values), limits.min, limits.max)
