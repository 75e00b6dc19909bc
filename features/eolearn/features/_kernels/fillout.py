"""Gaps of series that are filled with what stands beside them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core.utils.threads import over_row_blocks


def is_value(data: NDArray[Any], value: float) -> NDArray[np.bool_]:
    """Return where data are a value, which may be NaN."""
    if value != value:
        return np.isnan(data) if data.dtype.kind in "fc" else np.zeros(data.shape, bool)
    return np.asarray(data == value)


def fill_out(data: NDArray[Any], value: float, operations: str) -> NDArray[Any]:
    """Return series in which the last number before a gap, or the next one after it, stands in the gap.

    data: of shape (dates, ...), any dtype, with at least one axis besides.
    value: what stands in a gap, may be NaN.
    operations: letters, done in this order: ``f`` carries numbers forward, ``b`` backward.

    A gap at the start stays with ``f``, one at the end with ``b``.

    Example:
        >>> fill_out(np.array([[0], [7], [0], [8], [0]]), 0, "f").ravel()
        array([0, 7, 7, 8, 8])
    """
    result = data.copy()

    def fill(start: int, stop: int) -> None:
        rows = result[:, start:stop]
        for operation in operations:
            ordered = rows if operation == "f" else rows[::-1]
            for before, row in pairwise(ordered):
                np.copyto(row, before, where=is_value(row, value))

    over_row_blocks(fill, data.shape[1])
    return result
