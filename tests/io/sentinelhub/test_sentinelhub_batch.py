"""Batch processing: a job is submitted, started and followed, and its tiles become patches."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_bounds
from sentinelhub import CRS, BBox, Geometry

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, SettingError
from eolearn.io.sentinelhub_batch import BatchJob, SentinelHubBatchInputTask, submit_batch
from eolearn.io.sentinelhub_process import SentinelHubEvalscriptTask, ServiceError

JUNE = ("2024-06-01", "2024-06-30")
DELIVERY = {"folder": "s3://bucket/ndvi/", "role_arn": "arn:aws:iam::1:role/hub", "grid_id": 1, "resolution": 10}
SCRIPT = """//VERSION=3
function setup() {
    return {input: ["B04"], output: [{id: "ndvi", bands: 1, sampleType: "FLOAT32"}, {id: "count", bands: 1}]};
}
"""
FEATURES = [(FeatureType.DATA_TIMELESS, "ndvi", "NDVI"), (FeatureType.MASK_TIMELESS, "count")]


@pytest.fixture
def task(hub, config, collections):
    return SentinelHubEvalscriptTask(FEATURES, SCRIPT, collections["L2A"], size=(1, 1), config=config)


@pytest.fixture
def job(task, bbox):
    return submit_batch(task, bbox, JUNE, **DELIVERY)


def test_a_job_is_submitted_and_followed_to_its_end(hub, task, bbox, capsys):
    job = submit_batch(task, bbox, JUNE, buffer_px=5, description="fields", **DELIVERY)
    (body,) = hub.bodies("v2/batch/process")
    bounds = body["processRequest"]["input"]["bounds"]
    assert bounds["bbox"] == list(bbox)
    assert "width" not in body["processRequest"]["output"]
    assert body["input"] == {"type": "tiling-grid", "id": 1, "resolution": 10, "bufferX": 5, "bufferY": 5}
    assert body["output"]["delivery"]["s3"] == {
        "url": "s3://bucket/ndvi/<requestId>/<tileName>/<outputId>.tif",
        "iamRoleARN": "arn:aws:iam::1:role/hub",
    }
    assert body["description"] == "fields"
    assert job.info().status.value == "CREATED"
    with pytest.raises(SettingError, match=r"BatchJob\('0'\) isn't started: call start\(\)"):
        job.wait(poll_s=0.01)
    job.start()
    assert hub.batches["0"]["info"]["userAction"] == "START"
    assert job.wait(poll_s=0.01, show_progress=True).status.value == "DONE"
    assert "Batch job 0" in capsys.readouterr().err
    job.stop()
    assert hub.batches["0"]["info"]["userAction"] == "STOP"


def test_an_area_may_be_a_geometry(hub, task):
    outline = Geometry("POLYGON((14 46, 15 46, 15 47, 14 46))", CRS.WGS84)
    submit_batch(task, outline, JUNE, **DELIVERY)
    bounds = hub.bodies("v2/batch/process")[0]["processRequest"]["input"]["bounds"]
    assert bounds["geometry"]["type"] == "Polygon"
    assert "bbox" not in bounds


def test_jobs_that_fail_are_told(hub, job):
    job.start()
    hub.batches["0"]["course"] = ["PROCESSING", "FAILED"]
    hub.batches["0"]["info"].update({"error": "tile 7: no access to the bucket", "completionPercentage": 40})
    with pytest.raises(ServiceError, match="is failed at 40 %: tile 7: no access to the bucket"):
        job.wait(poll_s=0.01)
    hub.batches["0"]["course"] = ["STOPPED"]
    hub.batches["0"]["info"].update({"error": None, "stoppedStatusReason": "OUT_OF_PU"})
    with pytest.raises(ServiceError, match="is stopped at 40 %: OUT_OF_PU"):
        job.wait(poll_s=0.01)
    hub.batches["0"]["course"] = ["PROCESSING"] * 50
    with pytest.raises(ServiceError, match=r"is at 40 % after 0.05 s. It goes on"):
        job.wait(poll_s=0.02, timeout_s=0.05)
    hub.spoil(lambda handler: handler.reply({"status": "DONE"}), path="v2/batch/process/0")
    with pytest.raises(ServiceError, match="answers something else than a job"):
        job.info()


def test_a_bad_day_is_survived_by_jobs_too(hub, job):
    hub.spoil(lambda handler: handler.reply({}, 503), path="v2/batch/process/0")
    hub.revoked.update(hub.tokens)
    assert job.info().request_id == "0"


def test_jobs_are_pickled_without_credentials(job, secret):
    packed = pickle.dumps(job)
    assert secret.encode() not in packed
    assert pickle.loads(packed).info().request_id == "0"
    assert repr(job) == "BatchJob('0')"


def test_what_cannot_be_a_job_is_refused(hub, config, collections, bbox, task):
    dated = SentinelHubEvalscriptTask(
        (FeatureType.DATA, "ndvi"), SCRIPT, collections["L2A"], size=(1, 1), config=config
    )
    with pytest.raises(SettingError, match="one image of the interval for each tile"):
        submit_batch(dated, bbox, JUNE, **DELIVERY)
    with pytest.raises(SettingError, match="s3://bucket/folder, got '/tmp/results'"):
        submit_batch(task, bbox, JUNE, **{**DELIVERY, "folder": "/tmp/results"})
    assert not hub.asked
    hub.spoil(lambda handler: handler.reply({"error": "no such job"}, 404), path="v2/batch/process/7")
    with pytest.raises(ServiceError, match="status 404.*no such job"):
        BatchJob("7", config).info()


def deliver(folder, tile, bbox, bands=("ndvi", "count")):
    """Put the files of a tile where the service would."""
    images = {"ndvi": np.random.default_rng(0).random((6, 8), np.float32), "count": np.arange(48, dtype=np.uint8)}
    (folder / tile).mkdir(parents=True)
    for band in bands:
        image = images[band].reshape(6, 8)
        with rasterio.open(
            folder / tile / f"{band}.tif", "w", driver="GTiff", height=6, width=8, count=1, dtype=image.dtype,
            crs="EPSG:32633", transform=from_bounds(*bbox, 8, 6),
        ) as file:  # fmt: skip
            file.write(image, 1)
    return images


def test_tiles_become_patches(tmp_path, bbox):
    folder = tmp_path / "0"
    images = deliver(folder, "33TWM_1", bbox)
    deliver(folder, "33TWM_0", BBox((500_080, 5_099_940, 500_160, 5_100_000), CRS.UTM_33N))
    deliver(folder, "33TWM_2", bbox, bands=["ndvi"])  # not whole yet
    task = SentinelHubBatchInputTask(FEATURES, str(folder))
    assert task.tiles() == ["33TWM_0", "33TWM_1"]
    patch = pickle.loads(pickle.dumps(task)).execute(tile="33TWM_1")
    assert patch.bbox == bbox
    assert patch.timestamps is None
    np.testing.assert_array_equal(patch.data_timeless["NDVI"][..., 0], images["ndvi"])
    np.testing.assert_array_equal(patch.mask_timeless["count"][..., 0], images["count"].reshape(6, 8))
    known = EOPatch(bbox=bbox)
    assert task.execute(known, tile="33TWM_1") is known
    assert known == patch


def test_tiles_that_are_not_there_or_lie_elsewhere_are_refused(tmp_path, bbox):
    deliver(tmp_path / "0", "a", bbox, bands=["ndvi"])
    task = SentinelHubBatchInputTask(FEATURES, str(tmp_path / "0"))
    patch = EOPatch(bbox=bbox)
    with pytest.raises(FileNotFoundError, match=r"has no .*a/count.tif. Its tiles are listed by tiles"):
        task.execute(patch, tile="a")
    assert not patch.get_features()
    for name in ("../0", "..", "", "a/b", "a\\b"):
        with pytest.raises(DataError, match="is the name of a folder in"):
            task.execute(tile=name)
    with pytest.raises(ValueError, match="only features of data_timeless"):
        SentinelHubBatchInputTask((FeatureType.DATA, "ndvi"), str(tmp_path))
