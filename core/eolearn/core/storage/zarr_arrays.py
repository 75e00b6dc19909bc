"""Zarr arrays that are there, of which parts are read."""

from __future__ import annotations

import itertools
import json
import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..exceptions import BrokenFile, PathNotFound
from ..utils.fs import get_full_path, local_path
from .array_part import ArrayPart, take
from .remote import naming_place, read_file
from .zarr_layout import METADATA_FILES, is_blosc, is_complete, runs_code, suits_zarrs
from .zarr_pipeline import codec_pipeline, has_zarrs
from .zarr_stores import BrokenChunk, checked_store, local_store

if TYPE_CHECKING:
    import zarr
    from fsspec import AbstractFileSystem
    from zarr.abc.store import Store


class StoredArray:
    """A Zarr array in a folder, of version 2 or 3; its metadata are read when they are first needed.

    Raises PathNotFound (a FileNotFoundError) where there is none, BrokenFile (an OSError and a ValueError) where it
    can't be understood, has a hole, or would run code.
    """

    def __init__(self, filesystem: AbstractFileSystem, path: str):
        self.filesystem = filesystem
        self.path = path
        self._on_disk = local_path(filesystem, path)
        # not cached properties: in python 3.11, threads that read different arrays would wait for each other
        self._metadata: dict[str, Any] | None = None
        self._opened: zarr.Array[Any] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    @property
    def metadata(self) -> dict[str, Any]:
        """What the array says of itself."""
        if self._metadata is None:
            self._metadata = self._parse_metadata()
        return self._metadata

    def _parse_metadata(self) -> dict[str, Any]:
        try:
            metadata = json.loads(self._read_metadata())
        except ValueError as error:
            raise self._broken(error) from error
        if not isinstance(metadata, dict) or metadata.get("node_type", "array") != "array":
            raise self._broken("its metadata are not those of an array")
        return metadata

    def _read_metadata(self) -> bytes:
        for name in METADATA_FILES:
            try:
                return read_file(self.filesystem, posixpath.join(self.path, name))
            except (FileNotFoundError, NotADirectoryError):
                continue
        if self.filesystem.exists(self.path):
            raise self._broken("there is neither zarr.json nor .zarray in it")
        raise PathNotFound(f"There is no Zarr array {get_full_path(self.filesystem, self.path)}.")

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self._array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the array."""
        dtype: np.dtype[Any] = self._array.dtype
        return dtype

    @property
    def file_shape(self) -> tuple[int, ...]:
        """The shape of what one file, or object, holds."""
        return file_shape(self._array)

    @property
    def _array(self) -> zarr.Array[Any]:
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def _open(self) -> zarr.Array[Any]:
        metadata = self.metadata
        if runs_code(metadata):
            raise self._broken(
                "it is an array of Python objects, which can run code when it is loaded. If you trust where it comes "
                "from, load it with zarr and save it as numbers or as meta_info"
            )
        try:
            if self._on_disk is not None and suits_zarrs(metadata) and has_zarrs():
                return open_array(local_store(self._on_disk), metadata, fast=True)
            complete, blosc = is_complete(metadata), is_blosc(metadata)
            store = checked_store(self.filesystem, self.path, is_complete=complete, is_blosc=blosc)
            return open_array(store, metadata, fast=False)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise self._broken(f"its metadata can't be used: {error!r}") from error

    def read(self, part: ArrayPart) -> NDArray[Any]:
        """Return a part of the array. Only the chunks that it lies in are read.

        Raises IndexOutOfRange (an IndexError and a ValueError) where the array does not reach so far.
        """
        return self.read_at(part.positions(self.shape))

    def read_at(self, positions: list[range | list[int]]) -> NDArray[Any]:
        """Return the values at positions along each axis."""
        if not all(map(len, positions)):
            return np.empty([len(axis) for axis in positions], dtype=self.dtype)
        needed, places = _hull(positions)
        self._check_files(needed)
        with naming_place(self.filesystem, self.path):
            try:
                read = self._array.oindex[needed]
            except (BrokenChunk, RuntimeError, ValueError, TypeError, EOFError) as error:
                raise self._broken(error) from error
        return take(np.asarray(read), places)

    def _check_files(self, needed: tuple[Any, ...]) -> None:
        """Refuse holes on a local disk, which zarrs would fill; the other store does so when it is read."""
        if self._on_disk is None or not is_complete(self.metadata):
            return
        for _, key in chunk_keys(self._array, needed):
            if not Path(self._on_disk, key).is_file():
                raise self._broken(f"the chunk {key} is missing")

    def _broken(self, reason: object) -> BrokenFile:
        return BrokenFile(
            f"The Zarr array {get_full_path(self.filesystem, self.path)} is broken: {reason}. Save it again, or delete "
            "it."
        )


def _hull(positions: list[range | list[int]]) -> tuple[tuple[Any, ...], list[range | list[int]]]:
    """Return what has to be read, and where in that the wanted positions are.

    Dates are read one by one, each once. Along other axes all is read from the first to the last: the same chunks.
    """
    needed: list[slice | list[int]] = []
    places: list[range | list[int]] = []
    for axis, wanted in enumerate(positions):
        unique: range | list[int] = wanted if isinstance(wanted, range) else sorted(set(wanted))
        first, last = unique[0], unique[-1]
        if axis == 0 and isinstance(unique, list) and last - first + 1 > len(unique):
            needed.append(unique)
        else:
            needed.append(slice(first, last + 1))
            unique = range(first, last + 1)
        places.append(range(len(unique)) if wanted == unique else [unique.index(position) for position in wanted])
    return tuple(needed), places


def open_array(store: Store, metadata: dict[str, Any], *, fast: bool) -> zarr.Array[Any]:
    """Return the array of a store, whose metadata are given and not looked for.

    fast: whether zarrs may be used: on a local disk, if it can decode the array.
    """
    import zarr
    from zarr.storage import StorePath

    with codec_pipeline(fast=fast):
        asynchronous = zarr.AsyncArray(metadata, StorePath(store), {"write_empty_chunks": True})  # type: ignore[call-overload]
    return zarr.Array(asynchronous)


def file_shape(array: zarr.Array[Any]) -> tuple[int, ...]:
    """Return the shape of what one file, or object, holds."""
    return array.shards or array.chunks


def chunk_keys(array: zarr.Array[Any], where: tuple[Any, ...]) -> Iterator[tuple[tuple[int, ...], str]]:
    """Return coordinates and names of the files that a part of an array lies in. where: slices or positions."""
    numbers = [
        range(part.start // size, (part.stop - 1) // size + 1)
        if isinstance(part, slice)
        else sorted({position // size for position in part})
        for part, size in zip(where, file_shape(array), strict=True)
    ]
    for coordinates in itertools.product(*numbers):
        yield coordinates, array.metadata.encode_chunk_key(coordinates)
