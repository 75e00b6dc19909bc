"""What the functions for filesystems and paths promise."""

import os
import pickle
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from fsspec.implementations.dirfs import DirFileSystem
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from sentinelhub import SHConfig

from eolearn.core.exceptions import MissingExtra, PathNotFound, SettingError, StorageError
from eolearn.core.utils import fs as fs_module
from eolearn.core.utils.fs import (
    as_filesystem,
    get_aws_credentials,
    get_base_filesystem_and_path,
    get_filesystem,
    get_full_path,
    is_s3_path,
    join_path,
    load_s3_filesystem,
    local_path,
    pickle_fs,
    split_all_extensions,
    unpickle_fs,
)

# --- get_filesystem


@pytest.mark.parametrize("as_type", [str, Path])
def test_a_local_folder_becomes_the_root(tmp_path, as_type):
    (tmp_path / "file").write_bytes(b"1")
    filesystem = get_filesystem(as_type(tmp_path))
    assert isinstance(filesystem, DirFileSystem)
    assert filesystem.cat_file("/file") == b"1"


def test_a_relative_path_begins_at_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    get_filesystem("a/b", create=True).pipe_file("file", b"1")
    assert (tmp_path / "a/b/file").read_bytes() == b"1"


def test_a_missing_folder_is_an_error_that_names_it(tmp_path):
    with pytest.raises(PathNotFound, match=r"no folder .*missing") as info:
        get_filesystem(tmp_path / "missing")
    assert isinstance(info.value, FileNotFoundError)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(PathNotFound, match="file"):
        get_filesystem(tmp_path / "file")
    with pytest.raises(StorageError, match=r"file can't be made.*exists"):
        get_filesystem(tmp_path / "file", create=True)


def test_memory_is_a_filesystem_like_others():
    get_filesystem("memory://test_fs/a", create=True).pipe_file("b/file", b"1")
    assert get_filesystem("memory://test_fs/a/b").cat_file("file") == b"1"
    with pytest.raises(PathNotFound, match=r"memory://test_fs/missing"):
        get_filesystem("memory://test_fs/missing")


@pytest.mark.parametrize("url", ["{}", "memory:/{}"])
def test_no_path_leads_out_of_the_root(tmp_path, url):
    filesystem = get_filesystem(url.format(tmp_path / "root"), create=True)
    with pytest.raises(StorageError, match=r"'\.\./other' leads out of the folder"):
        filesystem.pipe_file("../other", b"")


def test_a_protocol_that_nobody_knows_is_an_error():
    with pytest.raises(ValueError, match="nonsense"):
        get_filesystem("nonsense://a")


# --- filesystems that users give


@pytest.mark.parametrize("wrong", [None, "/tmp", Path("/tmp"), object()])
def test_what_is_no_fsspec_filesystem_is_refused(wrong):
    with pytest.raises(SettingError, match="must be one of fsspec"):
        as_filesystem(wrong)


def test_a_plain_dir_filesystem_gets_a_root_too(tmp_path):
    filesystem = as_filesystem(DirFileSystem(str(tmp_path), LocalFileSystem()))
    with pytest.raises(StorageError, match="leads out"):
        filesystem.exists("../x")
    assert as_filesystem(filesystem) is filesystem


def test_local_path_sees_through_folders_of_folders(tmp_path):
    outer = get_filesystem(tmp_path)
    (tmp_path / "a").mkdir()
    inner = as_filesystem(DirFileSystem("a", outer))
    assert local_path(inner, "b/c") == str(tmp_path / "a/b/c")
    assert local_path(LocalFileSystem(), str(tmp_path)) == str(tmp_path)
    assert local_path(get_filesystem("memory://x", create=True), "b") is None


# --- base filesystem


@pytest.mark.parametrize("parts", [("/a/b", "c"), ("/a", "b/../b/c"), (Path("/a/b/c"),), ("file:///a/b", "c")])
def test_the_base_of_a_local_path_is_the_top_of_the_disk(parts):
    filesystem, path = get_base_filesystem_and_path(*parts)
    assert path == "a/b/c"
    assert local_path(filesystem, path) == "/a/b/c"


def test_a_relative_path_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    filesystem, path = get_base_filesystem_and_path("x")
    assert local_path(filesystem, path) == str(tmp_path / "x")


def test_the_base_of_memory_is_all_of_it():
    filesystem, path = get_base_filesystem_and_path("memory://test_fs/a", "b")
    assert path == "test_fs/a/b"
    filesystem.pipe_file(path, b"1")
    assert MemoryFileSystem().cat_file("/test_fs/a/b") == b"1"


# --- S3


class FakeS3FileSystem(MemoryFileSystem):
    """Records the options that it was made with, as s3fs is not installed everywhere."""

    protocol = "s3"
    root_marker = ""
    cachable = False

    def __init__(self, **options):
        super().__init__()
        self.options = options


@pytest.fixture
def fake_s3fs(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", SimpleNamespace(S3FileSystem=FakeS3FileSystem))


@pytest.fixture
def config():
    config = SHConfig(use_defaults=True)
    config.aws_access_key_id, config.aws_secret_access_key, config.aws_session_token = "key", "secret", ""
    return config


def test_s3_without_s3fs_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MissingExtra, match=r"pip install 'eo-learn-core\[s3\]'"):
        get_filesystem("s3://bucket/folder")


