"""Credentials stay in memory: not in logs, texts, errors, pickles, the cache or reports."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from pathlib import Path

import cloudpickle
import pytest
from sentinelhub import SentinelHubSession, SHConfig

from eolearn.core import EONode, EOPatch, EOTask, EOWorkflow, FeatureType, linearly_connect_tasks
from eolearn.core.exceptions import SettingError
from eolearn.io.sentinelhub_process import SentinelHubInputTask, ServiceError

BANDS = (FeatureType.DATA, "BANDS")
JUNE = ("2024-06-01", "2024-06-30")


@pytest.fixture
def task(hub, config, collections, tmp_path):
    return SentinelHubInputTask(
        collections["L1C"], size=(8, 6), bands_feature=BANDS, bands=["B04", "B08"], config=config,
        cache_folder=tmp_path / "cache",
    )  # fmt: skip


def test_pickles_hold_no_credentials(task, secret, config):
    for dumps in (pickle.dumps, cloudpickle.dumps):
        packed = dumps(task)
        assert secret.encode() not in packed
        assert config.sh_client_id.encode() not in packed


def test_a_pickle_that_is_loaded_elsewhere_takes_the_credentials_from_there(task, hub, bbox, secret, monkeypatch):
    packed = pickle.dumps(task)
    expected = task.execute(bbox=bbox, time_interval=JUNE)
    hub.times.clear()
    monkeypatch.delenv("EOLEARN_IO_SECRETS")
    elsewhere = pickle.loads(packed)
    elsewhere.cache_folder = None
    assert not elsewhere.config.sh_client_secret
    assert elsewhere.config.sh_base_url == hub.url
    from sentinelhub import SentinelHubDownloadClient

    SentinelHubDownloadClient.clear_cache()
    with pytest.raises(SettingError, match="aren't pickled with a task, so each machine of a cluster needs its own"):
        elsewhere.execute(bbox=bbox, time_interval=JUNE)
    monkeypatch.setenv("SH_CLIENT_ID", task.config.sh_client_id)
    monkeypatch.setenv("SH_CLIENT_SECRET", secret)
    hub.times.update(dict.fromkeys(expected.timestamps, 0.0))
    elsewhere = pickle.loads(packed)
    elsewhere.cache_folder = None
    assert elsewhere.execute(bbox=bbox, time_interval=JUNE) == expected


def test_copies_keep_the_credentials(task, secret):
    for duplicate in (copy.copy(task), copy.deepcopy(task)):
        assert duplicate.config.sh_client_secret == secret


def test_credentials_of_the_environment_are_not_put_there_a_second_time(hub, config, secret, monkeypatch, collections):
    import os

    monkeypatch.setenv("SH_CLIENT_ID", config.sh_client_id)
    monkeypatch.setenv("SH_CLIENT_SECRET", secret)
    for given in (None, config, SHConfig()):
        pickle.dumps(SentinelHubInputTask(collections["L1C"], size=(8, 6), config=given))
    assert "EOLEARN_IO_SECRETS" not in os.environ


def test_workers_get_the_credentials_and_nothing_else_does(task, bbox, secret, tmp_path, config, hub):
    from eolearn.core import EOExecutor
    from eolearn.core.core_tasks import SaveTask

    nodes = linearly_connect_tasks(task, SaveTask(tmp_path / "patches"))
    arguments = [
        {nodes[0]: {"bbox": bbox, "time_interval": JUNE}, nodes[1]: {"eopatch_folder": f"patch{number}"}}
        for number in range(3)
    ]
    executor = EOExecutor(EOWorkflow(nodes), arguments, save_logs=True, logs_folder=tmp_path / "reports")
    results = executor.run(workers=2)
    assert [result.workflow_failed() for result in results] == [False] * 3, results[0].error_node_uid
    executor.make_report()
    assert EOPatch.load(tmp_path / "patches/patch2")[BANDS].shape == (3, 6, 8, 2)
    files = [path for path in Path(tmp_path).rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        content = path.read_bytes()
        assert secret.encode() not in content, path
        assert not any(token.encode() in content for token in hub.tokens), path


def test_texts_of_a_task_hold_no_credentials(task, secret, config):
    node = EONode(task)
    for text in (repr(task), str(task), repr(node), repr(task._access), str(task.private_task_config.init_args)):
        assert secret not in text


def test_logs_hold_no_credentials(task, hub, bbox, secret, caplog):
    hub.spoil(lambda handler: handler.reply({"error": f"busy {secret}"}, 503))
    hub.spoil(lambda handler: handler.reply({}, 429, Retry_After="20"))
    with caplog.at_level(logging.DEBUG):
        task.execute(bbox=bbox, time_interval=JUNE)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("eolearn")]
    assert any("is tried again in" in message for message in ours)
    for record in caplog.records:
        if record.name.startswith(("eolearn", "sentinelhub", "urllib3")):
            text = record.getMessage()
            assert secret not in text, record.name
            assert not any(token in text for token in hub.tokens), record.name


def test_errors_hold_no_credentials(task, hub, bbox, secret, config):
    echo = lambda handler: handler.reply({"error": secret, "sent": dict(handler.headers)}, 400)  # noqa: E731
    hub.spoil(echo, echo, echo)
    with pytest.raises(ServiceError) as error:
        task.execute(bbox=bbox, time_interval=JUNE)
    check_error(error.value, [secret, *hub.tokens])
    from sentinelhub import SentinelHubDownloadClient

    SentinelHubDownloadClient.clear_cache()
    config.sh_client_secret = "an0ther-secret-of-the-tests"
    task.cache_folder = None
    with pytest.raises(ServiceError, match=r"invalid_client.*\*\*\*") as error:
        task.execute(bbox=bbox, time_interval=JUNE)
    check_error(error.value, [config.sh_client_secret])


def check_error(error, secrets):
    texts = ["".join(traceback.format_exception(error)), repr(error), repr(vars(error)), repr(pickle.dumps(error))]
    while error is not None:
        texts.append(repr(error) + repr(vars(error)))
        error = error.__cause__ or error.__context__
    assert not [secret for secret in secrets for text in texts if secret in text]


def test_the_cache_holds_no_credentials(task, hub, bbox, secret):
    hub.spoil(lambda handler: (handler.send_response_only(200), answer_with_cookie(hub, handler)))
    task.execute(bbox=bbox, time_interval=JUNE)
    files = [path for path in Path(task.cache_folder).rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        assert secret.encode() not in content
        assert b"Bearer" not in content
        assert b"Cookie" not in content
        assert not any(token.encode() in content for token in hub.tokens)


def answer_with_cookie(hub, handler):
    handler._headers_buffer = []
    send_header = handler.send_header

    def with_cookie(name, value):
        if name == "Content-Type":
            send_header("Set-Cookie", "session=abcdef")
        send_header(name, value)

    handler.send_header = with_cookie
    hub.answer_process(handler, hub.bodies()[-1])
    handler.send_header = send_header


def test_a_session_of_ones_own_needs_no_credentials(hub, config, collections, bbox):
    token = SentinelHubSession(config).token
    bare = SHConfig(use_defaults=True, sh_base_url=hub.url)
    task = SentinelHubInputTask(
        collections["L1C"], size=(8, 6), bands_feature=BANDS, bands=["B04"], config=bare,
        session_loader=lambda: SentinelHubSession.from_token(token),
    )  # fmt: skip
    assert task.execute(bbox=bbox, time_interval=JUNE)[BANDS].shape == (3, 6, 8, 1)
    assert len(hub.tokens) == 1


def test_passwords_of_a_netrc_file_are_not_sent(task, hub, bbox, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("default login me password of-another-service\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert task.execute(bbox=bbox, time_interval=JUNE)[BANDS].shape == (3, 6, 8, 2)
    assert len(hub.tokens) == 1


def test_names_in_an_archive_do_not_lead_anywhere(task, hub, bbox, tmp_path):
    """Files of an archive are read in memory, whatever they are called."""
    from eolearn.io._sentinelhub.client import TemporaryProblem, _checked_images

    output = {"width": 8, "height": 6, "responses": [{"identifier": "B04"}, {"identifier": "B08"}]}
    with pytest.raises(TemporaryProblem, match="lacks B08"):
        _checked_images({"B04.tif": b"", "../../B08.tif": b""}, output)


def test_a_task_is_still_a_task(task):
    assert isinstance(task, EOTask)
    assert "config" in task.private_task_config.init_args
