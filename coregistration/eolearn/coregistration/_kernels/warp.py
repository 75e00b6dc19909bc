"""Resampling of images at displaced pixels."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

# The dtypes that OpenCV interpolates in; what is not here is interpolated as float64.
_WORKING_DTYPES = {name: name for name in ("uint8", "uint16", "int16", "float32")} | {
    "int8": "int16",
    "float16": "float32",
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
    matrix: as for :func:`warp_band`, from the result to the source: what a registration against a reference finds.

    Returns the same shape and dtype. The nearest pixel, which bool always takes, and the identity are exact copies.
    Interpolated integers are rounded, and cut at the ends of their range. NaN spreads to what is made of it.
    """
    if np.array_equal(matrix, np.eye(*matrix.shape)):
        return image.copy()
    if image.dtype == np.bool_ or resampling.interpolation == cv2.INTER_NEAREST:
        return _nearest(image, matrix, resampling)
    return _interpolated(image, matrix, resampling)


def _nearest(image: NDArray[Any], matrix: NDArray[Any], resampling: Resampling) -> NDArray[Any]:
    """Warp the positions of the pixels instead of their values: OpenCV doesn't take all dtypes."""
    height, width = image.shape[:2]
    positions = np.arange(height * width, dtype=np.int32).reshape(height, width)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    beyond = resampling._replace(border_value=-1)
    sources = warp_band(positions, matrix, beyond, size_wh=(width, height), flags=flags)
    warped: NDArray[Any] = image.reshape(height * width, *image.shape[2:])[sources]
    warped[sources < 0] = resampling.border_value
    return warped


def _interpolated(image: NDArray[Any], matrix: NDArray[Any], resampling: Resampling) -> NDArray[Any]:
    """Warp band by band: OpenCV 5 is exact for one at a time, and rounds positions to 1/32 pixel for several."""
    height, width = image.shape[:2]
    flags = resampling.interpolation | cv2.WARP_INVERSE_MAP
    working_dtype = _WORKING_DTYPES.get(image.dtype.name, "float64")
    if working_dtype == "float64" and resampling.interpolation == cv2.INTER_CUBIC:
        working_dtype = "float32"  # OpenCV 5 cuts cubic float64 at 2**31
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
    largest = float(limits.max)
    if largest > limits.max:  # float64 has no 2**63 - 1
        largest = np.nextafter(largest, 0)
    fitting: NDArray[Any] = np.clip(np.rint(values.astype(np.float64)), limits.min, largest)
    return fitting
