"""Patches on S3, as a real server of moto speaks it: few requests, parts, and what goes wrong."""

import contextlib
import logging
from collections import Counter

import numpy as np
import pytest
from sentinelhub import CRS, BBox, SHConfig

from eolearn.core import EOPatch, FeatureType, LoadTask, SaveTask
from eolearn.core.exceptions import BrokenFile, PathNotFound, StorageError
from eolearn.core.utils.fs import load_s3_filesystem

pytestmark = pytest.mark.long
moto_server = pytest.importorskip("moto.server")
pytest.importorskip("s3fs")

BANDS = (FeatureType.DATA, "BANDS")
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def endpoint():
    import boto3

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client(
        "s3", endpoint_url=url, aws_access_key_id="id", aws_secret_access_key="secret", region_name="us-east-1"
    )
    client.create_bucket(Bucket="bucket")
    yield url
    server.stop()


@pytest.fixture
def config():
    config = SHConfig()
    config.aws_access_key_id, config.aws_secret_access_key = "id", "secret"
    return config


@pytest.fixture
def filesystem(endpoint, config, request):
    folder = f"s3://bucket/{request.node.name.replace('[', '-').replace(']', '')}"
    return load_s3_filesystem(folder, config=config, client_kwargs={"endpoint_url": endpoint})


@pytest.fixture
def requests(monkeypatch):
    """Count the requests by their kind."""
    from aiobotocore.client import AioBaseClient

    made, call = Counter(), AioBaseClient._make_api_call

    async def counted(self, operation, parameters):
        made[operation] += 1
        return await call(self, operation, parameters)

    monkeypatch.setattr(AioBaseClient, "_make_api_call", counted)

    @contextlib.contextmanager
    def expect(**expected):
        made.clear()
        yield
        assert made == expected

    return expect


@pytest.fixture
def patch():
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2026-05-01", "2026-05-06", "2026-05-11"])
    patch.data["BANDS"] = RNG.integers(0, 9999, (3, 8, 9, 2), dtype=np.uint16)
    patch.mask["VALID"] = np.zeros((3, 8, 9, 1), dtype=bool)
    patch.data_timeless["DEM"] = RNG.random((8, 9, 1))
    patch.meta_info["made"] = "today"
    return patch


def test_a_patch_takes_one_listing_and_one_request_a_file(patch, filesystem, requests):
    files = 4 + 2
    with requests(ListObjectsV2=2, HeadObject=1, PutObject=files):  # s3fs asks twice more where nothing is
        patch.save("patch", filesystem=filesystem)
    with requests(ListObjectsV2=1, PutObject=files):
        patch.save("patch", filesystem=filesystem, overwrite_permission="OVERWRITE_FEATURES")
    with requests(ListObjectsV2=1, GetObject=files):
        assert EOPatch.load("patch", filesystem=filesystem) == patch
    with requests(ListObjectsV2=1, GetObject=2):
        EOPatch.load("patch", filesystem=filesystem, lazy_loading=True)


def test_a_zarr_array_takes_one_request_a_date_and_one_for_its_shape(patch, filesystem, requests):
    patch.save("patch", filesystem=filesystem, use_zarr=True)
    files = 2 * (3 + 1) + 2 + 1 + 2
    with requests(ListObjectsV2=1, PutObject=files):
        patch.save("patch", filesystem=filesystem, use_zarr=True, overwrite_permission="OVERWRITE_FEATURES")
    with requests(ListObjectsV2=1, GetObject=files):
        assert EOPatch.load("patch", filesystem=filesystem) == patch
    with requests(ListObjectsV2=1, GetObject=2 + 1 + 1):
        one = EOPatch.load("patch", features=[BANDS], filesystem=filesystem, temporal_selection=[-1])
    np.testing.assert_array_equal(one[BANDS], patch[BANDS][-1:])


def test_of_a_window_only_its_tiles_are_fetched(filesystem, requests):
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2026-05-01"])
    patch[BANDS] = RNG.integers(0, 9999, (1, 1100, 600, 2), dtype=np.uint16)
    patch.save("patch", filesystem=filesystem, use_zarr=True)
    window = slice(250, 260), slice(3, 5)
    with requests(ListObjectsV2=1, GetObject=2 + 2 + 1 + 2):  # the metadata twice, the index of tiles, two tiles
        loaded = EOPatch.load("patch", filesystem=filesystem, window=window)
    np.testing.assert_array_equal(loaded[BANDS], patch[BANDS][:, 250:260, 3:5])


def test_dates_are_changed_and_appended(patch, filesystem, requests):
    patch.save("patch", filesystem=filesystem, use_zarr=True)
    part = patch.temporal_subset([1])
    part[BANDS] = part[BANDS] + 1
    settings = {"features": [BANDS], "overwrite_permission": "OVERWRITE_FEATURES", "use_zarr": True}
    with requests(ListObjectsV2=1, GetObject=1 + 1, PutObject=1 + 1):  # timestamps, shape; bbox, date
        part.save("patch", filesystem=filesystem, temporal_selection="infer", **settings)
    later = patch.copy(deep=True)
    later.timestamps = ["2026-06-01", "2026-06-06", "2026-06-11"]
    with requests(ListObjectsV2=1, GetObject=2 + 2, PutObject=2 * (3 + 1) + 1):
        later.save("patch", filesystem=filesystem, temporal_selection="append")
    loaded = EOPatch.load("patch", filesystem=filesystem)
    assert loaded.timestamps == patch.timestamps + later.timestamps
    np.testing.assert_array_equal(
        loaded[BANDS], np.concatenate([patch[BANDS] + [[[[0]]], [[[1]]], [[[0]]]], later[BANDS]])
    )


def test_a_change_of_format_leaves_nothing_behind(patch, filesystem):
    for use_zarr in (True, False, True):
        patch.save("patch", filesystem=filesystem, use_zarr=use_zarr, overwrite_permission="OVERWRITE_FEATURES")
        assert EOPatch.load("patch", filesystem=filesystem) == patch
        assert any(".zarr" in path for path in filesystem.find("patch/data")) == use_zarr
        assert any(".npy" in path for path in filesystem.find("patch/data")) != use_zarr


def test_tasks_work_there(patch, filesystem):
    SaveTask("patches", filesystem=filesystem, use_zarr=True)(patch, eopatch_folder="42")
    assert LoadTask("patches", filesystem=filesystem)(eopatch_folder="42") == patch


def test_a_missing_chunk_is_an_error_that_names_it(patch, filesystem):
    patch.save("patch", filesystem=filesystem, use_zarr=True)
    filesystem.rm_file("patch/data/BANDS.zarr/c.1.0.0.0")
    with pytest.raises(BrokenFile, match=r"s3://bucket/.*BANDS\.zarr is broken: the chunk c\.1\.0\.0\.0 is missing"):
        EOPatch.load("patch", filesystem=filesystem)


def test_a_bucket_that_is_not_there_is_an_error_and_is_not_made(patch, endpoint, config):
    filesystem = load_s3_filesystem("s3://nowhere", config=config, client_kwargs={"endpoint_url": endpoint})
    with pytest.raises(StorageError, match="s3://nowhere/patch"):
        patch.save("patch", filesystem=filesystem)
    with pytest.raises(PathNotFound, match="s3://nowhere/patch"):
        EOPatch.load("patch", filesystem=filesystem)
