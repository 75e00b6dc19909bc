"""The cache: what has come once is there, also without a network, and half of an answer never is."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from eolearn.core import FeatureType
from eolearn.core.exceptions import EORuntimeWarning
from eolearn.io._sentinelhub import cache
from eolearn.io.sentinelhub_process import SentinelHubInputTask, ServiceError

BANDS = (FeatureType.DATA, "BANDS")
JUNE = ("2024-06-01", "2024-06-30")


@pytest.fixture
def task(hub, config, collections, tmp_path):
    return SentinelHubInputTask(
        collections["L1C"], size=(8, 6), bands_feature=BANDS, bands=["B04", "B08"], config=config,
        cache_folder=tmp_path / "cache",
    )  # fmt: skip


def files_in(task):
    return sorted(path.relative_to(task.cache_folder).as_posix() for path in Path(task.cache_folder).rglob("*.*"))


def test_a_run_is_repeated_without_a_network(hub, task, bbox):
    first = task.execute(bbox=bbox, time_interval=JUNE)
    hub.close()
    hub.asked.clear()
    os.environ.pop("SH_CLIENT_ID", None)
    task.config.sh_client_secret = ""
    assert task.execute(bbox=bbox, time_interval=JUNE) == first
    assert not hub.asked
    hub.http.server_close = hub.http.shutdown = lambda: None


def test_what_has_come_before_a_failure_is_not_asked_again(hub, task, bbox):
    task.max_threads = 1
    hub.spoil(lambda handler: hub.answer_process(handler, hub.bodies()[-1]))
    hub.spoil(*[lambda handler: handler.reply({"error": "no"}, 400)])
    with pytest.raises(ServiceError):
        task.execute(bbox=bbox, time_interval=JUNE)
    assert len(hub.bodies()) == 2
    task.execute(bbox=bbox, time_interval=JUNE)
    assert len(hub.bodies()) == 2 + 2


def test_broken_answers_are_not_kept(hub, task, bbox):
    hub.spoil(*[lambda handler: handler.send(b"half of a t", "application/tar")] * 2)
    patch = task.execute(bbox=bbox, time_interval=JUNE)
    for path in Path(task.cache_folder).glob("*/response.tar"):
        assert path.stat().st_size > 2000
    assert len(files_in(task)) == 1 + 3 * 2
    # a file that was left by a process that died is fetched again
    broken = min(Path(task.cache_folder).glob("*/response.tar"))
    broken.write_bytes(broken.read_bytes()[:700])
    hub.asked.clear()
    assert task.execute(bbox=bbox, time_interval=JUNE) == patch
    assert len(hub.bodies()) == 1
    (broken.parent / "request.json").write_text('{"requ')
    assert task.execute(bbox=bbox, time_interval=JUNE) == patch
    assert len(hub.bodies()) == 2


def test_an_interrupted_write_leaves_nothing(hub, task, bbox, monkeypatch):
    def fails(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(OSError, match="No space left"):
        task.execute(bbox=bbox, time_interval=JUNE)
    assert not files_in(task)


def test_folders_are_those_of_the_package_sentinelhub(hub, task, bbox, config):
    """So that a cache of eo-learn 1.x is read: the package itself reads ours, and we read what it has written."""
    from sentinelhub import SentinelHubDownloadClient

    task.execute(bbox=bbox, time_interval=JUNE)
    times = sorted(hub.times)
    requests = [request.download_list[0] for request in task._build_requests(bbox, 8, 6, times, None, None)]
    hub.asked.clear()
    client = SentinelHubDownloadClient(config=config)
    answers = client.download(requests)
    assert not hub.asked
    assert [sorted(answer) for answer in answers] == [["B04.tif", "B08.tif"]] * 3
    for path in Path(task.cache_folder).glob("*/*"):
        path.unlink()
    client.download(requests)
    hub.asked.clear()
    patch = task.execute(bbox=bbox, time_interval=JUNE)
    assert not hub.asked
    np.testing.assert_array_equal(patch[BANDS][0, ..., 0], answers[0]["B04.tif"])


def test_other_settings_are_other_answers(hub, task, bbox):
    task.execute(bbox=bbox, time_interval=JUNE)
    task.bands_dtype = np.uint16
    assert task.execute(bbox=bbox, time_interval=JUNE)[BANDS].dtype == np.uint16
    assert len(hub.bodies()) == 6
    assert len(hub.bodies("search")) == 1


def test_a_search_that_may_find_more_by_now_is_made_again(hub, task, bbox, monkeypatch):
    hub.page_size = 10
    recent = datetime(2024, 7, 10)
    monkeypatch.setattr(cache, "_now", lambda: recent)
    assert len(task.execute(bbox=bbox, time_interval=JUNE).timestamps) == 3
    hub.times[datetime(2024, 6, 30, 10)] = 0.0
    assert len(task.execute(bbox=bbox, time_interval=JUNE).timestamps) == 4
    monkeypatch.setattr(cache, "_now", lambda: recent + timedelta(days=60))
    task.execute(bbox=bbox, time_interval=JUNE)
    assert len(hub.bodies("search")) == 3
    task.execute(bbox=bbox, time_interval=JUNE)
    assert len(hub.bodies("search")) == 3


def test_a_recent_search_without_a_network_is_told(hub, task, bbox, monkeypatch):
    monkeypatch.setattr(cache, "_now", lambda: datetime(2024, 7, 10))
    first = task.execute(bbox=bbox, time_interval=JUNE)
    hub.spoil(*[lambda handler: handler.reply({}, 503)] * 8, path="search")
    with pytest.warns(EORuntimeWarning, match="The images are those that were found on 2024-07-10: .* has failed"):
        assert task.execute(bbox=bbox, time_interval=JUNE) == first


def test_a_stored_search_that_cannot_be_read_is_made_again(hub, task, bbox):
    first = task.execute(bbox=bbox, time_interval=JUNE)
    (search,) = Path(task.cache_folder).glob("search-*.json")
    for text in ("", "[]", "{}", json.dumps(json.loads(search.read_text()) | {"found": ["now"]})):
        search.write_text(text)
        hub.asked.clear()
        assert task.execute(bbox=bbox, time_interval=JUNE) == first
        assert len(hub.bodies("search")) == 1
