"""Functions on arrays whose first axis is time, or whose first two are rows and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from ..exceptions import DataError, SettingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Method: TypeAlias = Literal[
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "linear",
    "median_unbiased",
    "normal_unbiased",
    "lower",
    "higher",
    "midpoint",
    "nearest",
]


def fast_nanpercentile(data: NDArray[Any], percentile: float, *, method: Method = "linear") -> NDArray[Any]:
    """Return a percentile along the first axis, NaN left out: ``numpy.nanpercentile``, many times faster.

    data: integer or float, of any shape (time, ...).
    percentile: between 0 and 100.
    method: how to estimate between two values, as for :func:`numpy.percentile`.

    Returns an array of the shape without the first axis and of the dtype of the data: for integers the fraction is cut
    off. It is NaN where there is no value. Raises DataError (a ValueError) for integers without any date, which can't
    be NaN.

    Example:
        >>> fast_nanpercentile(np.array([[1.0, np.nan], [2.0, 8.0], [np.nan, 9.0]]), 50)
        array([1.5, 8.5])
    """
    is_float = np.issubdtype(data.dtype, np.floating)
    if len(data) == 0 and not is_float:
        raise DataError(
            f"An array of shape {data.shape} and {data.dtype} has no values, and its percentile can't be NaN."
        )
    if len(data) == 0:
        return np.full(data.shape[1:], np.nan, dtype=data.dtype)

    ordered = np.sort(data, axis=0)  # NaN come last
    counts = np.asarray(len(data))
    if is_float and np.isnan(ordered[-1]).any():
        counts = np.count_nonzero(~np.isnan(ordered), axis=0)
    position = _positions(len(data), percentile, method, counts)[counts]
    lower = np.floor(position).astype(np.intp)
    low = _at(ordered, lower)
    high = _at(ordered, np.ceil(position).astype(np.intp))
    return _between(low, high, position - lower).astype(data.dtype)


def _positions(length: int, percentile: float, method: Method, counts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return for each number of values the position of the percentile among them, with its fraction.

    The percentile of the positions 0, 1, 2, ... is the position of the percentile, whatever the method.
    """
    positions = np.zeros(length + 1)
    for count in np.flatnonzero(np.bincount(counts.ravel(), minlength=length + 1)):
        if count:
            positions[count] = np.percentile(np.arange(count, dtype=np.float64), percentile, method=method)
    return positions


def _at(ordered: NDArray[Any], index: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the slice at one position, or the values at a position of each pixel."""
    chosen = ordered[index] if index.ndim == 0 else np.take_along_axis(ordered, index[np.newaxis], axis=0)[0]
    return np.asarray(chosen, dtype=np.float64)


def _between(low: NDArray[np.float64], high: NDArray[np.float64], fraction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Interpolate from the nearer end, so that rounding does not push a value over an integer."""
    with np.errstate(invalid="ignore"):  # of infinite values
        step = high - low
        value = np.where(fraction < 0.5, low + step * fraction, high - step * (1 - fraction))
    return np.where(low == high, low, value)


def nan_median(data: NDArray[Any]) -> NDArray[Any]:
    """Return the median along the first axis, NaN left out; NaN where there is no value.

    The dtype is that of the data if these are floats, else float64.
    """
    if not np.issubdtype(data.dtype, np.floating):
        data = data.astype(np.float64)
    return fast_nanpercentile(data, 50)


def nan_mean(data: NDArray[Any]) -> NDArray[Any]:
    """Return the mean along the first axis, NaN left out, summed in float64; NaN where there is no value.

    The dtype is that of the data if these are floats or complex, else float64.
    """
    if not np.issubdtype(data.dtype, np.inexact):
        return np.asarray(data.mean(axis=0))
    valid = ~np.isnan(data)
    total = np.sum(np.where(valid, data, 0), axis=0, dtype=np.result_type(data.dtype, np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(total / np.count_nonzero(valid, axis=0)).astype(data.dtype)


def constant_pad(
    array: NDArray[Any],
    multiple_of: tuple[int, int],
    up_down_rule: Literal["even", "up", "down"] = "even",
    left_right_rule: Literal["even", "left", "right"] = "even",
    pad_value: float = 0,
) -> NDArray[Any]:
    """Add as few rows and columns of one value as make their numbers multiples of the given ones.

    array: of shape (height, width, ...).
    multiple_of: what the numbers of rows and of columns shall be multiples of.
    up_down_rule: where rows are added; "even" adds half of them on either side, the odd one below.
    left_right_rule: where columns are added; "even" adds half of them on either side, the odd one on the right.

    Example:
        >>> constant_pad(np.ones((2, 3)), multiple_of=(2, 2), pad_value=7)
        array([[1., 1., 1., 7.],
               [1., 1., 1., 7.]])
    """
    height, width = array.shape[:2]
    rows = _padding(-height % multiple_of[0], up_down_rule, before="up", after="down")
    columns = _padding(-width % multiple_of[1], left_right_rule, before="left", after="right")
    others = [(0, 0)] * (array.ndim - 2)
    return np.pad(array, [rows, columns, *others], constant_values=pad_value)


def _padding(missing: int, rule: str, *, before: str, after: str) -> tuple[int, int]:
    shares = {"even": missing // 2, before: missing, after: 0}
    if missing and rule not in shares:
        raise SettingError(f"The rule of padding must be 'even', {before!r} or {after!r}, got {rule!r}.")
    first = shares.get(rule, 0)
    return first, missing - first
