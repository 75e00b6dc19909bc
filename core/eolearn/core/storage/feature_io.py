"""A feature in a file, which is read when it is needed."""

from __future__ import annotations

import copy
import gzip
import io
from abc import ABC, abstractmethod
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Generic, Protocol, Self, TypeVar, cast

from ..exceptions import BrokenFile, PathNotFound, SettingError
from ..utils.fs import as_filesystem, get_full_path, local_path
from .remote import read_file

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

T = TypeVar("T")


class ByteReader(Protocol):
    """A stream that gives bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most as many bytes, all for a negative number."""


class ByteWriter(Protocol):
    """A stream that takes bytes."""

    def write(self, data: bytes | memoryview, /) -> int:
        """Write bytes, and return their number."""


class FeatureIO(ABC, Generic[T]):
    """A feature in a file: the lazy value of an EOPatch, and how values of that format are written.

    path: the file, in the filesystem.
    filesystem: an fsspec filesystem.

    ``loaded_value`` is None until :meth:`load` is called. Threads may share an object: the file is read once. A copy
    shares the loaded value, a deep copy has its own, and neither reads the file. Objects can be pickled.

    Raises SettingError (a ValueError) for a path with an extension of another format.
    """

    extension: ClassVar[str]

    def __init__(self, path: str, filesystem: AbstractFileSystem):
        if not path.endswith(self._extensions()):
            expected = " or ".join(self._extensions())
            raise SettingError(f"{type(self).__name__} reads files that end in {expected}, which {path!r} doesn't.")
        self.path = path
        self.filesystem = as_filesystem(filesystem)
        self.loaded_value: T | None = None
        self._is_loaded = False
        self._lock = Lock()

    @classmethod
    def preloaded(cls, path: str, filesystem: AbstractFileSystem, value: T) -> Self:
        """Return an object that has its value already, and will not read the file."""
        feature_io = cls(path, filesystem)
        feature_io.loaded_value, feature_io._is_loaded = value, True
        return feature_io

    @classmethod
    def get_file_extension(cls) -> str:
        """Return the extension of files of this format."""
        return cls.extension

    def load(self) -> T:
        """Return the value, which is read from the file the first time.

        Raises PathNotFound (a FileNotFoundError) where there is no file, BrokenFile (an OSError and a ValueError) for
        one that is damaged or holds something else.
        """
        with self._lock:
            if not self._is_loaded:
                self.loaded_value = self._load()
                self._is_loaded = True
            return cast("T", self.loaded_value)

    @classmethod
    @abstractmethod
    def save(cls, data: T, filesystem: AbstractFileSystem, feature_path: str, compress_level: int = 0) -> str:
        """Write a value into a file, and return its path.

        feature_path: the path without an extension, in a folder that exists.
        compress_level: 0 for none, otherwise how hard to compress.
        """

    @abstractmethod
    def _load(self) -> T:
        """Read the file."""

    @classmethod
    def _extensions(cls) -> tuple[str, ...]:
        return (cls.extension,)

    def _broken(self, reason: object) -> BrokenFile:
        return BrokenFile(
            f"{get_full_path(self.filesystem, self.path)} is broken, or holds something else than its name says: "
            f"{reason}. Save it again, or delete it."
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path})"

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["_lock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=Lock())

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        copied = copy.copy(self)
        copied.loaded_value = copy.deepcopy(self.loaded_value, memo)
        return copied


class FeatureIOGZip(FeatureIO[T]):
    """A feature in a single file, which may be compressed: its name then ends in ``.gz``.

    A format says how it is read from and written to a stream of uncompressed bytes.
    """

    @classmethod
    def get_file_extension(cls, *, compress_level: int = 0) -> str:
        """Return the extension of files of this format, compressed or not."""
        return cls.extension + (".gz" if compress_level else "")

    @classmethod
    def save(cls, data: T, filesystem: AbstractFileSystem, feature_path: str, compress_level: int = 0) -> str:
        """Write a value into a file, and return its path, as :meth:`FeatureIO.save`.

        The file is put in one piece when the value is encoded: what can't be written leaves an old file untouched.
        """
        path = feature_path + cls.get_file_extension(compress_level=compress_level)
        content = io.BytesIO()
        cls.write(data, content, path, compress_level)
        as_filesystem(filesystem).pipe_file(path, content.getvalue())
        return path

    @classmethod
    def write(cls, data: T, file: BinaryIO, path: str, compress_level: int = 0) -> None:
        """Write a value into an open file. path: what the file will be called, for messages."""
        if not compress_level:
            cls._write(data, file, path)
            return
        from .gzip_members import GzipWriter

        cls._write(data, GzipWriter(file, compress_level), path)

    def _load(self) -> T:
        from isal import isal_zlib

        from .gzip_members import GzipReader

        try:
            with self._open() as file:
                return self._read_all(GzipReader(file) if self.path.endswith(".gz") else file)
        except FileNotFoundError as error:
            raise PathNotFound(f"There is no file {get_full_path(self.filesystem, self.path)}.") from error
        except BrokenFile:
            raise
        except (EOFError, ValueError, gzip.BadGzipFile, isal_zlib.error) as error:  # type: ignore[misc] # it is a class
            raise self._broken(error) from error

    def _open(self) -> BinaryIO:
        on_disk = local_path(self.filesystem, self.path)
        return io.BytesIO(read_file(self.filesystem, self.path)) if on_disk is None else open(on_disk, "rb")

    def _read_all(self, file: ByteReader) -> T:
        value = self._read(file)
        if file.read(1):  # at the end, gzip compares the checksum
            raise self._broken("bytes follow after its end")
        return value

    @classmethod
    def _extensions(cls) -> tuple[str, ...]:
        return cls.extension, cls.extension + ".gz"

    @abstractmethod
    def _read(self, file: ByteReader) -> T:
        """Read a value from a stream of uncompressed bytes."""

    @classmethod
    @abstractmethod
    def _write(cls, data: T, file: ByteWriter, path: str) -> None:
        """Write a value into a stream of uncompressed bytes."""
