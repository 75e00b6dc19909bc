"""What a folder as a filesystem of its own promises."""

import pickle

import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st

from eolearn.core.exceptions import StorageError
from eolearn.core.utils.rooted_filesystem import RootedFileSystem


@pytest.fixture(params=["local", "memory"])
def rooted(request, tmp_path):
    if request.param == "local":
        (tmp_path / "root").mkdir()
        return RootedFileSystem(str(tmp_path / "root"), LocalFileSystem())
    return RootedFileSystem(f"memory:/{tmp_path}/root", MemoryFileSystem())


def test_paths_are_relative_to_the_folder_with_and_without_a_slash(rooted):
    rooted.makedirs("a", exist_ok=True)
    rooted.pipe_file("/a/file", b"1")
    assert rooted.cat_file("a/file") == b"1"
    assert rooted.cat_file("/b/../a/./file") == b"1"
    assert rooted.ls("/a", detail=False) == ["a/file"]
    assert [entry["name"] for entry in rooted.ls("", detail=True)] == ["a"]


@pytest.mark.parametrize("path", ["..", "../x", "/../x", "a/../../x", "a/b/../../.."])
def test_no_path_leads_out(rooted, path):
    with pytest.raises(StorageError, match=r"leads out of the folder"):
        rooted.exists(path)
    with pytest.raises(OSError, match=r"root"):
        rooted.pipe_file(path, b"")


@given(st.lists(st.sampled_from(["..", ".", "", "a", "b"]), max_size=6))
def test_a_path_is_refused_or_lies_inside(parts):
    rooted = RootedFileSystem("/base/folder", LocalFileSystem())
    try:
        full_path = rooted.full_path("/".join(parts))
    except StorageError:
        assert ".." in parts
    else:
        assert full_path == "/base/folder" or full_path.startswith("/base/folder/")
        assert ".." not in full_path.split("/")


def test_the_top_of_a_disk_can_be_the_root(tmp_path):
    (tmp_path / "file").write_bytes(b"1")
    top = RootedFileSystem("/", LocalFileSystem())
    relative = str(tmp_path).lstrip("/")
    assert top.ls(relative, detail=False) == [f"{relative}/file"]
    assert top.cat_file(f"/{relative}/file") == b"1"
    assert relative.split("/")[0] in top.ls("", detail=False)


def test_a_bucket_without_a_leading_slash_can_hold_the_root():
    rooted = RootedFileSystem("bucket/folder", MemoryFileSystem())
    assert rooted.full_path("/x") == f"{rooted.path}/x"


def test_it_survives_pickling(rooted):
    rooted.pipe_file("file", b"1")
    assert pickle.loads(pickle.dumps(rooted)).cat_file("file") == b"1"


def test_fsspec_keeps_no_instance(tmp_path):
    assert RootedFileSystem(str(tmp_path), LocalFileSystem()) is not RootedFileSystem(str(tmp_path), LocalFileSystem())
