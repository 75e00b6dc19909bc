"""Patches on S3, as a real server of moto speaks it: few requests, parts, runs, and what goes wrong."""

import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import geopandas as gpd
import numpy as np
import pytest
from geopandas.testing import assert_geodataframe_equal
from sentinelhub import CRS, BBox, SHConfig
from shapely.geometry import Point

from eolearn.core import (
    EOExecutor,
    EOPatch,
    EOWorkflow,
    FeatureType,
    LoadTask,
    SaveTask,
    get_filesystem,
    linearly_connect_tasks,
)
from eolearn.core.eodata_io import get_filesystem_data_info
from eolearn.core.exceptions import BrokenFile, PathNotFound, StorageError
from eolearn.core.utils.fs import get_base_filesystem_and_path, load_s3_filesystem, pickle_fs, unpickle_fs

pytestmark = pytest.mark.long
s3fs = pytest.importorskip("s3fs")

BANDS = (FeatureType.DATA, "BANDS")
BOX = BBox((0, 0, 1, 1), CRS.WGS84)
RNG = np.random.default_rng(0)
OVER = {"overwrite_permission": "OVERWRITE_FEATURES"}


@pytest.fixture
def filesystem(s3_server, s3_folder, s3_config):
    return load_s3_filesystem(s3_folder, config=s3_config, endpoint_url=s3_server.endpoint)


@pytest.fixture
def patch():
    patch = EOPatch(bbox=BOX, timestamps=["2026-05-01", "2026-05-06", "2026-05-11"])
    patch.data["BANDS"] = RNG.integers(0, 9999, (3, 8, 9, 2), dtype=np.uint16)
    patch.mask["VALID"] = np.zeros((3, 8, 9, 1), dtype=bool)
    patch.data_timeless["DEM"] = RNG.random((8, 9, 1))
    patch.meta_info["made"] = "today"
    return patch


# --- requests


def test_a_patch_takes_one_listing_and_one_request_a_file(patch, filesystem, s3_server):
    files = 4 + 2
    with s3_server.expect(list=2, head=1, put=files):  # s3fs asks twice more where nothing is
        patch.save("patch", filesystem=filesystem)
    with s3_server.expect(list=1, put=files):
        patch.save("patch", filesystem=filesystem, **OVER)
    with s3_server.expect(list=1, get=files):
        assert EOPatch.load("patch", filesystem=filesystem) == patch
    with s3_server.expect(list=1, get=2):
        lazy = EOPatch.load("patch", filesystem=filesystem, lazy_loading=True)
    with s3_server.expect(get=1):
        np.testing.assert_array_equal(lazy[BANDS], patch[BANDS])
    with s3_server.expect(list=1, put=1 + 1):
        patch.save("patch", filesystem=filesystem, features=[(FeatureType.META_INFO, "made")], **OVER)


def test_a_zarr_array_takes_one_request_a_date_and_one_for_its_shape(patch, filesystem, s3_server):
    patch.save("patch", filesystem=filesystem, use_zarr=True)
    files = 2 * (3 + 1) + 2 + 1 + 2
    with s3_server.expect(list=1, put=files):
        patch.save("patch", filesystem=filesystem, use_zarr=True, **OVER)
    with s3_server.expect(list=1, get=files):
        assert EOPatch.load("patch", filesystem=filesystem) == patch
    with s3_server.expect(list=1, get=2 + 1 + 1):
        one = EOPatch.load("patch", features=[BANDS], filesystem=filesystem, temporal_selection=[-1])
    np.testing.assert_array_equal(one[BANDS], patch[BANDS][-1:])
    with s3_server.expect(list=1, get=2 + 3 + 1):
        band = EOPatch.load("patch", features=[BANDS], filesystem=filesystem, bands={BANDS: [1]})
    np.testing.assert_array_equal(band[BANDS], patch[BANDS][..., 1:])


