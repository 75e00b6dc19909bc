"""Scripts that give PyFilesystem objects go on. Skipped where the packages fs and fs-s3fs are not installed.

To run it:

    .venv/bin/uv pip install --no-deps --target FOLDER fs fs-s3fs appdirs six "setuptools<81"
    PYTHONPATH=FOLDER .venv/bin/python -m pytest tests/core/utils/test_pyfilesystem.py
"""

import gc
import os
import pickle
import subprocess
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from fsspec.implementations.local import LocalFileSystem
from sentinelhub import CRS, BBox

from eolearn.core import (
    EOExecutor,
    EOPatch,
    EOWorkflow,
    FeatureType,
    LoadTask,
    OverwritePermission,
    SaveTask,
    linearly_connect_tasks,
)
from eolearn.core.eodata_io import (
    FeatureIONumpy,
    FeatureIOZarr,
    get_filesystem_data_info,
    load_eopatch_content,
    save_eopatch,
    walk_feature_type_folder,
)
from eolearn.core.exceptions import SettingError, StorageError
from eolearn.core.utils.fs import as_filesystem, get_full_path, local_path, pickle_fs, unpickle_fs

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of pkg_resources
    fs = pytest.importorskip("fs")
    from fs.memoryfs import MemoryFS
    from fs.osfs import OSFS
    from fs.tempfs import TempFS
    from fs.wrap import read_only

PATCH = EOPatch(
    bbox=BBox((0, 0, 1, 1), CRS.WGS84),
    timestamps=["2026-01-01", "2026-01-02"],
    data={"BANDS": np.arange(24.0).reshape(2, 2, 3, 2)},
    meta_info={"made": "today"},
)
OVER = {"overwrite_permission": "OVERWRITE_FEATURES"}


@pytest.fixture(
    params=["OSFS", "TempFS", "MemoryFS", "SubFS of OSFS", "SubFS of MemoryFS", "URL", "S3FS", "SubFS of S3FS"]
)
def filesystem(request, tmp_path):
    kind, _, parent = request.param.partition(" of ")
    if "S3FS" in request.param:
        filesystem = s3_filesystem(request)
    elif kind == "URL":
        filesystem = fs.open_fs(f"{tmp_path}/folder", create=True)
    else:
        filesystem = {"OSFS": lambda: OSFS(str(tmp_path)), "TempFS": TempFS, "MemoryFS": MemoryFS}[parent or kind]()
    return filesystem.makedirs("sub/folder") if parent else filesystem


def s3_filesystem(request, **settings):
    fs_s3fs = pytest.importorskip("fs_s3fs")
    server, folder = request.getfixturevalue("s3_server"), request.getfixturevalue("s3_folder")
    return fs_s3fs.S3FS(
        "bucket",
        dir_path=folder.removeprefix("s3://bucket"),
        aws_access_key_id="id",
        aws_secret_access_key="secret",
        endpoint_url=server.endpoint,
        strict=False,
        **settings,
    )


@pytest.fixture(autouse=True)
def no_deprecations():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="fs|fs_s3fs|botocore|pkg_resources")
        yield


# --- wherever a filesystem is given


@pytest.mark.parametrize("use_zarr", [False, True])
def test_a_patch_is_saved_where_the_object_finds_it_and_loaded(filesystem, use_zarr):
    PATCH.save("all/patch", filesystem=filesystem, use_zarr=use_zarr)
    assert EOPatch.load("all/patch", filesystem=filesystem) == PATCH
    assert EOPatch.load("/all/patch", filesystem=filesystem, lazy_loading=True) == PATCH
    name = "BANDS.zarr" if use_zarr else "BANDS.npy.gz"
    assert filesystem.listdir("all/patch/data") == [name]
    part = EOPatch.load("all/patch", filesystem=filesystem, window=(slice(0, 1), slice(0, 2)))
    np.testing.assert_array_equal(part.data["BANDS"], PATCH.data["BANDS"][:, :1, :2])


def test_what_the_object_wrote_is_loaded_and_replaced(filesystem):
    filesystem.makedirs("patch/data", recreate=True)
    for name in ("bbox.geojson", "timestamps.json"):
        filesystem.writebytes(f"patch/{name}", b"")
    with filesystem.openbin("patch/data/BANDS.npy", "w") as file:
        np.save(file, PATCH.data["BANDS"])
    features = [(FeatureType.DATA, "BANDS")]
    PATCH.save("patch", filesystem=filesystem, **OVER)
    assert EOPatch.load("patch", filesystem=filesystem) == PATCH
    assert filesystem.listdir("patch/data") == ["BANDS.npy.gz"]
    PATCH.save("patch", filesystem=filesystem, features=features, use_zarr=True, **OVER)
    PATCH.temporal_subset([0]).save("patch", filesystem=filesystem, features=features, use_zarr=True, **OVER)
    assert sorted(filesystem.listdir("patch/data/BANDS.zarr")) == ["c.0.0.0.0", "zarr.json"]


