"""Writing the files of a patch, all of them or none where the filesystem can."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..exceptions import EOLearnError, StorageError
from ..utils.fs import local_path
from ..utils.threads import thread_limit
from .feature_io import FeatureIOGZip
from .transaction import Transaction

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


@dataclass(frozen=True)
class FileToWrite:
    """A value that becomes a file."""

    name: str
    """The path of the file in the folder of the patch."""
    kind: type[FeatureIOGZip[Any]]
    """The format."""
    get_value: Callable[[], Any]
    """Returns the value, which may have to be loaded first."""
    compress_level: int = 0

    def write(self, folder: str, target: BinaryIO) -> None:
        """Write the value into an open file. folder: that of the patch, for messages."""
        self.kind.write(self.get_value(), target, posixpath.join(folder, self.name), self.compress_level)


def write_files(filesystem: AbstractFileSystem, folder: str, files: list[FileToWrite], obsolete: list[str]) -> None:
    """Write files into a folder, and remove obsolete ones.

    Nothing in the folder changes before the value of each file is loaded and encoded. On a local disk the rest is one
    transaction. In an object store each file is put whole, one after the other.
    """
    on_disk = local_path(filesystem, folder)
    if on_disk is None:
        _put_files(filesystem, folder, files, obsolete)
    else:
        _replace_files(Path(on_disk), files, obsolete)


def _replace_files(folder: Path, files: list[FileToWrite], obsolete: list[str]) -> None:
    def write(file: FileToWrite, path: Path) -> None:
        with path.open("wb") as target:
            file.write(str(folder), target)

    try:
        with Transaction(folder) as transaction:
            _in_threads(write, files, [transaction.stage(file.name) for file in files])
            transaction.commit(obsolete)
    except EOLearnError:
        raise
    except OSError as error:
        raise StorageError(f"The patch can't be saved in {folder}: {error}. What was there is as it was.") from error


def _put_files(filesystem: AbstractFileSystem, folder: str, files: list[FileToWrite], obsolete: list[str]) -> None:
    def encode(file: FileToWrite) -> bytes:
        content = BytesIO()
        file.write(folder, content)
        return content.getvalue()

    contents = _in_threads(encode, files)
    filesystem.makedirs(folder, exist_ok=True)
    _in_threads(filesystem.pipe_file, [posixpath.join(folder, file.name) for file in files], contents)
    for name in obsolete:
        filesystem.rm(posixpath.join(folder, name), recursive=True)


def _in_threads(function: Callable[..., Any], *arguments: Iterable[Any]) -> list[Any]:
    with ThreadPoolExecutor(thread_limit()) as pool:
        return list(pool.map(function, *arguments))
