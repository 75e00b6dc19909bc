"""Coarser pixels out of finer ones, each weighted by the area that they share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_NOTHING = 1e-9  # parts of a pixel that rounding makes


def extents(columns: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the left, right, upper and lower edges of pixels, of shape (height, width, 4).

    columns, rows: where their corners lie, of shape (height + 1, width + 1). A pixel that is askew becomes an upright
    one with the same centre and, in both directions, the same variance; of a rotated square this has the same size.
    Where corners are not finite, edges are 0.
    """
    edges = np.empty((columns.shape[0] - 1, columns.shape[1] - 1, 4))
    for axis, corners in enumerate((columns, rows)):
        upper_left, upper_right, lower_left, lower_right = (
            np.where(np.isfinite(part), part, np.nan)
            for part in (corners[:-1, :-1], corners[:-1, 1:], corners[1:, :-1], corners[1:, 1:])
        )
        across = (upper_right - upper_left + lower_right - lower_left) / 2
        down = (lower_left - upper_left + lower_right - upper_right) / 2
        centre, half = (upper_left + upper_right + lower_left + lower_right) / 4, np.hypot(across, down) / 2
        edges[..., 2 * axis], edges[..., 2 * axis + 1] = centre - half, centre + half
    edges[np.isnan(edges).any(axis=-1)] = 0
    return edges


@njit(cache=True, nogil=True)
def _span(start: float, stop: float, size: int) -> tuple[int, int]:
    """Return the first pixel that a stretch meets, and the one after the last."""
    return max(0, math.floor(start + _NOTHING)), min(size, math.ceil(stop - _NOTHING))


@njit(cache=True, nogil=True)
def _common(start: float, stop: float, pixel: int) -> float:
    """Return how much of a pixel lies in a stretch."""
    return min(stop, pixel + 1.0) - max(start, float(pixel))


@njit(cache=True, nogil=True)
def area_mean(
    images: NDArray[Any],
    edges: NDArray[np.float64],
    no_data: float,
    means: NDArray[np.float64],
    shares: NDArray[np.float32],
    rows: tuple[int, int],
) -> None:
    """Write means over pixels, weighted by area, and the share of their areas that has data.

    images: (time, height, width, band), numbers. NaN and no_data don't count; without one it is NaN.
    edges: of the pixels to make in the pixels of images, (rows, columns, 4), as :func:`extents`.
    means, shares: (time, rows, columns, band), to be written; means are NaN where no data are.
    rows: the first to write, and the one after the last.
    """
    times, height, width, bands = images.shape
    total, weight = np.zeros(bands), np.zeros(bands)
    for time in range(times):
        for i in range(rows[0], rows[1]):
            for j in range(edges.shape[1]):
                left, right, top, bottom = edges[i, j, 0], edges[i, j, 1], edges[i, j, 2], edges[i, j, 3]
                first_column, last_column = _span(left, right, width)
                first_row, last_row = _span(top, bottom, height)
                total[:], weight[:] = 0.0, 0.0
                for row in range(first_row, last_row):
                    tall = _common(top, bottom, row)
                    for column in range(first_column, last_column):
                        area = tall * _common(left, right, column)
                        for band in range(bands):
                            value = float(images[time, row, column, band])
                            if value == value and value != no_data:  # NaN isn't itself
                                total[band] += area * value
                                weight[band] += area
                size = (right - left) * (bottom - top)
                for band in range(bands):
                    has_data = weight[band] > 0
                    means[time, i, j, band] = total[band] / weight[band] if has_data else np.nan
                    shares[time, i, j, band] = weight[band] / size if has_data else 0.0


@njit(cache=True, nogil=True)
def area_mode(
    images: NDArray[Any],
    edges: NDArray[np.float64],
    no_data: float,
    modes: NDArray[Any],
    shares: NDArray[np.float32],
    rows: tuple[int, int],
) -> None:
    """Write the value that covers the largest area of each pixel, and the share of its area that has data.

    As :func:`area_mean`; modes is of the dtype of images and keeps what it held where no data are. Of values that cover
    the same area it is the smallest.
    """
    times, height, width, bands = images.shape
    most = 1
    for i in range(rows[0], rows[1]):
        for j in range(edges.shape[1]):
            across, down = edges[i, j, 1] - edges[i, j, 0], edges[i, j, 3] - edges[i, j, 2]
            most = max(most, min(math.ceil(across) + 1, width) * min(math.ceil(down) + 1, height))
    values, areas = np.empty(most, images.dtype), np.empty(most)
    for time in range(times):
        for i in range(rows[0], rows[1]):
            for j in range(edges.shape[1]):
                for band in range(bands):
                    count = _tally(images[time, :, :, band], edges[i, j], no_data, values, areas)
                    size = (edges[i, j, 1] - edges[i, j, 0]) * (edges[i, j, 3] - edges[i, j, 2])
                    shares[time, i, j, band] = areas[:count].sum() / size if count else 0.0
                    if count:
                        modes[time, i, j, band] = values[_largest(values, areas, count)]


@njit(cache=True, nogil=True)
def _tally(
    image: NDArray[Any], edges: NDArray[np.float64], no_data: float, values: NDArray[Any], areas: NDArray[np.float64]
) -> int:
    """Write which values lie in a pixel and what area each covers, and return their number."""
    first_column, last_column = _span(edges[0], edges[1], image.shape[1])
    first_row, last_row = _span(edges[2], edges[3], image.shape[0])
    count = 0
    for row in range(first_row, last_row):
        for column in range(first_column, last_column):
            value = image[row, column]
            if value != value or float(value) == no_data:  # NaN isn't itself
                continue
            known = 0
            while known < count and values[known] != value:
                known += 1
            if known == count:
                values[count], areas[count] = value, 0.0
                count += 1
            areas[known] += _common(edges[2], edges[3], row) * _common(edges[0], edges[1], column)
    return count


@njit(cache=True, nogil=True)
def _largest(values: NDArray[Any], areas: NDArray[np.float64], count: int) -> int:
    best = 0
    for known in range(1, count):
        ahead = areas[known] - areas[best]
        if ahead > _NOTHING or (ahead > -_NOTHING and values[known] < values[best]):
            best = known
    return best
