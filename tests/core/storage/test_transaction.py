"""What saving all or nothing promises."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from eolearn.core.exceptions import BrokenFile, StorageError
from eolearn.core.storage.transaction import Transaction, is_staging, recover

RECOVER = (
    "import sys; from pathlib import Path; from eolearn.core.storage.transaction import *; recover(Path(sys.argv[1]))"
)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "patch"
    (folder / "data").mkdir(parents=True)
    (folder / "data/A").write_text("old A")
    (folder / "data/B").write_text("old B")
    return folder


def content(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def stage(transaction, **files):
    for name, text in files.items():
        transaction.stage(name.replace("__", "/")).write_text(text)


OLD = {"data/A": "old A", "data/B": "old B"}


def test_a_commit_puts_and_removes(folder):
    with Transaction(folder) as transaction:
        stage(transaction, data__A="new A", mask__C="new C", top="new")
        assert {name: text for name, text in content(folder).items() if not is_staging(name)} == OLD
        transaction.commit(remove=["data/B"])
    assert content(folder) == {"data/A": "new A", "mask/C": "new C", "top": "new"}
    assert sorted(path.name for path in folder.iterdir()) == ["data", "mask", "top"]


def test_the_folder_is_made(tmp_path):
    with Transaction(tmp_path / "a/b") as transaction:
        stage(transaction, x="1")
        transaction.commit([])
    assert content(tmp_path) == {"a/b/x": "1"}


def test_folders_are_removed_whole(folder):
    (folder / "data/Z.zarr/c").mkdir(parents=True)
    (folder / "data/Z.zarr/c/0").write_text("chunk")
    with Transaction(folder) as transaction:
        transaction.commit(remove=["data/Z.zarr"])
    assert content(folder) == OLD


def test_what_is_not_there_need_not_be_removed(folder):
    with Transaction(folder) as transaction:
        transaction.commit(remove=["data/missing", "nowhere/missing"])
    assert content(folder) == OLD


def test_an_error_changes_nothing(folder):
    def fail():
        with Transaction(folder) as transaction:
            stage(transaction, data__A="new A")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert content(folder) == OLD
    assert [path.name for path in folder.iterdir()] == ["data"]


def test_without_a_commit_nothing_changes(folder):
    with Transaction(folder) as transaction:
        stage(transaction, data__A="new A")
    assert content(folder) == OLD


# --- what others leave


def leave_staging(folder, name, journal=None, **files):
    staging = folder / name
    staging.mkdir()
    for file, text in files.items():
        path = staging / file.replace("__", "/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    if journal is not None:
        (staging / "journal.json").write_text(json.dumps(journal))
    return staging


def name_of(pid):
    """Return the name of a staging folder of a process of this machine."""
    mine = Transaction(Path("x"))._staging.name
    return mine.replace(str(os.getpid()), str(pid), 1)


@pytest.fixture
def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize("name", ["other machine", "dead process"])
def test_a_committed_save_is_completed(folder, dead_pid, name):
    name = ".eolearn-save-1-ab-elsewhere" if name == "other machine" else name_of(dead_pid)
    journal = {"put": ["data/A", "mask/C"], "remove": ["data/B"]}
    leave_staging(folder, name, journal, data__A="new A", mask__C="new C")
    recover(folder)
    assert content(folder) == {"data/A": "new A", "mask/C": "new C"}


def test_a_save_that_was_half_completed_is_completed(folder):
    journal = {"put": ["data/A", "mask/C"], "remove": ["data/B"]}
    leave_staging(folder, ".eolearn-save-1-ab-elsewhere", journal, mask__C="new C")  # A has been moved already
    recover(folder)
    recover(folder)
    assert content(folder) == {"data/A": "old A", "mask/C": "new C"}


def test_committed_saves_are_completed_in_their_order(folder):
    for position, suffix in enumerate("cab"):
        staging = leave_staging(
            folder, f".eolearn-save-1-{suffix}-x", {"put": ["data/A"], "remove": []}, data__A=suffix
        )
        os.utime(staging / "journal.json", (position, position))
    recover(folder)
    assert content(folder)["data/A"] == "b"


def test_staging_of_a_dead_process_is_cleared_up(folder, dead_pid):
    leave_staging(folder, name_of(dead_pid), data__A="new A")
    leave_staging(folder, name_of(os.getpid()), data__A="of an earlier process with the number of this one")
    recover(folder)
    assert content(folder) == OLD
    assert [path.name for path in folder.iterdir()] == ["data"]


@pytest.mark.parametrize(
    "name",
    [name_of(os.getppid()), ".eolearn-save-1-ab-elsewhere", ".eolearn-save-strange"],
    ids=["alive", "elsewhere", "strange"],
)
def test_staging_of_others_who_may_live_is_left_alone(folder, name):
    staging = leave_staging(folder, name, data__A="new A")
    recover(folder)
    assert content(staging) == {"data/A": "new A"}


def test_a_running_save_is_not_disturbed_by_this_process_or_another(folder):
    with Transaction(folder) as transaction:
        stage(transaction, data__A="new A")
        recover(folder)
        subprocess.run([sys.executable, "-c", RECOVER, folder], check=True)
        transaction.commit([])
    assert content(folder) == {**OLD, "data/A": "new A"}


def test_a_helper_that_is_late_does_no_harm(folder):
    """Another process has read the journal, and goes on when the save is complete and the file is there again."""
    with Transaction(folder) as transaction:
        stage(transaction, data__A="new A")
        staging = transaction._staging
        transaction.commit(remove=["data/B"])
    (folder / "data/B").write_text("newer B")
    from eolearn.core.storage.transaction import _move

    _move(staging / "data/A", folder / "data/A", staging)
    _move(folder / "data/B", staging / "removed-0", staging)
    assert content(folder) == {"data/A": "new A", "data/B": "newer B"}


def test_recovering_a_missing_folder_does_nothing(tmp_path):
    recover(tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_completed_is_an_error_and_is_completed_later(folder):
    journal = {"put": ["mask/C", "top"], "remove": ["data/B"]}
    leave_staging(folder, ".eolearn-save-1-ab-elsewhere", journal, mask__C="new C", top="new")
    (folder / "mask").write_text("in the way")
    with pytest.raises(StorageError, match=rf"A save in {folder} can't be completed: .*mask.*load or save"):
        recover(folder)
    (folder / "mask").unlink()
    recover(folder)
    assert content(folder) == {"data/A": "old A", "mask/C": "new C", "top": "new"}


def test_folders_are_made_before_the_commit(folder):
    """Afterwards the disk might have no room for them."""
    (folder / "mask").write_text("in the way")
    with Transaction(folder) as transaction:
        stage(transaction, label__A="new A", mask__C="new C")
        with pytest.raises(FileExistsError, match="mask"):
            transaction.commit([])
    assert content(folder) == {**OLD, "mask": "in the way"}
    assert sorted(path.name for path in folder.iterdir()) == ["data", "mask"], "those that were made are gone"


# --- journals that somebody else wrote


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"put": []}', '{"put": 5, "remove": []}'])
def test_a_journal_that_cannot_be_read_is_an_error_that_names_it(folder, text):
    staging = leave_staging(folder, ".eolearn-save-1-ab-x")
    (staging / "journal.json").write_text(text)
    with pytest.raises(BrokenFile, match=rf"{staging / 'journal.json'}.*Delete the folder"):
        recover(folder)
    assert content(folder) == {**OLD, ".eolearn-save-1-ab-x/journal.json": text}


@pytest.mark.parametrize("name", ["../out", "data/../../out", "{absolute}", "..", "link/out"])
@pytest.mark.parametrize("kind", ["put", "remove"])
def test_a_journal_leads_nowhere_else(folder, tmp_path, kind, name):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/out").write_text("mine")
    (tmp_path / "out").write_text("mine")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    name = name.format(absolute=tmp_path / "out")
    leave_staging(folder, ".eolearn-save-1-ab-x", {"put": [], "remove": [], kind: [name]}, out="evil", link__out="evil")
    with pytest.raises(StorageError, match="lies outside of the folder"):
        recover(folder)
    assert (tmp_path / "out").read_text() == (tmp_path / "elsewhere/out").read_text() == "mine"


def test_a_save_through_a_link_is_refused_before_anything_changes(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    with Transaction(folder) as transaction:
        stage(transaction, link__A="new A", data__A="new A")
        with pytest.raises(StorageError, match="'link/A' lies outside"):
            transaction.commit([])
    assert content(folder) == OLD


# --- processes that are killed, or work at the same time

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
SCRIPT = Path(__file__).with_name("forked_saves.py")


def run_script(*arguments):
    result = subprocess.run([sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    print(result.stdout)


@needs_fork
@pytest.mark.parametrize("mode", ["add", "replace", "whole"])
def test_a_save_that_is_killed_at_any_step_leaves_the_old_patch_or_the_new_one(tmp_path, mode):
    run_script("each-step", tmp_path, mode)


@needs_fork
@pytest.mark.parametrize("rounds", [10, pytest.param(200, marks=pytest.mark.long)])
def test_saves_that_are_killed_at_random_moments_leave_one_version(tmp_path, rounds):
    run_script("random", tmp_path, rounds)


@needs_fork
def test_processes_that_save_different_features_lose_none(tmp_path):
    run_script("together", tmp_path)
