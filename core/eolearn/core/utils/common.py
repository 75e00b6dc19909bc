"""Small functions that many modules of eo-learn need."""

from __future__ import annotations

import math
import secrets
import sys
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..exceptions import SettingError


def deep_eq(first: Any, second: Any) -> bool:
    """Whether two values are equal all the way down.

    Arrays are equal if their dtypes, shapes and values are, where NaN equals NaN. Tables of geometries are compared
    regardless of the dtypes of their columns and of the type of their index. A value of a subclass equals one of its
    base class, not the other way round.

    Example:
        >>> deep_eq({"a": [np.array([1.0, np.nan])]}, {"a": [np.array([1.0, np.nan])]})
        True
    """
    if first is second and not isinstance(first, float):
        return True
    if not isinstance(first, type(second)):
        return False
    if isinstance(first, np.ndarray):
        return _arrays_equal(first, second)
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(deep_eq, first, second))
    if isinstance(first, Mapping):
        return first.keys() == second.keys() and all(deep_eq(first[key], second[key]) for key in first)
    if is_pandas(first):
        return _tables_equal(first, second)
    return bool(first == second)


def _arrays_equal(first: NDArray[Any], second: NDArray[Any]) -> bool:
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    if first.dtype.names:
        return all(_arrays_equal(first[name], second[name]) for name in first.dtype.names)
    if first.dtype.hasobject:
        return all(map(deep_eq, first.ravel().tolist(), second.ravel().tolist()))
    can_be_nan = first.dtype.kind in "fcmM"
    return np.array_equal(first, second, equal_nan=can_be_nan)


def is_pandas(value: object) -> bool:
    """Whether a value is a table or a series, found out without importing pandas."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, (pandas.DataFrame, pandas.Series))


def _tables_equal(first: Any, second: Any) -> bool:
    import geopandas
    from geopandas.testing import assert_geodataframe_equal

    if not isinstance(first, geopandas.GeoDataFrame):
        return bool(first.equals(second))
    try:
        assert_geodataframe_equal(first, second, check_index_type=False, check_dtype=False)
    except AssertionError:
        return False
    return True


def generate_uid(prefix: str) -> str:
    """Return ``prefix-<20 hex digits>-<12 hex digits>``: the time, in which identifiers sort, and chance."""
    made = uuid.uuid1()
    return f"{prefix}-{made.time:016x}{made.clock_seq:04x}-{secrets.token_hex(6)}"


def is_discrete_type(number_type: DTypeLike) -> bool:
    """Whether a dtype or a type is one of integers or booleans."""
    return bool(np.issubdtype(number_type, np.integer) or np.issubdtype(number_type, np.bool_))


def _apply_to_spatial_axes(
    function: Callable[[NDArray[Any]], NDArray[Any]], data: NDArray[Any], spatial_axes: tuple[int, int]
) -> NDArray[Any]:
    """Apply a function of images, of shape (height, width), to every image of an array with more axes.

    spatial_axes: the positions of height and width, ascending. The images that the function returns may have another
    size, the same for all. Raises SettingError for axes that are not such a pair.
    """
    try:
        height_axis, width_axis = spatial_axes
    except (TypeError, ValueError):
        raise SettingError(f"spatial_axes must be the two positions of height and width, got {spatial_axes}.") from None
    if not 0 <= height_axis < width_axis < data.ndim:
        raise SettingError(
            f"spatial_axes must be ascending and smaller than {data.ndim}, the number of axes, got {spatial_axes}."
        )
    images = np.moveaxis(data, spatial_axes, (-2, -1))
    others, size = images.shape[:-2], images.shape[-2:]
    flat = images.reshape(math.prod(others), *size)
    if len(flat):
        stacked = np.stack([function(image) for image in flat])
    else:  # the size of the results is found out with an image that is none of them
        stacked = function(np.zeros(size, dtype=data.dtype))[np.newaxis][:0]
    return np.moveaxis(stacked.reshape(*others, *stacked.shape[-2:]), (-2, -1), spatial_axes)
