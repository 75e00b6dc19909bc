"""Images with pixels that have no data, on a coarser grid and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def coarsened(
    image: NDArray[Any], valid: NDArray[np.bool_], size_hw: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the means of the valid pixels that lie in each coarse one, and which coarse ones have any.

    image: of shape (height, width, bands). valid: of shape (height, width). size_hw: at most that of the image.
    """
    weights = _resized(valid.astype(np.float32), size_hw, "INTER_AREA")
    means = np.empty((*size_hw, image.shape[-1]), np.float32)
    for band in range(image.shape[-1]):
        values = np.where(valid, image[..., band], 0).astype(np.float32)
        means[..., band] = _resized(values, size_hw, "INTER_AREA")
    has_data = weights > 0
    np.divide(means, weights[..., np.newaxis], out=means, where=has_data[..., np.newaxis])
    return means, has_data


def refined(values: NDArray[np.float32], valid: NDArray[np.bool_], size_hw: tuple[int, int]) -> NDArray[np.float32]:
    """Return an image of a finer grid, linear between the valid pixels of a coarse one; 0 where none is near."""
    sums = _resized(np.where(valid, values, np.float32(0)), size_hw, "INTER_LINEAR")
    if valid.all():
        return sums
    weights = _resized(valid.astype(np.float32), size_hw, "INTER_LINEAR")
    return np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0)


def _resized(image: NDArray[np.float32], size_hw: tuple[int, int], method: str) -> NDArray[np.float32]:
    import cv2

    return np.asarray(cv2.resize(image, size_hw[::-1], interpolation=getattr(cv2, method)))
