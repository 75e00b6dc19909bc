import datetime as dt
import gc
import logging
import os
import re
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
import warnings
import weakref
from dataclasses import dataclass

import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from eolearn.core import (
    EOExecutor,
    EONode,
    EOPatch,
    EOTask,
    EOWorkflow,
    FeatureType,
    OutputTask,
    get_filesystem,
    linearly_connect_tasks,
)
from eolearn.core.exceptions import (
    BrokenFile,
    EODeprecationWarning,
    EOLearnError,
    EORuntimeWarning,
    MissingExtra,
    SettingError,
    SettingTypeError,
    StorageError,
    TemporalDimensionWarning,
    WorkerDied,
)
from eolearn.core.utils.testing import DEFAULT_BBOX

WAYS = [
    pytest.param({"workers": 1}, id="serial"),
    pytest.param({"workers": 2, "multiprocess": False}, id="threads"),
    pytest.param({"workers": 2, "multiprocess": True}, id="processes"),
]
ENGINES = {None: "this process", False: "threads", True: "processes"}
every_way = pytest.mark.parametrize("way", WAYS)
LOGGER = logging.getLogger(__name__)


class DoubleTask(EOTask):
    """Logs four times, does as it is told, and doubles a number."""

    def execute(self, number, deed=None):
        LOGGER.debug("debug %s", number)
        LOGGER.info("info %s", number)
        LOGGER.warning("warning %s", number)
        LOGGER.error("error %s", number)
        if deed is not None:
            deed()
        return 2 * number


class PassTask(EOTask):
    def execute(self, value):
        return value


def fail():
    raise ValueError("a deed that fails")


def interrupt():
    raise KeyboardInterrupt


@pytest.fixture
def nodes():
    return linearly_connect_tasks((DoubleTask(), "Double it"), PassTask(), OutputTask("double"))


@pytest.fixture
def workflow(nodes):
    return EOWorkflow(nodes)


def make_executor(nodes, deeds=(None, None, None), **kwargs):
    arguments = [{nodes[0]: {"number": number, "deed": deed}} for number, deed in enumerate(deeds)]
    return EOExecutor(EOWorkflow(nodes), arguments, **kwargs)


# --- what a run returns and leaves behind ------------------------------------------------------------------------


@every_way
def test_results_come_in_the_order_of_the_arguments(nodes, way):
    results = make_executor(nodes, [None] * 25).run(**way, disable=True)
    assert [result.outputs for result in results] == [{"double": 2 * number} for number in range(25)]
    assert all(list(result.stats) == [node.uid for node in nodes] for result in results)


def test_all_processors_work_if_the_number_of_workers_is_none(nodes):
    executor = make_executor(nodes)
    assert [result.outputs["double"] for result in executor.run(workers=None, disable=True)] == [0, 2, 4]
    assert executor.general_stats["workers"] == len(os.sched_getaffinity(0))


@every_way
def test_executor_keeps_results_without_outputs(nodes, way):
    executor = make_executor(nodes)
    results = executor.run(**way, disable=True)
    assert executor.execution_results == [result.drop_outputs() for result in results]
    assert all(result.outputs == {} for result in executor.execution_results)


@every_way
def test_statistics_count_what_finished_and_what_failed(nodes, way):
    executor = make_executor(nodes, [None, fail, None])
    before = dt.datetime.now()
    executor.run(**way, disable=True)
    stats = executor.general_stats
    assert before <= executor.start_time == stats["start_time"] <= stats["end_time"] <= dt.datetime.now()
    assert (stats["finished"], stats["failed"], stats["workers"]) == (2, 1, way["workers"])
    assert (stats["skipped"], stats["retried"]) == (0, 0)
    assert stats["engine"] == ENGINES[way.get("multiprocess")]


def test_before_a_run_there_is_nothing_to_know(nodes):
    executor = make_executor(nodes)
    assert executor.get_successful_executions() == executor.get_failed_executions() == []
    assert (executor.start_time, executor.report_folder, executor.general_stats) == (None, None, {})
    assert executor.execution_results == []
    for ask in (executor.get_report_path, executor.get_log_paths, executor.make_report):
        with pytest.raises(RuntimeError, match="run"):
            ask()


@every_way
def test_no_executions_give_no_results(workflow, way):
    executor = EOExecutor(workflow, [])
    assert executor.run(**way, disable=True) == []
    assert (executor.general_stats["finished"], executor.general_stats["failed"]) == (0, 0)


@every_way
def test_workflow_without_nodes_can_be_run(way):
    results = EOExecutor(EOWorkflow([]), [{}, {}]).run(**way, disable=True)
    assert [(result.outputs, result.stats) for result in results] == [({}, {})] * 2


def test_executor_can_be_run_again(nodes):
    executor = make_executor(nodes, [None, fail])
    for way in ({"workers": 1}, {"workers": 2}, {"workers": 2, "multiprocess": False}):
        executor.run(**way, disable=True)
        assert (executor.get_successful_executions(), executor.get_failed_executions()) == ([0], [1])


