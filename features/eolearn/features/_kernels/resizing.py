"""Stacks of images in another size, by OpenCV or by Pillow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core.utils.threads import over_row_blocks

_MOST_CHANNELS = 128  # that an image of OpenCV 5 may have
_SAME_BYTES = {1: np.uint8, 2: np.uint16, 4: np.int32, 8: np.float64}


def resize_with_cv2(images: NDArray[Any], size_hw: tuple[int, int], method: int) -> NDArray[Any]:
    """Return images in another size and in their dtype.

    images: of shape (images, height, width, bands), floats, integers or bools, with at least one pixel.
    size_hw: the new height and width. method: OpenCV's number for it, INTER_NEAREST_EXACT or INTER_LINEAR_EXACT for
        integers.

    OpenCV knows the linear method for integers of up to 16 bits only, except int8. Others are computed in float64,
    rounded to the nearest integer, halves to the even one.
    """
    import cv2

    height, width = size_hw
    result = np.empty((len(images), height, width, images.shape[-1]), images.dtype)
    if method in (cv2.INTER_NEAREST, cv2.INTER_NEAREST_EXACT):
        working, channels = images.view(_SAME_BYTES[images.itemsize]), _MOST_CHANNELS
        result = result.view(working.dtype)
    elif images.dtype.kind == "f":
        working = images.astype(np.float32 if images.itemsize <= 4 else np.float64, copy=False)
        channels = _MOST_CHANNELS
    elif images.dtype.name in ("bool", "uint8", "uint16", "int16"):
        working = images.view(np.uint8) if images.dtype.kind == "b" else images
        channels = 1  # more than four at once are slower, and round halves another way
    else:
        return _integers_by_floats(images, size_hw)
    for image, target in zip(working, result, strict=True):
        for first in range(0, images.shape[-1], channels):
            part = np.ascontiguousarray(image[..., first : first + channels])
            resized = cv2.resize(part, (width, height), interpolation=method)
            target[..., first : first + channels] = resized.reshape(height, width, -1)
    return result.view(images.dtype)


def _integers_by_floats(images: NDArray[Any], size_hw: tuple[int, int]) -> NDArray[Any]:
    import cv2

    result = np.empty((len(images), *size_hw, images.shape[-1]), images.dtype)
    for index in range(len(images)):
        resized = resize_with_cv2(images[index : index + 1].astype(np.float64), size_hw, cv2.INTER_LINEAR)[0]
        result[index] = to_integers(np.rint(resized), images.dtype)
    return result


def to_integers(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return numbers in an integer dtype, those beyond its ends at its ends."""
    limits = np.iinfo(dtype)
    least, most = float(limits.min), float(limits.max)
    if most > limits.max:  # as those of 64 bits do
        most = float(np.nextafter(most, 0))
    return np.asarray(np.clip(values, least, most)).astype(dtype)


def resize_with_pil(images: NDArray[Any], size_hw: tuple[int, int], method: Any) -> NDArray[Any]:
    """Return images in another size and in their dtype.

    images: of shape (images, height, width, bands), floats, bools, or integers that int32 holds, with at least one
        pixel.
    size_hw: the new height and width. method: Pillow's name for it; bools are resized with the nearest pixel always.

    Integers but uint8 are resized as int32, floats as float32.
    """
    from PIL import Image

    height, width = size_hw
    result = np.empty((len(images), height, width, images.shape[-1]), images.dtype)
    working = np.float32 if images.dtype.kind == "f" else np.int32
    if images.dtype.name in ("bool", "uint8"):
        working = images.dtype.type

    def fill(start: int, stop: int) -> None:
        for index in range(start, stop):
            for band in range(images.shape[-1]):
                image = Image.fromarray(images[index, ..., band].astype(working))
                resized = np.asarray(image.resize((width, height), method))
                result[index, ..., band] = to_integers(resized, images.dtype) if images.dtype.kind in "iu" else resized

    over_row_blocks(fill, len(images), least_rows=1)
    return result
