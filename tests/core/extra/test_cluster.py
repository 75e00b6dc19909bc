"""What the executors on Ray and on Dask have in common, on real clusters of two workers on this machine."""

import logging
import os
import signal
import threading
import time

import numpy as np
import pytest
from sentinelhub import SHConfig

from eolearn.core import EOExecutor, EONode, EOPatch, EOTask, EOWorkflow, FeatureType, OutputTask, SaveTask
from eolearn.core.exceptions import SettingError, TemporalDimensionWarning, WorkerDied
from eolearn.core.utils.fs import load_s3_filesystem
from eolearn.core.utils.testing import DEFAULT_BBOX
from eolearn.core.utils.threads import THREAD_VARIABLES, thread_limit

LOGGER = logging.getLogger(__name__)


@pytest.fixture(
    params=[
        pytest.param("ray", marks=pytest.mark.long),
        pytest.param("dask", marks=pytest.mark.long),
        "dask in this process",
    ]
)
def engine(request):
    return request.param


@pytest.fixture
def make_executor(engine, request):
    if engine == "ray":
        request.getfixturevalue("ray_cluster")
        from eolearn.core.extra.ray import RayExecutor

        return RayExecutor
    client = request.getfixturevalue("dask_client" if engine == "dask" else "dask_client_here")
    from eolearn.core.extra.dask import DaskExecutor

    return lambda *args, **kwargs: DaskExecutor(*args, client=client, **kwargs)


@pytest.fixture
def workers_can_die(engine):
    if engine == "dask in this process":
        pytest.skip("the worker is this process")


class DoubleTask(EOTask):
    """Does as it is told, and doubles a number."""

    def execute(self, number, deed=None):
        LOGGER.info("number %s", number)
        if deed is not None:
            deed()
        return 2 * number


def fail():
    raise ValueError("a deed that fails")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


class Once:
    """A deed that is done the first time only, and leaves a mark each time."""

    def __init__(self, folder, deed):
        self.folder, self.deed = folder, deed

    def __call__(self):
        (self.folder / f"{time.time_ns()}").touch()
        if len(list(self.folder.iterdir())) == 1:
            self.deed()


def lose_connection():
    raise ConnectionError("the network is down")


DOUBLE = EONode(DoubleTask())
WORKFLOW = EOWorkflow.from_endnodes(EONode(OutputTask("double"), inputs=[DOUBLE]))


def arguments(number, deeds=None):
    deeds = deeds or {}
    return [{DOUBLE: {"number": index, "deed": deeds.get(index)}} for index in range(number)]


def doubles(results):
    return [result.outputs.get("double") for result in results]


def test_results_are_those_of_the_plain_executor_in_order(make_executor, engine):
    executor = make_executor(WORKFLOW, arguments(30))
    results = executor.run(disable=True)
    assert doubles(results) == list(range(0, 60, 2)) == doubles(EOExecutor(WORKFLOW, arguments(30)).run(disable=True))
    assert all(list(result.stats) == [node.uid for node in WORKFLOW.get_nodes()] for result in results)
    assert executor.get_successful_executions() == list(range(30))
    assert executor.general_stats["engine"] == engine.split()[0]
    assert executor.general_stats["finished"] == 30
    assert executor.general_stats["workers"] == 2


def test_workers_have_names_and_memory_is_measured(make_executor, engine):
    results = make_executor(WORKFLOW, arguments(10)).run(disable=True)
    assert {result.worker.split()[0] for result in results} == {engine.split()[0]}
    usages = [stats.usage for result in results for stats in result.stats.values()]
    assert {usage.of for usage in usages} == {"thread" if engine == "dask in this process" else "process"}
    assert all(usage.memory_peak > 1e6 for usage in usages)


def test_no_executions_no_results(make_executor):
    assert make_executor(WORKFLOW, []).run(disable=True) == []


def test_error_fails_its_own_execution_and_the_executor_runs_again(make_executor):
    executor = make_executor(WORKFLOW, arguments(20, {7: fail}))
    for _ in range(2):
        results = executor.run(disable=True)
        assert executor.get_failed_executions() == [7]
        failed = results[7].stats[DOUBLE.uid].exception_info
        assert isinstance(failed.exception, ValueError)
        assert "in fail" in failed.traceback
        assert doubles(results)[8] == 16