@every_way
def test_patches_come_out_as_they_went_in(way):
    patch = EOPatch(bbox=DEFAULT_BBOX, data_timeless={"X": np.arange(12.0).reshape(2, 3, 2)})
    nodes = linearly_connect_tasks(PassTask(), OutputTask("patch"))
    results = EOExecutor(EOWorkflow(nodes), [{nodes[0]: {"value": patch}}] * 3).run(**way, disable=True)
    assert all(result.outputs["patch"] == patch for result in results)


@every_way
def test_progress_is_shown(nodes, way, capsys):
    make_executor(nodes).run(**way, desc="Doubling")
    shown = capsys.readouterr().err
    assert "Doubling: 100%" in shown
    assert "3/3" in shown


def test_workers_must_be_at_least_one(nodes):
    with pytest.raises(SettingError, match="0"):
        make_executor(nodes).run(workers=0)


# --- settings ----------------------------------------------------------------------------------------------------


def test_only_workflows_are_run(nodes):
    with pytest.raises(SettingError, match="runs an EOWorkflow, got"):
        EOExecutor(nodes, [])


def test_arguments_may_come_from_a_generator(nodes, workflow):
    executor = EOExecutor(workflow, ({nodes[0]: {"number": number}} for number in range(3)))
    assert [result.outputs["double"] for result in executor.run(disable=True)] == [0, 2, 4]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (None, ["1", "2", "3"]),
        (["a", 2, None], ["a", 2, None]),
        ((name for name in "abc"), ["a", "b", "c"]),
        (np.array([0.5, 1, 2]), [0.5, 1, 2]),
    ],
)
def test_executions_have_names(nodes, names, expected):
    assert make_executor(nodes, execution_names=names).execution_names == expected


@pytest.mark.parametrize("names", [[], ["a"], {"a", "b"}, list("abcd")])
def test_there_must_be_as_many_names_as_executions(nodes, names):
    with pytest.raises(SettingError, match=f"3 executions, but {len(names)} execution_names"):
        make_executor(nodes, execution_names=names)


def test_arguments_of_an_unknown_node_are_refused(workflow):
    stranger = EONode(DoubleTask(), name="Stranger")
    with pytest.raises(SettingError, match=r"Execution 1 .*Stranger.*Its nodes: Double it, PassTask, OutputTask"):
        EOExecutor(workflow, [{}, {stranger: {"number": 1}}])


@pytest.mark.parametrize("wrong", [[[]], ["x"], [None], [{1: {}}]])
def test_arguments_that_are_not_given_by_node_are_refused(workflow, wrong):
    with pytest.raises(SettingError):
        EOExecutor(workflow, wrong)


def test_arguments_in_one_dict_instead_of_a_list_are_refused(nodes, workflow):
    with pytest.raises(SettingError, match="list of dicts"):
        EOExecutor(workflow, {nodes[0]: {"number": 1}})


@pytest.mark.parametrize("wrong", [None, [("number", 1)], {1: "number"}])
def test_arguments_of_a_node_must_be_a_dict_of_names(nodes, workflow, wrong):
    with pytest.raises(SettingError, match="Double it"):
        EOExecutor(workflow, [{nodes[0]: wrong}])


# --- errors ------------------------------------------------------------------------------------------------------


@every_way
def test_failed_execution_is_no_matter_for_the_others(nodes, way):
    executor = make_executor(nodes, [None, fail, None, fail])
    results = executor.run(**way, disable=True)
    assert executor.get_successful_executions() == [0, 2]
    assert executor.get_failed_executions() == [1, 3]
    failed = results[1]
    info = failed.stats[nodes[0].uid].exception_info
    assert failed.error_node_uid == nodes[0].uid
    assert failed.outputs == {}
    assert isinstance(info.exception, ValueError)
    assert str(info.exception) == "a deed that fails"
    assert "in fail" in info.traceback


@every_way
def test_interrupt_in_a_task_ends_the_run(nodes, way):
    with pytest.raises(KeyboardInterrupt):
        make_executor(nodes, [None, interrupt, None]).run(**way, disable=True)


@every_way
def test_task_that_exits_fails_its_execution_only(nodes, way):
    executor = make_executor(nodes, [None, sys.exit, None])
    executor.run(**way, disable=True)
    assert executor.get_failed_executions() == [1]


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV"])
def test_killed_worker_costs_one_execution_and_the_task_is_named(name):
    class KillTask(EOTask):
        def execute(self, number):
            if number == 10:
                os.kill(os.getpid(), getattr(signal, name))
                time.sleep(30)
            return number

    _, second, _ = nodes = linearly_connect_tasks(DoubleTask(), (KillTask(), "Killer"), OutputTask("x"))
    before = dt.datetime.now()
    executor = make_executor(nodes, [None] * 20)
    results = executor.run(workers=2, disable=True)
    assert executor.get_failed_executions() == [5]
    assert results[5].error_node_uid == second.uid
    stats = results[5].stats[second.uid]
    assert stats.node_name == "Killer"
    assert before <= stats.start_time <= stats.end_time <= dt.datetime.now()
    assert isinstance(stats.exception_info.exception, WorkerDied)
    assert name in str(stats.exception_info.exception)