def test_of_a_window_only_its_tiles_are_fetched(filesystem, s3_server):
    patch = EOPatch(bbox=BOX, timestamps=["2026-05-01"])
    patch[BANDS] = RNG.integers(0, 9999, (1, 1100, 600, 2), dtype=np.uint16)
    patch.save("patch", filesystem=filesystem, use_zarr=True)
    window = slice(250, 260), slice(3, 5)
    with s3_server.expect(list=1, get=2 + 2 + 1 + 2):  # the metadata twice, the index of tiles, two tiles
        loaded = EOPatch.load("patch", filesystem=filesystem, window=window)
    np.testing.assert_array_equal(loaded[BANDS], patch[BANDS][:, 250:260, 3:5])


def test_dates_are_changed_and_appended(patch, filesystem, s3_server):
    patch.save("patch", filesystem=filesystem, use_zarr=True)
    part = patch.temporal_subset([1])
    part[BANDS] = part[BANDS] + 1
    settings = {"features": [BANDS], "use_zarr": True, "filesystem": filesystem, **OVER}
    with s3_server.expect(list=1, get=1 + 1, put=1 + 1):  # timestamps, shape; bbox, date
        part.save("patch", temporal_selection="infer", **settings)
    later = patch.copy(deep=True)
    later.timestamps = ["2026-06-01", "2026-06-06", "2026-06-11"]
    with s3_server.expect(list=1, get=2 + 2, put=2 * (3 + 1) + 1):
        later.save("patch", filesystem=filesystem, temporal_selection="append")
    loaded = EOPatch.load("patch", filesystem=filesystem)
    assert loaded.timestamps == patch.timestamps + later.timestamps
    np.testing.assert_array_equal(
        loaded[BANDS], np.concatenate([patch[BANDS] + [[[[0]]], [[[1]]], [[[0]]]], later[BANDS]])
    )


def test_fewer_dates_and_another_format_remove_what_was_there(patch, filesystem, s3_server):
    patch.save("patch", filesystem=filesystem, use_zarr=True)
    with s3_server.expect(list=1, put=1 + 1 + 2, delete=2):
        patch.temporal_subset([0]).save("patch", features=[BANDS], filesystem=filesystem, use_zarr=True, **OVER)
    with s3_server.expect(list=2, put=1 + 2, post=1):
        patch.temporal_subset([0]).save("patch", features=[BANDS], filesystem=filesystem, **OVER)
    assert filesystem.find("patch/data") == ["patch/data/BANDS.npy.gz"]


@pytest.mark.parametrize(("use_zarr", "arrays", "dates"), [(False, 8, 1), (True, 8, 1), (True, 1, 8)])
def test_requests_for_a_patch_are_made_at_the_same_time(filesystem, s3_server, monkeypatch, use_zarr, arrays, dates):
    timestamps = [f"2026-05-{day + 1:02}" for day in range(dates)]
    data = {f"B{number}": np.full((dates, 2, 2, 1), number) for number in range(arrays)}
    patch = EOPatch(bbox=BOX, timestamps=timestamps, data=data)
    monkeypatch.setattr(s3_server, "delay_seconds", 0.2)
    for work in (
        lambda: patch.save("patch", filesystem=filesystem, use_zarr=use_zarr),
        lambda: EOPatch.load("patch", filesystem=filesystem),
    ):
        s3_server.most_at_once = 0
        work()
        assert s3_server.most_at_once >= 5


# --- what is saved is loaded


@pytest.mark.parametrize("use_zarr", [False, True])
@pytest.mark.parametrize("lazy_loading", [False, True])
def test_all_kinds_of_features_come_back(patch, filesystem, use_zarr, lazy_loading):
    table = gpd.GeoDataFrame({"kind": ["field"]}, geometry=[Point(15, 46)], crs=CRS.WGS84.pyproj_crs())
    patch.vector_timeless["FIELDS"] = table
    patch.scalar["MEAN"] = RNG.random((3, 2))
    patch.save("a/b", filesystem=filesystem, use_zarr=use_zarr)
    loaded = EOPatch.load("a/b", filesystem=filesystem, lazy_loading=lazy_loading)
    assert_geodataframe_equal(loaded.vector_timeless["FIELDS"], table)
    del patch.vector_timeless["FIELDS"], loaded.vector_timeless["FIELDS"]
    assert loaded == patch


