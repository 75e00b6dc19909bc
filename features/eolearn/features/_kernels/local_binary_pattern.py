"""Local binary patterns of an image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .haralick import Floats, Integers


def local_binary_pattern(image: NDArray[Any], points: int, radius: float) -> Floats:
    """Return the rotation-invariant uniform pattern of each pixel.

    image: of shape (height, width), NaN where there is no data; beyond its edges it is 0.
    points: number of points on the circle around the pixel, where the image is interpolated bilinearly.
    radius: of the circle, in pixels.

    A point is bright where it is no darker than the pixel. Where bright and dark change at most twice along the row of
    points, the pattern is the number of bright points, 0 to ``points``; elsewhere it is ``points + 1``. It is NaN where
    the pixel or a point has no data.

    Source: T. Ojala, M. Pietikäinen and T. Mäenpää, Multiresolution Gray-Scale and Rotation Invariant Texture
    Classification with Local Binary Patterns, IEEE Transactions on Pattern Analysis and Machine Intelligence 24(7),
    2002, doi:10.1109/TPAMI.2002.1017623, equation 9. As in scikit-image, the last point is not compared with the first,
    and points are placed to 5 decimals of a pixel.
    """
    angles = 2 * np.pi * np.arange(points) / points
    down, right = np.round(-radius * np.sin(angles), 5), np.round(radius * np.cos(angles), 5)
    above, left = np.floor(down), np.floor(right)
    margin = int(np.ceil(radius)) + 1
    padded = np.pad(image.astype(np.float64), margin)
    patterns = np.empty(image.shape)
    corners = np.stack([above, left], axis=1).astype(np.int64) + margin
    _patterns(padded, corners, np.stack([down - above, right - left], axis=1), margin, patterns)
    return patterns


@njit(cache=True, nogil=True)
def _patterns(padded: Floats, corners: Integers, parts: Floats, margin: int, patterns: Floats) -> None:
    for row in range(patterns.shape[0]):
        for column in range(patterns.shape[1]):
            centre = padded[row + margin, column + margin]
            patterns[row, column] = _pattern(padded, row, column, centre, corners, parts)


@njit(cache=True, nogil=True)
def _pattern(padded: Floats, row: int, column: int, centre: float, corners: Integers, parts: Floats) -> float:
    """Return the pattern around one pixel; corners are the pixels to the upper left of the points."""
    bright = changes = 0
    last = False
    for point in range(len(corners)):
        y, x = row + corners[point, 0], column + corners[point, 1]
        down, right = parts[point]
        # in this form equal pixels give just their value, so that a flat surface has one pattern
        upper = padded[y, x] + right * (padded[y, x + 1] - padded[y, x])
        lower = padded[y + 1, x] + right * (padded[y + 1, x + 1] - padded[y + 1, x])
        difference = upper + down * (lower - upper) - centre
        if np.isnan(difference):
            return np.nan
        is_bright = difference >= 0
        bright += is_bright
        changes += point > 0 and is_bright != last
        last = is_bright
    return float(bright if changes <= 2 else len(corners) + 1)
