"""Several images of one place as one, the first axis being that of the images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def best_date(valid: NDArray[np.bool_], quality: NDArray[np.float64] | None) -> NDArray[np.intp]:
    """Return for each pixel the position of the image with the highest quality of those that are valid there.

    valid, quality: (time, height, width); without a quality all are alike. Of equals the first counts, and where none
    is valid it is the first image.
    """
    if quality is None:
        return np.asarray(valid.argmax(axis=0))
    highest = np.where(valid, quality, -np.inf).max(axis=0, initial=-np.inf)
    return np.asarray((valid & (quality == highest)).argmax(axis=0))


def merged(images: NDArray[Any], choice: NDArray[np.intp]) -> NDArray[Any]:
    """Return the image that takes each pixel from the chosen one.

    images: (time, height, width, band). choice: (height, width).
    """
    return np.asarray(np.take_along_axis(images, choice[np.newaxis, ..., np.newaxis], axis=0)[0])


def valid_mean(images: NDArray[Any], valid: NDArray[np.bool_], no_data: float) -> NDArray[Any]:
    """Return the mean of the valid images, in their dtype; where there is none, the first image.

    images: (time, ..., band), numbers, of which NaN and no_data don't count. valid: (time, ...).
    """
    counted = valid[..., np.newaxis] & ~np.isnan(images) & (images != no_data)
    total = np.where(counted, images, 0).sum(axis=0, dtype=np.float64)
    count = counted.sum(axis=0)
    mean = total / np.maximum(count, 1)
    mean = mean if images.dtype.kind == "f" else np.rint(mean)
    return np.asarray(np.where(count > 0, mean.astype(images.dtype), images[0]))