def test_a_window_of_npy_is_cut_and_dates_are_appended_to_it(patch, filesystem):
    patch.save("patch", filesystem=filesystem)
    later = patch.copy()
    later.timestamps = ["2026-06-01", "2026-06-06", "2026-06-11"]
    later.save("patch", filesystem=filesystem, temporal_selection="append")
    part = EOPatch.load("patch", filesystem=filesystem, window=(slice(2, 4), slice(0, 9)), bands={BANDS: [1]})
    assert part.timestamps == patch.timestamps + later.timestamps
    np.testing.assert_array_equal(part[BANDS], np.concatenate([patch[BANDS]] * 2)[:, 2:4, :, 1:])


def test_a_change_of_format_leaves_nothing_behind(patch, filesystem):
    for use_zarr in (True, False, True):
        patch.save("patch", filesystem=filesystem, use_zarr=use_zarr, **OVER)
        assert EOPatch.load("patch", filesystem=filesystem) == patch
        assert any(".zarr" in path for path in filesystem.find("patch/data")) == use_zarr
        assert any(".npy" in path for path in filesystem.find("patch/data")) != use_zarr


def test_folders_that_are_objects_do_no_harm(patch, filesystem, s3_server, s3_folder):
    """PyFilesystem and the console of AWS make such."""
    patch.save("patch", filesystem=filesystem, use_zarr=True)
    prefix = s3_folder.removeprefix("s3://bucket/")
    for folder in ("", "patch/", "patch/data/", "patch/data/BANDS.zarr/", "patch/label/"):
        s3_server.client("s3").put_object(Bucket="bucket", Key=f"{prefix}/{folder}")
    assert EOPatch.load("patch", filesystem=filesystem) == patch
    assert set(get_filesystem_data_info(filesystem, "patch").features[FeatureType.DATA]) == {"BANDS"}
    patch.save("patch", filesystem=filesystem, **OVER)
    assert EOPatch.load("patch", filesystem=filesystem) == patch


# --- ways to get there


def test_a_url_with_a_prefix_and_an_endpoint_is_a_filesystem(patch, s3_server, s3_folder, s3_config):
    filesystem = get_filesystem(f"{s3_folder}/deep", config=s3_config, endpoint_url=s3_server.endpoint)
    patch.save("patch", filesystem=filesystem)
    same = load_s3_filesystem(
        f"{s3_folder}/deep/patch", config=s3_config, client_kwargs={"endpoint_url": s3_server.endpoint}
    )
    assert EOPatch.load("", filesystem=same) == patch
    base, path = get_base_filesystem_and_path(
        s3_folder, "deep", "patch", config=s3_config, endpoint_url=s3_server.endpoint
    )
    assert EOPatch.load(path, filesystem=base) == patch
    assert filesystem.ls("/", detail=False) == ["patch"]


def test_no_path_leads_out_of_the_prefix(patch, filesystem):
    with pytest.raises(StorageError, match="leads out of the folder"):
        patch.save("../elsewhere", filesystem=filesystem)


