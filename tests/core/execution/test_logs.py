import logging
import threading

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from eolearn.core import get_filesystem
from eolearn.core.exceptions import EORuntimeWarning
from eolearn.core.execution.logs import FilesystemHandler, LogSettings

LOGGER = logging.getLogger("some.module")


@pytest.fixture
def folder(tmp_path):
    return get_filesystem(tmp_path)


def log(text="some text"):
    LOGGER.debug(text)
    LOGGER.warning(text)


def test_everything_is_logged_in_the_default_format(folder, tmp_path):
    with LogSettings(folder).writing_to("a.log"):
        log()
    log("too late")
    first, second = (tmp_path / "a.log").read_text().splitlines()
    assert first.endswith("some.module  DEBUG    some text")
    assert second.endswith("some.module  WARNING  some text")


def test_root_logger_is_as_before_afterwards(folder):
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    with LogSettings(folder).writing_to("a.log"):
        assert root.level == logging.DEBUG
    with pytest.raises(ValueError, match="failed"), LogSettings(folder).writing_to("b.log"):
        raise ValueError("failed")
    assert (root.level, root.handlers) == before


def test_root_logger_passes_everything_on_until_the_last_log_is_closed(folder, tmp_path):
    root = logging.getLogger()
    before = root.level
    first, second = (LogSettings(folder).writing_to(name) for name in ("a.log", "b.log"))
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    log()
    second.__exit__(None, None, None)
    assert root.level == before
    assert (tmp_path / "a.log").read_text() == ""
    assert len((tmp_path / "b.log").read_text().splitlines()) == 2


def test_filter_says_which_records_are_written(folder, tmp_path):
    class WarningFilter(logging.Filter):
        def filter(self, record):
            return record.levelno >= logging.WARNING

    with LogSettings(folder, filter=WarningFilter()).writing_to("a.log"):
        log()
    assert len((tmp_path / "a.log").read_text().splitlines()) == 1


@pytest.mark.parametrize(("only_this_thread", "lines"), [(True, 2), (False, 4)])
def test_records_of_other_threads_may_be_left_out(folder, tmp_path, only_this_thread, lines):
    with LogSettings(folder, only_this_thread=only_this_thread).writing_to("a.log"):
        log()
        thread = threading.Thread(target=log)
        thread.start()
        thread.join()
    assert len((tmp_path / "a.log").read_text().splitlines()) == lines


def test_handler_that_takes_a_filesystem_gets_it_with_a_relative_path(folder):
    calls = []

    def make(path, filesystem):
        calls.append((path, filesystem))
        return logging.NullHandler()

    with LogSettings(folder, make).writing_to("a.log"):
        pass
    assert calls == [("a.log", folder)]


def test_handler_that_takes_no_filesystem_gets_a_path_that_stands_alone(folder, tmp_path):
    calls = []

    def make(path):
        calls.append(path)
        return logging.NullHandler()

    with LogSettings(folder, make).writing_to("a.log"):
        pass
    assert calls == [str(tmp_path / "a.log")]


def test_formatter_of_a_handler_stays(folder, tmp_path):
    def make(path):
        handler = logging.FileHandler(path)
        handler.setFormatter(logging.Formatter("%(message)s!"))
        return handler

    with LogSettings(folder, make).writing_to("a.log"):
        LOGGER.info("hello")
    assert (tmp_path / "a.log").read_text() == "hello!\n"


def test_logs_can_be_written_to_memory():
    filesystem = MemoryFileSystem()
    with LogSettings(filesystem).writing_to("/test-logs-a.log"):
        log("grün")
    assert filesystem.read_text("/test-logs-a.log").count("grün") == 2


def test_filesystem_handler_is_a_factory_that_takes_a_filesystem(folder, tmp_path):
    with LogSettings(folder, FilesystemHandler).writing_to("a.log"):
        log()
    assert len((tmp_path / "a.log").read_text().splitlines()) == 2


def test_log_that_cannot_be_opened_is_a_warning_and_the_rest_goes_on(folder, tmp_path):
    went_on = False
    with (
        pytest.warns(EORuntimeWarning, match=f"{tmp_path}/missing/a.log can't be written"),
        LogSettings(folder).writing_to("missing/a.log"),
    ):
        went_on = True
    assert went_on


def test_log_that_cannot_be_closed_is_a_warning(folder):
    class Unclosable(logging.NullHandler):
        def close(self):
            super().close()
            raise OSError("disk full")

    before = list(logging.getLogger().handlers)
    with (
        pytest.warns(EORuntimeWarning, match="a.log can't be closed: OSError: disk full"),
        LogSettings(folder, lambda path: Unclosable()).writing_to("a.log"),
    ):
        pass
    assert logging.getLogger().handlers == before