def test_dates_are_changed_and_appended(filesystem):
    PATCH.save("patch", filesystem=filesystem, use_zarr=True)
    part = PATCH.temporal_subset([1])
    part.save("patch", filesystem=filesystem, use_zarr=True, temporal_selection="infer", **OVER)
    later = PATCH.copy()
    later.timestamps = ["2026-02-01", "2026-02-02"]
    later.save("patch", filesystem=filesystem, temporal_selection="append")
    loaded = EOPatch.load("patch", filesystem=filesystem)
    assert loaded.timestamps == PATCH.timestamps + later.timestamps


def test_tasks_take_it(filesystem):
    SaveTask("patches", filesystem=filesystem)(PATCH, eopatch_folder="42")
    assert LoadTask("patches", filesystem=filesystem)(eopatch_folder="42") == PATCH


def test_the_functions_below_take_it(filesystem):
    features, settings = [(FeatureType.DATA, "BANDS")], {"save_timestamps": "auto", "use_zarr": False}
    save_eopatch(
        PATCH,
        filesystem,
        "patch",
        features=features,
        overwrite_permission=OverwritePermission.ADD_ONLY,
        temporal_selection=None,
        **settings,
    )
    assert get_filesystem_data_info(filesystem, "patch").features[FeatureType.DATA] == {
        "BANDS": "patch/data/BANDS.npy.gz"
    }
    assert list(walk_feature_type_folder(filesystem, "patch/data")) == [("BANDS", "patch/data/BANDS.npy.gz")]
    content = load_eopatch_content(
        filesystem, "patch", features=features, load_timestamps="auto", temporal_selection=None
    )
    assert content[:2] == (PATCH.bbox, PATCH.timestamps)
    for kind in (FeatureIONumpy, FeatureIOZarr):
        path = kind.save(PATCH.data["BANDS"], filesystem, "patch/data/B")
        np.testing.assert_array_equal(kind(path, filesystem).load(), PATCH.data["BANDS"])


def test_a_run_writes_its_logs_there(filesystem):
    PATCH.save("in/1", filesystem=filesystem)
    (load,) = nodes = linearly_connect_tasks(LoadTask("in", filesystem=filesystem))
    executor = EOExecutor(
        EOWorkflow(nodes),
        [{load: {"eopatch_folder": "1"}}],
        save_logs=True,
        logs_folder="logs",
        filesystem=filesystem,
    )
    executor.run(disable=True, resume=True)
    assert executor.get_failed_executions() == []
    (log,) = executor.get_log_paths(full_path=False)
    assert "execution finished" in filesystem.readtext(log)


def test_it_is_pickled(filesystem):
    PATCH.save("patch", filesystem=filesystem)
    assert EOPatch.load("patch", filesystem=unpickle_fs(pickle_fs(filesystem))) == PATCH
    task = pickle.loads(pickle.dumps(LoadTask("", filesystem=filesystem)))
    assert task(eopatch_folder="patch") == PATCH


# --- what it becomes


def test_folders_on_this_disk_become_plain_ones(tmp_path):
    temporary = TempFS()
    assert local_path(as_filesystem(OSFS(str(tmp_path))), "a") == str(tmp_path / "a")
    assert local_path(as_filesystem(OSFS(str(tmp_path)).makedirs("b c")), "a") == str(tmp_path / "b c/a")
    assert local_path(as_filesystem(temporary.makedir("x").makedir("y")), "a") == temporary.getsyspath("x/y/a")
    assert isinstance(as_filesystem(temporary).fs, LocalFileSystem)
    with pytest.raises(StorageError, match="leads out"):
        as_filesystem(OSFS(str(tmp_path)).makedir("d")).exists("../b c")


def test_a_temporary_folder_stays_as_long_as_it_is_used():
    filesystem = as_filesystem(TempFS())
    folder = local_path(filesystem, "")
    task = SaveTask("patches", filesystem=TempFS().makedir("sub"))
    gc.collect()
    assert os.path.isdir(folder)
    task(PATCH, eopatch_folder="1")
    assert os.path.isdir(local_path(task.filesystem, "patches/1"))
    copied = unpickle_fs(pickle_fs(filesystem))
    del copied
    gc.collect()
    assert os.path.isdir(folder), "a copy removes nothing"
    del filesystem
    gc.collect()
    assert not os.path.isdir(folder)


@pytest.mark.long
def test_all_that_an_s3_object_was_made_with_is_kept(request):
    filesystem = as_filesystem(
        s3_filesystem(
            request,
            aws_session_token="token",
            region="eu-central-1",
            acl="private",
            upload_args={"CacheControl": "no-cache"},
            download_args={"RequestPayer": "requester"},
        )
    )
    options = filesystem.fs.storage_options
    server = request.getfixturevalue("s3_server")
    assert filesystem.path == request.getfixturevalue("s3_folder").removeprefix("s3://")
    assert (options["key"], options["secret"], options["token"]) == ("id", "secret", "token")
    assert options["endpoint_url"] == server.endpoint
    assert options["client_kwargs"] == {"region_name": "eu-central-1"}
    assert options["s3_additional_kwargs"] == {
        "ACL": "private",
        "CacheControl": "no-cache",
        "RequestPayer": "requester",
    }


