import json
import sqlite3
import sys
import threading
import uuid

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from eolearn.core import get_filesystem
from eolearn.core.exceptions import BrokenFile, EORuntimeWarning, StorageError
from eolearn.core.execution import ledger as ledger_module
from eolearn.core.execution.ledger import ObjectLedger, SqliteLedger, open_ledger


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
    monkeypatch.setattr(ledger_module, "_SECONDS_BETWEEN_WRITES", 0)
    running = open_again()
    running.add("a", "record")
    other = open_again()
    assert other.find(["a"]) == {"a": "record"}
    other.close()
    running.close()


def test_two_runs_may_write_at_the_same_time(open_again, monkeypatch):
    monkeypatch.setattr(ledger_module, "_SECONDS_BETWEEN_WRITES", 0)

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
    monkeypatch.setattr(ledger_module, "_SECONDS_BETWEEN_WRITES", 0)
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
