"""Which program encodes and decodes the chunks of Zarr arrays.

The package zarrs does it several times as fast as zarr itself, for files on a local disk and numbers in the byte order
of the machine. It has no wheel for some machines; there, and for all else, zarr does it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from threading import Lock

from ..utils.threads import thread_limit

_OWN = "zarr.core.codec_pipeline.BatchedCodecPipeline"
_ZARRS = "zarrs.ZarrsCodecPipeline"

_lock = Lock()  # zarr's configuration belongs to the whole process


def has_zarrs() -> bool:
    """Whether the package zarrs is installed."""
    return find_spec("zarrs") is not None


@contextmanager
def codec_pipeline(*, fast: bool) -> Iterator[None]:
    """Choose the pipeline of arrays that are opened in this block. Afterwards zarr is configured as it was.

    fast: whether zarrs may be used.
    """
    from zarr import config

    path = _ZARRS if fast and has_zarrs() else _OWN
    with _lock, config.set({"codec_pipeline.path": path, "threading.max_workers": thread_limit()}):
        yield
