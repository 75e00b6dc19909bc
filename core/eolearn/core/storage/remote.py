"""Folders that aren't on a local disk: in memory, in an object store, on another machine."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..exceptions import EOLearnError, StorageError
from ..utils.fs import get_full_path, local_path
from ..utils.threads import thread_limit

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

REQUESTS = 16
"""How many are made at the same time: they wait more than they work."""


def base_filesystem(filesystem: AbstractFileSystem, path: str) -> tuple[AbstractFileSystem, str]:
    """Return the filesystem below those that are a folder of another one, and the path in it."""
    from ..utils.rooted_filesystem import RootedFileSystem

    while isinstance(filesystem, RootedFileSystem):
        filesystem, path = filesystem.fs, filesystem.full_path(path)
    return filesystem, str(filesystem._strip_protocol(path))


def threads_for(filesystem: AbstractFileSystem, path: str) -> int:
    """Return how many threads should read or write files of a folder at the same time."""
    return thread_limit() if local_path(filesystem, path) is not None else max(REQUESTS, thread_limit())


def in_threads(count: int, function: Callable[..., Any], *arguments: Iterable[Any]) -> list[Any]:
    """Return what a function returns for each of the arguments, and raise what it raises."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(function, *arguments))


def list_tree(filesystem: AbstractFileSystem, folder: str) -> dict[str, bool]:
    """Return what lies in a folder, at any depth: paths relative to it, and whether each is a file.

    An object store is asked once, not once a folder. A folder that isn't there is empty.
    """
    base, root = base_filesystem(filesystem, folder)
    base.invalidate_cache(root)  # another process may have written there
    try:
        with naming_place(filesystem, folder):
            found = base.find(root, withdirs=True, detail=True)
    except FileNotFoundError:
        return {}
    inside = root.rstrip("/") + "/"
    tree: dict[str, bool] = {}
    for path, entry in found.items():
        relative = path.removeprefix(inside).rstrip("/")
        if path.startswith(inside) and relative:
            is_folder = entry["type"] != "file" or path.endswith("/")  # some programs put an object for each folder
            tree[relative] = not is_folder
    return tree


def read_file(filesystem: AbstractFileSystem, path: str, start: int | None = None, end: int | None = None) -> bytes:
    """Return the content of a file, or a part of it."""
    with naming_place(filesystem, path):
        return bytes(filesystem.cat_file(path, start=start, end=end))


def put_file(filesystem: AbstractFileSystem, path: str, source: Path) -> None:
    """Put a local file into a folder, which is made where it is missing and there are folders."""
    content = source.read_bytes()
    with naming_place(filesystem, path):
        try:
            filesystem.pipe_file(path, content)
        except FileNotFoundError:
            if not has_folders(filesystem, path):
                raise
            filesystem.makedirs(posixpath.dirname(path), exist_ok=True)
            filesystem.pipe_file(path, content)


@contextmanager
def naming_place(filesystem: AbstractFileSystem, path: str) -> Iterator[None]:
    """Raise errors of a connection, of whatever type, as a StorageError (an OSError) that names the place.

    Such as for wrong credentials, or where nobody answers. That something isn't there is left as it is.
    """
    try:
        yield
    except (EOLearnError, FileNotFoundError, NotADirectoryError, MemoryError):
        raise
    except Exception as error:  # each library that fsspec works with has its own
        place = get_full_path(filesystem, path)
        raise StorageError(f"{place} can't be reached: {str(error) or repr(error)}") from error


def has_folders(filesystem: AbstractFileSystem, path: str) -> bool:
    """Whether folders are made before files are put into them.

    Not in an object store, which fsspec reaches asynchronously: s3fs would make the bucket.
    """
    return not base_filesystem(filesystem, path)[0].async_impl
