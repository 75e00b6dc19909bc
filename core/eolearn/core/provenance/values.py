"""What patches and saved files were, so that one can tell later whether they are still the same."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..eodata import EOPatch
from ..exceptions import PathNotFound
from ..storage.feature_io import FeatureIO
from ..storage.layout import get_filesystem_data_info
from ..storage.provenance_file import PROVENANCE_FILENAME, feature_text
from ..storage.remote import base_filesystem
from ..tasks.io import LoadTask
from ..utils.fs import get_full_path
from ..utils.parsing import FeatureParser
from ..utils.redact import redact

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


def describe_patch(patch: EOPatch, fingerprint: Callable[[Any], str | None]) -> dict[str, Any]:
    """Return what each feature of a patch is, with its fingerprint. Lazy ones stay lazy: their file is named."""
    content: dict[str, Any] = {}
    for feature_type, name in patch.get_features():
        value = patch[feature_type]._content[name]
        if isinstance(value, FeatureIO):
            path = get_full_path(value.filesystem, value.path)
            content[feature_text((feature_type, name))] = {"what": f"not loaded from {redact(path)}"}
        else:
            content[feature_text((feature_type, name))] = {"what": _kind(value), "fingerprint": fingerprint(value)}
    for name, other in (("bbox", patch.bbox), ("timestamps", patch.timestamps)):
        if other is not None:
            content[name] = {"what": type(other).__name__, "fingerprint": fingerprint(other)}
    return content


def _kind(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return type(value).__name__ if shape is None else f"{getattr(value, 'dtype', 'table')} {shape}"


def loaded_files(task: LoadTask, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return where a task loads a patch from, and of each file that it may read the size and the time of its change.

    A Zarr array counts as one file. Contents are not read for this.
    """
    folder = task._folder_of(str(arguments.get("eopatch_folder", "")))
    found = {"folder": redact(get_full_path(task.filesystem, folder))}
    try:
        stored = get_filesystem_data_info(task.filesystem, folder, task.features)
    except PathNotFound:  # it has been removed in the meantime
        return {**found, "files": {}}
    wanted = FeatureParser(task.features).get_feature_specifications()
    paths = [path for path in (stored.bbox, stored.timestamps, stored.old_meta_info) if path is not None]
    for (feature_type, name), path in stored.iterate_features():
        if (feature_type, name) in wanted or (feature_type, ...) in wanted:
            paths.append(path)
    paths.append(posixpath.join(folder, PROVENANCE_FILENAME))
    return {**found, "files": _stamps(task.filesystem, folder, paths)}


def _stamps(filesystem: AbstractFileSystem, folder: str, paths: list[str]) -> dict[str, Any]:
    base, root = base_filesystem(filesystem, folder)
    listed = base.find(root, detail=True)
    stamps: dict[str, Any] = {}
    for path in sorted(paths):
        _, full = base_filesystem(filesystem, path)
        infos = [info for name, info in listed.items() if name == full or name.startswith(f"{full}/")]
        if infos:
            stamps[posixpath.relpath(path, folder)] = _stamp(infos)
    return stamps


def _stamp(infos: list[Mapping[str, Any]]) -> dict[str, Any]:
    stamp: dict[str, Any] = {"bytes": sum(int(info.get("size") or 0) for info in infos)}
    times = [_time(info) for info in infos]
    if all(time is not None for time in times):
        stamp["modified"] = max(filter(None, times)).isoformat(timespec="seconds")
    if len(infos) == 1 and "ETag" in infos[0]:
        stamp["etag"] = str(infos[0]["ETag"]).strip('"')
    return stamp


def _time(info: Mapping[str, Any]) -> datetime | None:
    time = next((info[key] for key in ("mtime", "LastModified", "modified", "created") if key in info), None)
    if isinstance(time, int | float):
        return datetime.fromtimestamp(time, UTC)
    return time if isinstance(time, datetime) else None
