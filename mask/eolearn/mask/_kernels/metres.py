"""Distances in images, in metres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def distance_m(mask: NDArray[np.bool_], pixel_size_m: tuple[float, float]) -> NDArray[np.float64]:
    """Return how far each pixel is from the nearest one that is True, middle to middle; infinite if there is none.

    mask: of shape (height, width). pixel_size_m: height and width of a pixel.
    """
    from scipy.ndimage import distance_transform_edt

    if not mask.any():
        return np.full(mask.shape, np.inf)
    return np.asarray(distance_transform_edt(~mask, sampling=pixel_size_m))


def dilated_m(mask: NDArray[np.bool_], radius_m: float, pixel_size_m: tuple[float, float]) -> NDArray[np.bool_]:
    """Return a mask that is True also where a True pixel is within a radius, middle to middle."""
    if radius_m <= 0 or not mask.any():
        return mask
    return np.asarray(distance_m(mask, pixel_size_m) <= radius_m)
