"""Edges of an image as a field of complex numbers, in which seasons and brightness hardly show."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

_SAMPLES = 20_000  # of slopes, from which their median is taken


def edge_field(image: NDArray[Any], valid: NDArray[np.bool_], shape: tuple[int, int]) -> NDArray[np.complex64]:
    """Return the direction of the edge in each pixel, with its strength as the length.

    image: one band, shape (height, width), real numbers. valid: same shape, True where it may be used; values that are
        not finite never are.
    shape: of the result, at least that of the image; what is beyond the image is 0.

    The angle is twice that of the slope, so that an edge is the same whichever side is brighter: a field of wheat is
    darker than its neighbour in spring and brighter in July. The length is ``slope / (slope + median slope)``, below
    1, so that no cloud that was missed outweighs the ground. Pixels beside the border or beside one that is not valid
    are 0.

    Source: A. J. Fitch et al., Orientation correlation, British Machine Vision Conference 2002, DOI 10.5244/C.16.11,
    which has single angles and a length of 1; double ones are those of G. H. Granlund, In search of a general picture
    processing operator, Computer Graphics and Image Processing 8 (2), 1978, DOI 10.1016/0146-664X(78)90047-3.
    """
    values = np.asarray(image, dtype=np.float32)
    field = np.zeros(shape, np.complex64)
    usable = np.isfinite(values) & valid
    if not usable.any():
        return field
    if not usable.all():
        values = np.where(usable, values, np.float32(values[usable].mean(dtype=np.float64)))
    values = values - np.float32(cv2.mean(values)[0])  # keeps the digits of a small contrast
    around = np.ones((3, 3), np.uint8)
    inner: Any = cv2.erode(usable.view(np.uint8), around, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    along_x: Any = cv2.Sobel(values, cv2.CV_32F, 1, 0, ksize=3)
    along_y: Any = cv2.Sobel(values, cv2.CV_32F, 0, 1, ksize=3)
    _double_angles(along_x, along_y, inner, _typical_slope(along_x, along_y, inner), field)
    return field


def _typical_slope(along_x: NDArray[Any], along_y: NDArray[Any], inner: NDArray[Any]) -> np.float32:
    step = max(1, int(np.sqrt(inner.size / _SAMPLES)))
    slopes = np.hypot(along_x[::step, ::step], along_y[::step, ::step])[inner[::step, ::step] > 0]
    return np.float32(np.median(slopes) if slopes.size else 0)


@njit(cache=True, nogil=True, fastmath=True)
def _double_angles(
    along_x: NDArray[np.float32],
    along_y: NDArray[np.float32],
    inner: NDArray[np.uint8],
    typical: np.float32,
    field: NDArray[np.complex64],
) -> None:
    """Fill in ``(x + iy)**2 / |x + iy| / (|x + iy| + typical)`` where inner is not 0."""
    height, width = along_x.shape
    two, tiny = np.float32(2), np.float32(1e-30)
    for row in range(height):
        for column in range(width):
            x, y = along_x[row, column], along_y[row, column]
            squared = x * x + y * y
            scale = np.float32(inner[row, column]) / (squared + typical * np.sqrt(squared) + tiny)
            field[row, column] = complex((x * x - y * y) * scale, two * x * y * scale)
