import datetime as dt

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st

from eolearn.core import get_filesystem
from eolearn.core.exceptions import EORuntimeWarning
from eolearn.core.execution.report_folder import log_names, make_report_folder, report_folder_name

SECOND = dt.datetime(2026, 11, 24, 6, 5, 4, 321)


@pytest.mark.parametrize(("folder", "expected"), [("", ""), ("logs", "logs/"), ("logs/", "logs/"), ("/a/b", "/a/b/")])
def test_folder_is_named_after_the_second(folder, expected):
    assert report_folder_name(folder, SECOND) == f"{expected}eoexecution-report-2026_11_24-06_05_04"


def test_two_runs_in_one_second_have_folders_of_their_own(tmp_path):
    filesystem = get_filesystem(tmp_path)
    made = [make_report_folder(filesystem, "logs/run") for _ in range(3)]
    assert made == ["logs/run", "logs/run-2", "logs/run-3"]
    assert all((tmp_path / path).is_dir() for path in made)


def test_folders_are_made_in_memory_too():
    filesystem = MemoryFileSystem()
    assert make_report_folder(filesystem, "/report-folder-test/run") == "/report-folder-test/run"
    assert make_report_folder(filesystem, "/report-folder-test/run") == "/report-folder-test/run-2"


def test_folder_that_cannot_be_made_is_a_warning(tmp_path):
    (tmp_path / "logs").write_text("a file")
    with pytest.warns(EORuntimeWarning, match="logs/run"):
        assert make_report_folder(get_filesystem(tmp_path), "logs/run") == "logs/run"


def test_logs_are_named_after_executions():
    assert log_names(["1", "Ex 2", 0.5, None]) == [
        "eoexecution-1.log",
        "eoexecution-Ex 2.log",
        "eoexecution-0.5.log",
        "eoexecution-None.log",
    ]


def test_logs_of_equal_names_are_told_apart():
    assert log_names(["a", "A", "a-2", "a"]) == [
        "eoexecution-a.log",
        "eoexecution-A-2.log",
        "eoexecution-a-2-2.log",
        "eoexecution-a-3.log",
    ]


def test_names_cannot_lead_out_of_the_folder():
    assert log_names(["../../etc/x", "a\\b", "a\nb\0"]) == [
        "eoexecution-.._.._etc_x.log",
        "eoexecution-a_b.log",
        "eoexecution-a_b_.log",
    ]


@given(st.lists(st.one_of(st.text(max_size=5), st.integers(0, 3), st.sampled_from(["a", "A", "a-2", "/", "\\"]))))
def test_each_log_has_a_name_of_its_own_without_separators(names):
    logs = log_names(names)
    assert len({name.lower() for name in logs}) == len(names)
    assert not any(set(name) & set("/\\\0\n") for name in logs)
