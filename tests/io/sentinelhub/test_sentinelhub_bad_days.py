"""What the service does on a bad day, and what users are told then."""

from __future__ import annotations

import logging
import pickle
import socket
import struct
import threading
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sentinelhub.exceptions import DownloadFailedException

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import SettingError, StorageError
from eolearn.io.sentinelhub_process import SentinelHubInputTask, ServiceError

BANDS = (FeatureType.DATA, "BANDS")
JUNE = ("2024-06-01", "2024-06-30")


@pytest.fixture
def make_task(hub, config, collections):
    def make_task(**settings):
        more = {"bands": ["B04", "B08"]} | settings
        return SentinelHubInputTask(collections["L1C"], size=(8, 6), bands_feature=BANDS, config=config, **more)

    return make_task


@pytest.fixture
def expected(make_task, bbox):
    return make_task().execute(bbox=bbox, time_interval=JUNE)


def status(code, text="busy", **headers):
    return lambda handler: handler.reply({"error": {"status": code, "message": text}}, code, **headers)


def truncated(handler):
    """Announce more than is sent, and close."""
    handler.send(b"II*\0" + bytes(50), "image/tiff", length=5000)
    handler.close_connection = True


def dropped(handler):
    """Reset the connection in the middle of a body."""
    handler.send(bytes(100), "application/tar", length=100_000)
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def silent(handler):
    """Send nothing for longer than the client waits."""
    time.sleep(0.6)
    handler.close_connection = True


def lie(content, kind="application/tar"):
    return lambda handler: handler.send(content, kind)


@pytest.mark.parametrize(
    "answer",
    [
        *(status(500), status(502), status(503), truncated, dropped, lie(b""), lie(b"not an archive")),
        pytest.param(lie(b"II*\0\x08\0\0\0"), id="an image in place of an archive"),
    ],
)
def test_what_may_pass_is_tried_again(hub, make_task, bbox, expected, answer):
    hub.spoil(answer, answer)
    assert make_task().execute(bbox=bbox, time_interval=JUNE) == expected
    assert len(hub.bodies()) == 3 + 3 + 2


def test_time_outs_are_tried_again(hub, make_task, bbox, expected, config):
    config.download_timeout_seconds = 0.2
    hub.spoil(silent)
    assert make_task().execute(bbox=bbox, time_interval=JUNE) == expected


def test_search_and_token_are_tried_again_too(hub, make_task, bbox, expected):
    from sentinelhub import SentinelHubDownloadClient

    SentinelHubDownloadClient.clear_cache()
    hub.spoil(status(503), path="token")
    hub.spoil(status(503), truncated, path="search")
    assert make_task().execute(bbox=bbox, time_interval=JUNE) == expected


def test_an_answer_without_an_output_or_of_another_size_is_not_taken(hub, make_task, bbox, config):
    config.max_download_attempts = 1
    from eolearn.io._sentinelhub import client

    with pytest.raises(client.TemporaryProblem, match="the answer lacks B08"):
        client._checked_images({"B04.tif": np.zeros((6, 8))}, output(["B04", "B08"]))
    with pytest.raises(client.TemporaryProblem, match=r"B04 has \(5, 8\) pixels in place of \(6, 8\)"):
        client._checked_images(np.zeros((5, 8)), output(["B04"]))


def output(names):
    return {"width": 8, "height": 6, "responses": [{"identifier": name} for name in names]}


def test_delays_grow_and_end(hub, make_task, bbox, config, monkeypatch):
    from eolearn.io._sentinelhub import client

    delays = []
    monkeypatch.setattr(client, "pause", lambda stop, seconds: delays.append(seconds))
    hub.times = {datetime(2024, 6, 1, 10): 0.0}
    hub.spoil(*[status(503, "too busy")] * 4)
    patch = EOPatch(bbox=bbox)
    with pytest.raises(ServiceError) as error:
        make_task().execute(patch, time_interval=JUNE)
    assert delays == pytest.approx([0.02, 0.06, 0.18])
    assert "The image of sentinel-2-l1c from 2024-06-01T09:59:59Z to 2024-06-01T10:00:01Z" in str(error.value)
    assert "has failed 4 times" in str(error.value)
    assert "too busy" in str(error.value)
    assert isinstance(error.value, StorageError)
    assert isinstance(error.value, DownloadFailedException)
    assert str(pickle.loads(pickle.dumps(error.value))) == str(error.value)
    assert not patch.timestamps
    assert not patch.get_features()


