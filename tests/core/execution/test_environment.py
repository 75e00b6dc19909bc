import os
import sys
import warnings

import pytest

from eolearn.core.execution import environment
from eolearn.core.execution.environment import Environment
from eolearn.core.utils.threads import limit_library_threads, limit_threads, thread_limit


@pytest.fixture
def here(monkeypatch):
    """This process as it is, which it becomes again after the test."""
    described = Environment.here(threads=1)
    monkeypatch.setattr(environment, "_variables_of_parent", set(os.environ))
    monkeypatch.setattr(sys, "path", list(sys.path))
    with warnings.catch_warnings(), limit_library_threads(1):
        yield described
    os.environ.clear()
    os.environ.update(described.variables)
    os.chdir(described.folder)
    limit_threads(None)


def test_settling_in_makes_a_process_like_the_described_one(here, monkeypatch, tmp_path):
    folder, path, variable = os.getcwd(), list(sys.path), os.environ["PATH"]
    os.chdir(tmp_path)
    sys.path.insert(0, "elsewhere")
    os.environ["PATH"] = "nothing"
    here.settle_in()
    assert (os.getcwd(), sys.path, os.environ["PATH"]) == (folder, path, variable)
    assert thread_limit() == 1


def test_variables_that_are_gone_go_but_not_those_that_the_worker_made_itself(here, monkeypatch):
    monkeypatch.setattr(environment, "_variables_of_parent", {*os.environ, "OF_PARENT"})
    os.environ |= {"OF_PARENT": "old", "OF_WORKER": "own"}
    here.settle_in()
    assert "OF_PARENT" not in os.environ
    assert os.environ["OF_WORKER"] == "own"


def test_all_filters_of_warnings_arrive_in_their_order(here):
    warnings.resetwarnings()
    warnings.filterwarnings("error", "some [tT]ext", UserWarning, r"module\.of")
    warnings.filterwarnings("ignore", category=DeprecationWarning, lineno=7)
    warnings.filters.append(("default", None, DeprecationWarning, "__main__", 0))  # as the interpreter begins with
    described = Environment.here(threads=1)
    before = list(warnings.filters)
    warnings.resetwarnings()
    described.settle_in()
    assert warnings.filters[:-1] == before[:-1]
    action, message, category, module, line = warnings.filters[-1]
    assert (action, message, category, line) == ("default", None, DeprecationWarning, 0)
    assert module.match("__main__")
    assert not module.match("__main__x")


def test_removed_working_directory_is_no_error(here, tmp_path):
    (tmp_path / "gone").mkdir()
    os.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    described = Environment.here(threads=1)
    assert described.folder is None
    described.settle_in()
