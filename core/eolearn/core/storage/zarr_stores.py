"""Where zarr finds the chunks of arrays that it decodes itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from ..utils.fs import local_path
from .remote import REQUESTS

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from zarr.abc.store import Store

_BLOSC_SIZE = slice(12, 16)  # where a chunk of Blosc says how long it is


class BrokenChunk(Exception):
    """A chunk is missing or too short, which zarr would not notice."""


def local_store(folder: str) -> Store:
    """Return the store of an array in a local folder."""
    from zarr.storage import LocalStore

    return LocalStore(folder)


def checked_store(filesystem: AbstractFileSystem, path: str, *, is_complete: bool, is_blosc: bool) -> Store:
    """Return the store of an array that is only read.

    is_complete: whether BrokenChunk is raised where a chunk is missing; otherwise zarr takes it for the fill value.
    is_blosc: whether each chunk is compressed by Blosc as a whole.
    """
    from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper
    from zarr.abc.store import RangeByteRequest, Store
    from zarr.storage import FsspecStore, WrapperStore

    class CheckedStore(WrapperStore[Store]):
        async def get(self, key: str, prototype: Any, byte_range: Any = None) -> Any:
            value = await super().get(key, prototype, byte_range)
            if value is None:
                if is_complete:
                    raise BrokenChunk(f"the chunk {key} is missing")
                return None
            expected = 1
            if isinstance(byte_range, RangeByteRequest):
                expected = byte_range.end - byte_range.start
            elif byte_range is None and is_blosc:
                expected = int.from_bytes(value[_BLOSC_SIZE].to_bytes(), "little")
            if len(value) < expected:
                raise BrokenChunk(f"the chunk {key} is cut")
            return value

    on_disk = local_path(filesystem, path)
    if on_disk is not None:
        return CheckedStore(local_store(on_disk))
    # zarr would open connections of its own for a filesystem that is asynchronous; this uses those that there are
    asynchronous = AsyncFileSystemWrapper(filesystem, asynchronous=True)
    asynchronous._cat_file = _awaitable(filesystem.cat_file)
    return CheckedStore(FsspecStore(asynchronous, read_only=True, path=path))


def _awaitable(function: Callable[..., bytes]) -> Callable[..., Awaitable[bytes]]:
    """Return a function that waits in threads of its own: those of zarr are as many as there are processors."""
    threads = ThreadPoolExecutor(REQUESTS)

    async def wait(*arguments: Any, **settings: Any) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(threads, partial(function, *arguments, **settings))

    return wait
