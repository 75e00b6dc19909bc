"""Stacks of images in another size, smoothed before they become smaller."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

METHODS = {"nearest": "INTER_NEAREST", "linear": "INTER_LINEAR", "cubic": "INTER_CUBIC"}


def resized(images: NDArray[Any], size_hw: tuple[int, int], *, anti_alias: bool, method: str) -> NDArray[Any]:
    """Return images in another size, in their dtype.

    images: of shape (images, height, width, bands), of floats, integers or bools. Integers are rounded to the nearest.
    anti_alias: whether to smooth what becomes smaller, by a Gaussian of the standard deviation ``(1 / factor - 1) / 2``
        pixels.
    method: one of METHODS.
    """
    import cv2

    height, width = size_hw
    sigma_y, sigma_x = (max(0.0, (old / new - 1) / 2) for old, new in zip(images.shape[1:3], size_hw, strict=True))
    working = np.float32 if images.itemsize <= 2 or images.dtype == np.float32 else np.float64
    result = np.empty((len(images), height, width, images.shape[-1]), images.dtype)
    for image, target in zip(images, result, strict=True):
        for band in range(images.shape[-1]):
            plane: NDArray[Any] = np.ascontiguousarray(image[..., band], working)
            if anti_alias and (sigma_y or sigma_x):
                plane = _smoothed(plane, sigma_y, sigma_x)
            plane = cv2.resize(plane, (width, height), interpolation=getattr(cv2, METHODS[method]))
            target[..., band] = plane if images.dtype.kind == "f" else _rounded(plane, images.dtype)
    return result


def _smoothed(plane: NDArray[Any], sigma_y: float, sigma_x: float) -> NDArray[Any]:
    import cv2

    tiny = 1e-3  # OpenCV takes 0 for "as the other axis"
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), max(sigma_x, tiny), sigmaY=max(sigma_y, tiny)))


def _rounded(plane: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind == "b":
        return np.asarray(plane >= 0.5)
    limits = np.iinfo(dtype)
    return np.asarray(np.clip(np.rint(plane), limits.min, limits.max)).astype(dtype)
