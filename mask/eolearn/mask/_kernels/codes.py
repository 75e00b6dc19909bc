"""Codes of classes in quality bands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

CODES = 1 << 16


def class_table(tests: Iterable[tuple[int, int]]) -> NDArray[np.bool_]:
    """Return for each code of 16 bits whether ``code & bits == value`` for one of some pairs (bits, value)."""
    codes = np.arange(CODES, dtype=np.uint32)
    table = np.zeros(CODES, np.bool_)
    for bits, value in tests:
        table |= (codes & bits) == value
    return table


def in_classes(codes: NDArray[Any], table: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which codes, whole numbers from 0 to 65535, a table marks."""
    return np.asarray(table[codes])
