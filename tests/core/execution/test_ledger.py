import json
import logging
import sqlite3
import sys
import threading
import time
import uuid

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from sentinelhub import SHConfig

from eolearn.core import get_filesystem
from eolearn.core.exceptions import BrokenFile, EORuntimeWarning, StorageError
from eolearn.core.execution import ledger as ledger_module
from eolearn.core.execution import ledger_base
from eolearn.core.execution.ledger import ObjectLedger, SqliteLedger, open_ledger
from eolearn.core.execution.report_folder import make_report_folder
from eolearn.core.utils.fs import load_s3_filesystem


@pytest.fixture(params=["disk", "memory"])
def open_again(request, tmp_path):
    if request.param == "disk":
        return lambda: open_ledger(get_filesystem(tmp_path), "logs")
    folder = f"/ledger-{uuid.uuid4()}"
    return lambda: open_ledger(MemoryFileSystem(), folder)


def test_local_ledgers_are_files_and_others_are_objects(tmp_path):
    ledger = open_ledger(get_filesystem(tmp_path), "")
    assert isinstance(ledger, SqliteLedger)
    ledger.close()
    assert [path.name for path in tmp_path.iterdir()] == ["eoexecution-ledger.sqlite"]
    assert isinstance(open_ledger(MemoryFileSystem(), "/some-logs"), ObjectLedger)


def test_what_was_added_is_found_by_a_later_run(open_again):
    first = open_again()
    assert first.find(["a", "b"]) == {}
    first.add("a", "record of a")
    first.add("b", "old")
    first.close()
    second = open_again()
    second.add("b", "new")
    second.close()
    third = open_again()
    assert third.find(["b", "a", "c"]) == {"a": "record of a", "b": "new"}
    third.close()


def test_records_are_written_while_the_run_goes_on(open_again, monkeypatch):
    monkeypatch.setattr(ledger_base, "_SECONDS_BETWEEN_WRITES", 0)
    running = open_again()
    running.add("a", "record")
    other = open_again()
    assert other.find(["a"]) == {"a": "record"}
    other.close()
    running.close()


def test_record_is_written_soon_even_if_no_other_comes(open_again, monkeypatch):
    monkeypatch.setattr(ledger_base, "_SECONDS_BETWEEN_WRITES", 0.05)
    running = open_again()
    for name in "ab":
        running.add(name, "record")
    other = open_again()
    deadline = time.monotonic() + 20
    while len(other.find(["a", "b"])) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    other.close()
    running.close()


def test_two_runs_may_write_at_the_same_time(open_again, monkeypatch):
    monkeypatch.setattr(ledger_base, "_SECONDS_BETWEEN_WRITES", 0)

    def run(name):
        ledger = open_again()
        for number in range(50):
            ledger.add(f"{name}{number}", name)
        ledger.close()

    threads = [threading.Thread(target=run, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger = open_again()
    assert len(ledger.find([f"{name}{number}" for name in "abc" for number in range(50)])) == 150
    ledger.close()


def test_many_records_are_found(open_again):
    ledger = open_again()
    for number in range(2500):
        ledger.add(str(number), f"record {number}")
    ledger.close()
    again = open_again()
    assert again.find([str(number) for number in range(3000)]) == {str(n): f"record {n}" for n in range(2500)}
    again.close()


def sqlite_file(path, *commands):
    database = sqlite3.connect(path)
    for command in commands:
        database.execute(command)
    database.commit()
    database.close()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda path: path.write_text("something else " * 100), "file is not a database"),
        (lambda path: sqlite_file(path, "CREATE TABLE other (x)"), "database of another program"),
        (
            lambda path: sqlite_file(
                path,
                f"PRAGMA application_id={ledger_module._APPLICATION_ID}",
                "PRAGMA user_version=7",
                "CREATE TABLE x (y)",
            ),
            "format 7, of another version of eo-learn",
        ),
    ],
    ids=["text", "other program", "other format"],
)
def test_file_that_is_no_ledger_of_this_version_is_refused_and_stays(tmp_path, make, text):
    path = tmp_path / "eoexecution-ledger.sqlite"
    make(path)
    before = path.read_bytes()
    with pytest.raises(BrokenFile, match=text) as caught:
        open_ledger(get_filesystem(tmp_path), "")
    assert str(path) in str(caught.value)
    assert "move it away" in str(caught.value)
    assert path.read_bytes() == before


