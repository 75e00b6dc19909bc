"""Compression by several threads, in a form that every reader of gzip understands."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

from isal import isal_zlib

from ..utils.threads import thread_limit

_HIGHEST_LEVEL = 3  # of ISA-L, which has fewer levels of compression than gzip
_MEMBER_BYTES = 2**22  # compressed by one thread at a time; with smaller ones, starting them costs more
_GZIP_HEADER = 31  # tells zlib to write one


class GzipWriter:
    """A stream that compresses what is written into it.

    A gzip file is a sequence of members, each compressed on its own. What is written at once is one member or, if it is
    large, several that are compressed at the same time. So write few large pieces. There is nothing to close.

    file: takes the compressed bytes.
    level: how hard to compress, from 1.
    """

    def __init__(self, file: BinaryIO, level: int):
        self._file = file
        self._level = min(level, _HIGHEST_LEVEL)

    def write(self, data: bytes | memoryview) -> int:
        """Compress bytes, and return their number."""
        view = memoryview(data)
        pieces = [view[start : start + _MEMBER_BYTES] for start in range(0, len(view), _MEMBER_BYTES)]
        if len(pieces) == 1:
            self._file.write(self._compress(view))
            return len(view)
        with ThreadPoolExecutor(thread_limit()) as pool:
            for member in pool.map(self._compress, pieces):
                self._file.write(member)
        return len(view)

    def _compress(self, data: memoryview) -> bytes:
        return isal_zlib.compress(data, self._level, _GZIP_HEADER)
