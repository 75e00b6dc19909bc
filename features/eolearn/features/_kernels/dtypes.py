"""The dtypes in which values are computed, and in which they are stored."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def working_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the floating-point dtype in which values of a dtype are kept: float32 if that is exact, else float64."""
    return np.dtype(np.float32 if np.can_cast(dtype, np.float32) else np.float64)


def as_stored(values: NDArray[np.floating[Any]], dtype: np.dtype[Any], unknown_value: float) -> NDArray[Any]:
    """Return interpolated values in the dtype of the observations, with a number in place of NaN.

    values: may be changed. unknown_value: stands where a value is NaN. Integers are rounded to the nearest one, and
    remain floating-point numbers if there are unknown values that the integer dtype can't hold.
    """
    if dtype.kind != "f":
        return _as_integers(values, dtype, unknown_value)
    if not np.isnan(unknown_value):
        values[np.isnan(values)] = unknown_value
    return values.astype(dtype, copy=False)


def _as_integers(values: NDArray[np.floating[Any]], dtype: np.dtype[Any], unknown_value: float) -> NDArray[Any]:
    unknown = np.isnan(values)
    if unknown.any() and not _holds(dtype, unknown_value):
        values[unknown] = unknown_value
        return values
    values[unknown] = 0
    if dtype.kind in "iu":  # just below the largest integer, which as a float may be one too large
        np.clip(values, np.iinfo(dtype).min, float(np.nextafter(np.iinfo(dtype).max, 0)), out=values)
    integers: NDArray[Any] = np.rint(values, out=values).astype(dtype)
    if unknown.any():
        integers[unknown] = unknown_value
    return integers


def _holds(dtype: np.dtype[Any], value: float) -> bool:
    """Whether an integer or boolean dtype can hold a number."""
    lowest, highest = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return float(value).is_integer() and lowest <= value <= highest
