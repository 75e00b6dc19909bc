"""The maximal correlation coefficient, Haralick's fourteenth texture, which is an eigenvalue."""

from __future__ import annotations

import numpy as np
from numba import njit

from .haralick import Floats, Integers, Levels, Window

_MATRIX_BYTES = 1 << 23  # of matrices that are in memory at a time


def maximal_correlation(grey: Levels, rows: range, stride: int, levels: int, window: Window) -> Floats:
    """Return f14 of Haralick 1973, the root of the second largest eigenvalue of Q, of shape (rows, columns).

    Q(i, j) is the sum of P(i, k) P(j, k) / (p(i) p(k)) over k, where p is the margin of P. For symmetric P these are
    the squared eigenvalues of the symmetric P(i, j) / root of p(i) p(j), of which the largest is 1. It is 0 where all
    levels are equal, and NaN without data. Arguments are those of :func:`.haralick.window_sums`.
    """
    columns = range(0, grey.shape[1] - window.size + 1, stride)
    result = np.full((len(rows), len(columns)), np.nan)
    side = min(levels, window.size**2)
    at_once = max(1, _MATRIX_BYTES // (8 * side * side))
    for index, row in enumerate(rows):
        for start in range(0, len(columns), at_once):
            part = columns[start : start + at_once]
            matrices = np.zeros((len(part), side, side))
            pairs = np.zeros(len(part), np.int64)
            _fill(grey, row, part.start, stride, levels, *window, matrices, pairs)
            absolute = np.abs(np.linalg.eigvalsh(matrices))
            absolute.sort(axis=1)
            second = absolute[:, -2] if side > 1 else np.zeros(len(part))
            result[index, start : start + at_once] = np.where(pairs > 0, second, np.nan)
    return result


@njit(cache=True, nogil=True, error_model="numpy")
def _fill(
    grey: Levels, row: int, column: int, stride: int, levels: int, size: int, down: int, right: int,
    matrices: Floats, pairs: Integers,
) -> None:  # fmt: skip
    """Make the matrix of each window of a row, with lines for the levels that occur only."""
    line = np.empty(levels, np.int64)
    for index in range(len(matrices)):
        matrix = matrices[index]
        line[:] = -1
        used = 0
        left = column + index * stride
        for y in range(row + max(0, -down), row + size - max(0, down)):
            for x in range(left, left + size - right):
                a, b = grey[y, x], grey[y + down, x + right]
                if a < 0 or b < 0:
                    continue
                for level in (a, b):
                    if line[level] < 0:
                        line[level] = used
                        used += 1
                matrix[line[a], line[b]] += 1
                matrix[line[b], line[a]] += 1
                pairs[index] += 1
        margin = np.sqrt(matrix.sum(axis=1))
        for i in range(used):
            for j in range(used):
                matrix[i, j] /= margin[i] * margin[j]