def test_killed_worker_costs_its_own_execution_only(make_executor, workers_can_die):
    executor = make_executor(WORKFLOW, arguments(200, {50: die, 100: die}))
    results = executor.run(disable=True)
    assert executor.get_failed_executions() == [50, 100]
    assert [value for value in doubles(results) if value is not None] == [
        2 * index for index in range(200) if index not in (50, 100)
    ]
    error = results[50].stats[""].exception_info.exception
    assert isinstance(error, WorkerDied)
    assert "died in the middle of an execution" in str(error)
    assert results[50].worker in str(error)
    assert make_executor(WORKFLOW, arguments(5)).run(disable=True)[4].outputs == {"double": 8}


def test_execution_whose_worker_died_is_not_run_again_unasked(make_executor, workers_can_die, tmp_path):
    results = make_executor(WORKFLOW, arguments(1, {0: Once(tmp_path, die)})).run(disable=True)
    assert results[0].workflow_failed()
    assert len(list(tmp_path.iterdir())) == 1


def test_execution_whose_worker_died_is_retried_if_asked(make_executor, workers_can_die, tmp_path):
    executor = make_executor(WORKFLOW, arguments(1, {0: Once(tmp_path, die)}))
    (results,) = executor.run(retries=1, retry_delay=0.1, disable=True)
    assert results.outputs == {"double": 0}
    assert results.attempts == 2
    assert executor.general_stats["retried"] == 1


def test_failure_that_may_pass_is_retried(make_executor, tmp_path):
    executor = make_executor(WORKFLOW, arguments(3, {1: Once(tmp_path, lose_connection), 2: fail}))
    results = executor.run(retries=2, retry_delay=0.01, disable=True)
    assert [result.attempts for result in results] == [1, 2, 1]
    assert executor.get_failed_executions() == [2]


def test_resumed_run_skips_what_succeeded(make_executor, tmp_path):
    (tmp_path / "logs").mkdir()
    settings = {"logs_folder": str(tmp_path / "logs")}
    deeds = {3: fail}
    first = make_executor(WORKFLOW, arguments(10, deeds), **settings)
    first.run(resume=True, disable=True)
    second = make_executor(WORKFLOW, arguments(12, deeds), **settings)
    results = second.run(resume=True, disable=True)
    assert [result.skipped for result in results] == [index < 10 and index != 3 for index in range(12)]
    assert second.general_stats["skipped"] == 9
    assert second.get_failed_executions() == [3]


def test_results_come_as_they_end_and_little_more_is_run_than_asked_for(make_executor, tmp_path):
    mark = Marks(tmp_path)
    all_results = make_executor(WORKFLOW, arguments(500, dict.fromkeys(range(500), mark))).iter_results(disable=True)
    position, results = next(all_results)
    assert results.outputs == {"double": 2 * position}
    all_results.close()
    time.sleep(0.5)
    assert 1 <= len(list(tmp_path.iterdir())) < 100


