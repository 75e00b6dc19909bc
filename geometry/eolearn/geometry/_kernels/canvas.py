"""Lays images into a larger one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Place(NamedTuple):
    """Where an image lies in the larger one."""

    dates: Sequence[int]
    rows: slice
    columns: slice


def lay(
    images: Sequence[NDArray[Any]],
    places: Sequence[Place],
    canvas: NDArray[Any],
    *,
    overlaps: Literal["equal", "first", "last"],
) -> list[int]:
    """Write images into a larger one, and return which of them differ from earlier ones where they overlap.

    images: (date, height, width, band).
    places: of each image.
    canvas: (date, height, width, band), of the dtype of the images; written into.
    overlaps: the image that counts where several overlap. With "equal", the first; only then differences are looked
        for. NaN equals NaN.

    Example:
        >>> canvas = np.zeros((1, 1, 3, 1))
        >>> left, right = (Place([0], slice(0, 1), columns) for columns in (slice(0, 2), slice(1, 3)))
        >>> lay([np.ones((1, 1, 2, 1)), np.full((1, 1, 2, 1), 2.0)], [left, right], canvas, overlaps="first")
        []
        >>> canvas[0, 0, :, 0]
        array([1., 1., 2.])
    """
    laid = np.zeros(canvas.shape[:3], np.bool_)
    different = []
    for number, (image, place) in enumerate(zip(images, places, strict=True)):
        differs = False
        for date, frame in zip(place.dates, image, strict=True):
            old, taken = canvas[date, place.rows, place.columns], laid[date, place.rows, place.columns]
            if overlaps == "equal" and taken.any():
                differs |= not _are_equal(old[taken], frame[taken])
            old[...] = frame if overlaps == "last" or not taken.any() else np.where(taken[..., np.newaxis], old, frame)
            taken[...] = True
        if differs:
            different.append(number)
    return different


def _are_equal(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return bool(((a == b) | ((a != a) & (b != b))).all())
