"""Runs a computation over the time series of an image, some pixels at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from eolearn.core.utils.threads import over_row_blocks

from ._kernels.dtypes import working_dtype

Compute: TypeAlias = Callable[[NDArray[Any], slice], NDArray[np.floating[Any]]]

_BLOCK_BYTES = 1 << 19  # of observations: they stay in the cache of a processor core
_THREAD_PIXELS = 4096  # fewer are not worth a thread


def over_series(
    compute: Compute, data: NDArray[Any], valid: NDArray[np.bool_] | None, rows: int, *, threads: bool = True
) -> NDArray[np.floating[Any]]:
    """Return what a function makes of all series, of shape (rows, height, width, bands).

    compute: takes a copy of some observations, of shape (dates, pixels, bands), and the slice of all pixels, row by
        row, that they are from. Invalid ones are NaN in it. Returns ``rows`` values for each series, in any shape that
        can become (rows, pixels, bands). Several threads call it at once, unless ``threads`` is False.
    data: of shape (dates, height, width, bands).
    valid: of the same shape, or with one band, as :func:`valid_observations` returns it.

    Without dates the function isn't called, and all is NaN.
    """
    from ._kernels.series import observed

    dates, height, width, bands = data.shape
    dtype = working_dtype(data.dtype)
    if not dates:
        return np.full((rows, height, width, bands), np.nan, dtype)
    block_pixels = max(1, _BLOCK_BYTES // max(1, dates * bands * dtype.itemsize))
    pixels = data.reshape(dates, height * width, bands)
    valid = None if valid is None else valid.reshape(dates, height * width, valid.shape[-1])
    result = np.empty((rows, height * width, bands), dtype)

    def fill(start: int, stop: int) -> None:
        for first in range(start, stop, block_pixels):
            part = slice(first, min(first + block_pixels, stop))
            series = observed(pixels[:, part], None if valid is None else valid[:, part])
            target = result[:, part]
            target[:] = compute(series, part).reshape(target.shape)

    if threads:
        over_row_blocks(fill, height * width, least_rows=_THREAD_PIXELS)
    else:
        fill(0, height * width)
    return result.reshape(rows, height, width, bands)
