"""Images resampled at other places, without a trace of what is no data."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Interpolation = Literal["nearest", "linear", "cubic"]
_FLAGS = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC}
_FOOTPRINT = np.ones((5, 5), np.uint8)  # within it lies all that a cubic interpolation looks at


def move_image(
    image: NDArray[Any],
    places: tuple[NDArray[np.float32], NDArray[np.float32]],
    *,
    interpolation: Interpolation,
    no_data: float | None = None,
) -> NDArray[Any]:
    """Return an image that has in each pixel what the source has at a place.

    image: shape (height, width) or (height, width, band).
    places: x and y in the source, each of shape (height, width).
    interpolation: ``nearest`` for classes, which copies; the others compute in float32. bool and whatever is no real
        number is always copied.
    no_data: the number that stands for no data besides NaN. None: NaN alone in floats, 0 in integers.

    Returns the dtype of the image, integers rounded and cut at the ends of their range. A pixel is no data where the
    nearest one of the source is, or lies beyond its edge; it gets NaN, or the number. All other pixels are made of data
    only: where the pixels around have gaps, of those that there are, linearly.
    """
    height, width = image.shape[:2]
    columns, rows = (np.rint(place).astype(np.int64) for place in places)
    beyond = (columns < 0) | (columns >= width) | (rows < 0) | (rows >= height)
    nearest = rows.clip(0, height - 1), columns.clip(0, width - 1)
    gap: Any = (np.nan if image.dtype.kind == "f" else 0) if no_data is None else no_data
    if interpolation == "nearest" or image.dtype.kind not in "fiu":
        moved: NDArray[Any] = image[nearest]
        moved[beyond] = gap
        return moved
    moved = np.empty((*beyond.shape, *image.shape[2:]), image.dtype)
    bands, moved_bands = image.reshape(height, width, -1), moved.reshape(*beyond.shape, -1)
    for index in range(bands.shape[-1]):
        band = bands[..., index]
        missing = ~np.isfinite(band) | (band == gap)
        values = _interpolated(np.where(missing, 0, band).astype(np.float32), missing, places, _FLAGS[interpolation])
        moved_bands[..., index] = _fitting(values, image.dtype)
        moved_bands[missing[nearest] | beyond, index] = gap
    return moved


def _interpolated(
    band: NDArray[np.float32], missing: NDArray[np.bool_], places: tuple[Any, Any], flag: int
) -> NDArray[Any]:
    """Return what lies between pixels; where some of them are missing, the weighted mean of the others."""
    border = cv2.BORDER_REPLICATE
    values = np.asarray(cv2.remap(band, *places, flag, borderMode=border))
    if missing.any():
        near_gap = np.asarray(cv2.dilate(missing.view(np.uint8), _FOOTPRINT), np.float32)
        touched = np.asarray(cv2.remap(near_gap, *places, cv2.INTER_NEAREST, borderMode=border)) > 0
        sums = np.asarray(cv2.remap(band, *places, cv2.INTER_LINEAR, borderMode=border))
        weights = np.asarray(cv2.remap((~missing).astype(np.float32), *places, cv2.INTER_LINEAR, borderMode=border))
        np.divide(sums, weights, out=values, where=touched & (weights > 0))
    return values


def _fitting(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return values that can be cast to a dtype without wrapping around."""
    if dtype.kind == "f":
        return values
    limits = np.iinfo(dtype)
    fitting: NDArray[Any] = np.clip(np.rint(values.astype(np.float64)), limits.min, limits.max)
    return fitting
