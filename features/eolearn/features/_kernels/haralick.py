"""Co-occurrences of grey levels in a window that slides over an image, counted in whole numbers.

A window's matrix of co-occurrences is never looked at as a whole: when the window moves by a pixel, a column of pairs
leaves and one enters, and each changes some sums by known amounts. All the textures but one are functions of these
sums, see :mod:`.textures`. Sums of logarithms and quotients are kept as multiples of a small power of two, so that
they too are exact whatever the window has passed on its way.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Integers: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Levels: TypeAlias = NDArray[np.int16]

NO_DATA = -1
PAIRS, TOTAL, SQUARES, PRODUCTS, DISTANCES, CLOSENESS, REPEATS, JOINT, MARGIN, SUMS, DIFFERENCES = range(11)
"""Positions of the sums over the pairs (a, b) of a window: their number; a + b; a² + b²; ab; |a - b|;
1 / (1 + (a - b)²); then the squared entries of the symmetric matrix of counts; then c log c of its entries, of its
margin, of the counts of a + b, and of the counts of |a - b|. The last four and CLOSENESS are multiples of a unit."""


class Window(NamedTuple):
    """A square window, and the pairs of pixels in it that are compared."""

    size: int
    """Rows and columns, odd."""
    down: int
    """Rows from the first pixel of a pair to the second."""
    right: int
    """Columns from the first pixel of a pair to the second, not negative."""

    @classmethod
    def of(cls, size: int, distance: float, angle_rad: float) -> Window:
        """Return a window with pairs at a distance in pixels, in a direction; 0 is along the rows."""
        down, right = round(np.sin(angle_rad) * distance), round(np.cos(angle_rad) * distance)
        return cls(size, -down, -right) if right < 0 else cls(size, down, right)

    @property
    def pairs(self) -> int:
        """How many pairs there are in the window."""
        return max(0, self.size - abs(self.down)) * max(0, self.size - self.right)

    @property
    def unit(self) -> float:
        """Of the sums that are no whole numbers: the smallest power of two with which they fit into 64 bits."""
        largest = max(2, 2 * self.pairs)
        return float(2.0 ** (np.ceil(np.log2(largest * np.log(largest) + largest)) - 62))


def quantized(image: NDArray[Any], levels: int, value_range: tuple[float, float] | None, window: Window) -> Levels:
    """Return the grey level of each pixel, 0 to ``levels - 1``, with a margin of edge pixels around for the window.

    value_range: is divided into equal levels; values beyond it get the first or last one. None for the least and the
        greatest value of the image. NaN and infinite pixels get :data:`NO_DATA`.
    """
    values = image.astype(np.float64)
    known = np.isfinite(values)
    if value_range is None:
        value_range = (values[known].min(), values[known].max()) if known.any() else (0, 1)
    low, high = value_range
    values[~known] = low
    values -= low
    if high > low:
        values *= levels / (high - low)
    np.clip(values, 0, levels - 1, out=values)
    grey = values.astype(np.int16)
    grey[~known] = NO_DATA
    return np.pad(grey, window.size // 2, mode="edge")


def logarithm_table(window: Window) -> Integers:
    """Return c log c in the window's unit, for all counts c that occur."""
    counts = np.arange(2 * window.pairs + 1, dtype=np.float64)
    return np.rint(counts * np.log(np.maximum(counts, 1)) / window.unit).astype(np.int64)


def closeness_table(window: Window, levels: int) -> Integers:
    """Return 1 / (1 + d²) in the window's unit, for all differences d that occur."""
    return np.rint(1 / (1 + np.arange(levels, dtype=np.float64) ** 2) / window.unit).astype(np.int64)


def window_sums(grey: Levels, rows: range, stride: int, levels: int, window: Window) -> Integers:
    """Return the sums of the windows around pixels of an image, of shape (rows, columns, 11).

    grey: levels with a margin, from :func:`quantized`. rows: of the pixels. stride: from one column to the next.
    """
    columns = range(0, grey.shape[1] - window.size + 1, stride)
    sums = np.zeros((len(rows), len(columns), 11), np.int64)
    tables = logarithm_table(window), closeness_table(window, levels)
    _slide(grey, rows.start, rows.step, columns.stop, stride, levels, *window, *tables, sums)
    return sums


@njit(cache=True, nogil=True)
def _change_count(counts: Integers, index: int, step: int, weight: int, logarithms: Integers) -> np.int64:
    """Change a count, and return by how much the sum of weighted logarithms changes."""
    before = counts[index]
    counts[index] = before + step
    change: np.int64 = logarithms[(before + step) * weight] - logarithms[before * weight]
    return change


@njit(cache=True, nogil=True)
def _change_pair(
    a: int,
    b: int,
    step: int,
    joint: Integers,
    single: Integers,
    logarithms: Integers,
    closeness: Integers,
    now: Integers,
) -> None:
    """Let a pair of levels enter a window (step 1) or leave it (step -1)."""
    levels = closeness.size
    low, high = min(a, b), max(a, b)
    distance = high - low
    now[PAIRS] += step
    now[TOTAL] += step * (a + b)
    now[SQUARES] += step * (a * a + b * b)
    now[PRODUCTS] += step * a * b
    now[DISTANCES] += step * distance
    now[CLOSENESS] += step * closeness[distance]
    cell, mirrored = low * levels + high, 2 if distance else 1
    entry = 2 // mirrored  # how much the pair adds to the entry of the matrix, and to its mirror image if there is one
    now[REPEATS] += mirrored * entry * entry * (2 * step * joint[cell] + 1)
    now[JOINT] += mirrored * _change_count(joint, cell, step, entry, logarithms)
    now[MARGIN] += _change_count(single, a, step, 1, logarithms)
    now[MARGIN] += _change_count(single, b, step, 1, logarithms)
    now[SUMS] += _change_count(single, levels + a + b, step, 1, logarithms)
    now[DIFFERENCES] += _change_count(single, 3 * levels + distance, step, 1, logarithms)


@njit(cache=True, nogil=True)
def _slide(
    grey: Levels, first_row: int, row_step: int, width: int, stride: int, levels: int, size: int, down: int, right: int,
    logarithms: Integers, closeness: Integers, sums: Integers,
) -> None:  # fmt: skip
    """Move the window along each row of pixels, and note its sums at every stride-th one."""
    joint, single = np.zeros(levels * levels, np.int64), np.zeros(4 * levels, np.int64)
    now = np.zeros(sums.shape[2], np.int64)
    for index in range(sums.shape[0]):
        joint[:], single[:], now[:] = 0, 0, 0
        top = first_row + index * row_step
        for column in range(width + size - right - 1):
            for leaving in range(2):
                first = column - leaving * (size - right)
                if first < 0:
                    continue
                for row in range(top + max(0, -down), top + size - max(0, down)):
                    a, b = int(grey[row, first]), int(grey[row + down, first + right])
                    if a >= 0 and b >= 0:
                        _change_pair(a, b, 1 - 2 * leaving, joint, single, logarithms, closeness, now)
            pixel = column - (size - right - 1)
            if pixel >= 0 and pixel % stride == 0:
                sums[index, pixel // stride] = now
