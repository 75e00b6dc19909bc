"""Writing the files of a patch, all of them or none where the filesystem can."""

from __future__ import annotations

import posixpath
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..exceptions import EOLearnError, StorageError
from ..utils.fs import get_full_path, local_path
from ..utils.threads import thread_limit
from .feature_io import FeatureIOGZip
from .remote import has_folders, in_threads, put_file, threads_for
from .transaction import Transaction
from .zarr_layout import METADATA_FILES

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


class Writable(Protocol):
    """What becomes a file, or a folder of files, in the folder of a patch."""

    @property
    def name(self) -> str:
        """The path in the folder of the patch."""

    @property
    def adds_files(self) -> bool:
        """Whether the files in a folder come to those that are there, instead of replacing all."""

    def write(self, folder: str, target: Path) -> None:
        """Write to a path that is not there yet. folder: that of the patch, for messages."""


@dataclass(frozen=True)
class FileToWrite:
    """A value that becomes a file."""

    name: str
    kind: type[FeatureIOGZip[Any]]
    """The format."""
    get_value: Callable[[], Any]
    """Returns the value, which may have to be loaded first."""
    compress_level: int = 0
    adds_files = False

    def write(self, folder: str, target: Path) -> None:
        """Write the value into a file."""
        value = self.get_value()
        with target.open("wb") as file:
            self.kind.write(value, file, posixpath.join(folder, self.name), self.compress_level)


def write_files(
    filesystem: AbstractFileSystem,
    folder: str,
    files: Sequence[Writable],
    obsolete: Collection[str] = (),
    stored: Collection[str] = (),
) -> None:
    """Write files into a folder, and remove obsolete ones.

    stored: all files that are there, where the filesystem is not a local disk.

    Nothing in the folder changes before the value of each file is loaded and encoded. On a local disk the rest is one
    transaction. In an object store each file is put whole: those of arrays before what tells their shape, and the
    timestamps and the bounding box last.
    """
    on_disk = local_path(filesystem, folder)
    if on_disk is None:
        _put_files(filesystem, folder, files, obsolete, stored)
    else:
        _replace_files(Path(on_disk), files, obsolete)


def _replace_files(folder: Path, files: Sequence[Writable], obsolete: Collection[str]) -> None:
    try:
        with Transaction(folder) as transaction:
            targets = [transaction.stage(file.name) for file in files]
            in_threads(thread_limit(), lambda file, target: file.write(str(folder), target), files, targets)
            put = [name for file, target in zip(files, targets, strict=True) for name in _moved(file, target)]
            transaction.commit(list(obsolete), put=sorted(put, key=_turn))
    except EOLearnError:
        raise
    except OSError as error:
        raise StorageError(f"The patch can't be saved in {folder}: {error}. What was there is as it was.") from error


def _moved(file: Writable, target: Path) -> list[str]:
    return _files_of(file.name, target) if file.adds_files else [file.name]


def _files_of(name: str, target: Path) -> list[str]:
    """Return the paths of a file, or of all files in a folder."""
    if target.is_file():
        return [name]
    inside = sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file())
    return [f"{name}/{path}" for path in inside]


def _turn(name: str) -> int:
    """Return when a file has its turn: what tells how much there is of others comes after them."""
    folder, entry = posixpath.split(name)
    return 2 if not folder else int(entry in METADATA_FILES)


def _put_files(
    filesystem: AbstractFileSystem,
    folder: str,
    files: Sequence[Writable],
    obsolete: Collection[str],
    stored: Collection[str],
) -> None:
    with tempfile.TemporaryDirectory(prefix="eolearn-") as staging:
        targets = [Path(staging, file.name) for file in files]
        for target in targets:
            target.parent.mkdir(exist_ok=True)
        in_threads(thread_limit(), lambda file, target: file.write(folder, target), files, targets)
        new = {name for file, target in zip(files, targets, strict=True) for name in _files_of(file.name, target)}
        stale = _stale_files(files, new, stored, obsolete)
        try:
            _put_in_turns(filesystem, folder, new, staging)
            threads = threads_for(filesystem, folder)
            in_threads(threads, lambda name: filesystem.rm_file(posixpath.join(folder, name)), stale)
            for name in set(obsolete).difference(stale):
                filesystem.rm(posixpath.join(folder, name), recursive=True)
        except EOLearnError:
            raise
        except OSError as error:
            raise StorageError(f"The patch can't be saved in {get_full_path(filesystem, folder)}: {error}.") from error


def _put_in_turns(filesystem: AbstractFileSystem, folder: str, names: Collection[str], staging: str) -> None:
    def put(name: str) -> None:
        put_file(filesystem, posixpath.join(folder, name), Path(staging, name))

    if not names and has_folders(filesystem, folder):
        filesystem.makedirs(folder, exist_ok=True)
    for _, together in groupby(sorted(names, key=lambda name: (_turn(name), name)), key=_turn):
        in_threads(threads_for(filesystem, folder), put, together)


def _stale_files(
    files: Sequence[Writable], new: Collection[str], stored: Collection[str], obsolete: Collection[str]
) -> list[str]:
    """Return the obsolete files, and the chunks that an array had beyond those that it has now."""
    replaced = tuple(f"{file.name}/" for file in files if not file.adds_files)
    return [name for name in stored if name in obsolete or (name.startswith(replaced) and name not in new)]
