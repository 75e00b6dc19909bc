"""Image time series cut into blocks of pixels that fit into the cache, spread over a few threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from eolearn.core.utils.threads import over_row_blocks

Float64: TypeAlias = NDArray[np.float64]

_BLOCK_BYTES = 1 << 19  # of values in float64: they stay in the cache of a processor core
_THREAD_VALUES = 1 << 16  # fewer are not worth a thread


def usable(values: NDArray[Any], valid: NDArray[np.bool_] | None = None) -> Float64:
    """Return a float64 copy with NaN for what is infinite or not valid.

    valid: True where a value may be used; broadcast against the values.
    """
    copy = values.astype(np.float64)
    if values.dtype.kind == "f":
        copy[~np.isfinite(copy)] = np.nan
    if valid is not None:
        np.copyto(copy, np.nan, where=~valid)
    return copy


def over_series(
    function: Callable[[Float64], Float64],
    data: NDArray[Any],
    valid: NDArray[np.bool_] | None,
    result: NDArray[Any],
) -> None:
    """Fill the result with what a function makes of the time series of each pixel and band.

    function: takes (series, dates), C-contiguous, NaN where invalid, and returns (series, columns).
    data: (dates, height, width, bands), of any real dtype.
    valid: (dates, height, width, bands or 1), or None.
    result: (height, width, bands, columns).
    """
    bands, columns = result.shape[2:]

    def series_of(block: Float64) -> Float64:
        dates, pixels, _ = block.shape
        series = np.ascontiguousarray(block.transpose(1, 2, 0)).reshape(pixels * bands, dates)
        return function(series).reshape(pixels, bands, columns)

    _over_pixels(series_of, data, valid, result)


def over_pixels(
    function: Callable[[Float64], NDArray[Any]],
    data: NDArray[Any],
    valid: NDArray[np.bool_] | None,
    result: NDArray[Any],
) -> None:
    """Fill the result with what a function makes of all the observations of each pixel.

    function: takes (pixels, dates, bands), C-contiguous, NaN where invalid, and returns (pixels, columns).
    data: (dates, height, width, bands), of any real dtype.
    valid: (dates, height, width, bands or 1), or None.
    result: (height, width, columns).
    """
    _over_pixels(lambda block: function(np.ascontiguousarray(block.transpose(1, 0, 2))), data, valid, result)


def _over_pixels(
    function: Callable[[Float64], NDArray[Any]],
    data: NDArray[Any],
    valid: NDArray[np.bool_] | None,
    result: NDArray[Any],
) -> None:
    dates, height, width, bands = data.shape
    count = height * width
    if result.size == 0:
        return
    values_per_pixel = max(1, dates * bands)
    step = max(1, _BLOCK_BYTES // (8 * values_per_pixel))
    pixels = data.reshape(dates, count, bands)
    usable_ones = None if valid is None else valid.reshape(dates, count, valid.shape[-1])
    target = result.reshape(count, *result.shape[2:])  # a view: results are made by the caller, in C order

    def fill(start: int, stop: int) -> None:
        for first in range(start, stop, step):
            part = slice(first, min(first + step, stop))
            target[part] = function(usable(pixels[:, part], None if usable_ones is None else usable_ones[:, part]))

    over_row_blocks(fill, count, least_rows=max(1, _THREAD_VALUES // values_per_pixel))
