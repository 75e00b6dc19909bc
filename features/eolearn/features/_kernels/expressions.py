"""Formulas of bands, computed for many pixels at once."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from eolearn.core.utils.threads import over_row_blocks

Expression: TypeAlias = "float | str | tuple[str, Expression, Expression]"
"""A number, the name of a band, or a sign (one of ``+ - * / **``) with what stands on its two sides."""

_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}
_BLOCK_PIXELS = 1 << 15  # so that the intermediate results of a block stay in the processor's cache


def names_in(expression: Expression) -> set[str]:
    """Return the names of the bands in an expression."""
    if isinstance(expression, str):
        return {expression}
    return names_in(expression[1]) | names_in(expression[2]) if isinstance(expression, tuple) else set()


def evaluate(
    expressions: Sequence[Expression],
    data: NDArray[Any],
    positions: Mapping[str, int],
    *,
    scale: float = 1.0,
    offset: float = 0.0,
    undefined: float = np.nan,
) -> NDArray[np.floating[Any]]:
    """Compute expressions of bands, all of them in one pass over the data.

    data: of shape (..., bands), any real dtype.
    positions: of the bands on the last axis, by the names in the expressions.
    scale, offset: a band is ``scale * number + offset`` before anything is computed from it.
    undefined: stands where a result is not finite.

    Returns an array of shape (..., expressions), float32 if that holds the data and else float64, in which it is
    computed.

    Example:
        >>> evaluate([("/", "N", "R")], np.array([[1.0, 4.0], [0.0, 3.0]]), {"R": 0, "N": 1})
        array([[ 4.],
               [nan]])
    """
    dtype = np.result_type(data.dtype, np.float32)
    pixels = data.reshape(math.prod(data.shape[:-1]), data.shape[-1])
    result = np.empty((len(pixels), len(expressions)), dtype)
    names = sorted(set().union(*map(names_in, expressions)))

    def fill(start: int, stop: int) -> None:
        with np.errstate(all="ignore"):
            for first in range(start, stop, _BLOCK_PIXELS):
                block = slice(first, min(first + _BLOCK_PIXELS, stop))
                bands = {name: _band(pixels[block, positions[name]], dtype, scale, offset) for name in names}
                for column, expression in enumerate(expressions):
                    value = _value(expression, bands)
                    result[block, column] = np.where(np.isfinite(value), value, undefined)

    over_row_blocks(fill, len(pixels), least_rows=_BLOCK_PIXELS)
    return result.reshape(*data.shape[:-1], len(expressions))


def _band(numbers: NDArray[Any], dtype: np.dtype[Any], scale: float, offset: float) -> NDArray[Any]:
    values = numbers.astype(dtype)
    if scale != 1:
        values *= scale
    if offset != 0:
        values += offset
    return values


def _value(expression: Expression, bands: Mapping[str, NDArray[Any]]) -> Any:
    if isinstance(expression, str):
        return bands[expression]
    if not isinstance(expression, tuple):
        return expression
    sign, first, second = expression
    left, right = _value(first, bands), _value(second, bands)
    if isinstance(left, float) and isinstance(right, float):  # a number in, a number out: never complex, never an error
        return float(_OPERATIONS[sign](np.float64(left), np.float64(right)))
    return _OPERATIONS[sign](left, right)