def test_credentials_reach_s3fs_and_empty_ones_do_not(fake_s3fs, config):
    filesystem = get_filesystem("s3://bucket/folder/", config=config, anon=False)
    assert filesystem.path.strip("/") == "bucket/folder"
    assert filesystem.fs.options == {"key": "key", "secret": "secret", "token": None, "anon": False}


def test_credentials_that_are_options_replace_those_of_the_config(fake_s3fs, config):
    config.aws_session_token = "token"
    filesystem = get_filesystem("s3://bucket", config=config, key="mine", secret="my secret")
    assert filesystem.fs.options == {"key": "mine", "secret": "my secret"}


def test_options_of_requests_reach_s3fs(fake_s3fs, config):
    filesystem = load_s3_filesystem(
        "s3://bucket",
        config=config,
        acl="public-read",
        upload_args={"CacheControl": "no-cache"},
        download_args={"X": 1},
    )
    assert filesystem.fs.options["s3_additional_kwargs"] == {"ACL": "public-read", "CacheControl": "no-cache", "X": 1}


def test_a_bucket_alone_has_an_empty_path(fake_s3fs, config):
    assert get_base_filesystem_and_path("s3://bucket", config=config)[1] == ""
    filesystem, path = get_base_filesystem_and_path("s3://bucket/a", "b", config=config)
    assert (filesystem.path.strip("/"), path) == ("bucket", "a/b")


@pytest.mark.parametrize("path", ["/local", "gs://bucket", "bucket"])
def test_load_s3_filesystem_takes_only_s3(path):
    with pytest.raises(SettingError, match=rf"begins with s3://, got '{path}'"):
        load_s3_filesystem(path)


class FakeSession:
    """Has one profile with credentials and one without."""

    def __init__(self, profile_name):
        self.profile_name = profile_name

    def get_credentials(self):
        if self.profile_name == "empty":
            return None
        return SimpleNamespace(access_key=f"{self.profile_name}-key", secret_key="other", token=None)


def test_credentials_of_a_profile_go_into_a_copy(monkeypatch, config, fake_s3fs):
    monkeypatch.setattr(fs_module, "Session", FakeSession)
    result = get_aws_credentials("mine", config)
    assert (result.aws_access_key_id, result.aws_secret_access_key, result.aws_session_token) == (
        "mine-key",
        "other",
        "",
    )
    assert config.aws_access_key_id == "key"
    assert load_s3_filesystem("s3://b", config=config, aws_profile="mine").fs.options["key"] == "mine-key"


def test_a_profile_without_credentials_is_refused(monkeypatch):
    monkeypatch.setattr(fs_module, "Session", FakeSession)
    with pytest.raises(SettingError, match=r"'empty' has no credentials"):
        get_aws_credentials("empty")


def test_profiles_without_boto3_name_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(MissingExtra, match=r"eo-learn-core\[s3\]"):
        get_aws_credentials("mine")


# --- pickling


def test_filesystems_survive_pickling(tmp_path):
    filesystem = get_filesystem(tmp_path)
    filesystem.pipe_file("file", b"1")
    assert unpickle_fs(pickle_fs(filesystem)).cat_file("file") == b"1"
    assert pickle.loads(pickle.dumps(filesystem)).cat_file("file") == b"1"


def test_only_filesystems_are_pickled():
    with pytest.raises(ValueError, match="fsspec"):
        pickle_fs("/tmp")
    with pytest.raises(ValueError, match="fsspec"):
        unpickle_fs(pickle.dumps("/tmp"))


# --- paths


def test_full_paths_stand_alone(tmp_path):
    filesystem = get_filesystem(tmp_path)
    assert get_full_path(filesystem, "a/../b") == str(tmp_path / "b")
    assert get_full_path(filesystem, "/b") == str(tmp_path / "b")
    assert get_full_path(filesystem, "") == str(tmp_path)
    in_memory = get_filesystem("memory://x", create=True)
    in_memory.pipe_file("a", b"1")
    assert get_filesystem("memory://").cat_file(get_full_path(in_memory, "a").removeprefix("memory://")) == b"1"


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        (("/a/b", "../c"), "/a/c"),
        (("/a", "/b"), "/b"),
        (("s3://b/x", "..", "y"), "s3://b/y"),
        (("s3://b", "x/"), "s3://b/x"),
        (("s3://b",), "s3://b"),
        (("memory://",), "memory://"),
        ((Path("/a"), Path("b")), "/a/b"),
    ],
)
def test_parts_of_paths_are_joined_and_normalised(parts, joined):
    assert join_path(*parts) == joined


def test_joined_local_paths_are_absolute():
    assert join_path("x", "y") == os.path.join(os.getcwd(), "x", "y")


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("data/A.npy.gz", ("data/A", ".npy.gz")),
        ("/x/.hidden.json", ("/x/.hidden", ".json")),
        ("a.b/c", ("a.b/c", "")),
        ("./x.npy", ("./x", ".npy")),
        (".DS_Store", (".DS_Store", "")),
        ("x.", ("x.", "")),
        ("..", ("..", "")),
        ("name.npy.npy", ("name", ".npy.npy")),
        ("", ("", "")),
    ],
)
def test_extensions_begin_at_the_first_dot_that_is_not_the_first_character(path, split):
    assert split_all_extensions(path) == split


def test_s3_paths_are_known_by_their_beginning():
    assert is_s3_path("s3://a")
    assert not is_s3_path("/s3://a")
    assert not is_s3_path(Path("s3"))
