"""What compression by several threads promises: every reader of gzip gets the bytes back."""

import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.core.storage import gzip_writer
from eolearn.core.storage.gzip_writer import GzipWriter


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
    size = 3 * gzip_writer._MEMBER_BYTES + extra
    piece = bytes(range(251)) * (size // 251 + 1)
    view = memoryview(piece)[:size]
    assert gzip.decompress(compressed([b"start", view, b"end"])) == b"start" + piece[:size] + b"end"


def test_the_same_bytes_give_the_same_file():
    assert compressed([b"a" * 1000]) == compressed([b"a" * 1000])


def test_it_compresses():
    assert len(compressed([bytes(100_000)])) < 1000
