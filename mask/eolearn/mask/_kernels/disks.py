"""Averages and dilations of images by disks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def disk(radius_px: int) -> NDArray[np.uint8]:
    """Return a square of ``2 * radius_px + 1`` pixels a side, 1 on a disk and 0 around it, as OpenCV draws it."""
    import cv2

    side = 2 * radius_px + 1
    image = np.zeros((side, side), np.uint8)
    return np.asarray(cv2.circle(image, (radius_px, radius_px), radius_px, color=1, thickness=-1), np.uint8)


def averaged(values: NDArray[np.float32], valid: NDArray[np.bool_], radius_px: int | None) -> NDArray[np.float32]:
    """Return the means of the valid pixels of an image on disks, reflected at the border.

    values, valid: of shape (height, width). values may be anything finite where ``valid`` is False.
    radius_px: of the disk; None or 0 returns the values.

    The result is 0 where no pixel of the disk is valid.
    """
    if not radius_px:
        return np.where(valid, values, np.float32(0))
    import cv2

    filled = values if valid.all() else np.where(valid, values, np.float32(0))
    weights = disk(radius_px)
    area = int(weights.sum())
    sums = cv2.filter2D(filled, -1, weights / area, borderType=cv2.BORDER_REFLECT)
    if valid.all():
        return np.asarray(sums)
    counts = cv2.filter2D(valid.astype(np.float32), -1, weights.astype(np.float32), borderType=cv2.BORDER_REFLECT)
    counts = np.rint(counts)  # OpenCV goes by way of the Fourier transform for large disks
    return np.where(counts > 0, sums / (np.maximum(counts, 1) / np.float32(area)), np.float32(0))


def dilated(mask: NDArray[np.bool_], element: NDArray[Any] | None) -> NDArray[np.bool_]:
    """Return a mask of shape (height, width), True also where it is under an element that is set on a True pixel."""
    if element is None:
        return mask
    import cv2

    return np.asarray(cv2.dilate(mask.view(np.uint8), element)).view(np.bool_)
