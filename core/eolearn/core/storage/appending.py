"""Adding dates to a patch that is saved, without rewriting those that are there."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..exceptions import DataError, StorageError
from ..types import Feature
from ..utils.fs import get_full_path
from .dates import check_append
from .layout import TIMESTAMPS_FILENAME, FilesystemDataInfo
from .npy import FeatureIONumpy
from .text import FeatureIOBBox, FeatureIOTimestamps
from .vector import FeatureIOGeoDf
from .writing import FileToWrite, Writable
from .zarr_arrays import StoredArray
from .zarr_writing import DatesToWrite

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from geopandas import GeoDataFrame
    from sentinelhub import BBox


def dates_to_append(
    filesystem: AbstractFileSystem,
    patch_location: str,
    stored: FilesystemDataInfo,
    timestamps: list[datetime] | None,
    features: Mapping[Feature, Callable[[], Any]],
) -> list[Writable]:
    """Return the files that are written when later dates are added to a patch.

    stored: what there is of all types with a time axis.
    timestamps: the new dates.
    features: what is added to each, a function that returns it. Every stored array with a time axis needs some.

    Raises StorageError (an OSError) where there are no timestamps, SettingError (a ValueError) for dates that aren't
    later, DataError (a ValueError) for features that don't fit.
    """
    place = get_full_path(filesystem, patch_location)
    if stored.timestamps is None:
        raise StorageError(f"There are no timestamps in {place} to append to. Save the patch there first.")
    old = FeatureIOTimestamps(stored.timestamps, filesystem).load()
    new = timestamps or []
    check_append(new, old)
    _check_features(stored, features, place)

    files: list[Writable] = []
    for (feature_type, name), get_value in features.items():
        path = stored.features[feature_type][name]
        file_name = posixpath.relpath(path, patch_location or ".")
        if path.endswith(".zarr"):
            array, dates = StoredArray(filesystem, path), range(len(old), len(old) + len(new))
            _check_length(array.shape[0], len(old), path)
            files.append(DatesToWrite(file_name, get_value, dates, array, len(old) + len(new)))
        elif feature_type.is_vector():
            table = FeatureIOGeoDf(path, filesystem)
            files.append(FileToWrite(file_name, FeatureIOGeoDf, partial(_more_rows, table, get_value), _level(path)))
        else:
            source = FeatureIONumpy(path, filesystem)
            value = partial(_more_dates, source, get_value, len(old), len(new))
            files.append(FileToWrite(file_name, FeatureIONumpy, value, _level(path)))
    return [*files, FileToWrite(f"{TIMESTAMPS_FILENAME}.json", FeatureIOTimestamps, lambda: old + new)]


def check_place(filesystem: AbstractFileSystem, stored: str | None, bbox: BBox | None) -> None:
    """Refuse to append to a patch of another place: DataError (a ValueError)."""
    there = None if stored is None else FeatureIOBBox(stored, filesystem).load()
    if there != bbox:
        raise DataError(f"Dates can be appended only at the same place. Saved is {there!r}, got {bbox!r}.")


def _check_features(stored: FilesystemDataInfo, features: Mapping[Feature, Any], place: str) -> None:
    there = {feature for feature, _ in stored.iterate_features() if feature[0].is_temporal()}
    missing = sorted(f"{kind} {name!r}" for kind, name in there - features.keys() if kind.is_array())
    if missing:
        raise DataError(
            f"Dates can't be appended to {place} without those of {', '.join(missing)}, which would be shorter than "
            "the timestamps."
        )
    unknown = sorted(f"{kind} {name!r}" for kind, name in features.keys() - there)
    if unknown:
        raise DataError(
            f"{', '.join(unknown)} can't be appended: no earlier dates of it are in {place}. Leave it out, with "
            "features=..."
        )


def _check_length(length: int, count: int, path: str) -> None:
    if length < count:
        raise DataError(f"{path} has {length} dates, but {count} timestamps are saved: nothing can be appended to it.")


def _more_dates(source: FeatureIONumpy, get_value: Callable[[], NDArray[Any]], count: int, added: int) -> NDArray[Any]:
    old, new = source.load(), np.asarray(get_value())
    _check_length(len(old), count, source.path)
    if new.shape != (added, *old.shape[1:]):
        raise DataError(
            f"An array of shape {new.shape} can't be appended to {source.path}, of shape {old.shape}, as {added} dates."
        )
    return np.concatenate([old[:count], new.astype(old.dtype, copy=False)])


def _more_rows(table: FeatureIOGeoDf, get_value: Callable[[], GeoDataFrame]) -> GeoDataFrame:
    import pandas as pd

    old, new = table.load(), get_value()
    if old.crs != new.crs and len(old) and len(new):
        new = new.to_crs(old.crs)
    parts = [part for part in (old, new) if len(part)]
    return pd.concat(parts, ignore_index=True) if len(parts) == 2 else (parts or [old])[0]


def _level(path: str) -> int:
    return int(path.endswith(".gz"))
