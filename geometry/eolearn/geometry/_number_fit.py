"""Whether numbers survive a change of dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eolearn.core.exceptions import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray


def as_numbers(values: ArrayLike, what: str) -> NDArray[Any]:
    """Return values as an array of integers, floats or bools; DataError for anything else.

    what: what the values are, for the message.
    """
    array = np.asarray(values)
    if array.dtype == object:  # as pandas hands out its own dtypes
        array = np.array(array.tolist())
    if array.dtype.kind not in "biuf":
        raise DataError(f"{what} must be numbers, got {array.dtype} as in {array.ravel()[:1].tolist()}.")
    return array


def cast(values: NDArray[Any], dtype: DTypeLike, what: str) -> NDArray[Any]:
    """Return numbers in another dtype; DataError where it can't hold them.

    Integers hold whole numbers within their range, floats hold what they don't turn into infinity, and bools hold
    everything but NaN: all that is not 0 is True.
    """
    dtype = np.dtype(dtype)
    with np.errstate(invalid="ignore", over="ignore"):
        result = values.astype(dtype)
    if dtype.kind == "b":
        bad = np.isnan(values)
    elif dtype.kind == "f":
        bad = np.isfinite(values) & ~np.isfinite(result)
    else:
        bad = result != values
    if bad.any():
        raise DataError(
            f"{what} must fit {dtype}, which can't hold {np.unique(values[bad])[:3].tolist()}. Choose another dtype, "
            "or change the values."
        )
    return result