@pytest.mark.parametrize("header", ["300", "date"])
def test_all_wait_as_long_as_the_service_asks(hub, make_task, bbox, expected, header, caplog):
    if header == "date":  # of whole seconds
        header = (datetime.now(UTC) + timedelta(seconds=1.5)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    hub.spoil(status(429, Retry_After=header))
    start = time.monotonic()
    with caplog.at_level(logging.WARNING, "eolearn"):
        assert make_task(max_threads=1).execute(bbox=bbox, time_interval=JUNE) == expected
    assert time.monotonic() - start > 0.25
    assert "127.0.0.1 limits the rate of requests: all wait for" in caplog.text


def test_a_limit_that_does_not_end_is_told(hub, make_task, bbox, expected):
    hub.spoil(status(429, Retry_After="3600000"))
    with pytest.raises(
        ServiceError, match=r"limits the rate of requests and asks to wait for 3600 s.*processing units"
    ):
        make_task().execute(bbox=bbox, time_interval=JUNE)


def test_a_limit_without_a_number_waits_longer_each_time(hub, make_task, bbox, expected, config, monkeypatch):
    from eolearn.io._sentinelhub import client

    held = []
    monkeypatch.setattr(client.Throttle, "hold", lambda self, seconds: held.append(seconds))
    hub.spoil(*[status(429)] * 4)
    assert make_task(max_threads=1).execute(bbox=bbox, time_interval=JUNE) == expected
    assert held == pytest.approx([0.1, 0.2, 0.4, 0.8])


def test_an_expired_token_is_replaced_once(hub, make_task, bbox, expected):
    hub.revoked.update(hub.tokens)
    assert make_task().execute(bbox=bbox, time_interval=JUNE) == expected
    assert len(hub.tokens) == 2
    hub.token_life_s = 60  # less than the time before the end at which the client renews it
    hub.revoked.update(hub.tokens)
    assert make_task().execute(bbox=bbox, time_interval=JUNE) == expected


def test_a_token_that_is_never_taken_is_told(hub, make_task, bbox):
    hub.is_known = lambda header: False
    with pytest.raises(ServiceError, match=r"is refused .*status 401.*Check that the credentials are those"):
        make_task().execute(bbox=bbox, time_interval=JUNE)
    assert len(hub.tokens) == 2


def test_wrong_and_missing_credentials_are_told(hub, make_task, bbox, config):
    config.sh_client_secret = "wr0ng-but-secret"
    with pytest.raises(ServiceError, match=r"refuses the credentials: .*invalid_client.* Check sh_client_id"):
        make_task().execute(bbox=bbox, time_interval=JUNE)
    config.sh_client_secret = ""
    with pytest.raises(SettingError, match="There are no credentials of Sentinel Hub here: set SH_CLIENT_ID"):
        make_task().execute(bbox=bbox, time_interval=JUNE)


def test_what_the_service_refuses_is_told_and_not_sent_again(hub, make_task, bbox, expected):
    for code, text, hint in (
        (400, "Evalscript: B99 is not a band", "B99 is not a band"),
        (403, "Insufficient processing units", "no requests or processing units left"),
    ):
        hub.asked.clear()
        hub.spoil(status(code, text))
        with pytest.raises(ServiceError, match=rf"is refused by {hub.url}/api/v1/process: status {code}.*{hint}"):
            make_task(max_threads=1).execute(bbox=bbox, time_interval=JUNE)
        assert len(hub.bodies()) == 1  # the requests for other dates aren't sent any more


def test_secrets_in_addresses_are_not_told(hub, config):
    from sentinelhub import MimeType
    from sentinelhub.download.models import DownloadRequest

    from eolearn.io._sentinelhub.client import Client

    url = f"{hub.url.replace('//', '//user:pa55word@')}/wms?token=Zm9vYmFyYmF6MTIzNA"
    request = DownloadRequest(url=url, data_type=MimeType.RAW, use_session=False)
    config.max_download_attempts = 1
    with pytest.raises(ServiceError, match="The request to") as error:
        Client(config).download([request])
    assert "pa55word" not in str(error.value)
    assert "Zm9vYmFy" not in str(error.value)


def test_a_service_that_is_not_there_is_told(make_task, bbox, config, hub):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        config.sh_base_url = f"http://127.0.0.1:{free.getsockname()[1]}"
    config.max_download_attempts = 2
    with pytest.raises(ServiceError, match="has failed 2 times, the last time so: ConnectionError"):
        make_task().execute(bbox=bbox, time_interval=JUNE)
    config.sh_base_url = "ftp:/nothing"
    with pytest.raises(ServiceError, match="can't be asked"):
        make_task().execute(bbox=bbox, time_interval=JUNE)


def test_redirections_are_not_followed(hub, make_task, bbox, expected):
    asked = len(hub.asked)
    hub.spoil(lambda handler: handler.reply({}, 302, Location="http://169.254.169.254/latest/meta-data"), path="search")
    with pytest.raises(ServiceError, match="status 302"):
        make_task().execute(bbox=bbox, time_interval=JUNE)
    assert len(hub.asked) == asked + 1


@pytest.mark.parametrize(
    "page",
    [
        {"features": [{"properties": {"datetime": "2024-06-01T00:00:00Z"}}]},
        {"features": "none", "context": {}},
        {"features": [{"properties": {"datetime": "yesterday"}}], "context": {}},
        {"features": [{"properties": {}}], "context": {}},
        [],
    ],
)
def test_a_search_that_answers_something_else_is_told(hub, make_task, bbox, page):
    hub.spoil(lambda handler: handler.reply(page), path="search")
    with pytest.raises(ServiceError, match="gives no list of acquisitions for LOCAL_L1C from 2024-06-01"):
        make_task().execute(bbox=bbox, time_interval=JUNE)


def test_a_search_without_an_end_is_left(hub, make_task, bbox, monkeypatch):
    monkeypatch.setattr("eolearn.io._sentinelhub.catalog._MOST_ITEMS", 20)
    hub.page = lambda body: {
        "features": [{"properties": {"datetime": "2024-06-01T00:00:00Z"}}] * 10, "context": {"next": 10}
    }  # fmt: skip
    with pytest.raises(ServiceError, match="more than 20 of them"):
        make_task().execute(bbox=bbox, time_interval=JUNE)
    assert len(hub.bodies("search")) == 3


def test_answers_are_bounded(hub, make_task, bbox, monkeypatch):
    from sentinelhub import MimeType

    monkeypatch.setitem(
        __import__("eolearn.io._sentinelhub.client", fromlist=["x"])._MOST_BYTES, MimeType.JSON, 1 << 20
    )
    hub.spoil(lambda handler: handler.send(b" " * (3 << 20), "application/json"), path="search")
    with pytest.raises(ServiceError, match="the answer is larger than 1 MB"):
        make_task().execute(bbox=bbox, time_interval=JUNE)


def test_requests_are_parallel_within_bounds(hub, make_task, bbox):
    hub.times = {datetime(2024, 6, day, 10): 0.0 for day in range(1, 13)}
    hub.delay_s = 0.03
    make_task(max_threads=3).execute(bbox=bbox, time_interval=JUNE)
    assert hub.most_at_once == 3


def test_progress_is_shown_if_it_is_wanted(hub, make_task, bbox, capsys):
    make_task().execute(bbox=bbox, time_interval=JUNE)
    assert not capsys.readouterr().err
    make_task(show_progress=True).execute(bbox=bbox, time_interval=JUNE)
    assert "3/3" in capsys.readouterr().err


def test_threads_that_run_patches_share_a_token(hub, make_task, bbox, expected):
    from sentinelhub import SentinelHubDownloadClient

    SentinelHubDownloadClient.clear_cache()
    hub.tokens.clear()
    task, results = make_task(), []
    threads = [
        threading.Thread(target=lambda: results.append(task.execute(bbox=bbox, time_interval=JUNE))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4
    assert len(hub.tokens) == 1