def test_of_a_wrapper_the_rules_stay(tmp_path):
    filesystem = read_only(OSFS(str(tmp_path)))
    PATCH.save(tmp_path / "patch")
    assert EOPatch.load("patch", filesystem=filesystem) == PATCH
    with pytest.raises(OSError, match="read only"):
        PATCH.save("patch", filesystem=filesystem, **OVER)
    assert EOPatch.load(tmp_path / "patch") == PATCH


# --- errors


def test_what_is_not_there_is_a_file_not_found_error(filesystem):
    for features in (..., [(FeatureType.DATA, "BANDS")]):
        with pytest.raises(FileNotFoundError, match=r"no folder .*missing"):
            EOPatch.load("missing", features=features, filesystem=filesystem)
    with pytest.raises(FileNotFoundError, match=r"missing\.npy"):
        FeatureIONumpy("missing.npy", filesystem).load()


def test_a_closed_object_is_refused():
    filesystem = TempFS()
    filesystem.close()
    with pytest.raises(SettingError, match="is closed"):
        PATCH.save("patch", filesystem=filesystem)


def test_an_object_that_cannot_be_pickled_is_an_error_that_says_so():
    filesystem = MemoryFS()
    filesystem.secret = lambda: None
    with pytest.raises(SettingError, match=r"<memfs>.*can't be sent to other processes"):
        pickle_fs(filesystem)
    SaveTask("patches", filesystem=filesystem)(PATCH, eopatch_folder="in this process it works")


def test_messages_say_where(filesystem):
    assert get_full_path(filesystem, "a/b").endswith("a/b")
    assert get_full_path(MemoryFS(), "/a/b") == "<memfs>/a/b"


# --- the methods of fsspec


@pytest.fixture
def memory():
    filesystem = MemoryFS()
    filesystem.makedirs("a/b")
    filesystem.writebytes("a/b/file", b"12345")
    return as_filesystem(filesystem)


def test_it_lists_as_fsspec_does(memory):
    assert memory.ls("a", detail=False) == ["a/b"]
    assert memory.ls("a/b/file", detail=False) == ["a/b/file"]
    assert memory.find("") == ["a/b/file"]
    assert memory.info("a/b/file")["size"] == 5
    assert memory.isdir("a")
    assert memory.isfile("a/b/file")
    assert not memory.exists("c")
    for path, kind in (("c", FileNotFoundError), ("a/b/file/x", OSError)):
        with pytest.raises(kind):
            memory.ls(path)


def test_it_reads_and_writes_as_fsspec_does(memory):
    assert memory.cat_file("a/b/file", start=1, end=3) == b"23"
    with memory.open("a/text", "w") as file:
        file.write("some text")
    assert memory.read_text("a/text") == "some text"
    with pytest.raises(FileExistsError):
        memory.pipe_file("a/text", b"", mode="create")
    with pytest.raises(FileNotFoundError):
        memory.pipe_file("missing/file", b"")
    with pytest.raises(IsADirectoryError):
        memory.cat_file("a")


def test_it_moves_and_removes_as_fsspec_does(memory):
    memory.makedirs("c/d")
    memory.makedirs("c/d", exist_ok=True)
    with pytest.raises(FileExistsError):
        memory.makedirs("c/d")
    memory.mv("a/b/file", "c/d/file")
    memory.cp_file("c/d/file", "c/copy")
    memory.mv("c/d", "e")
    assert memory.find("") == ["c/copy", "e/file"]
    memory.rm_file("c/copy")
    memory.rmdir("c")
    memory.mkdir("f/g")
    memory.rm("e", recursive=True)
    assert sorted(memory.ls("", detail=False)) == ["a", "f"]
    with pytest.raises(FileNotFoundError):
        memory.rm_file("missing")


# --- other processes


def test_worker_processes_write_to_the_folder_of_a_temporary_one():
    filesystem = TempFS()
    save = SaveTask("patches", filesystem=filesystem)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(save.execute, PATCH, eopatch_folder="42").result(timeout=60)
    assert filesystem.exists("patches/42/bbox.geojson")
    assert EOPatch.load("patches/42", filesystem=filesystem) == PATCH


def test_the_package_is_not_imported():
    code = (
        "import sys, eolearn.core\n"
        "from eolearn.core.utils.fs import as_filesystem\n"
        "from eolearn.core.utils.pyfilesystem import is_pyfilesystem\n"
        "try: as_filesystem(5)\n"
        "except ValueError: print('fs' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
