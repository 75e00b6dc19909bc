"""What of an EOPatch is saved and loaded."""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol

from .constants import FeatureType, OverwritePermission
from .exceptions import (
    BrokenFile,
    EODeprecationWarning,
    FeatureExists,
    FeatureNotStored,
    SettingError,
    StorageError,
    warn_user,
)
from .storage.feature_io import FeatureIO, FeatureIOGZip
from .storage.layout import (
    BBOX_FILENAME,
    OLD_TIMESTAMPS_FILENAME,
    TIMESTAMPS_FILENAME,
    FilesystemDataInfo,
    find_others,
    find_replaced,
    get_filesystem_data_info,
    walk_feature_type_folder,
)
from .storage.npy import FeatureIONumpy
from .storage.text import FeatureIOBBox, FeatureIOJson, FeatureIOTimestamps
from .storage.vector import FeatureIOGeoDf
from .storage.writing import FileToWrite, write_files
from .types import EllipsisType, Feature, FeaturesSpecification
from .utils.fs import as_filesystem, get_full_path, split_all_extensions
from .utils.parsing import FeatureParser

if TYPE_CHECKING:
    from datetime import datetime

    from fsspec import AbstractFileSystem
    from sentinelhub import BBox

__all__ = [
    "BBOX_FILENAME",
    "TIMESTAMPS_FILENAME",
    "FeatureIO",
    "FeatureIOBBox",
    "FeatureIOGZip",
    "FeatureIOGeoDf",
    "FeatureIOJson",
    "FeatureIONumpy",
    "FeatureIOTimestamps",
    "FilesystemDataInfo",
    "get_filesystem_data_info",
    "load_eopatch_content",
    "save_eopatch",
    "walk_feature_type_folder",
]

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


def save_eopatch(
    eopatch: PatchToSave,
    filesystem: AbstractFileSystem,
    patch_location: str,
    *,
    features: FeaturesSpecification,
    save_timestamps: bool | Literal["auto"],
    overwrite_permission: OverwritePermission,
    use_zarr: bool,
    temporal_selection: Any,
) -> None:
    """Save a patch into a folder, see :meth:`eolearn.core.EOPatch.save`.

    Raises SettingError, FeatureMissing, FeatureExists, DataError (each a ValueError), SettingTypeError (a TypeError) or
    StorageError (an OSError) before anything in the folder is changed.
    """
    _refuse_partial_saving(use_zarr, temporal_selection)
    filesystem = as_filesystem(filesystem)
    chosen = list(dict.fromkeys(FeatureParser(features).get_features(eopatch)))
    with_timestamps = _wants_timestamps(save_timestamps, features, chosen)
    is_there = filesystem.exists(patch_location)
    stored = get_filesystem_data_info(filesystem, patch_location, chosen) if is_there else FilesystemDataInfo()
    _check_names(chosen, stored, overwrite_permission, get_full_path(filesystem, patch_location))

    files = _files_of(eopatch, chosen, with_timestamps)
    find_obsolete = find_others if overwrite_permission.value == "OVERWRITE_PATCH" else find_replaced
    obsolete = find_obsolete(filesystem, patch_location, {file.name for file in files}) if is_there else []
    write_files(filesystem, patch_location, files, obsolete)


def load_eopatch_content(
    filesystem: AbstractFileSystem,
    patch_location: str,
    *,
    features: FeaturesSpecification,
    load_timestamps: bool | Literal["auto"],
    temporal_selection: Any,
) -> tuple[BBox | None, list[datetime] | None, dict[Feature, FeatureIO[Any]]]:
    """Return the bounding box, the timestamps and the lazy features of a saved patch.

    See :meth:`eolearn.core.EOPatch.load`.
    """
    if temporal_selection is not None:
        raise SettingError("This version can't load some of the dates: load them all, and use EOPatch.temporal_subset.")
    filesystem = as_filesystem(filesystem)
    stored = get_filesystem_data_info(filesystem, patch_location, features)
    found = _find_features(filesystem, patch_location, stored, features)
    bbox = None if stored.bbox is None else FeatureIOBBox(stored.bbox, filesystem).load()
    timestamps = None
    if _wants_timestamps(load_timestamps, features, found):
        timestamps = _load_timestamps(filesystem, patch_location, stored.timestamps, load_timestamps is True)
    return bbox, timestamps, found


# --- saving


def _refuse_partial_saving(use_zarr: bool, temporal_selection: Any) -> None:
    if use_zarr:
        raise SettingError("This version can't write Zarr yet: save with use_zarr=False.")
    if temporal_selection is not None:
        raise SettingError(
            "Some of the dates can't be saved without zarr arrays, which this version can't write yet: save the whole "
            "patch, without temporal_selection."
        )


