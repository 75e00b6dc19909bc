"""A folder as a filesystem of its own, which no path leads out of."""

from __future__ import annotations

import os
import posixpath
from typing import Any

from fsspec.implementations.dirfs import DirFileSystem

from ..exceptions import StorageError


class RootedFileSystem(DirFileSystem):  # type: ignore[misc] # fsspec has no types
    """The part of a filesystem that lies in one folder.

    Paths are relative to the folder, with or without a slash in front. ``..`` is resolved, and refused with a
    StorageError (an OSError) where it would lead out of the folder.

    path: the folder, as the filesystem below names it.
    fs: the fsspec filesystem below.

    Example:
        >>> RootedFileSystem("/data/patches", LocalFileSystem()).full_path("/42/../43")
        '/data/patches/43'
    """

    cachable = False  # fsspec would keep each instance for ever, and every patch has one

    def full_path(self, path: str) -> str:
        """Return a path as the filesystem below names it."""
        relative = self._inside(path)
        if not relative:
            return str(self.path)
        return f"{self.path.rstrip('/')}/{relative}" if self.path else relative

    def _inside(self, path: str) -> str:
        relative = posixpath.normpath(self._strip_protocol(path).replace(os.sep, "/").lstrip("/"))
        if relative.split("/", 1)[0] == "..":
            raise StorageError(f"The path {path!r} leads out of the folder {self.path!r}, which is not allowed.")
        return "" if relative == "." else relative

    def _join(self, path: Any) -> Any:
        return self.full_path(path) if isinstance(path, str) else super()._join(path)

    def _relpath(self, path: Any) -> Any:
        if not isinstance(path, str):
            return super()._relpath(path)
        return path.lstrip("/")[len(self.path.strip("/")) :].lstrip("/")
