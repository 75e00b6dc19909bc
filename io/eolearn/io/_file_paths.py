"""The files that a name stands for: one, one of each date, or those of a list."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from datetime import datetime

from eolearn.core.exceptions import SettingError, SettingTypeError, StorageError

_TIME_FORMAT = "%Y%m%dT%H%M%S"


def file_paths(
    path: str, filename: str | list[str], timestamps: Sequence[datetime], *, are_written: bool = True
) -> list[str]:
    """Return the paths of the GeoTIFF files that a name stands for.

    path: what the name is relative to; with the name "" the file itself.
    filename: of one file, in which ``*`` stands for date and time, and the codes of ``strftime`` for their parts: then
        there is a file of each date. Or a list, with the name of the file of each date. ``.tif`` is added where a name
        ends neither with it nor with ``.tiff``.
    timestamps: the dates; without, a name is taken as it is, and a list may have any length.
    are_written: whether each path must be another one.

    Raises SettingTypeError (a TypeError) for a name of another type, SettingError (a ValueError) for a list of another
    length than the timestamps, and where two dates would be written to one file, StorageError (an OSError) for a name
    that leads out of the folder.

    Example:
        >>> file_paths("out", "ndvi_*", [datetime(2020, 1, 31, 10, 5)])
        ['out/ndvi_20200131T100500.tif']
    """
    if isinstance(filename, list):
        if not filename or (timestamps and len(filename) != len(timestamps)):
            raise SettingError(f"filename has {len(filename)} names, but each of {len(timestamps)} dates needs one.")
        paths = [_tiff_path(path, name) for name in filename]
    elif isinstance(filename, str):
        paths = _expanded(_tiff_path(path, filename), timestamps)
    else:
        raise SettingTypeError(f"filename must be a string or a list of strings, got {filename!r}.")
    if are_written and len(set(paths)) < len(paths):
        raise SettingError(f"filename={filename!r} gives several dates the same file: {paths}.")
    return paths


def _tiff_path(path: str, name: str) -> str:
    full_path = posixpath.join(path, name) if name else path
    if not _is_in(full_path, path):
        raise StorageError(f"The name {name!r} leads out of the folder {path!r}, which is not allowed.")
    return full_path if full_path.lower().endswith((".tif", ".tiff")) else f"{full_path}.tif"


def _is_in(full_path: str, folder: str) -> bool:
    relative = posixpath.relpath(*(posixpath.join("/", part.replace(os.sep, "/")) for part in (full_path, folder)))
    return relative.split("/", 1)[0] != ".."


def _expanded(path: str, timestamps: Sequence[datetime]) -> list[str]:
    template = path.replace("*", _TIME_FORMAT)
    if not timestamps or timestamps[0].strftime(template) == template:
        return [path]
    return [timestamp.strftime(template) for timestamp in timestamps]
