"""What lies where in the folder of an EOPatch.

::

    bbox.geojson
    timestamps.json
    <type of feature>/<name>.npy.gz, .gpkg.gz or .json.gz

Each of the files may be there with or without ``.gz``. Other files and folders are left alone. Patches of older
releases have ``timestamp.json``, and ``meta_info.json`` with all of the meta-info.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..constants import FeatureType
from ..exceptions import PathNotFound
from ..types import Feature, FeaturesSpecification
from ..utils.fs import as_filesystem, get_full_path, local_path, split_all_extensions
from ..utils.parsing import FeatureParser
from .transaction import is_staging, recover

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

BBOX_FILENAME = "bbox"
TIMESTAMPS_FILENAME = "timestamps"
OLD_TIMESTAMPS_FILENAME = "timestamp"
OLD_META_INFO_FILENAME = "meta_info"


@dataclass
class FilesystemDataInfo:
    """The paths of what is saved in a folder."""

    timestamps: str | None = None
    bbox: str | None = None
    old_meta_info: str | None = None
    """A file with all of the meta-info, as older releases wrote it."""
    features: defaultdict[FeatureType, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    """By type and name."""

    def iterate_features(self) -> Iterator[tuple[Feature, str]]:
        """Iterate over ((type, name), path)."""
        for feature_type, paths in self.features.items():
            for name, path in paths.items():
                yield (feature_type, name), path


def get_filesystem_data_info(
    filesystem: AbstractFileSystem, patch_location: str, features: FeaturesSpecification = ...
) -> FilesystemDataInfo:
    """Find out what is saved in the folder of a patch.

    features: only features of the types that occur in it are looked for.

    Paths begin with `patch_location`. Raises PathNotFound (a FileNotFoundError) where there is no folder. A save that
    was interrupted after its commit is completed first.
    """
    filesystem = as_filesystem(filesystem)
    requests = FeatureParser(features).get_feature_specifications()
    wanted = {feature_type.value: feature_type for feature_type, _ in requests}
    info = FilesystemDataInfo()
    for entry in list_patch_folder(filesystem, patch_location):
        name, extension = split_all_extensions(entry)
        path = posixpath.join(patch_location, entry)
        if not extension:
            if entry in wanted:
                info.features[wanted[entry]] = dict(walk_feature_type_folder(filesystem, path))
        elif name == BBOX_FILENAME:
            info.bbox = path
        elif name in (OLD_TIMESTAMPS_FILENAME, TIMESTAMPS_FILENAME):  # in this order, so the new one wins
            info.timestamps = path
        elif name == OLD_META_INFO_FILENAME:
            info.old_meta_info = path
    return info


def walk_feature_type_folder(filesystem: AbstractFileSystem, folder_path: str) -> Iterator[tuple[str, str]]:
    """Iterate over (name, path) of the features in the folder of a type. What has no extension is left out."""
    for entry in _list_folder(as_filesystem(filesystem), folder_path):
        name, extension = split_all_extensions(entry)
        if extension:
            yield name, posixpath.join(folder_path, entry)


def list_patch_folder(filesystem: AbstractFileSystem, patch_location: str) -> list[str]:
    """Return the names in the folder of a patch, without those of unfinished saves, which are cleared up first."""
    on_disk = local_path(filesystem, patch_location)
    if on_disk is not None:
        recover(Path(on_disk))
    entries = _list_folder(filesystem, patch_location)
    if len(entries) == 1 and not filesystem.isdir(patch_location):  # fsspec lists a file as the content of itself
        raise PathNotFound(f"{get_full_path(filesystem, patch_location)} is a file, not the folder of a patch.")
    return [entry for entry in entries if not is_staging(entry)]


def find_replaced(filesystem: AbstractFileSystem, patch_location: str, saved: Collection[str]) -> list[str]:
    """Return the files that hold in another format what the saved ones hold now.

    saved: paths in the folder of the patch; so are the returned ones.
    """
    replaced = set(map(_content_of, saved))
    if any(name.startswith("meta_info/") for name in saved):
        replaced.add(("", OLD_META_INFO_FILENAME))
    return [
        name
        for name in _list_files_beside(filesystem, patch_location, saved)
        if name not in saved and split_all_extensions(name)[1] and _content_of(name) in replaced
    ]


def find_others(filesystem: AbstractFileSystem, patch_location: str, saved: Collection[str]) -> list[str]:
    """Return all files and folders but the saved ones, as :func:`find_replaced` does."""
    folders = {posixpath.dirname(name) for name in saved}
    beside = _list_files_beside(filesystem, patch_location, saved)
    return [name for name in beside if name not in saved and name not in folders]


def _list_files_beside(filesystem: AbstractFileSystem, patch_location: str, saved: Collection[str]) -> Iterator[str]:
    entries = list_patch_folder(filesystem, patch_location)
    yield from entries
    for folder in sorted({posixpath.dirname(name) for name in saved}.intersection(entries)):
        for entry in _list_folder(filesystem, posixpath.join(patch_location, folder)):
            yield posixpath.join(folder, entry)


def _content_of(name: str) -> tuple[str, str]:
    folder, entry = posixpath.split(name)
    content = split_all_extensions(entry)[0]
    return folder, TIMESTAMPS_FILENAME if (folder, content) == ("", OLD_TIMESTAMPS_FILENAME) else content


def _list_folder(filesystem: AbstractFileSystem, path: str) -> list[str]:
    filesystem.invalidate_cache(path)  # another process may have written there
    try:
        entries = filesystem.ls(path, detail=False)
    except FileNotFoundError as error:
        raise PathNotFound(f"There is no folder {get_full_path(filesystem, path)}.") from error
    return sorted(posixpath.basename(entry.rstrip("/")) for entry in entries)
