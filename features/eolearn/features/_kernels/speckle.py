"""Filters of the speckle of radar images, in linear units."""

from __future__ import annotations

import numpy as np
from numba import njit

from .blocks import Float64

_REACH = 3  # of the window of the refined filter, 7 x 7


def box_mean(image: Float64, window: int) -> Float64:
    """Return the mean of the valid pixels in a square window around each pixel, NaN where a pixel is NaN.

    image: (height, width), NaN for no data. window: the side, an odd number of pixels. Beyond the edge nothing counts.
    """
    mean, _ = _local(image, window)
    mean[np.isnan(image)] = np.nan
    return mean


def lee(image: Float64, window: int, looks: float) -> Float64:
    """Return an image without most of its speckle, by the local statistics of square windows.

    image: backscatter in linear units, (height, width), NaN for no data.
    window: the side, an odd number of pixels.
    looks: the equivalent number of looks; the variation of speckle is ``1 / sqrt(looks)``.

    NaN stays NaN and doesn't count in the windows of others. Beyond the edge there is nothing.

    Source: Lee (1980), Digital Image Enhancement and Noise Filtering by Use of Local Statistics, IEEE TPAMI 2(2),
    165-168, https://doi.org/10.1109/TPAMI.1980.4766994, the case of multiplicative noise.
    """
    mean, variance = _local(image, window)
    return _weighted(image, mean, variance, looks)


def _local(image: Float64, window: int) -> tuple[Float64, Float64]:
    """Return mean and variance of the valid pixels in the window of each pixel."""
    from scipy.ndimage import uniform_filter

    known = ~np.isnan(image)
    centre = image[known].mean() if known.any() else 0.0  # squares of what is left of it are less prone to rounding
    offset = np.where(known, image - centre, 0)
    sums = [
        uniform_filter(part, window, output=np.float64, mode="constant") for part in (known * 1.0, offset, offset**2)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = sums[1] / sums[0]
        variance = np.maximum(sums[2] / sums[0] - mean**2, 0)
    return mean + centre, variance


def _weighted(image: Float64, mean: Float64, variance: Float64, looks: float) -> Float64:
    """Return the estimate between the mean and the observation that has the least expected error."""
    noise = 1 / looks
    signal = np.maximum(variance - mean**2 * noise, 0) / (1 + noise)
    weight = np.divide(signal, variance, out=np.zeros_like(variance), where=variance > 0)
    filtered: Float64 = mean + weight * (image - mean)
    return filtered


def refined_lee(image: Float64, looks: float) -> Float64:
    """Return an image without most of its speckle, by the local statistics of windows that end at edges.

    image: backscatter in linear units, (height, width), NaN for no data.
    looks: the equivalent number of looks.

    The window is the half of 7 x 7 pixels, cut along the strongest gradient of nine means of 3 x 3 pixels, on the side
    that is nearest to the mean in the middle. Where one of the nine has no valid pixel the whole window is taken, and
    beyond the edge there is nothing. NaN stays NaN and doesn't count in the windows of others.

    Source: Lee (1981), Refined filtering of image noise using local statistics, Computer Graphics and Image Processing
    15(4), 380-389, https://doi.org/10.1016/S0146-664X(81)80018-4.
    """
    mean, variance = np.full(image.shape, np.nan), np.full(image.shape, np.nan)
    _half_windows(np.pad(image, _REACH, constant_values=np.nan), mean, variance)
    return _weighted(image, mean, variance, looks)


@njit(cache=True, nogil=True)
def _half_windows(padded: Float64, mean: Float64, variance: Float64) -> None:
    """Write the mean and the variance of the half window of each pixel."""
    means = _means_of_nine(padded)
    for row in range(mean.shape[0]):
        for column in range(mean.shape[1]):
            if not np.isnan(padded[row + 3, column + 3]):
                down, right, cut = _direction(means[row + 1 : row + 6 : 2, column + 1 : column + 6 : 2])
                window = padded[row : row + 7, column : column + 7]
                mean[row, column], variance[row, column] = _statistics(window, down, right, cut)


@njit(cache=True, nogil=True)
def _means_of_nine(padded: Float64) -> Float64:
    """Return the mean of the valid pixels among 3 x 3 around each one that is not on the rim."""
    means = np.full(padded.shape, np.nan)
    for row in range(1, padded.shape[0] - 1):
        for column in range(1, padded.shape[1] - 1):
            total, count = 0.0, 0
            for y in range(row - 1, row + 2):
                for x in range(column - 1, column + 2):
                    if not np.isnan(padded[y, x]):
                        total += padded[y, x]
                        count += 1
            if count:
                means[row, column] = total / count
    return means


@njit(cache=True, nogil=True)
def _direction(m: Float64) -> tuple[int, int, bool]:
    """Return on which side of the middle the half window lies, rows down and columns right, and if there is one."""
    gradients = (
        abs(m[1, 2] + m[2, 2] + m[2, 1] - m[0, 0] - m[0, 1] - m[1, 0]),
        abs(m[0, 1] + m[0, 2] + m[1, 2] - m[1, 0] - m[2, 0] - m[2, 1]),
        abs(m[:, 2].sum() - m[:, 0].sum()),
        abs(m[2].sum() - m[0].sum()),
    )
    if np.isnan(m.sum()):
        return 0, 0, False
    strongest = 0
    for k in range(1, 4):
        if gradients[k] > gradients[strongest]:
            strongest = k
    down, right = ((1, 1), (-1, 1), (0, 1), (1, 0))[strongest]
    ahead, behind = m[1 + down, 1 + right], m[1 - down, 1 - right]
    if abs(behind - m[1, 1]) < abs(ahead - m[1, 1]):
        return -down, -right, True
    return down, right, True


@njit(cache=True, nogil=True)
def _statistics(window: Float64, down: int, right: int, cut: bool) -> tuple[float, float]:
    """Return mean and variance of the valid pixels on one side of the middle, and of those on the line."""
    count, total, squares = 0, 0.0, 0.0
    for y in range(7):
        for x in range(7):
            offset = window[y, x] - window[3, 3]
            if not np.isnan(offset) and not (cut and (y - 3) * down + (x - 3) * right < 0):
                count += 1
                total += offset
                squares += offset * offset
    mean = total / count
    return window[3, 3] + mean, max(squares / count - mean * mean, 0.0)
