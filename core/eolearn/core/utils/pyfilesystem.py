"""Filesystem objects of PyFilesystem (the package ``fs``), which older scripts give as ``filesystem=``.

The package itself is not imported: whoever has such an object has it. Folders on a local disk and on S3 become what
:func:`eolearn.core.get_filesystem` returns for them, and all else is reached through the object's own methods.
"""

from __future__ import annotations

import io
import pickle
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem, make_path_posix

from ..exceptions import PathNotFound, SettingError, StorageError
from .fs import load_s3_filesystem
from .rooted_filesystem import RootedFileSystem

_ERRORS: dict[str, type[OSError]] = {  # by the names of those of PyFilesystem, the special before the general
    "ResourceNotFound": PathNotFound,
    "DirectoryExpected": NotADirectoryError,
    "FileExpected": IsADirectoryError,
    "FileExists": FileExistsError,
    "DirectoryExists": FileExistsError,
    "DestinationExists": FileExistsError,
    "PermissionDenied": PermissionError,
    "ResourceReadOnly": PermissionError,
    "FSError": StorageError,
}


def is_pyfilesystem(value: object) -> bool:
    """Whether a value is a filesystem object of PyFilesystem."""
    return "fs.base.FS" in _class_names(value)


def from_pyfilesystem(filesystem: Any) -> RootedFileSystem:
    """Return an fsspec filesystem with the files of one of PyFilesystem. Its paths are the same.

    Raises SettingError (a ValueError) for one that is closed.
    """
    if filesystem.isclosed():
        raise SettingError(f"The filesystem {filesystem} is closed.")
    names = _class_names(filesystem)
    if "fs.subfs.SubFS" in names:
        parent, folder = filesystem.delegate_path("/")
        rooted = RootedFileSystem(folder, from_pyfilesystem(parent))
    elif "fs.osfs.OSFS" in names:
        rooted = RootedFileSystem(make_path_posix(filesystem.getsyspath("/")), LocalFileSystem())
    elif "fs_s3fs._s3fs.S3FS" in names:
        rooted = _on_s3(filesystem)
    else:
        rooted = RootedFileSystem("/", PyFilesystemAdapter(filesystem))
    rooted.pyfilesystem = filesystem  # a TempFS removes its folder when nobody refers to it any more
    return rooted


def _class_names(value: object) -> set[str]:
    return {f"{cls.__module__}.{cls.__qualname__}" for cls in type(value).__mro__}


def _on_s3(filesystem: Any) -> AbstractFileSystem:
    from sentinelhub import SHConfig

    config = SHConfig()
    config.aws_access_key_id = filesystem.aws_access_key_id or ""
    config.aws_secret_access_key = filesystem.aws_secret_access_key or ""
    config.aws_session_token = filesystem.aws_session_token or ""
    return load_s3_filesystem(
        f"s3://{filesystem._bucket_name}/{filesystem.dir_path.strip('/')}",
        config=config,
        endpoint_url=filesystem.endpoint_url,
        client_kwargs={"region_name": filesystem.region} if filesystem.region else {},
        upload_args=filesystem.upload_args or {},
        download_args=filesystem.download_args or {},
    )