def test_damaged_file_is_refused(tmp_path):
    path = tmp_path / "eoexecution-ledger.sqlite"
    ledger = open_ledger(get_filesystem(tmp_path), "")
    for number in range(2000):
        ledger.add(str(number), "record")
    ledger.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(BrokenFile, match="malformed"):
        open_ledger(get_filesystem(tmp_path), "").find(["1", "2"])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"{", "JSONDecodeError"),
        (b"[]", "TypeError"),
        (b"{}", "KeyError"),
        (b'{"format": 9, "record": ""}', "format 9"),
    ],
)
def test_object_that_is_no_record_of_this_version_is_refused(content, text):
    folder = f"/ledger-{uuid.uuid4()}"
    filesystem = MemoryFileSystem()
    ledger = open_ledger(filesystem, folder)
    ledger.add("a", "record")
    ledger.close()
    (path,) = filesystem.glob(f"{folder}/**/*.json")
    assert json.loads(filesystem.cat(path))["record"] == "record"
    filesystem.pipe(path, content)
    with pytest.raises(BrokenFile, match=text):
        open_ledger(filesystem, folder).find(["a"])


def test_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "logs").write_text("not a folder")
    with pytest.raises(StorageError, match="logs"):
        open_ledger(get_filesystem(tmp_path), "logs/deep")


def test_folder_in_the_place_of_the_file_is_an_error(tmp_path):
    (tmp_path / "eoexecution-ledger.sqlite").mkdir()
    with pytest.raises(StorageError, match="can't be used"):
        open_ledger(get_filesystem(tmp_path), "")


@pytest.mark.skipif(sys.platform == "win32", reason="open files can't be removed there")
def test_failing_disk_is_warned_of_once_and_nothing_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger_base, "_SECONDS_BETWEEN_WRITES", 0)
    ledger = open_ledger(get_filesystem(tmp_path), "")
    ledger._database.execute("PRAGMA query_only = 1")  # as a disk that can't be written
    with pytest.warns(EORuntimeWarning, match="1 executions .* can't be written to the ledger .*done again"):
        ledger.add("a", "record")
    ledger.add("b", "record")
    ledger._database.execute("PRAGMA query_only = 0")
    ledger.close()
    again = open_ledger(get_filesystem(tmp_path), "")
    assert set(again.find(["a", "b"])) == {"a", "b"}
    again.close()


def test_disk_that_fails_between_two_executions_is_warned_of_at_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger_base, "_SECONDS_BETWEEN_WRITES", 0.05)
    ledger = open_ledger(get_filesystem(tmp_path), "")
    ledger._database.execute("PRAGMA query_only = 1")
    ledger.add("a", "record")
    deadline = time.monotonic() + 20
    while ledger._timer is not None and time.monotonic() < deadline:  # it has been tried in vain, and nobody heard
        time.sleep(0.01)
    with pytest.warns(EORuntimeWarning, match="1 executions .* can't be written"):
        ledger.close()
    ledger.add("b", "record")
    ledger._timer.cancel()


def test_folder_of_objects_says_what_it_is():
    filesystem = MemoryFileSystem()
    folder = f"/ledger-{uuid.uuid4()}"
    open_ledger(filesystem, folder).close()
    (path,) = filesystem.glob(f"{folder}/**/*.txt")
    assert b"resume=True" in filesystem.cat(path)


@pytest.fixture(scope="module")
def endpoint():
    """A server that speaks S3, with an empty bucket."""
    moto_server = pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
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


def s3_filesystem(endpoint, bucket):
    config = SHConfig()
    config.aws_access_key_id, config.aws_secret_access_key = "id", "secret"
    options = {"client_kwargs": {"endpoint_url": endpoint}, "config_kwargs": {"retries": {"max_attempts": 1}}}
    return load_s3_filesystem(f"s3://{bucket}", config=config, **options)


@pytest.mark.long
def test_ledger_on_s3_is_found_by_a_later_run(endpoint):
    first = open_ledger(s3_filesystem(endpoint, "bucket"), "deep/logs")
    for number in range(20):
        first.add(str(number), f"record {number}")
    first.close()
    again = open_ledger(s3_filesystem(endpoint, "bucket"), "deep/logs")
    assert again.find(["7", "19", "20"]) == {"7": "record 7", "19": "record 19"}


@pytest.mark.long
def test_bucket_that_is_not_there_is_an_error_and_is_not_made(endpoint):
    filesystem = s3_filesystem(endpoint, "absent")
    with pytest.raises(StorageError, match="s3://absent/logs.*bucket does not exist"):
        open_ledger(filesystem, "logs")
    assert make_report_folder(filesystem, "logs/report") == "logs/report"
    assert not s3_filesystem(endpoint, "absent").fs.exists("absent")


@pytest.mark.long
def test_store_that_does_not_answer_is_an_error_and_for_logs_a_warning():
    filesystem = s3_filesystem("http://127.0.0.1:9", "bucket")
    with pytest.raises(StorageError, match="can't be used: EndpointConnectionError"):
        open_ledger(filesystem, "logs")
    with pytest.warns(EORuntimeWarning, match="logs/report can't be made: .*127.0.0.1:9"):
        make_report_folder(filesystem, "logs/report")