def _wants_timestamps(
    setting: bool | Literal["auto"], features: FeaturesSpecification, chosen: Iterable[Feature]
) -> bool:
    if setting not in (True, False, "auto"):
        raise SettingError(f"Whether timestamps are saved or loaded is True, False or 'auto', got {setting!r}.")
    if setting == "auto":
        return features is ... or any(feature_type.is_temporal() for feature_type, _ in chosen)
    return setting


def _check_names(
    chosen: list[Feature], stored: FilesystemDataInfo, permission: OverwritePermission, folder: str
) -> None:
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


def _files_of(eopatch: PatchToSave, chosen: list[Feature], with_timestamps: bool) -> list[FileToWrite]:
    files = []
    if eopatch.bbox is not None:
        files.append(FileToWrite(f"{BBOX_FILENAME}.geojson", FeatureIOBBox, lambda: eopatch.bbox))
    if with_timestamps and eopatch.timestamps is not None:
        files.append(FileToWrite(f"{TIMESTAMPS_FILENAME}.json", FeatureIOTimestamps, lambda: eopatch.timestamps))
    for feature_type, name in chosen:
        kind = _format_of(feature_type)
        file_name = f"{feature_type.value}/{name}{kind.get_file_extension(compress_level=_COMPRESS_LEVEL)}"
        files.append(FileToWrite(file_name, kind, partial(eopatch[feature_type].__getitem__, name), _COMPRESS_LEVEL))
    return files


def _format_of(feature_type: FeatureType) -> type[FeatureIOGZip[Any]]:
    if feature_type.is_array():
        return FeatureIONumpy
    return FeatureIOGeoDf if feature_type.is_vector() else FeatureIOJson


# --- loading


def _find_features(
    filesystem: AbstractFileSystem, patch_location: str, stored: FilesystemDataInfo, features: FeaturesSpecification
) -> dict[Feature, FeatureIO[Any]]:
    requests = FeatureParser(features).get_feature_specifications()
    meta_info = FeatureType.META_INFO
    old_meta_info = {}
    if stored.old_meta_info is not None and any(feature_type is meta_info for feature_type, _ in requests):
        old_meta_info = _load_old_meta_info(filesystem, stored.old_meta_info)

    found: dict[Feature, FeatureIO[Any]] = {}
    for feature_type, name in requests:
        paths = stored.features.get(feature_type, {})
        for wanted in paths if isinstance(name, EllipsisType) else [name]:
            if wanted in paths:
                found[feature_type, wanted] = _stored_feature(feature_type, filesystem, paths[wanted])
            elif feature_type is not meta_info or wanted not in old_meta_info:
                present = ", ".join(map(repr, paths)) or "none"
                raise FeatureNotStored(
                    f"There is no {feature_type} {wanted!r} in {get_full_path(filesystem, patch_location)}. Those of "
                    f"this type: {present}."
                )
    for name, value in old_meta_info.items():
        found.setdefault((meta_info, name), value)
    return found


def _stored_feature(feature_type: FeatureType, filesystem: AbstractFileSystem, path: str) -> FeatureIO[Any]:
    if path.endswith(".zarr"):
        raise StorageError(
            f"{get_full_path(filesystem, path)} is a Zarr array, which this version can't read yet. Save the feature "
            "without use_zarr, or leave it out when you load the patch."
        )
    return _format_of(feature_type)(path, filesystem)


def _load_old_meta_info(filesystem: AbstractFileSystem, path: str) -> dict[str, FeatureIO[Any]]:
    _warn_of_old_file(filesystem, path)
    content = FeatureIOJson(path, filesystem).load()
    if not isinstance(content, dict):
        raise BrokenFile(f"{get_full_path(filesystem, path)} must hold names and values of meta-info.")
    return {name: FeatureIOJson.preloaded(path, filesystem, value) for name, value in content.items()}


def _load_timestamps(
    filesystem: AbstractFileSystem, patch_location: str, path: str | None, is_required: bool
) -> list[datetime] | None:
    if path is None:
        if is_required:
            raise StorageError(f"There are no timestamps in {get_full_path(filesystem, patch_location)}.")
        return None
    if split_all_extensions(posixpath.basename(path))[0] == OLD_TIMESTAMPS_FILENAME:
        _warn_of_old_file(filesystem, path)
    return FeatureIOTimestamps(path, filesystem).load()


def _warn_of_old_file(filesystem: AbstractFileSystem, path: str) -> None:
    warn_user(
        f"{get_full_path(filesystem, path)} is a file of an older release. Load the whole patch and save it again to "
        "bring it up to date.",
        EODeprecationWarning,
    )
