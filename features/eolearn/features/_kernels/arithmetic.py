"""Linear functions and lengths of vectors of bands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from eolearn.core.exceptions import DataError
from eolearn.core.utils.threads import over_row_blocks

_BLOCK_VALUES = 1 << 16  # so that the intermediate results of a block stay in the processor's cache


def linear_function(data: NDArray[Any], slope: float, intercept: float, dtype: DTypeLike | None = None) -> NDArray[Any]:
    """Return ``slope * data + intercept``.

    data: any real dtype. dtype: of the result; without it floats keep theirs, integers become floats if slope or
    intercept is one (float32 for those of 8 or 16 bits, else float64), and else the smallest integer type, not smaller
    than their own, that holds the function of all its numbers.

    A result of an integer dtype has its fraction cut off, as by ``astype``. Raises DataError where it is NaN, infinite
    or out of range.
    """
    working, natural = _dtypes(data.dtype, slope, intercept)
    target = natural if dtype is None else np.dtype(dtype)
    if target.kind == "f":
        working = np.result_type(working, target)
    result = np.empty(data.shape, target)
    flat, flat_data = result.reshape(-1), data.reshape(-1)

    def fill(start: int, stop: int) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            for first in range(start, stop, _BLOCK_VALUES):
                block = slice(first, min(first + _BLOCK_VALUES, stop))
                values = np.multiply(flat_data[block], slope, dtype=working, casting="unsafe")
                values += intercept
                if target.kind in "iu":
                    _check_fits(values, target)
                flat[block] = values

    over_row_blocks(fill, flat.size, least_rows=_BLOCK_VALUES)
    return result


def _dtypes(dtype: np.dtype[Any], slope: float, intercept: float) -> tuple[np.dtype[Any], np.dtype[Any]]:
    """Return in what the function of data of a dtype is computed, and in what it is returned by default."""
    if dtype.kind == "f":
        return np.result_type(dtype, np.float32), dtype
    if not (isinstance(slope, Integral) and isinstance(intercept, Integral)):
        return np.dtype(np.float64), np.result_type(dtype, np.float32)
    own = np.dtype(np.uint8) if dtype.kind == "b" else dtype
    limits = np.iinfo(own)
    ends = [int(slope) * int(end) + int(intercept) for end in (limits.min, limits.max)]
    least = np.result_type(*map(np.min_scalar_type, ends), own)
    natural = least if least.kind in "iu" else np.dtype(np.float64)  # no integer type holds them all
    return natural, natural


def _check_fits(values: NDArray[Any], target: np.dtype[Any]) -> None:
    limits = np.iinfo(target)
    above = float(limits.max) + 1 if values.dtype.kind == "f" else limits.max + 1
    fits = (values > float(limits.min) - 1) & (values < above)
    if not fits.all():
        raise DataError(
            f"The value {values[~fits][0]} can't be stored as {target}, which holds {limits.min} to {limits.max}: "
            "choose another dtype, or fill values that are no data before."
        )


def euclidean_norm(data: NDArray[Any], bands: Sequence[int] | None = None) -> NDArray[np.floating[Any]]:
    """Return the square root of the sum of the squares of the bands.

    data: of shape (..., bands), any real dtype. bands: the positions of those that count, by default all.

    Returns an array of the shape of the data without the last axis, float32 if that holds the data and else float64;
    squares are added up in float64. It is NaN where a band is.
    """
    dtype = np.result_type(data.dtype, np.float32)
    pixels = data.reshape(math.prod(data.shape[:-1]), data.shape[-1])
    result = np.empty(len(pixels), dtype)
    columns = range(data.shape[-1]) if bands is None else bands
    block_pixels = max(1, _BLOCK_VALUES // max(1, len(columns)))

    def fill(start: int, stop: int) -> None:
        with np.errstate(over="ignore"):
            for first in range(start, stop, block_pixels):
                block = slice(first, min(first + block_pixels, stop))
                total = np.zeros(block.stop - block.start)
                for band in columns:
                    values = pixels[block, band].astype(np.float64)
                    total += values * values
                result[block] = np.sqrt(total)

    over_row_blocks(fill, len(pixels), least_rows=block_pixels)
    return result.reshape(data.shape[:-1])
