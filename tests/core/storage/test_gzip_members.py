"""What gzip by several threads promises: every reader gets the bytes back, and ours reads what every writer wrote."""

import gzip
import io
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from isal import isal_zlib

from eolearn.core.storage import gzip_members
from eolearn.core.storage.gzip_members import GzipReader, GzipWriter


def compressed(pieces, level=1):
    file = io.BytesIO()
    writer = GzipWriter(file, level)
    assert [writer.write(piece) for piece in pieces] == [len(piece) for piece in pieces]
    return file.getvalue()


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5), st.integers(1, 9))
def test_python_reads_what_was_written(pieces, level):
    assert gzip.decompress(compressed(pieces, level)) == b"".join(pieces)


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_large_pieces_keep_their_order(extra):
    size = 3 * gzip_members._MEMBER_BYTES + extra
    piece = bytes(range(251)) * (size // 251 + 1)
    view = memoryview(piece)[:size]
    assert gzip.decompress(compressed([b"start", view, b"end"])) == b"start" + piece[:size] + b"end"


def test_the_same_bytes_give_the_same_file():
    assert compressed([b"a" * 1000]) == compressed([b"a" * 1000])


def test_it_compresses():
    assert len(compressed([bytes(100_000)])) < 1000


def read_all(content, sizes=(-1,)):
    reader = GzipReader(io.BytesIO(content))
    parts = []
    for size in itertools.cycle(sizes):
        part = reader.read(size)
        if not part:
            return b"".join(parts)
        parts.append(part)
    raise AssertionError("never reached")


@given(
    st.lists(st.tuples(st.binary(max_size=200), st.booleans()), min_size=1, max_size=6),
    st.lists(st.integers(1, 90) | st.just(-1), min_size=1, max_size=3),
)
def test_members_of_all_writers_are_read_in_any_order_and_in_parts_of_any_size(members, sizes):
    content = b"".join(compressed([data]) if ours else gzip.compress(data) for data, ours in members)
    assert read_all(content, sizes) == b"".join(data for data, _ in members)


def test_large_members_are_read_in_their_order():
    data = np.random.default_rng(0).integers(0, 256, 5 * gzip_members._MEMBER_BYTES // 2, dtype=np.uint8)
    assert read_all(compressed([b"start", memoryview(data), b"end"]), [100_000]) == b"start" + data.tobytes() + b"end"


@pytest.mark.parametrize("position", [16, 17, 19, 30, -8, -4, -1], ids=str)
def test_a_changed_byte_is_noticed(position):
    content = bytearray(compressed([bytes(range(100)), bytes(range(200))]))
    content[position] ^= 255
    with pytest.raises((isal_zlib.error, EOFError, gzip.BadGzipFile)):
        read_all(bytes(content))


@pytest.mark.parametrize("kept", [1, 10, 19, 20, 21, 60, -1], ids=str)
def test_a_cut_file_is_noticed(kept):
    content = compressed([bytes(range(200))])
    with pytest.raises((isal_zlib.error, EOFError, gzip.BadGzipFile)):
        read_all(content[:kept])
