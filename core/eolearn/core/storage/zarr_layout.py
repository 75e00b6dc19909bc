"""How a Zarr array lies in a folder, as its metadata say.

A date is one chunk, and so one file or object. Images with more than 1,024 rows or columns lie in tiles of 256, so that
a window can be read, and the tiles of a date in one shard, which is one file as well. All chunks are written, also
those with nothing but zeros, so that a hole is not taken for data. The files lie side by side, as ``c.0.0.0.0``: with a
folder for each number of it, a save over an array made and removed three folders a date, which took longer than all
else when the disk was busy.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..exceptions import DataError

METADATA_FILES = ("zarr.json", ".zarray")
"""Of version 3 and of version 2."""

_LARGEST_CHUNK = 1024  # pixels a side
_LARGEST_CHUNK_BYTES = 2**30  # Blosc takes less than twice as much
_TILE = 256
_COMPRESSOR = {"cname": "lz4", "clevel": 1, "shuffle": "bitshuffle", "blocksize": 0}  # tests/benchmarks measure it
_COMPLETE = "eolearn_all_chunks_written"  # an attribute; in arrays of others, a missing chunk means the fill value


def describe_array(shape: tuple[int, ...], dtype: np.dtype[Any]) -> dict[str, Any]:
    """Return the metadata, of Zarr version 3, of an array that is to be made.

    Raises DataError (a ValueError) for a dtype that the standard doesn't have.
    """
    if dtype.kind not in "biufc" or dtype.itemsize > (16 if dtype.kind == "c" else 8):
        raise DataError(
            f"The dtype {dtype} is none that Zarr has. Convert it with astype to numbers or booleans, or save it "
            "without use_zarr."
        )
    outer, inner = _chunk_shapes(shape, dtype.itemsize)
    to_bytes: dict[str, Any] = {"name": "bytes"}
    if dtype.itemsize > 1:
        to_bytes["configuration"] = {"endian": "little"}
    codecs = [to_bytes, {"name": "blosc", "configuration": {"typesize": dtype.itemsize, **_COMPRESSOR}}]
    if inner != outer:
        index_codecs = [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}]
        tiles = {"chunk_shape": inner, "codecs": codecs, "index_codecs": index_codecs, "index_location": "end"}
        codecs = [{"name": "sharding_indexed", "configuration": tiles}]
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(shape),
        "data_type": dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": outer}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
        "fill_value": {"b": False, "c": [0.0, 0.0], "f": 0.0}.get(dtype.kind, 0),
        "codecs": codecs,
        "attributes": {_COMPLETE: True},
        "storage_transformers": [],
    }


def _chunk_shapes(shape: tuple[int, ...], item_size: int) -> tuple[list[int], list[int]]:
    """Return the shapes of what is a file, and of what is compressed by itself."""
    whole = [max(1, size) for size in shape]
    if len(shape) in (2, 4):  # with a time axis
        whole[0] = 1
    is_large = math.prod(whole) * item_size > _LARGEST_CHUNK_BYTES
    if len(shape) < 3 or not (is_large or max(whole[-3:-1]) > _LARGEST_CHUNK):
        return whole, whole
    tile = [*whole[:-3], _TILE, _TILE, whole[-1]]
    return [math.ceil(size / part) * part for size, part in zip(whole, tile, strict=True)], tile


def is_complete(metadata: Mapping[str, Any]) -> bool:
    """Whether all chunks of an array are written, so that a missing one is an error."""
    return bool(metadata.get("attributes", {}).get(_COMPLETE))


def is_blosc(metadata: Mapping[str, Any]) -> bool:
    """Whether each file of an array is what Blosc made of a chunk."""
    if metadata.get("zarr_format") == 3:
        return bool(metadata["codecs"][-1]["name"] == "blosc")
    return (metadata.get("compressor") or {}).get("id") == "blosc"


def suits_zarrs(metadata: Mapping[str, Any]) -> bool:
    """Whether zarrs can decode an array."""
    if metadata.get("zarr_format") == 3:
        return re.fullmatch(r"bool|u?int\d+|float\d+|complex\d+", str(metadata.get("data_type"))) is not None
    return (
        re.fullmatch(r"[<|][biufc]\d+", str(metadata.get("dtype"))) is not None
        and not metadata.get("filters")
        and metadata.get("order") == "C"
        and metadata.get("fill_value") is not None
        and (metadata.get("compressor") or {}).get("id") in ("blosc", "zstd", "gzip", None)
    )


def runs_code(metadata: Mapping[str, Any]) -> bool:
    """Whether loading an array may run code that lies in its files: those of version 2 may be pickles."""
    codecs = [*(metadata.get("filters") or []), metadata.get("compressor") or {}]
    return metadata.get("zarr_format") == 2 and (
        "O" in str(metadata.get("dtype")) or any(codec.get("id") == "pickle" for codec in codecs)
    )
