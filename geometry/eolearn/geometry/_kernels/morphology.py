"""Filters of images by the surroundings of a pixel. Minima and maxima are left to OpenCV.

A window has the form of the elements of an array that are not 0, and its centre at element (rows // 2, columns // 2).
What lies beyond the image, and NaN, is left out of windows, and pixels that are NaN stay so. An image is an array of
shape (height, width) and of any dtype of numbers, which is that of the result.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal, TypeAlias

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

Extreme: TypeAlias = Literal["least", "largest"]

_EXACT = 2**53  # up to here float64 holds every integer


def extremes(image: NDArray[Any], element: NDArray[np.uint8], *steps: Extreme) -> NDArray[Any]:
    """Return the least or the largest value in the window of each pixel; with several steps, each of the one before.

    "least" erodes, "largest" dilates, "least" and "largest" open, "largest" and "least" close.
    """
    if image.dtype.kind == "f":
        return _extremes_without_nan(image, element, steps)
    numbers, palette = _comparable(image)
    for step in steps:
        numbers = _extreme(numbers, element, step)
    return numbers.astype(image.dtype) if palette is None else palette[numbers.astype(np.intp)]


def _extremes_without_nan(
    image: NDArray[Any], element: NDArray[np.uint8], steps: tuple[Extreme, ...]
) -> NDArray[np.floating[Any]]:
    missing = np.isnan(image)
    result = image.astype(np.result_type(image.dtype, np.float32))
    for step in steps:
        result[missing] = np.inf if step == "least" else -np.inf
        result = _extreme(result, element, step)
    result[missing] = np.nan
    return result.astype(image.dtype, copy=False)


def eroded_labels(
    image: NDArray[Any], element: NDArray[np.uint8], *, labels: Collection[Any] | None, no_data_label: Any
) -> NDArray[Any]:
    """Return an image where a label stays only where its window holds nothing else; elsewhere no_data_label comes.

    labels: those that are eroded, None for all. Others stay as they are.
    """
    if image.dtype.kind == "f":
        numbers: NDArray[Any] = np.unique(image, return_inverse=True)[1].reshape(image.shape).astype(np.float64)
    else:
        numbers, _ = _comparable(image)
    lost = _extreme(numbers, element, "least") != _extreme(numbers, element, "largest")
    if labels is not None:
        lost &= np.isin(image, list(labels))
    return np.where(lost, image.dtype.type(no_data_label), image)


def _extreme(image: NDArray[Any], element: NDArray[np.uint8], which: Extreme) -> NDArray[Any]:
    return np.asarray(cv2.erode(image, element) if which == "least" else cv2.dilate(image, element))


def _comparable(image: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return an image of integers or bools in a dtype that OpenCV can compare, and what its numbers stand for.

    Without the second array they stand for themselves. With it they are positions in it, in the order of the values.
    """
    if image.dtype.kind == "b":
        return image.view(np.uint8), None
    if image.dtype in (np.uint8, np.uint16, np.int16):
        return image, None
    if image.dtype.itemsize < 8 or not image.size or max(-int(image.min()), int(image.max())) <= _EXACT:
        return image.astype(np.float64), None
    palette, ranks = np.unique(image, return_inverse=True)
    return ranks.reshape(image.shape).astype(np.float64), palette


def median(image: NDArray[Any], element: NDArray[np.uint8]) -> NDArray[Any]:
    """Return the median of the window of each pixel, of an even number of values the lower of the two in the middle."""
    numbers, palette = (image, None) if image.dtype.kind == "f" else _comparable(image)
    result = np.empty(image.shape)
    rows, columns = np.nonzero(element)
    _fill_median(
        result, numbers.astype(np.float64, order="C"), rows - element.shape[0] // 2, columns - element.shape[1] // 2
    )
    return result.astype(image.dtype) if palette is None else palette[result.astype(np.intp)]


@numba.njit(cache=True, nogil=True)
def _fill_median(
    result: NDArray[np.float64],
    image: NDArray[np.float64],
    row_steps: NDArray[np.int64],
    column_steps: NDArray[np.int64],
) -> None:
    height, width = image.shape
    window = np.empty(len(row_steps))
    for row in range(height):
        for column in range(width):
            result[row, column] = image[row, column]
            if np.isnan(image[row, column]):
                continue
            count = 0
            for index in range(len(row_steps)):
                y, x = row + row_steps[index], column + column_steps[index]
                if 0 <= y < height and 0 <= x < width and not np.isnan(image[y, x]):
                    window[count] = image[y, x]
                    count += 1
            if count:
                result[row, column] = _select(window, count, (count - 1) // 2)


@numba.njit(cache=True, nogil=True)
def _select(values: NDArray[np.float64], count: int, position: int) -> float:
    """Return the value that would come to a position if the first of the values were sorted; they are re-ordered.

    Source: C. A. R. Hoare, Algorithm 65: Find, Communications of the ACM 4(7), 1961, doi:10.1145/366622.366647.
    """
    first, last = 0, count - 1
    while first < last:
        pivot = values[position]
        left, right = first, last
        while left <= right:
            while values[left] < pivot:
                left += 1
            while pivot < values[right]:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left += 1
                right -= 1
        if right < position:
            first = left
        if position < left:
            last = right
    return float(values[position])