def test_the_environment_tells_of_an_endpoint_and_credentials(patch, s3_server, s3_folder, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr(SHConfig, "__init__", _without_credentials(SHConfig.__init__))
    patch.save(f"{s3_folder}/patch")
    assert EOPatch.load(f"{s3_folder}/patch") == patch
    assert LoadTask(s3_folder)(eopatch_folder="patch") == patch


def _without_credentials(init):
    def wrapped(self, *args, **kwargs):
        init(self, *args, **kwargs)
        self.aws_access_key_id = self.aws_secret_access_key = self.aws_session_token = ""

    return wrapped


# --- credentials


def test_the_right_credentials_work_as_a_config_and_as_options(patch, s3_server, s3_folder, s3_config):
    endpoint = {"endpoint_url": s3_server.endpoint}
    with s3_server.asking_for_credentials() as (key, secret):
        s3_config.aws_access_key_id, s3_config.aws_secret_access_key = key, secret
        patch.save("patch", filesystem=get_filesystem(s3_folder, config=s3_config, **endpoint), use_zarr=True)
        filesystem = get_filesystem(s3_folder, key=key, secret=secret, **endpoint)
        assert EOPatch.load("patch", filesystem=filesystem) == patch
        filesystem = s3fs.S3FileSystem(key=key, secret=secret, **endpoint)
        assert EOPatch.load(f"{s3_folder}/patch".removeprefix("s3://"), filesystem=filesystem) == patch


@pytest.mark.parametrize("wrong", ["key", "secret"])
@pytest.mark.parametrize("use_zarr", [False, True])
def test_wrong_credentials_are_an_error_that_says_so(patch, s3_server, s3_folder, s3_config, wrong, use_zarr):
    endpoint = {"endpoint_url": s3_server.endpoint}
    patch.save("patch", filesystem=get_filesystem(s3_folder, config=s3_config, **endpoint), use_zarr=use_zarr)
    with s3_server.asking_for_credentials() as (key, secret):
        s3_config.aws_access_key_id = "AKIAWRONG" if wrong == "key" else key
        s3_config.aws_secret_access_key = "wrong" if wrong == "secret" else secret
        filesystem = get_filesystem(s3_folder, config=s3_config, **endpoint)
        said = rf"{s3_folder}/patch can't be reached: .*(does not exist in our records|signature)"
        with pytest.raises(StorageError, match=said):
            EOPatch.load("patch", filesystem=filesystem)
        with pytest.raises(StorageError, match=said):
            patch.save("patch", filesystem=filesystem, use_zarr=use_zarr, **OVER)
    same = get_filesystem(s3_folder, config=_with(s3_config, "id", "secret"), **endpoint)
    assert EOPatch.load("patch", filesystem=same) == patch


def _with(config, key, secret):
    config.aws_access_key_id, config.aws_secret_access_key = key, secret
    return config


# --- runs


def test_filesystems_and_tasks_go_to_other_processes(patch, filesystem, monkeypatch, repository):
    monkeypatch.syspath_prepend(repository)  # where the other process finds this module
    task = SaveTask("patches", filesystem=filesystem, use_zarr=True)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(task.execute, patch, eopatch_folder="42").result(timeout=60)
        loaded = pool.submit(LoadTask("patches", filesystem=filesystem).execute, eopatch_folder="42").result(timeout=60)
    assert loaded == patch == EOPatch.load("patches/42", filesystem=unpickle_fs(pickle_fs(filesystem)))
    lazy = EOPatch.load("patches/42", filesystem=filesystem, lazy_loading=True)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(_bands_of, lazy).result(timeout=60).tolist() == patch[BANDS].tolist()


def _bands_of(patch):
    return patch[BANDS]


@pytest.mark.parametrize("multiprocess", [False, True])
def test_a_run_has_patches_logs_a_ledger_and_a_report_there(patch, filesystem, multiprocess):
    for name in ("1", "2", "3"):
        patch.save(f"in/{name}", filesystem=filesystem)
    load, save = nodes = linearly_connect_tasks(
        LoadTask("in", filesystem=filesystem), SaveTask("out", filesystem=filesystem, use_zarr=True, **OVER)
    )
    names = ["1", "2", "missing", "3"]
    arguments = [{load: {"eopatch_folder": name}, save: {"eopatch_folder": name}} for name in names]
    executor = EOExecutor(
        EOWorkflow(nodes), arguments, execution_names=names, save_logs=True, logs_folder="logs", filesystem=filesystem
    )
    executor.run(workers=2, multiprocess=multiprocess, resume=True, disable=True)
    assert executor.get_failed_executions() == [2]
    for name in ("1", "2", "3"):
        assert EOPatch.load(f"out/{name}", filesystem=filesystem) == patch
    logs = [filesystem.read_text(path) for path in executor.get_log_paths(full_path=False)]
    assert [("execution finished" in log, "There is no folder s3://" in log) for log in logs] == [
        (True, False),
        (True, False),
        (False, True),
        (True, False),
    ]
    executor.run(workers=2, multiprocess=multiprocess, resume=True, disable=True)
    assert [result.skipped for result in executor.execution_results] == [True, True, False, True]
    executor.make_report()
    assert "There is no folder s3://" in filesystem.read_text(executor.get_report_path(full_path=False))
    assert executor.get_report_path().startswith("s3://bucket/")


# --- what goes wrong


def test_a_missing_chunk_is_an_error_that_names_it(patch, filesystem):
    patch.save("patch", filesystem=filesystem, use_zarr=True)
    filesystem.rm_file("patch/data/BANDS.zarr/c.1.0.0.0")
    with pytest.raises(BrokenFile, match=r"s3://bucket/.*BANDS\.zarr is broken: the chunk c\.1\.0\.0\.0 is missing"):
        EOPatch.load("patch", filesystem=filesystem)


def test_a_cut_file_is_an_error_that_names_it(patch, filesystem):
    patch.save("patch", filesystem=filesystem)
    path = "patch/data/BANDS.npy.gz"
    filesystem.pipe_file(path, filesystem.cat_file(path)[:-20])
    with pytest.raises(BrokenFile, match=r"s3://bucket/.*BANDS\.npy\.gz is broken"):
        EOPatch.load("patch", filesystem=filesystem)


@pytest.mark.parametrize("use_zarr", [False, True])
def test_a_bucket_that_is_not_there_is_an_error_and_is_not_made(patch, s3_server, s3_config, use_zarr):
    filesystem = load_s3_filesystem("s3://nowhere", config=s3_config, endpoint_url=s3_server.endpoint)
    with pytest.raises(StorageError, match=r"s3://nowhere/patch.*bucket does not exist"):
        patch.save("patch", filesystem=filesystem, use_zarr=use_zarr)
    with pytest.raises(PathNotFound, match="s3://nowhere/patch"):
        EOPatch.load("patch", filesystem=filesystem)
    assert [bucket["Name"] for bucket in s3_server.client("s3").list_buckets()["Buckets"]] == ["bucket"]


def test_a_run_makes_no_bucket(patch, s3_server, s3_config):
    filesystem = load_s3_filesystem("s3://nowhere", config=s3_config, endpoint_url=s3_server.endpoint)
    (load,) = nodes = linearly_connect_tasks(LoadTask("in", filesystem=filesystem))
    executor = EOExecutor(
        EOWorkflow(nodes), [{load: {"eopatch_folder": "1"}}], save_logs=True, logs_folder="logs", filesystem=filesystem
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        executor.run(disable=True)
    with pytest.raises(OSError, match="nowhere|bucket"):
        executor.make_report()
    assert [bucket["Name"] for bucket in s3_server.client("s3").list_buckets()["Buckets"]] == ["bucket"]


def test_nobody_at_the_endpoint_is_an_error_that_says_so(patch, s3_config):
    filesystem = load_s3_filesystem(
        "s3://bucket",
        config=s3_config,
        endpoint_url="http://127.0.0.1:9",
        config_kwargs={"retries": {"max_attempts": 0}},
    )
    filesystem.fs.retries = 1
    for work in (
        lambda: EOPatch.load("patch", filesystem=filesystem),
        lambda: patch.save("patch", filesystem=filesystem),
    ):
        with pytest.raises(StorageError, match=r"s3://bucket/patch.*127\.0\.0\.1:9"):
            work()
