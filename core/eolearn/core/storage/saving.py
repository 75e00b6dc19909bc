"""Which files a save writes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, cast

from ..constants import FeatureType, OverwritePermission
from ..exceptions import DataError, FeatureExists, StorageError
from ..types import Feature
from ..utils.fs import get_full_path
from .appending import check_place, dates_to_append
from .dates import DatesSpec, TemporalSelection, infer_dates, positions_of
from .layout import BBOX_FILENAME, TIMESTAMPS_FILENAME, FilesystemDataInfo
from .loading import format_of
from .text import FeatureIOBBox, FeatureIOTimestamps
from .writing import FileToWrite, Writable
from .zarr_arrays import StoredArray
from .zarr_writing import array_to_write

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from sentinelhub import BBox

SavedDates: TypeAlias = DatesSpec | Literal["infer", "append"]
"""Where the dates of a patch are among those that are saved, or come to them."""

_COMPRESS_LEVEL = 1


class PatchToSave(Protocol):
    """What saving needs of an EOPatch."""

    @property
    def bbox(self) -> BBox | None:
        """The place."""

    @property
    def timestamps(self) -> list[datetime] | None:
        """The dates."""

    def __getitem__(self, feature_type: Any, /) -> Any:
        """Return the mapping of names to features of a type, which loads lazy ones when they are read."""


def check_names(
    chosen: Iterable[Feature], stored: FilesystemDataInfo, permission: OverwritePermission, folder: str
) -> None:
    """Refuse features that are saved already or whose names some disks don't tell apart.

    Raises FeatureExists (a ValueError) or StorageError (an OSError). folder: for messages.
    """
    add_only = permission is OverwritePermission.ADD_ONLY
    check_case = add_only or (permission.value == "OVERWRITE_FEATURES" and sys.platform in ("win32", "darwin"))
    seen = {(kind, name.casefold()): name for (kind, name), _ in stored.iterate_features()} if check_case else {}
    for feature_type, name in chosen:
        if add_only and name in stored.features.get(feature_type, {}):
            raise FeatureExists(
                f"{feature_type} {name!r} is saved in {folder} already. Save with "
                "overwrite_permission=OverwritePermission.OVERWRITE_FEATURES to replace it."
            )
        other = seen.setdefault((feature_type, name.casefold()), name)
        if other != name:
            raise StorageError(
                f"{feature_type} {name!r} and {other!r} can't both be saved in {folder}: their names differ only in "
                "case, and some disks don't tell such apart. Rename one."
            )


def selected_dates(
    eopatch: PatchToSave,
    filesystem: AbstractFileSystem,
    stored_timestamps: str | None,
    selection: SavedDates | None,
) -> TemporalSelection | None:
    """Return where the dates of a patch are among the saved ones, None where all of the patch is saved."""
    if selection is None:
        return None
    if isinstance(selection, str) and selection == "infer":
        stored = None if stored_timestamps is None else FeatureIOTimestamps(stored_timestamps, filesystem).load()
        return infer_dates(eopatch.timestamps, stored)
    return TemporalSelection(cast("DatesSpec", selection))


def place_and_dates(
    eopatch: PatchToSave,
    with_timestamps: bool,
    filesystem: AbstractFileSystem,
    stored_timestamps: str | None,
    selection: TemporalSelection | None,
) -> list[Writable]:
    """Return the files of the bounding box and, if wanted, of the timestamps of a patch."""
    files: list[Writable] = []
    if eopatch.bbox is not None:
        files.append(FileToWrite(f"{BBOX_FILENAME}.geojson", FeatureIOBBox, lambda: eopatch.bbox))
    if with_timestamps and eopatch.timestamps is not None:
        timestamps = eopatch.timestamps
        if selection is not None:
            timestamps = _with_some_replaced(timestamps, filesystem, stored_timestamps, selection)
        files.append(FileToWrite(f"{TIMESTAMPS_FILENAME}.json", FeatureIOTimestamps, lambda: timestamps))
    return files


def _with_some_replaced(
    timestamps: list[datetime],
    filesystem: AbstractFileSystem,
    stored_timestamps: str | None,
    selection: TemporalSelection,
) -> list[datetime]:
    if stored_timestamps is None:
        raise StorageError("There are no saved timestamps, of which some could be replaced: save all of them first.")
    stored = FeatureIOTimestamps(stored_timestamps, filesystem).load()
    positions = positions_of(selection.selection, len(stored))
    if len(positions) != len(timestamps):
        raise DataError(f"{len(timestamps)} timestamps don't fit {len(positions)} selected dates.")
    for position, timestamp in zip(positions, timestamps, strict=True):
        stored[position] = timestamp
    return stored


def feature_files(
    eopatch: PatchToSave,
    filesystem: AbstractFileSystem,
    stored: FilesystemDataInfo,
    chosen: Iterable[Feature],
    selection: TemporalSelection | None,
    *,
    use_zarr: bool,
) -> list[Writable]:
    """Return the files of features. selection: which dates of Zarr arrays are written, None for all."""
    files: list[Writable] = []
    for feature_type, name in chosen:
        get_value = _getter(eopatch, feature_type, name)
        if use_zarr and feature_type.is_array():
            dates = selection if feature_type.is_temporal() else None
            array = _stored_array(filesystem, stored.features.get(feature_type, {}).get(name), dates)
            files.append(array_to_write(f"{feature_type.value}/{name}.zarr", get_value, dates, array))
        else:
            kind = format_of(feature_type)
            file_name = f"{feature_type.value}/{name}{kind.get_file_extension(compress_level=_COMPRESS_LEVEL)}"
            files.append(FileToWrite(file_name, kind, get_value, _COMPRESS_LEVEL))
    return files


def _stored_array(
    filesystem: AbstractFileSystem, path: str | None, selection: TemporalSelection | None
) -> StoredArray | None:
    if path is None or path.endswith(".zarr"):
        return None if path is None else StoredArray(filesystem, path)
    if selection is not None:
        raise StorageError(
            f"{get_full_path(filesystem, path)} is not a Zarr array, so that some of its dates can't be saved alone. "
            "Load it, and save all of it with use_zarr=True first."
        )
    return None


def files_to_append(
    eopatch: PatchToSave,
    filesystem: AbstractFileSystem,
    patch_location: str,
    stored: FilesystemDataInfo,
    chosen: Iterable[Feature],
) -> list[Writable]:
    """Return the files that are written when the dates of a patch are added to those that are saved."""
    temporal = {feature: _getter(eopatch, *feature) for feature in chosen if feature[0].is_temporal()}
    files = dates_to_append(filesystem, patch_location, stored, eopatch.timestamps, temporal)
    check_place(filesystem, stored.bbox, eopatch.bbox)
    return files


def _getter(eopatch: PatchToSave, feature_type: FeatureType, name: str) -> Callable[[], Any]:
    return partial(eopatch[feature_type].__getitem__, name)
