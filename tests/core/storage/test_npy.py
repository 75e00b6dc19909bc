"""What arrays on disk promise. The oracle is numpy's own reader."""

import gzip
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from eolearn.core.exceptions import BrokenFile, DataError
from eolearn.core.storage import gzip_members
from eolearn.core.storage.npy import FeatureIONumpy
from eolearn.core.utils.fs import get_filesystem

DTYPES = st.one_of(
    npst.boolean_dtypes(),
    npst.integer_dtypes(endianness="?"),
    npst.floating_dtypes(endianness="?"),
    npst.complex_number_dtypes(),
    npst.datetime64_dtypes(),
    npst.unicode_string_dtypes(max_len=5),
    npst.byte_string_dtypes(max_len=5),
)
ARRAYS = npst.arrays(DTYPES, npst.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4))


def in_memory():
    return get_filesystem("memory://test_npy", create=True)


def assert_same(loaded, saved):
    assert loaded.dtype == saved.dtype
    assert loaded.shape == saved.shape
    np.testing.assert_array_equal(loaded, saved)


@given(ARRAYS, st.sampled_from([0, 1]), st.booleans())
def test_what_is_saved_is_loaded(array, compress_level, transposed):
    array = array.T if transposed else array
    filesystem = in_memory()
    assert_same(FeatureIONumpy(FeatureIONumpy.save(array, filesystem, "a", compress_level), filesystem).load(), array)


@given(ARRAYS)
def test_numpy_reads_what_is_saved(array):
    filesystem = in_memory()
    content = gzip.decompress(filesystem.cat_file(FeatureIONumpy.save(array, filesystem, "a", 1)))
    assert_same(np.load(io.BytesIO(content), allow_pickle=False), array)


@given(ARRAYS, st.booleans())
def test_what_numpy_saved_is_loaded(array, compressed):
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    filesystem = in_memory()
    path = "b.npy.gz" if compressed else "b.npy"
    filesystem.pipe_file(path, gzip.compress(content.getvalue()) if compressed else content.getvalue())
    assert_same(FeatureIONumpy(path, filesystem).load(), array)


@pytest.mark.parametrize("step", [1, 2], ids=["contiguous", "strided"])
def test_large_arrays_are_saved_in_several_pieces(step):
    filesystem = in_memory()
    array = np.arange(step * (gzip_members._MEMBER_BYTES // 4 * 5 // 2), dtype=np.float32)[::step]
    assert_same(FeatureIONumpy(FeatureIONumpy.save(array, filesystem, "a", 1), filesystem).load(), array)


def test_loaded_arrays_can_be_written_to():
    filesystem = in_memory()
    array = FeatureIONumpy(FeatureIONumpy.save(np.zeros((2, 2)), filesystem, "a", 1), filesystem).load()
    array[0, 0] = 1
    assert array.flags.owndata or array.base.flags.writeable


def test_the_saved_array_is_not_changed():
    array = np.arange(6.0).reshape(2, 3)
    FeatureIONumpy.save(array, in_memory(), "a", 1)
    np.testing.assert_array_equal(array, np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize(
    "array", [np.array([object()]), np.array(["a", None], dtype=object), np.zeros(2, dtype=[("x", "O"), ("y", "f4")])]
)
def test_arrays_of_objects_are_not_saved(array):
    filesystem = in_memory()
    with pytest.raises(DataError, match=r"objects\.npy\.gz has the dtype .*run code.*astype"):
        FeatureIONumpy.save(array, filesystem, "objects", 1)
    assert not filesystem.exists("objects.npy.gz")


class RunsCode:
    """Sets a flag when it is unpickled."""

    ran = False

    def __reduce__(self):
        return setattr, (RunsCode, "ran", True)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_arrays_of_objects_are_not_loaded(compress):
    content = io.BytesIO()
    np.save(content, np.array([RunsCode()]), allow_pickle=True)
    filesystem = in_memory()
    path = "evil.npy.gz" if compress is gzip.compress else "evil.npy"
    filesystem.pipe_file(path, compress(content.getvalue()))
    with pytest.raises(BrokenFile, match=r"evil\.npy.* can run code .*numpy\.load\(\.\.\., allow_pickle=True\)"):
        FeatureIONumpy(path, filesystem).load()
    assert not RunsCode.ran


@pytest.mark.parametrize(
    "content", [b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00\x10\x00{'descr': 'evil'", b"PK\x03\x04", b"x" * 200]
)
def test_what_is_no_array_is_broken(content):
    filesystem = in_memory()
    filesystem.pipe_file("a.npy", content)
    with pytest.raises(BrokenFile, match=r"a\.npy is broken"):
        FeatureIONumpy("a.npy", filesystem).load()


def test_a_cut_array_without_compression_is_broken():
    filesystem = in_memory()
    FeatureIONumpy.save(np.arange(100), filesystem, "a")
    filesystem.pipe_file("a.npy", filesystem.cat_file("a.npy")[:-1])
    with pytest.raises(BrokenFile, match=r"a\.npy is broken"):
        FeatureIONumpy("a.npy", filesystem).load()
