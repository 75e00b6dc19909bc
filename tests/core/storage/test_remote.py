"""How folders are read that aren't on a local disk."""

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from eolearn.core.exceptions import StorageError
from eolearn.core.storage.remote import has_folders, list_tree, naming_place, put_file, read_file
from eolearn.core.utils.fs import get_filesystem


@pytest.fixture
def filesystem(tmp_path):
    filesystem = get_filesystem(f"memory:/{tmp_path}", create=True)
    filesystem.makedirs("a/b")
    filesystem.pipe_file("a/b/file", b"12345")
    return filesystem


def test_what_lies_in_a_folder_is_listed_at_any_depth(filesystem):
    assert list_tree(filesystem, "") == {"a": False, "a/b": False, "a/b/file": True}
    assert list_tree(filesystem, "a/") == {"b": False, "b/file": True}
    assert list_tree(filesystem, "missing") == {}


def test_objects_that_stand_for_folders_are_folders():
    class Store(MemoryFileSystem):
        cachable = False

        def find(self, path, **settings):
            return {name: {"type": "file"} for name in ("/x/", "/x/data/", "/x/data/A", "/xy")}

    assert list_tree(Store(), "/x") == {"data": False, "data/A": True}


def test_a_file_is_put_into_a_folder_that_is_made(filesystem, tmp_path):
    (tmp_path / "source").write_bytes(b"1")
    assert has_folders(filesystem, "c/d/file")
    put_file(filesystem, "c/d/file", tmp_path / "source")
    assert read_file(filesystem, "c/d/file") == b"1"
    assert read_file(filesystem, "a/b/file", start=1, end=3) == b"23"


@pytest.mark.parametrize("error", [RuntimeError("nobody answers"), PermissionError("nobody answers"), OSError()])
def test_errors_of_a_connection_get_a_type_and_a_place(filesystem, error):
    said = r"memory://.*/a/b can't be reached: (nobody answers|OSError\(\))"
    with pytest.raises(StorageError, match=said) as info, naming_place(filesystem, "a/b"):
        raise error
    assert info.value.__cause__ is error


@pytest.mark.parametrize(
    "error", [FileNotFoundError("x"), NotADirectoryError("x"), StorageError("x"), MemoryError("x")]
)
def test_other_errors_stay_as_they_are(filesystem, error):
    with pytest.raises(type(error), match="^x$"), naming_place(filesystem, "a"):
        raise error