def test_every_execution_may_kill_its_worker(nodes):
    executor = make_executor(nodes, [lambda: os._exit(1)] * 5)
    executor.run(workers=2, disable=True)
    assert executor.get_failed_executions() == [0, 1, 2, 3, 4]


def test_error_that_cannot_be_pickled_arrives_as_a_text(nodes):
    class LockError(Exception):
        def __init__(self, lock):
            super().__init__("holds a lock")
            self.lock = lock

    def fail_with_lock():
        raise LockError(threading.Lock())

    results = make_executor(nodes, [fail_with_lock, None]).run(workers=2, disable=True)
    info = results[0].stats[nodes[0].uid].exception_info
    assert type(info.exception) is EOLearnError
    assert "LockError: holds a lock" in str(info.exception)
    assert "in fail_with_lock" in info.traceback
    assert not results[1].workflow_failed()


def test_output_that_cannot_be_pickled_fails_its_execution_only():
    class LockTask(EOTask):
        def execute(self, number):
            return threading.Lock() if number == 1 else number

    nodes = linearly_connect_tasks(LockTask(), OutputTask("x"))
    executor = EOExecutor(EOWorkflow(nodes), [{nodes[0]: {"number": number}} for number in range(3)])
    results = executor.run(workers=2, disable=True)
    assert [result.outputs for result in results] == [{"x": 0}, {}, {"x": 2}]
    info = results[1].stats[results[1].error_node_uid].exception_info
    assert isinstance(info.exception, SettingTypeError)
    assert "lock" in str(info.exception)
    assert executor.get_failed_executions() == [1]


def test_arguments_that_cannot_be_pickled_fail_their_execution_only(nodes):
    lock = threading.Lock()
    executor = make_executor(nodes, [None, lambda: lock, None])
    results = executor.run(workers=2, disable=True)
    assert executor.get_failed_executions() == [1]
    stats = results[1].stats[results[1].error_node_uid]
    assert isinstance(stats.exception_info.exception, SettingTypeError)
    assert stats.node_name == "outside of the tasks"


def test_workflow_that_cannot_be_pickled_is_refused_by_processes_only():
    class LockTask(EOTask):
        def __init__(self):
            self.lock = threading.Lock()

        def execute(self):
            return "done"

    nodes = linearly_connect_tasks(LockTask(), OutputTask("x"))
    executor = EOExecutor(EOWorkflow(nodes), [{}, {}])
    with pytest.raises(SettingTypeError, match="lock.*multiprocess=False"):
        executor.run(workers=2, disable=True)
    assert [r.outputs["x"] for r in executor.run(workers=2, multiprocess=False, disable=True)] == ["done"] * 2


