"""Normalised differences of two bands."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLOCK_PIXELS = 1 << 16  # so that the intermediate results of a block stay in the processor's cache


def normalized_difference(
    a: NDArray[Any], b: NDArray[Any], *, constant: float = 0.0, undefined: float = np.nan
) -> NDArray[np.floating[Any]]:
    """Return ``(a - b + constant) / (a + b + constant)``.

    a, b: the bands, in one unit and of one shape; any real dtype.
    constant: what is added above and below, in the unit of the bands.
    undefined: stands where the quotient is not finite: where the sum is 0, or a band is NaN or infinite.

    The result has the shape of the bands, and their dtype if that is float32 or float64. For integers of 8 or 16 bits,
    booleans and float16 it is float32, for larger integers float64. For non-negative bands and no constant it lies in
    [-1, 1].
    """
    dtype = np.result_type(a.dtype, b.dtype, np.float32)
    result = np.empty(a.shape, dtype)
    flat_a, flat_b, flat = a.reshape(-1), b.reshape(-1), result.reshape(-1)
    added = dtype.type(constant)
    with np.errstate(all="ignore"):
        for start in range(0, flat.size, _BLOCK_PIXELS):
            part = slice(start, start + _BLOCK_PIXELS)
            first, second, quotient = flat_a[part].astype(dtype), flat_b[part].astype(dtype), flat[part]
            np.divide(first - second + added, first + second + added, out=quotient)
            quotient[~np.isfinite(quotient)] = undefined
    return result
