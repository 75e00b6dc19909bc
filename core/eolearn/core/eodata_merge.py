"""Merges EOPatches of one place into one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from .eodata import EOPatch
from .exceptions import DataError, EORuntimeWarning, IndexOutOfRange, SettingError, warn_user
from .utils.common import deep_eq
from .utils.parsing import FeatureParser
from .utils.raster import nan_mean, nan_median

if TYPE_CHECKING:
    from datetime import datetime

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from sentinelhub import BBox

    from .types import Feature, FeaturesSpecification

_REDUCTIONS: dict[str, Callable[..., Any]] = {
    "min": np.fmin.reduce,
    "max": np.fmax.reduce,
    "mean": nan_mean,
    "median": nan_median,
}
Operation: TypeAlias = Literal["concatenate", "min", "max", "mean", "median"] | Callable[..., "NDArray[Any]"] | None


def merge_eopatches(
    *eopatches: EOPatch,
    features: FeaturesSpecification = ...,
    time_dependent_op: Operation = None,
    timeless_op: Operation = None,
) -> EOPatch:
    """Merge patches of one place into a new one, with the dates of all in chronological order.

    features: which ones; one that is named must be in every patch.
    time_dependent_op: what becomes of slices of an array that have the same timestamp.
    timeless_op: what becomes of the values of an array without time axis.

    ==================  ============================================  ========================================
    operation           slices of the same timestamp                  arrays without time axis
    ==================  ============================================  ========================================
    ``None``            must be equal, DataError otherwise            must be equal, DataError otherwise
    ``"concatenate"``   are all kept, in the order of the patches     are joined along the last axis
    ``"min"``           become their least value                      become their least value
    ``"max"``           become their greatest value                   become their greatest value
    ``"mean"``          become their mean                             become their mean
    ``"median"``        become their median                           become their median
    a function          are given to it as an array, whose first      are given to it as a list
                        axis is to be reduced
    ==================  ============================================  ========================================

    NaN is left out, and remains only where all are NaN. Means and medians of integers are float64. A function is called
    only if there is more than one slice or array.

    Tables are joined and rows that occur twice dropped; of the meta information the first patch that has it decides,
    with a warning where others differ. Features that only one patch has are taken over as they are, so a temporal one
    may have fewer slices than the merged patch has dates. The result may share arrays with the patches.

    Raises DataError (a ValueError) for different bounding boxes, CRS or shapes, SettingError (a ValueError) for an
    unknown operation, IndexOutOfRange (an IndexError) without any patch.

    Example:
        >>> year = merge_eopatches(spring, summer, autumn, time_dependent_op="mean")
    """
    if not eopatches:
        raise IndexOutOfRange("There is nothing to merge: give at least one EOPatch.")
    for setting, operation in (("time_dependent_op", time_dependent_op), ("timeless_op", timeless_op)):
        _check_operation(setting, operation)

    timestamps = _merge_timestamps(eopatches, keep_all=time_dependent_op == "concatenate")
    merged = EOPatch(bbox=_merge_bboxes(eopatches), timestamps=timestamps)
    parser = FeatureParser(features)
    for feature in dict.fromkeys(feature for patch in eopatches for feature in parser.get_features(patch)):
        patches = [patch for patch in eopatches if feature in patch]
        values = [patch[feature] for patch in patches]
        feature_type, _ = feature
        if feature_type.is_array() and feature_type.is_temporal():
            dates = [patch.timestamps or [] for patch in patches]
            merged[feature] = _merge_temporal(feature, values, dates, time_dependent_op)
        elif feature_type.is_array():
            merged[feature] = _merge_timeless(feature, values, timeless_op)
        elif feature_type.is_vector():
            merged[feature] = _merge_tables(feature, values)
        else:
            merged[feature] = _merge_meta_info(feature, values)
    return merged


def _check_operation(setting: str, operation: Any) -> None:
    if operation is not None and not callable(operation) and operation not in ("concatenate", *_REDUCTIONS):
        known = ", ".join(map(repr, ("concatenate", *_REDUCTIONS)))
        raise SettingError(f"{setting} must be None, {known} or a function, got {operation!r}.")


def _merge_bboxes(eopatches: Iterable[EOPatch]) -> BBox | None:
    bboxes = [patch.bbox for patch in eopatches if patch.bbox is not None]
    for bbox in bboxes[1:]:
        if bbox != bboxes[0]:
            raise DataError(f"Only patches of the same place can be merged, got {bboxes[0]!r} and {bbox!r}.")
    return bboxes[0] if bboxes else None


def _merge_timestamps(eopatches: Sequence[EOPatch], *, keep_all: bool) -> list[datetime] | None:
    if all(patch.timestamps is None for patch in eopatches):
        return None
    timestamps = [timestamp for patch in eopatches for timestamp in patch.timestamps or []]
    try:
        return sorted(timestamps if keep_all else set(timestamps))
    except TypeError as error:
        raise DataError(f"Timestamps with a time zone can't be merged with others without: {timestamps}.") from error


def _merge_temporal(
    feature: Feature, arrays: list[NDArray[Any]], dates: list[list[datetime]], operation: Operation
) -> NDArray[Any]:
    """Put the slices of all arrays in chronological order, and reduce those of the same timestamp to one."""
    for array, timestamps in zip(arrays, dates, strict=True):
        if len(array) != len(timestamps):
            raise DataError(
                f"Can't merge {feature}: an array of shape {array.shape} has {len(array)} dates, but its EOPatch has "
                f"{len(timestamps)} timestamps."
            )
    _check_shapes(feature, [array.shape[1:] for array in arrays])
    if _is_first_the_result(arrays, dates, operation):
        return arrays[0]

    dtype = np.result_type(*arrays)
    slices = [one for array in arrays for one in array.astype(dtype, copy=False)]
    times = [timestamp for timestamps in dates for timestamp in timestamps]
    order = sorted(range(len(times)), key=times.__getitem__)  # stable: at the same time, in the order of the patches
    if operation == "concatenate":
        merged = [slices[index] for index in order]
    else:
        groups = groupby(order, key=times.__getitem__)
        merged = [_reduce(feature, [slices[index] for index in group], operation) for _, group in groups]
    return np.stack(merged) if merged else arrays[0].astype(dtype)


def _is_first_the_result(arrays: list[NDArray[Any]], dates: list[list[datetime]], operation: Operation) -> bool:
    if any(earlier >= later for earlier, later in pairwise(dates[0])):
        return False
    if len(arrays) == 1:
        return True
    if operation == "concatenate" or callable(operation) or any(other != dates[0] for other in dates[1:]):
        return False
    return all(all(map(_equal, arrays[0], other)) for other in arrays[1:])


def _merge_timeless(feature: Feature, arrays: list[NDArray[Any]], operation: Operation) -> NDArray[Any]:
    if operation == "concatenate":
        _check_shapes(feature, [array.shape[:-1] for array in arrays])
        return np.concatenate(arrays, axis=-1) if len(arrays) > 1 else arrays[0]
    if callable(operation):
        return operation(arrays) if len(arrays) > 1 else arrays[0]
    _check_shapes(feature, [array.shape for array in arrays])
    return _reduce(feature, arrays, operation)


def _reduce(feature: Feature, arrays: list[NDArray[Any]], operation: Operation) -> NDArray[Any]:
    """Make one array of several of the same shape."""
    if len(arrays) == 1:
        return arrays[0]
    if operation is not None:
        reduction = operation if callable(operation) else _REDUCTIONS[operation]
        return reduction(np.stack(arrays))
    for other in arrays[1:]:
        if not _equal(arrays[0], other):
            raise DataError(
                f"Can't merge {feature}: its values differ between patches. Say with time_dependent_op or timeless_op "
                "what becomes of them, or leave the feature out."
            )
    return arrays[0]


def _equal(first: NDArray[Any], second: NDArray[Any]) -> bool:
    """Whether values are equal, be their dtypes different."""
    dtype = np.result_type(first, second)
    return deep_eq(first.astype(dtype, copy=False), second.astype(dtype, copy=False))


def _check_shapes(feature: Feature, shapes: list[tuple[int, ...]]) -> None:
    if len(set(shapes)) > 1:
        raise DataError(f"Can't merge {feature}: shapes differ between patches, {', '.join(map(str, shapes))}.")


def _merge_tables(feature: Feature, tables: list[GeoDataFrame]) -> GeoDataFrame:
    """Put the rows of all tables into one, each once."""
    if len(tables) == 1:
        return tables[0]
    import pandas as pd

    known = [table.crs for table in tables if table.crs is not None]
    for crs in known[1:]:
        if crs != known[0]:
            raise DataError(f"Can't merge {feature}: its tables are in different CRS, {known[0]} and {crs}.")
    if known:
        tables = [table.set_crs(known[0]) for table in tables]
    geometry = tables[0].geometry.name
    tables = [table if table.geometry.name == geometry else table.rename_geometry(geometry) for table in tables]
    return pd.concat(tables, ignore_index=True).drop_duplicates(ignore_index=True)


def _merge_meta_info(feature: Feature, values: list[Any]) -> Any:
    if not all(deep_eq(values[0], other) for other in values[1:]):
        message = f"The patches have different values of {feature}. The merged patch gets that of the first."
        warn_user(message, EORuntimeWarning)
    return values[0]