@every_way
@pytest.mark.parametrize("strict", [False, True])
def test_temporal_mismatch_may_be_an_error(way, strict):
    class MismatchTask(EOTask):
        def execute(self):
            patch = EOPatch(bbox=DEFAULT_BBOX, timestamps=["2026-01-01"])
            patch[FeatureType.DATA, "X"] = np.zeros((2, 1, 1, 1))
            return patch

    filters = list(warnings.filters)
    nodes = linearly_connect_tasks(MismatchTask(), OutputTask("x"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        executor = EOExecutor(EOWorkflow(nodes), [{}, {}, {}], raise_on_temporal_mismatch=strict)
        results = executor.run(**way, disable=True)
    assert executor.get_failed_executions() == ([0, 1, 2] if strict else [])
    if strict:
        exception = results[0].stats[nodes[0].uid].exception_info.exception
        assert isinstance(exception, TemporalDimensionWarning)
    assert warnings.filters == filters


# --- results as they come -----------------------------------------------------------------------------------------


@every_way
def test_results_can_be_had_one_by_one(nodes, way):
    executor = make_executor(nodes, [None, fail, None, None])
    results = dict(executor.iter_results(**way, disable=True))
    assert {position: item.outputs for position, item in results.items()} == {
        0: {"double": 0},
        1: {},
        2: {"double": 4},
        3: {"double": 6},
    }
    assert executor.execution_results == [results[position].drop_outputs() for position in range(4)]
    assert executor.general_stats["failed"] == 1


@every_way
def test_no_execution_is_begun_before_results_are_asked_for(nodes, way, tmp_path):
    executor = make_executor(nodes, [(tmp_path / "begun").touch] * 3)
    results = executor.iter_results(**way, disable=True)
    assert not list(tmp_path.iterdir())
    next(results)
    assert list(tmp_path.iterdir())


@every_way
def test_run_ends_when_the_loop_is_left(nodes, way, tmp_path):
    def leave_trace():
        (tmp_path / str(time.monotonic_ns())).touch()
        time.sleep(0.005)

    executor = make_executor(nodes, [leave_trace] * 200)
    for _ in executor.iter_results(**way, disable=True):
        break
    assert len(list(tmp_path.iterdir())) < 100
    assert executor.execution_results == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_workers_end_when_the_loop_is_left(nodes, tmp_path):
    def sleep():
        (tmp_path / str(os.getpid())).touch()
        time.sleep(100)

    def wait_for_the_other():
        while len(list(tmp_path.iterdir())) < 1:
            time.sleep(0.01)

    begin = time.monotonic()
    for _ in make_executor(nodes, [sleep, wait_for_the_other]).iter_results(workers=2, disable=True):
        break
    assert time.monotonic() - begin < 50
    (pid,) = (int(path.name) for path in tmp_path.iterdir())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_settings_are_checked_before_results_are_asked_for(nodes):
    with pytest.raises(SettingError, match="retries"):
        make_executor(nodes).iter_results(retries=-1)
    with pytest.raises(SettingError, match="workers"):
        make_executor(nodes).iter_results(workers=0)


def test_outputs_are_not_kept_by_the_executor():
    class Output:
        pass

    class MakeTask(EOTask):
        def execute(self):
            output = Output()
            alive.append(weakref.ref(output))
            return output

    alive = []
    nodes = linearly_connect_tasks(MakeTask(), OutputTask("x"))
    for position, _results in EOExecutor(EOWorkflow(nodes), [{}] * 10).iter_results(disable=True):
        del _results
        gc.collect()
        assert sum(reference() is not None for reference in alive) <= 1, position


# --- where, how long, how much ------------------------------------------------------------------------------------


@every_way
def test_results_tell_the_worker_and_what_each_node_took(nodes, way):
    results = make_executor(nodes).run(**way, disable=True)
    kind = "thread" if way.get("multiprocess") is False else "process"
    for result in results:
        assert re.fullmatch(rf"{kind} \d+", result.worker)
        assert (result.attempts, result.skipped) == (1, False)
        for stats in result.stats.values():
            assert stats.usage.of == kind
            assert stats.usage.memory_peak >= stats.usage.memory_before > 1_000_000
    if kind == "process":
        assert (results[0].worker == f"process {os.getpid()}") == (way["workers"] == 1)


@every_way
def test_memory_and_time_that_a_node_took_are_seen(way):
    class HeavyTask(EOTask):
        def execute(self, megabytes):
            array = np.ones(megabytes << 17)
            time.sleep(0.1)
            return float(array.sum())

    (node,) = linearly_connect_tasks(HeavyTask())
    executor = EOExecutor(EOWorkflow([node]), [{node: {"megabytes": 200}}, {node: {"megabytes": 40}}])
    results = executor.run(**way, disable=True)
    in_threads = way.get("multiprocess") is False
    for result, megabytes in zip(results, (200, 40), strict=True):
        usage = result.stats[node.uid].usage
        seen = (usage.memory_peak - usage.memory_before) / (1 << 20)
        assert megabytes * 0.9 < seen < (300 if in_threads else megabytes * 1.2)  # threads see each other's
        assert usage.of == ("thread" if in_threads else "process")
        assert 0 < usage.cpu_seconds < (result.end_time - result.start_time).total_seconds() + 0.1


# --- retries ------------------------------------------------------------------------------------------------------


class FlakyTask(EOTask):
    """Fails so many times for each number, counted in files, so that it works in processes too."""

    def __init__(self, folder, error=OSError):
        self.folder = str(folder)
        self.error = error

    def execute(self, number, failures):
        tries = [name for name in os.listdir(self.folder) if name.startswith(f"{number}-")]
        with open(os.path.join(self.folder, f"{number}-{len(tries)}"), "w") as file:
            file.write(str(time.time()))
        if len(tries) < failures:
            raise self.error(f"try {len(tries)}")
        return number


def flaky_executor(folder, failures, **kwargs):
    nodes = linearly_connect_tasks(FlakyTask(folder, **kwargs), OutputTask("number"))
    arguments = [{nodes[0]: {"number": number, "failures": count}} for number, count in enumerate(failures)]
    return EOExecutor(EOWorkflow(nodes), arguments)


def times_of_tries(folder, number):
    return sorted(float(path.read_text()) for path in folder.glob(f"{number}-*"))


@every_way
def test_failed_executions_are_tried_again(way, tmp_path):
    executor = flaky_executor(tmp_path, [0, 1, 2, 9, 0])
    results = executor.run(**way, retries=2, retry_delay=0.01, disable=True)
    assert [result.attempts for result in results] == [1, 2, 3, 3, 1]
    assert [result.outputs.get("number") for result in results] == [0, 1, 2, None, 4]
    assert executor.get_failed_executions() == [3]
    assert executor.general_stats["retried"] == 3
    assert executor.execution_results[2].attempts == 3


@every_way
def test_delay_grows_and_others_go_on_in_the_meantime(way, tmp_path):
    flaky_executor(tmp_path, [2, 0, 0, 0, 0, 0]).run(**way, retries=2, retry_delay=0.2, disable=True)
    first, second, third = times_of_tries(tmp_path, 0)
    assert second - first >= 0.2
    assert third - second >= 0.4
    assert all(times_of_tries(tmp_path, number)[0] < second for number in range(1, 6))


@every_way
def test_errors_that_come_again_are_not_retried(way, tmp_path):
    results = flaky_executor(tmp_path, [1], error=ValueError).run(**way, retries=3, disable=True)
    assert results[0].attempts == 1
    assert results[0].workflow_failed()


def test_predicate_says_what_is_retried(tmp_path):
    executor = flaky_executor(tmp_path, [1, 1], error=ValueError)
    results = executor.run(retries=1, retry_delay=0, retry_on=lambda error: "try" in str(error), disable=True)
    assert [result.attempts for result in results] == [2, 2]
    assert executor.get_failed_executions() == []


def test_execution_whose_worker_died_can_be_retried(tmp_path):
    results = flaky_executor(tmp_path, [1, 0], error=lambda _: os._exit(3)).run(
        workers=2, retries=1, retry_delay=0, disable=True
    )
    assert [result.attempts for result in results] == [2, 1]
    assert not any(result.workflow_failed() for result in results)


# --- time-outs ----------------------------------------------------------------------------------------------------


def test_execution_that_takes_too_long_fails_alone(nodes):
    deeds = [None, lambda: time.sleep(60), None, None]
    executor = make_executor(nodes, deeds)
    begin = time.monotonic()
    results = executor.run(workers=2, timeout=0.7, disable=True)
    assert time.monotonic() - begin < 30
    assert executor.get_failed_executions() == [1]
    stats = results[1].stats[results[1].error_node_uid]
    assert stats.node_name == "Double it"
    assert isinstance(stats.exception_info.exception, WorkerDied)
    assert isinstance(stats.exception_info.exception, TimeoutError)
    assert "timed out after 0.7 s" in str(stats.exception_info.exception)
    assert re.fullmatch(r"process \d+", results[1].worker)


@pytest.mark.parametrize("way", WAYS[:2])
def test_timeout_is_refused_where_nothing_can_be_stopped(nodes, way):
    with pytest.raises(SettingError, match=r"timeout=5 takes worker processes.*multiprocess=True"):
        make_executor(nodes).run(**way, timeout=5)


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_timeout_must_be_a_number_of_seconds(nodes, timeout):
    with pytest.raises(SettingError, match="timeout must be a number of seconds above 0"):
        make_executor(nodes).run(workers=2, timeout=timeout)


# --- resume -------------------------------------------------------------------------------------------------------


def resumable(folder, failures, *, size=1, names=None):
    """As a script that is run again: all is made anew."""

    class OwnTask(FlakyTask):
        def __init__(self, folder, size):
            super().__init__(folder)
            self.table = {"size": size, "array": np.arange(size)}

    nodes = linearly_connect_tasks(OwnTask(folder / "tries", size), OutputTask())
    (folder / "tries").mkdir(exist_ok=True)
    arguments = [{nodes[0]: {"number": number, "failures": count}} for number, count in failures.items()]
    return EOExecutor(EOWorkflow(nodes), arguments, logs_folder=str(folder / "logs"), execution_names=names)


def tries(folder):
    return sorted(path.name for path in (folder / "tries").iterdir())


@every_way
def test_what_succeeded_is_not_done_again(way, tmp_path):
    first = resumable(tmp_path, {0: 0, 1: 1, 2: 0})
    first.run(**way, resume=True, disable=True)
    assert first.general_stats["skipped"] == 0
    assert first.get_failed_executions() == [1]
    second = resumable(tmp_path, {2: 0, 1: 1, 5: 0, 0: 0})
    results = second.run(**way, resume=True, disable=True)
    assert tries(tmp_path) == ["0-0", "1-0", "1-1", "2-0", "5-0"]
    assert [result.skipped for result in results] == [True, False, False, True]
    assert second.general_stats["skipped"] == 2
    assert (second.general_stats["finished"], second.general_stats["failed"]) == (4, 0)
    old, again = first.execution_results[2], results[0]
    assert (again.start_time, again.end_time, again.worker) == (old.start_time, old.end_time, old.worker)
    assert [stats.usage for stats in again.stats.values()] == [stats.usage for stats in old.stats.values()]
    assert list(again.stats) == [node.uid for node in second.workflow.get_nodes()]
    assert again.outputs == {}
    assert second.execution_results[0].skipped


def test_other_settings_or_tasks_are_done_again(tmp_path):
    resumable(tmp_path, {0: 0}).run(resume=True, disable=True)
    assert resumable(tmp_path, {0: 0}, size=2).run(resume=True, disable=True)[0].skipped is False
    assert resumable(tmp_path, {0: 0}, size=2).run(resume=True, disable=True)[0].skipped is True
    assert resumable(tmp_path, {0: 0}).run(resume=True, disable=True)[0].skipped is True


def test_other_arguments_are_done_again_and_names_do_not_count(tmp_path):
    resumable(tmp_path, {0: 0, 1: 0}, names=["a", "b"]).run(resume=True, disable=True)
    executor = resumable(tmp_path, {1: 0, 0: -1}, names=["c", "d"])
    assert [result.skipped for result in executor.run(resume=True, disable=True)] == [True, False]
    assert [os.path.basename(path) for path in executor.get_log_paths()] == ["eoexecution-c.log", "eoexecution-d.log"]


def test_skipped_execution_tells_how_often_it_was_tried_and_does_not_count_as_retried(tmp_path):
    for skipped in (False, True):
        executor = resumable(tmp_path, {0: 1})
        (result,) = executor.run(resume=True, retries=1, retry_delay=0, disable=True)
        assert (result.attempts, result.skipped) == (2, skipped)
        assert executor.general_stats["retried"] == (not skipped)


def test_equal_executions_of_one_run_are_all_done(nodes, tmp_path):
    arguments = [{nodes[0]: {"number": 1}}] * 3
    for skipped in (False, True):
        executor = EOExecutor(EOWorkflow(nodes), arguments, logs_folder=str(tmp_path))
        assert [result.skipped for result in executor.run(resume=True, disable=True)] == [skipped] * 3


@every_way
def test_what_was_had_before_the_loop_is_left_is_in_the_ledger(way, tmp_path):
    had = []
    for position, _ in resumable(tmp_path, dict.fromkeys(range(9), 0)).iter_results(**way, resume=True, disable=True):
        had.append(position)
        if len(had) == 3:
            break
    results = resumable(tmp_path, dict.fromkeys(range(9), 0)).run(resume=True, disable=True)
    assert set(had) == {position for position, result in enumerate(results) if result.skipped}


def test_ledger_that_cannot_be_made_is_an_error_before_anything_runs(nodes, tmp_path):
    (tmp_path / "logs").write_text("not a folder")
    executor = make_executor(nodes, [(tmp_path / "ran").touch], logs_folder=str(tmp_path / "logs"))
    with pytest.raises(StorageError, match="logs"):
        executor.run(resume=True, disable=True)
    assert not (tmp_path / "ran").exists()


def test_without_resume_there_is_no_ledger(tmp_path):
    resumable(tmp_path, {0: 0}).run(disable=True)
    assert not (tmp_path / "logs").exists()
    assert resumable(tmp_path, {0: 0}).run(resume=True, disable=True)[0].skipped is False


def test_ledger_in_memory_is_a_folder_of_objects(nodes):
    filesystem = MemoryFileSystem()
    for skipped in (False, True):
        executor = make_executor(nodes, logs_folder="/ledger-of-executor", filesystem=filesystem)
        results = executor.run(resume=True, workers=2, disable=True)
        assert [result.skipped for result in results] == [skipped] * 3
    assert len(filesystem.glob("/ledger-of-executor/eoexecution-ledger/*.json")) == 3


def test_setting_that_cannot_be_told_from_others_is_named(tmp_path):
    class LockTask(EOTask):
        def __init__(self):
            self.lock = threading.Lock()

        def execute(self, value=None):
            return value

    node = EONode(LockTask(), name="Locked")
    executor = EOExecutor(EOWorkflow([node]), [{}], logs_folder=str(tmp_path))
    with pytest.raises(SettingError, match=r"node Locked \(LockTask\): task.lock is a _thread.lock"):
        executor.run(resume=True, disable=True)
    assert list(tmp_path.iterdir()) == []


def test_argument_that_cannot_be_told_from_others_is_named(nodes, tmp_path):
    arguments = [{nodes[0]: {"number": 1}}, {nodes[0]: {"number": iter([])}}, {nodes[0]: {"number": (n for n in "")}}]
    executor = EOExecutor(EOWorkflow(nodes), arguments, logs_folder=str(tmp_path), execution_names=["a", "b", "c"])
    with pytest.raises(
        SettingError, match=r"Execution c, node Double it \(DoubleTask\): argument number is a .*generator"
    ):
        executor.run(resume=True, disable=True)


def test_ledger_that_is_none_is_refused_before_anything_runs(nodes, tmp_path):
    (tmp_path / "eoexecution-ledger.sqlite").write_text("not a ledger" * 50)
    executor = make_executor(nodes, [(tmp_path / "ran").touch], logs_folder=str(tmp_path))
    with pytest.raises(BrokenFile, match="not a database"):
        executor.run(resume=True, disable=True)
    assert not (tmp_path / "ran").exists()


def test_record_in_a_ledger_that_cannot_be_understood_is_an_error(nodes, tmp_path):
    make_executor(nodes, logs_folder=str(tmp_path)).run(resume=True, disable=True)
    with sqlite3.connect(tmp_path / "eoexecution-ledger.sqlite") as database:
        database.execute("UPDATE done SET record = '[1, 2]'")
    database.close()
    with pytest.raises(BrokenFile, match="eoexecution-ledger.sqlite"):
        make_executor(nodes, logs_folder=str(tmp_path)).run(resume=True, disable=True)


def test_order_and_names_of_nodes_and_made_up_names_of_outputs_do_not_count(tmp_path):
    def executor(name):
        nodes = linearly_connect_tasks((PassTask(), name), OutputTask())
        return EOExecutor(EOWorkflow(nodes[::-1]), [{nodes[0]: {"value": 1}}], logs_folder=str(tmp_path))

    assert not executor("one").run(resume=True, disable=True)[0].skipped
    assert executor("other").run(resume=True, disable=True)[0].skipped


def test_names_of_outputs_and_connections_count(tmp_path):
    def executor(output, *, twice):
        first, second = EONode(PassTask()), EONode(PassTask())
        inputs = [first if twice else second]
        nodes = [first, second, EONode(PassTask(), inputs=inputs), EONode(OutputTask(output), inputs=[first])]
        arguments = [{first: {"value": 1}, second: {"value": 1}}]
        return EOExecutor(EOWorkflow(nodes), arguments, logs_folder=str(tmp_path))

    for output, twice in (("a", True), ("b", True), ("a", False)):
        assert not executor(output, twice=twice).run(resume=True, disable=True)[0].skipped
        assert executor(output, twice=twice).run(resume=True, disable=True)[0].skipped


# --- progress -----------------------------------------------------------------------------------------------------


@every_way
def test_progress_tells_failures_only_if_there_are_any(nodes, way, capsys):
    make_executor(nodes, [None, fail, fail]).run(**way)
    assert "failed=2" in capsys.readouterr().err
    make_executor(nodes).run(**way)
    assert "failed" not in capsys.readouterr().err


def test_progress_begins_with_what_is_skipped(nodes, tmp_path, capsys):
    for _ in range(2):
        make_executor(nodes, logs_folder=str(tmp_path)).run(resume=True)
    assert "100%" in capsys.readouterr().err.splitlines()[-1]


# --- logs --------------------------------------------------------------------------------------------------------


class OnlyWarnings(logging.Filter):
    def filter(self, record):
        return record.levelno >= logging.WARNING


def lines_of_logs(executor):
    filesystem = executor.filesystem
    return [filesystem.read_text(path).splitlines() for path in executor.get_log_paths(full_path=False)]


@every_way
@pytest.mark.parametrize(("logs_filter", "number"), [(None, 12), (OnlyWarnings(), 2)])
def test_each_execution_has_a_log_of_its_own_records(nodes, way, logs_filter, number, tmp_path):
    executor = make_executor(nodes, save_logs=True, logs_folder=str(tmp_path), logs_filter=logs_filter)
    executor.run(**way, disable=True)
    for execution, lines in enumerate(lines_of_logs(executor)):
        assert len(lines) == number
        own = [line for line in lines if __name__ in line]
        assert len(own) == (4 if logs_filter is None else 2)
        assert all(line.endswith(str(execution)) for line in own)


def test_default_format_shows_time_logger_level_and_message(nodes, tmp_path):
    executor = make_executor(nodes, save_logs=True, logs_folder=str(tmp_path))
    executor.run(disable=True)
    lines = lines_of_logs(executor)[0]
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d,\d{{3}} {re.escape(__name__)} WARNING  warning 0", lines[3])
    assert "eolearn.core.eoworkflow DEBUG    Computing Double it" in lines[0]


@every_way
def test_error_of_a_task_is_in_its_log_with_its_traceback(nodes, way, tmp_path):
    executor = make_executor(nodes, [None, fail], save_logs=True, logs_folder=str(tmp_path))
    executor.run(**way, disable=True)
    fine, failed = (os.linesep.join(lines) for lines in lines_of_logs(executor))
    assert "Traceback" not in fine
    assert "Traceback" in failed
    assert "ValueError: a deed that fails" in failed
    assert "EOWorkflow execution failed!" in failed


def test_secrets_are_masked_in_logs(nodes, tmp_path):
    def fail_with_secret():
        LOGGER.info("opening s3://bucket with secret='%s'", "mine")
        raise OSError("https://me:mine@host/ refused token='mine'")

    executor = make_executor(nodes, [fail_with_secret], save_logs=True, logs_folder=str(tmp_path))
    executor.run(disable=True)
    text = "\n".join(lines_of_logs(executor)[0])
    assert "opening s3://bucket with secret='***'" in text
    assert "OSError: https://***@host/ refused token='***'" in text
    assert "mine" not in text.replace("fail_with_secret", "").replace('"mine"', "").replace("me:mine", "")


def test_log_of_a_killed_execution_holds_what_was_logged(nodes, tmp_path):
    executor = make_executor(nodes, [lambda: os._exit(1)], save_logs=True, logs_folder=str(tmp_path))
    executor.run(workers=2, disable=True)
    assert len(lines_of_logs(executor)[0]) == 5


def test_paths_are_valid_in_the_filesystem_or_alone(nodes, tmp_path):
    executor = make_executor(nodes, save_logs=True, logs_folder=str(tmp_path / "logs"), execution_names=["x", 5, None])
    executor.run(disable=True)
    folder = executor.report_folder
    assert re.search(r"logs/eoexecution-report-\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d$", folder)
    assert executor.filesystem.isdir(folder)
    names = ["eoexecution-x.log", "eoexecution-5.log", "eoexecution-None.log"]
    assert executor.get_log_paths(full_path=False) == [f"{folder}/{name}" for name in names]
    assert sorted(executor.get_log_paths()) == sorted(map(str, tmp_path.glob("logs/*/*.log")))
    assert executor.get_report_path(full_path=False) == f"{folder}/report.html"
    assert executor.get_report_path() == str(tmp_path / "logs" / os.path.basename(folder) / "report.html")


def test_logs_folder_is_in_the_filesystem_if_there_is_one(nodes, tmp_path):
    filesystem = get_filesystem(tmp_path)
    executor = make_executor(nodes, save_logs=True, logs_folder="deep/logs", filesystem=filesystem)
    executor.run(workers=2, disable=True)
    assert executor.report_folder.startswith("deep/logs/eoexecution-report-")
    assert len(list(tmp_path.glob("deep/logs/*/*.log"))) == 3


def test_without_save_logs_nothing_is_written_but_paths_are_known(nodes, tmp_path):
    executor = make_executor(nodes, logs_folder=str(tmp_path))
    executor.run(disable=True)
    assert list(tmp_path.iterdir()) == []
    assert len(executor.get_log_paths()) == 3


@pytest.mark.parametrize("way", WAYS[:2])
def test_logs_can_be_saved_in_memory(nodes, way):
    filesystem = MemoryFileSystem()
    executor = make_executor(nodes, save_logs=True, logs_folder="/executor-logs", filesystem=filesystem)
    executor.run(**way, disable=True)
    assert [len(lines) for lines in lines_of_logs(executor)] == [12, 12, 12]


def test_logs_of_processes_in_memory_are_warned_of(nodes):
    executor = make_executor(nodes, save_logs=True, logs_folder="memory://executor-logs-of-processes")
    with pytest.warns(EORuntimeWarning, match="memory://"):
        executor.run(workers=2, disable=True)
    with pytest.warns(EODeprecationWarning):
        assert executor.read_logs() == [None] * 3


def test_two_runs_within_a_second_have_logs_of_their_own(nodes, tmp_path):
    executor = make_executor(nodes, save_logs=True, logs_folder=str(tmp_path))
    for _ in range(2):
        executor.run(disable=True)
        assert [len(lines) for lines in lines_of_logs(executor)] == [12, 12, 12]


def test_names_that_repeat_or_lead_elsewhere_have_logs_of_their_own_in_the_folder(nodes, tmp_path):
    names = ["same", "same", "../../outside"]
    executor = make_executor(nodes, save_logs=True, logs_folder=str(tmp_path / "logs"), execution_names=names)
    executor.run(disable=True)
    assert [len(lines) for lines in lines_of_logs(executor)] == [12, 12, 12]
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]
    assert len(set(executor.get_log_paths())) == len(list(tmp_path.glob("logs/*/*.log"))) == 3


@pytest.mark.parametrize("way", WAYS[:2])
def test_logs_that_cannot_be_written_are_warned_of_and_executions_go_on(nodes, way, tmp_path):
    (tmp_path / "logs").write_text("not a folder")
    executor = make_executor(nodes, save_logs=True, logs_folder=str(tmp_path / "logs"))
    with pytest.warns(EORuntimeWarning, match="logs") as caught:
        results = executor.run(**way, disable=True)
    assert len(caught) == 1 + 3  # the folder, and the log of each execution
    assert [result.outputs["double"] for result in results] == [0, 2, 4]


def test_handlers_are_made_by_the_factory_that_is_given(nodes, tmp_path):
    @dataclass
    class Factory:
        folder: str

        def __call__(self, path, filesystem):
            assert filesystem.isdir(os.path.dirname(path))
            return logging.FileHandler(os.path.join(self.folder, os.path.basename(path)))

    executor = make_executor(
        nodes, save_logs=True, logs_folder=str(tmp_path / "a"), logs_handler_factory=Factory(str(tmp_path))
    )
    executor.run(workers=2, disable=True)
    assert len((tmp_path / "eoexecution-2.log").read_text().splitlines()) == 12


def test_read_logs_is_deprecated_and_gives_the_texts(nodes, tmp_path):
    executor = make_executor(nodes, save_logs=True, logs_folder=str(tmp_path))
    executor.run(disable=True)
    with pytest.warns(EODeprecationWarning):
        texts = executor.read_logs()
    assert [len(text.splitlines()) for text in texts] == [12, 12, 12]


def test_read_logs_without_logs_gives_none(nodes):
    executor = make_executor(nodes)
    with pytest.warns(EODeprecationWarning):
        assert executor.read_logs() == [None] * 3


# --- the report, whose HTML another part makes -------------------------------------------------------------------


def test_report_without_the_packages_for_it_says_what_to_install(nodes, monkeypatch):
    monkeypatch.setitem(sys.modules, "eolearn.visualization.eoexecutor", None)
    executor = make_executor(nodes)
    executor.run(disable=True)
    with pytest.raises(MissingExtra, match=r"pip install 'eo-learn-core\[visualization\]'"):
        executor.make_report()
    with pytest.raises(RuntimeError):
        executor.make_report()


# --- scripts -----------------------------------------------------------------------------------------------------


def test_script_without_main_guard_runs_tasks_of_its_own(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            print("imported")
            from eolearn.core import EOExecutor, EONode, EOTask, EOWorkflow, OutputTask

            OFFSET = 100

            class ApplyTask(EOTask):
                def __init__(self, function):
                    self.function = function

                def execute(self, number):
                    return self.function(number)

            first = EONode(ApplyTask(lambda number: number + OFFSET))
            workflow = EOWorkflow([first, EONode(OutputTask("x"), inputs=[first])])
            results = EOExecutor(workflow, [{first: {"number": n}} for n in range(5)]).run(workers=2, disable=True)
            print([result.outputs["x"] for result in results])
            """
        )
    )
    command = [sys.executable, "-W", "error", script]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert (result.stdout, result.stderr) == ("imported\n[100, 101, 102, 103, 104]\n", "")
