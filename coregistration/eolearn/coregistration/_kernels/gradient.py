"""The strength of the edges of an image."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def get_gradient(src: NDArray[Any]) -> NDArray[np.float32]:
    """Return how strongly an image changes from pixel to pixel, ``(|Sobel_x| + |Sobel_y|) / 2``.

    src: one band, of shape (height, width), or several, each on its own, of shape (height, width, band).

    Returns float32 of the same shape: a slope of 1 a pixel along one axis gives 4, as the 3 x 3 operator of Sobel sums
    the differences of pixels two apart with the weights 1, 2, 1. Beyond its edge the image counts as mirrored.

    Example:
        >>> float(get_gradient(np.arange(25).reshape(5, 5) % 5)[2, 2])
        4.0
    """
    image = np.asarray(src, dtype=np.float32)
    along_x = np.abs(cv2.Sobel(image, cv2.CV_32F, 1, 0, ksize=3))
    along_y = np.abs(cv2.Sobel(image, cv2.CV_32F, 0, 1, ksize=3))
    return np.asarray(0.5 * along_x + 0.5 * along_y, dtype=np.float32)
