"""Folders that aren't on a local disk: in memory, in an object store, on another machine."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..utils.fs import local_path
from ..utils.threads import thread_limit

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_REQUESTS = 16  # at the same time: they wait more than they work


def base_filesystem(filesystem: AbstractFileSystem, path: str) -> tuple[AbstractFileSystem, str]:
    """Return the filesystem below those that are a folder of another one, and the path in it."""
    from ..utils.rooted_filesystem import RootedFileSystem

    while isinstance(filesystem, RootedFileSystem):
        filesystem, path = filesystem.fs, filesystem.full_path(path)
    return filesystem, str(filesystem._strip_protocol(path))


def threads_for(filesystem: AbstractFileSystem, path: str) -> int:
    """Return how many threads should read or write files of a folder at the same time."""
    return thread_limit() if local_path(filesystem, path) is not None else max(_REQUESTS, thread_limit())


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
        found = base.find(root, withdirs=True, detail=True)
    except FileNotFoundError:
        return {}
    inside = root.rstrip("/") + "/"
    return {
        path.removeprefix(inside): entry["type"] == "file" for path, entry in found.items() if path.startswith(inside)
    }


def put_file(filesystem: AbstractFileSystem, path: str, source: Path) -> None:
    """Put a local file into a folder, which is made where it is missing and there are folders."""
    content = source.read_bytes()
    try:
        filesystem.pipe_file(path, content)
    except FileNotFoundError:
        if not has_folders(filesystem, path):
            raise
        filesystem.makedirs(posixpath.dirname(path), exist_ok=True)
        filesystem.pipe_file(path, content)


def has_folders(filesystem: AbstractFileSystem, path: str) -> bool:
    """Whether folders are made before files are put into them.

    Not in an object store, which fsspec reaches asynchronously: s3fs would make the bucket.
    """
    return not base_filesystem(filesystem, path)[0].async_impl
