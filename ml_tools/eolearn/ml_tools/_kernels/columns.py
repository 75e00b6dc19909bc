"""Pixels of images as the rows of a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def column_count(image: NDArray[Any]) -> int:
    """Return how many columns an image gives: its bands, for each date if it has dates."""
    *dates, _, _, bands = image.shape
    return int(math.prod(dates) * bands)


def pixel_columns(images: Sequence[NDArray[Any]], start: int, stop: int) -> NDArray[Any]:
    """Return the pixels of some rows of images as a table with a line for each pixel.

    images: at least one, each (time, height, width, band) or (height, width, band), of the same height and width.
    start, stop: the first row of the images, and the one after the last.

    Returns ((stop - start) * width, columns) of a dtype that holds those of all images. The columns are the images in
    their order, of each the dates in their order, of each date the bands.
    """
    height, width = stop - start, images[0].shape[-2]
    table = np.empty((height, width, sum(map(column_count, images))), dtype=np.result_type(*images))
    first = 0
    for image in images:
        rows = image[..., start:stop, :, :]
        if image.ndim == 4:
            rows = rows.transpose(1, 2, 0, 3)
        columns = table[..., first : first + column_count(image)]
        columns.reshape(rows.shape)[...] = rows  # an axis that is split stays a view
        first += column_count(image)
    return table.reshape(height * width, first)