class PyFilesystemAdapter(AbstractFileSystem):  # type: ignore[misc] # fsspec has no types
    """An object of PyFilesystem with the methods of fsspec.

    Can be pickled where the object can; a filesystem in memory is copied so.
    """

    protocol = "pyfilesystem"
    root_marker = "/"
    cachable = False

    def __init__(self, filesystem: Any):
        super().__init__()
        self.filesystem = filesystem

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + path.strip("/")

    def unstrip_protocol(self, name: str) -> str:
        """Return a path as it is shown in messages."""
        return f"{self.filesystem}{self._strip_protocol(name)}"

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Return name, type and size of a file or folder."""
        path = self._strip_protocol(path)
        with _os_errors(path):
            return _entry(path, self.filesystem.getinfo(path, namespaces=["details"]))

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """Return what there is in a folder, or a file itself."""
        path = self._strip_protocol(path)
        entry = self.info(path)
        if entry["type"] == "file":
            entries = [entry]
        else:
            with _os_errors(path):
                found = list(self.filesystem.scandir(path, namespaces=["details"]))
            entries = [_entry(f"{path.rstrip('/')}/{info.name}", info) for info in found]
        return entries if detail else [entry["name"] for entry in entries]

    def _open(self, path: str, mode: str = "rb", **_: Any) -> BinaryIO:
        with _os_errors(path):
            opened: BinaryIO = self.filesystem.openbin(path, mode.replace("b", ""))
            return opened

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: Any) -> bytes:
        """Return the content of a file, or a part of it."""
        with _os_errors(path):
            content: bytes = self.filesystem.readbytes(path)
            return content[start:end]

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **_: Any) -> None:
        """Write a file. mode: "create" refuses one that is there."""
        if mode == "create" and self.exists(path):
            raise FileExistsError(path)
        with _os_errors(path):
            self.filesystem.writebytes(path, bytes(value))

    def mkdir(self, path: str, create_parents: bool = True, **_: Any) -> None:
        """Make a folder that is not there yet."""
        if create_parents:
            self.makedirs(path)
            return
        with _os_errors(path):
            self.filesystem.makedir(path)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Make a folder and those that it lies in."""
        with _os_errors(path):
            self.filesystem.makedirs(path, recreate=exist_ok)

    def rmdir(self, path: str) -> None:
        """Remove an empty folder."""
        with _os_errors(path):
            self.filesystem.removedir(path)

    def rm_file(self, path: str) -> None:
        """Remove a file."""
        with _os_errors(path):
            self.filesystem.remove(path)

    def rm(self, path: str | list[str], recursive: bool = False, maxdepth: int | None = None) -> None:
        """Remove files, or folders with all that is in them."""
        for one in [path] if isinstance(path, str) else path:
            if recursive and maxdepth is None and self.isdir(one):
                with _os_errors(one):
                    self.filesystem.removetree(one)
            else:
                super().rm(one, recursive, maxdepth)

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:
        """Copy a file."""
        with _os_errors(path1):
            self.filesystem.copy(path1, path2, overwrite=True)

    def mv(self, path1: str, path2: str, **_: Any) -> None:
        """Move a file or a folder."""
        is_folder = self.isdir(path1)
        with _os_errors(path1):
            if is_folder:
                self.filesystem.movedir(path1, path2, create=True)
            else:
                self.filesystem.move(path1, path2, overwrite=True)

    def __reduce__(self) -> tuple[Any, ...]:
        content = io.BytesIO()
        try:
            _LockPickler(content).dump(self.filesystem)
        except (TypeError, AttributeError, pickle.PicklingError) as error:
            raise SettingError(
                f"The filesystem {self.filesystem} can't be sent to other processes ({error}). Use "
                "eolearn.core.get_filesystem(path), or work in threads."
            ) from error
        return _unpickled, (content.getvalue(),)


class _LockPickler(pickle.Pickler):
    """Takes along new locks in place of those that there are, and nothing of what is of one thread alone."""

    def reducer_override(self, value: Any) -> Any:
        for make in (threading.RLock, threading.Lock, threading.local):
            if isinstance(value, type(make())):
                return make, ()
        return NotImplemented


def _unpickled(content: bytes) -> PyFilesystemAdapter:
    return PyFilesystemAdapter(pickle.loads(content))  # noqa: S301 - bytes of this program, not of a file


def _entry(path: str, info: Any) -> dict[str, Any]:
    return {"name": path, "type": "directory" if info.is_dir else "file", "size": 0 if info.is_dir else info.size}


@contextmanager
def _os_errors(path: str) -> Iterator[None]:
    """Raise the errors of PyFilesystem, which are of no built-in type, as those that fit."""
    try:
        yield
    except Exception as error:
        names = _class_names(error)
        kinds = [kind for name, kind in _ERRORS.items() if f"fs.errors.{name}" in names]
        if not kinds:
            raise
        raise kinds[0](f"{path}: {error}") from error