class Marks:
    """A deed that takes a while and leaves a mark each time."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self):
        (self.folder / f"{time.time_ns()}-{threading.get_ident()}").touch()
        time.sleep(0.02)


def test_interrupt_from_the_keyboard_ends_the_run(make_executor, tmp_path):
    executor = make_executor(WORKFLOW, arguments(500, dict.fromkeys(range(500), Marks(tmp_path))))

    def interrupt():
        while not list(tmp_path.iterdir()):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        executor.run(disable=True)
    time.sleep(0.5)
    begun = len(list(tmp_path.iterdir()))
    time.sleep(0.5)
    assert len(list(tmp_path.iterdir())) == begun < 500
    assert make_executor(WORKFLOW, arguments(5)).run(disable=True)[4].outputs == {"double": 8}


def test_each_execution_has_its_own_log(make_executor, tmp_path):
    executor = make_executor(WORKFLOW, arguments(20), save_logs=True, logs_folder=str(tmp_path))
    executor.run(disable=True)
    for number, path in enumerate(executor.get_log_paths()):
        with open(path) as log:
            text = log.read()
        assert [line.rsplit(maxsplit=1)[-1] for line in text.splitlines() if " number " in line] == [str(number)]
        assert text.endswith("EOWorkflow execution finished!\n")


@pytest.mark.long
def test_logs_and_ledger_may_lie_on_object_storage(make_executor, engine, s3_endpoint):
    config = SHConfig()
    config.aws_access_key_id, config.aws_secret_access_key = "id", "secret"
    folder = f"s3://bucket/{engine.replace(' ', '-')}"
    filesystem = load_s3_filesystem(folder, config=config, client_kwargs={"endpoint_url": s3_endpoint})
    settings = {"save_logs": True, "logs_folder": "logs", "filesystem": filesystem}
    executor = make_executor(WORKFLOW, arguments(8, {3: fail}), **settings)
    executor.run(resume=True, disable=True)
    assert executor.get_failed_executions() == [3]
    logs = [filesystem.read_text(path) for path in executor.get_log_paths(full_path=False)]
    assert all(f" number {number}\n" in log for number, log in enumerate(logs))
    assert "a deed that fails" in logs[3]
    again = make_executor(WORKFLOW, arguments(8), **settings)
    assert [result.skipped for result in again.run(resume=True, disable=True)] == [True] * 3 + [False] + [True] * 4


class ThreadsTask(EOTask):
    def execute(self):
        from threadpoolctl import threadpool_info

        pools = [pool["num_threads"] for pool in threadpool_info()]
        return thread_limit(), max(pools, default=1)


def test_kernels_and_libraries_use_one_thread_in_each_worker(make_executor, monkeypatch):
    for name in THREAD_VARIABLES:  # where a user has set one it decides, and the other clusters set some here
        monkeypatch.delenv(name, raising=False)
    node = EONode(ThreadsTask())
    workflow = EOWorkflow.from_endnodes(EONode(OutputTask("threads"), inputs=[node]))
    results = make_executor(workflow, [{}] * 6).run(disable=True)
    assert {result.outputs["threads"] for result in results} == {(1, 1)}


class MismatchTask(EOTask):
    def execute(self):
        patch = EOPatch(bbox=DEFAULT_BBOX, timestamps=["2026-01-01"])
        patch.data["BANDS"] = np.zeros((1, 2, 2, 1))
        patch.timestamps = ["2026-01-01", "2026-01-02"]
        return patch


def test_temporal_mismatch_can_be_an_error(make_executor):
    workflow = EOWorkflow.from_endnodes(EONode(MismatchTask()))
    executor = make_executor(workflow, [{}] * 2, raise_on_temporal_mismatch=True)
    results = executor.run(disable=True)
    assert executor.get_failed_executions() == [0, 1]
    errors = [result.stats[result.error_node_uid].exception_info.exception for result in results]
    assert all(isinstance(error, TemporalDimensionWarning) for error in errors)


class LargePatchTask(EOTask):
    """Makes a patch of 8 MB, and has a setting of 20 MB."""

    def __init__(self, model):
        self.model = model

    def execute(self, *, seed):
        patch = EOPatch(bbox=DEFAULT_BBOX)
        patch.data_timeless["BANDS"] = np.full((1000, 1000, 1), seed + self.model[0])
        return patch


def test_large_settings_travel_and_patches_are_saved(make_executor, tmp_path):
    make = EONode(LargePatchTask(np.ones(2_500_000)))
    save = EONode(SaveTask(str(tmp_path)), inputs=[make])
    executor = make_executor(
        EOWorkflow.from_endnodes(save), [{make: {"seed": n}, save: {"eopatch_folder": f"p{n}"}} for n in range(4)]
    )
    executor.run(disable=True)
    assert executor.get_failed_executions() == []
    loaded = EOPatch.load(str(tmp_path / "p3"))
    assert loaded[FeatureType.DATA_TIMELESS, "BANDS"].min() == 4


@pytest.mark.parametrize("setting", [{"workers": 2}, {"multiprocess": False}])
def test_number_of_workers_is_not_for_the_caller_to_say(make_executor, setting):
    executor = make_executor(WORKFLOW, [])
    with pytest.raises(SettingError, match=f"uses the workers of the cluster: leave out {next(iter(setting))}"):
        executor.run(**setting)
    with pytest.raises(SettingError, match="leave out"):
        executor.iter_results(**setting)
