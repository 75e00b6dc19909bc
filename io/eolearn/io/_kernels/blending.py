"""Overlapping images put together: each pixel is a weighted mean of them, or comes from one of them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]


def axis_weights(length: int, margin: int) -> Floats:
    """Return the weights of the rows, or of the columns, of an image: a raised cosine (Hann window).

    length: the number of rows.
    margin: how many rows along each edge count only where no other image has anything better.

    They are positive inside, and nearly 0 at its ends; those of the margins are negative, to tell them apart. Over any
    width of an overlap, the shares of two images of one size go smoothly from 1 to 0 and from 0 to 1.
    """
    weights = -_hann(length)
    weights[margin : length - margin] = _hann(length - 2 * margin)
    return weights.astype(np.float32)


def _hann(length: int) -> NDArray[np.float64]:
    return np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2


@njit(cache=True, nogil=True)
def blend(
    mean: Floats,
    weight: Floats,
    rank: NDArray[np.uint8],
    image: NDArray[Any],
    rows: Floats,
    columns: Floats,
    corner: tuple[int, int],
    no_data: float,
) -> None:  # pragma: no cover - compiled
    """Take an image into a weighted mean.

    mean: (band, height, width), changed in place; of any values where there are no data yet.
    weight: the sum of the weights so far, of the same shape, changed in place.
    rank: of the same shape, changed in place: 0 where there are no data yet, otherwise 1 and 1 more for each axis
        along which the pixel lies in no margin. Of several images, only those of the highest rank count.
    image: (height, width, band), contiguous. NaN and `no_data` (NaN for none) are left out.
    rows, columns: the weights of :func:`axis_weights` for the image.
    corner: row and column of the mean at which the image begins; what lies beyond the mean is left out.

    The mean is updated as ``mean += (value - mean) * weight / sum``, so equal values stay what they are, to the bit.
    Source: D. H. D. West, Updating mean and variance estimates, CACM 22 (9), 1979, doi:10.1145/359146.359153.
    """
    height, width, bands = image.shape
    top, left = corner
    first, last = max(0, -left), min(width, weight.shape[2] - left)
    for row in range(max(0, -top), min(height, weight.shape[1] - top)):
        for band in range(bands):
            for column in range(first, last):
                own_rank = np.uint8(1 + (rows[row] > 0) + (columns[column] > 0))
                own = abs(rows[row] * columns[column])
                value = np.float32(image[row, column, band])
                at = band, top + row, left + column
                if np.isnan(value) or image[row, column, band] == no_data or own_rank < rank[at]:
                    continue
                if own_rank > rank[at]:
                    rank[at], weight[at], mean[at] = own_rank, own, value
                else:
                    weight[at] += own
                    mean[at] += (value - mean[at]) * (own / weight[at])


@njit(cache=True, nogil=True)
def keep_nearest(
    kept: NDArray[Any],
    weight: Floats,
    rank: NDArray[np.uint8],
    image: NDArray[Any],
    rows: Floats,
    columns: Floats,
    corner: tuple[int, int],
    no_data: float,
) -> None:  # pragma: no cover - compiled
    """Take over the pixels of an image whose weight is larger than that of what is there: those nearer to its centre.

    kept: (band, height, width), changed in place; of any values where there are no data yet.
    weight: the weight of what is kept, changed in place. All else as for :func:`blend`.
    """
    height, width, bands = image.shape
    top, left = corner
    first, last = max(0, -left), min(width, weight.shape[2] - left)
    for row in range(max(0, -top), min(height, weight.shape[1] - top)):
        for band in range(bands):
            for column in range(first, last):
                own_rank = np.uint8(1 + (rows[row] > 0) + (columns[column] > 0))
                own = abs(rows[row] * columns[column])
                value = image[row, column, band]
                at = band, top + row, left + column
                if np.isnan(value) or value == no_data:
                    continue
                if own_rank > rank[at] or (own_rank == rank[at] and own > weight[at]):
                    rank[at], weight[at], kept[at] = own_rank, own, value


@njit(cache=True, nogil=True)
def most_likely(mean: Floats, rank: NDArray[np.uint8]) -> NDArray[np.int32]:  # pragma: no cover - compiled
    """Return the band with the highest value of each pixel, the first of equal ones, -1 where no band has data.

    mean, rank: as :func:`blend` leaves them. Returns (height, width).
    """
    bands, height, width = mean.shape
    best = np.full((height, width), -1, dtype=np.int32)
    highest = np.empty((height, width), dtype=np.float32)
    for band in range(bands):
        for row in range(height):
            for column in range(width):
                value = mean[band, row, column]
                if rank[band, row, column] > 0 and (best[row, column] < 0 or value > highest[row, column]):
                    best[row, column], highest[row, column] = band, value
    return best
