"""What lies where in the folder of an EOPatch.

::

    bbox.geojson
    timestamps.json
    <type of feature>/<name>.npy.gz, .zarr, .gpkg.gz or .json.gz

Each of the compressed files may be there with or without ``.gz``. Other files and folders are left alone. Patches of
older releases have ``timestamp.json``, and ``meta_info.json`` with all of the meta-info.
"""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..constants import FeatureType
from ..exceptions import PathNotFound
from ..types import Feature, FeaturesSpecification
from ..utils.fs import as_filesystem, get_full_path, local_path, split_all_extensions
from ..utils.parsing import FeatureParser
from .remote import list_tree
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


@dataclass(frozen=True)
class Listing:
    """What there is in the folder of a patch. Paths are relative to it."""

    entries: dict[str, list[str]]
    """The names in the folder itself, under "", and in the folders of types of features."""
    files: list[str] = field(default_factory=list)
    """All files at any depth, where the filesystem lists them at once; none on a local disk."""


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
    feature_types = {feature_type for feature_type, _ in requests}
    return info_of(list_patch(filesystem, patch_location, feature_types), patch_location)


def info_of(listing: Listing, patch_location: str) -> FilesystemDataInfo:
    """Return the paths of what a listing shows."""
    info = FilesystemDataInfo()
    for entry in listing.entries[""]:
        name, extension = split_all_extensions(entry)
        path = posixpath.join(patch_location, entry)
        if not extension:
            if entry in listing.entries:
                info.features[FeatureType(entry)] = dict(_with_extension(listing.entries[entry], path))
        elif name == BBOX_FILENAME:
            info.bbox = path
        elif name in (OLD_TIMESTAMPS_FILENAME, TIMESTAMPS_FILENAME):  # in this order, so the new one wins
            info.timestamps = path
        elif name == OLD_META_INFO_FILENAME:
            info.old_meta_info = path
    return info


def walk_feature_type_folder(filesystem: AbstractFileSystem, folder_path: str) -> Iterator[tuple[str, str]]:
    """Iterate over (name, path) of the features in the folder of a type. What has no extension is left out."""
    return _with_extension(_list_folder(as_filesystem(filesystem), folder_path), folder_path)


def _with_extension(entries: Iterable[str], folder_path: str) -> Iterator[tuple[str, str]]:
    for entry in entries:
        name, extension = split_all_extensions(entry)
        if extension and not is_staging(entry):
            yield name, posixpath.join(folder_path, entry)


def list_patch(
    filesystem: AbstractFileSystem,
    patch_location: str,
    feature_types: Collection[FeatureType],
    *,
    must_exist: bool = True,
) -> Listing:
    """Return what there is in the folder of a patch and in those of some types.

    must_exist: whether PathNotFound (a FileNotFoundError) is raised where there is no folder; otherwise it is empty.

    Unfinished saves are completed or cleared up first, and left out.
    """
    folders = {feature_type.value for feature_type in feature_types}
    on_disk = local_path(filesystem, patch_location)
    if on_disk is None:
        return _list_at_once(filesystem, patch_location, folders, must_exist)
    if not must_exist and not os.path.lexists(on_disk):
        return Listing({"": []})
    recover(Path(on_disk))
    top = _list_folder(filesystem, patch_location)
    if len(top) == 1 and not filesystem.isdir(patch_location):  # fsspec lists a file as the content of itself
        raise PathNotFound(f"{get_full_path(filesystem, patch_location)} is a file, not the folder of a patch.")
    entries = {"": [name for name in top if not is_staging(name)]}
    for folder in folders.intersection(top):
        entries[folder] = _list_folder(filesystem, posixpath.join(patch_location, folder))
    return Listing(entries)


def _list_at_once(filesystem: AbstractFileSystem, patch_location: str, folders: set[str], must_exist: bool) -> Listing:
    tree = {path: is_file for path, is_file in list_tree(filesystem, patch_location).items() if not is_staging(path)}
    if must_exist and not tree and not filesystem.isdir(patch_location):
        is_file = filesystem.exists(patch_location)
        full_path = get_full_path(filesystem, patch_location)
        reason = f"{full_path} is a file, not the folder of a patch." if is_file else f"There is no folder {full_path}."
        raise PathNotFound(reason)
    names: dict[str, set[str]] = {"": set()}
    for path in tree:
        top, _, rest = path.partition("/")
        names[""].add(top)
        if top in folders and rest:
            names.setdefault(top, set()).add(rest.partition("/")[0])
    return Listing(
        {folder: sorted(content) for folder, content in names.items()},
        [path for path, is_file in tree.items() if is_file],
    )


def find_replaced(listing: Listing, saved: Collection[str]) -> list[str]:
    """Return what holds in another format what the saved files hold now. saved: paths in the folder of the patch."""
    replaced = set(map(_content_of, saved))
    if any(name.startswith("meta_info/") for name in saved):
        replaced.add(("", OLD_META_INFO_FILENAME))
    return [
        name
        for name in _entries_beside(listing, saved)
        if name not in saved and split_all_extensions(name)[1] and _content_of(name) in replaced
    ]


def find_others(listing: Listing, saved: Collection[str]) -> list[str]:
    """Return all files and folders but the saved ones."""
    folders = {posixpath.dirname(name) for name in saved}
    return [name for name in _entries_beside(listing, saved) if name not in saved and name not in folders]


def _entries_beside(listing: Listing, saved: Collection[str]) -> Iterator[str]:
    for folder in sorted({posixpath.dirname(name) for name in saved} | {""}):
        for entry in listing.entries.get(folder, []):
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
