"""gzip by several threads: files that every reader of gzip understands, and that are read by several threads here.

A gzip file is a sequence of members, each compressed on its own. The members written here say in an extra field of
their header (RFC 1952, section 2.3.1.1) how long they are, so that a reader need not inflate one to find the next.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

from isal import igzip, isal_zlib

from ..utils.threads import thread_limit

_HIGHEST_LEVEL = 3  # of ISA-L, which has fewer levels of compression than gzip
_MEMBER_BYTES = 2**22  # compressed by one thread at a time; with smaller ones, starting them costs more
_SMALL_BYTES = 2**18  # not worth a thread
_RAW_DEFLATE, _WITH_HEADER = -15, 31  # for zlib
_START = b"\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\x08\x00EL\x04\x00"  # deflate, an extra field: EL, four bytes
_HEADER = struct.Struct(f"<{len(_START)}sI")
_TRAILER = struct.Struct("<II")  # checksum and length of what was compressed


class GzipWriter:
    """A stream that compresses what is written into it.

    What is written at once is one member or, if it is large, several that are compressed at the same time. So write
    few large pieces. There is nothing to close.

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
            self._file.writelines(self._member(view))
            return len(view)
        with ThreadPoolExecutor(thread_limit()) as pool:
            for member in pool.map(self._member, pieces):
                self._file.writelines(member)
        return len(view)

    def _member(self, data: memoryview) -> tuple[bytes, bytes, bytes]:
        deflated = isal_zlib.compress(data, self._level, _RAW_DEFLATE)
        size = _HEADER.size + len(deflated) + _TRAILER.size
        return _HEADER.pack(_START, size), deflated, _TRAILER.pack(isal_zlib.crc32(data), len(data))


class GzipReader:
    """A stream of what a gzip file holds. Checksums are compared where a member ends.

    file: at the beginning of a member. Members that don't say how long they are, as other programs write them, are
        inflated one after the other.
    """

    def __init__(self, file: BinaryIO):
        self._pieces = _inflated(file)
        self._rest = memoryview(b"")

    def read(self, size: int = -1) -> bytes:
        """Return at most as many bytes, all for a negative number; none at the end."""
        if size < 0:
            rest, self._rest = self._rest, memoryview(b"")
            return b"".join([rest, *self._pieces])
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = memoryview(piece)
        part, self._rest = self._rest[:size], self._rest[size:]
        return bytes(part)


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    threads = thread_limit()
    with ThreadPoolExecutor(threads) as pool:
        pending: deque[Future[bytes]] = deque()
        while member := _next_member(file):
            if len(member) <= _SMALL_BYTES and not pending:
                yield _inflate(member)
                continue
            pending.append(pool.submit(_inflate, member))
            if len(pending) > 2 * threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    with igzip.open(file, "rb") as others:  # type: ignore[no-untyped-call]
        while piece := others.read(_SMALL_BYTES):
            yield piece


def _next_member(file: BinaryIO) -> bytes:
    """Return a member that says how long it is, or nothing, and leave the file where it was. EOFError if it is cut."""
    header = file.read(_HEADER.size)
    if len(header) == _HEADER.size and header.startswith(_START):
        _, size = _HEADER.unpack(header)
        member = header + file.read(max(0, size - len(header)))
        if len(member) != size:
            raise EOFError(f"it ends after {len(member)} of {size} bytes of a member")
        return member
    file.seek(-len(header), 1)
    return b""


def _inflate(member: bytes) -> bytes:
    """Return what a member holds. Raises isal_zlib.error or EOFError where it is damaged."""
    _, length = _TRAILER.unpack(member[-_TRAILER.size :])
    content = isal_zlib.decompress(member, _WITH_HEADER, min(length, _MEMBER_BYTES) or 1)
    if len(content) != length:
        raise EOFError(f"a member has {len(content)} bytes instead of {length}")
    return content
