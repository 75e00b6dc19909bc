"""What sets a pixel of one date apart from its surroundings and from other dates, for a classifier of clouds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_C1, _C2 = 0.01**2, 0.03**2  # of the source, for values of the range 1


def window_of(num: int, middle: int, window: int) -> tuple[int, int]:
    """Return the first and one past the last of a window of positions around a middle one, within 0 and ``num``."""
    window = min(num, window)
    first = min(max(0, middle - window // 2), num - window)
    return first, first + window


def multi_temporal_features(
    frames: NDArray[np.float32], valid: NDArray[np.bool_], target: int, sigma_px: float
) -> NDArray[np.float32]:
    """Return nine features for each band of the valid pixels of one frame, of shape (pixels, 9 * bands).

    frames: of shape (time, height, width, bands), finite where valid. valid: of shape (time, height, width).
    target: position of the frame. sigma_px: of the Gaussian that says what is local.

    Their order: the values; their local means; for each band the greatest, mean and standard deviation of the
    structural similarity with the other frames; for each band minimum and mean over all frames; for each band greatest
    and mean difference from the other frames. Only valid pixels count. Where there is no other frame, the pixel is
    compared with itself: similarity 1, difference 0.

    Source of the similarity: Wang, Bovik, Sheikh and Simoncelli (2004), Image quality assessment: from error visibility
    to structural similarity, IEEE Transactions on Image Processing 13, 600-612, equation 13.
    """
    bands = frames.shape[-1]
    chosen = valid[target]
    result = np.empty((np.count_nonzero(chosen), 9 * bands), np.float32)
    others = np.delete(valid, target, axis=0)[:, chosen]
    for band in range(bands):
        images = np.where(valid, frames[..., band], 0).astype(np.float32)
        values = images[:, chosen]
        own, compared = values[target], np.delete(values, target, axis=0)
        similar, local_mean = _similarities(images, valid, target, sigma_px)
        similar = similar[:, chosen]
        differences = own - compared
        result[:, band] = own
        result[:, bands + band] = local_mean[chosen]
        mean = _mean(similar, others, 1)
        result[:, 2 * bands + 3 * band] = _greatest(similar, others, 1)
        result[:, 2 * bands + 3 * band + 1] = mean
        result[:, 2 * bands + 3 * band + 2] = np.sqrt(_mean((similar - mean) ** 2, others, 0))
        result[:, 5 * bands + 2 * band] = np.where(valid[:, chosen], values, np.inf).min(axis=0)
        result[:, 5 * bands + 2 * band + 1] = _mean(values, valid[:, chosen], 0)
        result[:, 7 * bands + 2 * band] = _greatest(differences, others, 0)
        result[:, 7 * bands + 2 * band + 1] = _mean(differences, others, 0)
    return result


def _similarities(
    images: NDArray[np.float32], valid: NDArray[np.bool_], target: int, sigma_px: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the similarity of one image with each other one, and its local means.

    Local moments are those of the pixels that are valid in the image itself; invalid ones count as its local mean.
    """
    means, squares = [], []
    filled = []
    for image, has_data in zip(images, valid, strict=True):
        weight = _blurred(has_data.astype(np.float32), sigma_px)
        mean = np.divide(_blurred(image, sigma_px), weight, out=np.zeros_like(image), where=weight > 1e-6)
        filled.append(np.where(has_data, image, mean))
        means.append(_blurred(filled[-1], sigma_px))
        squares.append(_blurred(filled[-1] ** 2, sigma_px))
    result = np.empty((len(images) - 1, *images.shape[1:]), np.float32)
    mean, variance = means[target], squares[target] - means[target] ** 2
    for place, other in enumerate(index for index in range(len(images)) if index != target):
        covariance = _blurred(filled[target] * filled[other], sigma_px) - mean * means[other]
        other_variance = squares[other] - means[other] ** 2
        above = (2 * mean * means[other] + _C1) * (2 * covariance + _C2)
        below = (mean**2 + means[other] ** 2 + _C1) * (variance + other_variance + _C2)
        result[place] = above / below
    return result, mean


def _blurred(image: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    import cv2

    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT))


def _mean(values: NDArray[Any], valid: NDArray[np.bool_], without: float) -> NDArray[np.float64]:
    counts = np.count_nonzero(valid, axis=0)
    sums = np.sum(np.where(valid, values, 0), axis=0, dtype=np.float64)
    return np.asarray(np.divide(sums, counts, out=np.full(sums.shape, float(without)), where=counts > 0))


def _greatest(values: NDArray[Any], valid: NDArray[np.bool_], without: float) -> NDArray[Any]:
    if not len(values):
        return np.full(values.shape[1:], without, np.float32)
    return np.where(valid.any(axis=0), np.where(valid, values, -np.inf).max(axis=0), without)
