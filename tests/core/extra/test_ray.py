import subprocess
import sys
import threading
import time

import pytest

from eolearn.core import EOExecutor, EONode, EOTask, EOWorkflow, OutputTask
from eolearn.core.exceptions import MissingExtra, SettingError, WorkerDied
from eolearn.core.execution.engine import TimedOut
from eolearn.core.utils.threads import thread_limit

ray = pytest.importorskip("ray")
from eolearn.core.extra.ray import (  # noqa: E402
    RayExecutor,
    join_ray_futures,
    join_ray_futures_iter,
    parallelize_with_ray,
)
from eolearn.core.extra.ray_engine import _RayCluster  # noqa: E402


class DoubleTask(EOTask):
    def execute(self, number, deed=None):
        return 2 * number if deed is None else deed()


DOUBLE = EONode(DoubleTask())
WORKFLOW = EOWorkflow.from_endnodes(EONode(OutputTask("double"), inputs=[DOUBLE]))


def arguments(number, deeds=None):
    deeds = deeds or {}
    return [{DOUBLE: {"number": index, "deed": deeds.get(index)}} for index in range(number)]


@pytest.fixture
def no_cluster():
    if ray.is_initialized():
        pytest.skip("another test has connected to a cluster")


def test_without_a_cluster_runs_are_refused(no_cluster):
    executor = RayExecutor(WORKFLOW, arguments(1))
    for run in executor.run, executor.iter_results, lambda: parallelize_with_ray(abs, [1]):
        with pytest.raises(RuntimeError, match=r"no connection to a Ray cluster. Call ray.init\(\)"):
            run()


def test_without_ray_the_error_names_the_extra():
    code = "import sys; sys.modules['ray'] = None; import eolearn.core.extra.ray"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stderr.splitlines()[-1].startswith("eolearn.core.exceptions.MissingExtra")
    assert run.stderr.endswith("pip install 'eo-learn-core[ray]'\n")
    assert issubclass(MissingExtra, ImportError)


def test_executor_has_the_settings_of_the_plain_one():
    executor = RayExecutor(WORKFLOW, arguments(2), execution_names=["a", "b"], ray_remote_kwargs={"num_cpus": 2})
    assert isinstance(executor, EOExecutor)
    assert executor.execution_names == ["a", "b"]
    assert executor.ray_remote_kwargs == {"num_cpus": 2}


@pytest.mark.long
def test_function_is_called_with_the_first_of_each_then_the_second(ray_cluster):
    assert parallelize_with_ray(pow, [1, 2, 3], [2, 2, 2], disable=True) == [1, 4, 9]
    assert parallelize_with_ray(pow, [1, 2, 3], [2, 2], disable=True) == [1, 4]
    assert parallelize_with_ray(pow, disable=True) == []


@pytest.mark.long
def test_error_of_a_function_is_raised(ray_cluster):
    with pytest.raises(ZeroDivisionError):
        parallelize_with_ray(divmod, [1, 2], [1, 0], disable=True)


@pytest.mark.long
def test_death_of_a_function_is_raised(ray_cluster):
    with pytest.raises(WorkerDied, match="died in the middle"):
        parallelize_with_ray(lambda _: __import__("os")._exit(1), [1], disable=True)


@pytest.mark.long
def test_futures_are_joined_in_order_and_the_list_is_emptied(ray_cluster):
    double = ray.remote(lambda number: 2 * number)
    futures = [double.remote(number) for number in range(20)]
    assert join_ray_futures(futures, disable=True) == list(range(0, 40, 2))
    assert futures == []


@pytest.mark.long
def test_futures_come_as_they_are_done(ray_cluster, tmp_path):
    def wait_for(path):
        while not path.exists():
            time.sleep(0.01)
        return path.name

    (tmp_path / "early").touch()
    waiting = ray.remote(num_cpus=0)(wait_for)
    futures = [waiting.remote(tmp_path / name) for name in ("late", "early")]
    results = join_ray_futures_iter(futures, update_interval=0.1, disable=True)
    assert len(futures) == 2
    assert next(results) == (1, "early")
    assert futures == []
    (tmp_path / "late").touch()
    assert list(results) == [(0, "late")]


@pytest.mark.long
def test_interrupt_in_a_task_ends_the_run_with_the_error_of_ray(ray_cluster):
    def interrupt():
        raise KeyboardInterrupt

    executor = RayExecutor(WORKFLOW, arguments(20, {3: interrupt}))
    with pytest.raises((ray.exceptions.TaskCancelledError, ray.exceptions.RayTaskError)):
        executor.run(disable=True)
    executor.execution_kwargs = arguments(3)
    assert [result.outputs["double"] for result in executor.run(disable=True)] == [0, 2, 4]


@pytest.mark.long
def test_execution_that_takes_too_long_is_stopped(ray_cluster):
    executor = RayExecutor(WORKFLOW, arguments(12, {2: lambda: time.sleep(100), 9: lambda: time.sleep(100)}))
    results = executor.run(timeout=5, disable=True)
    assert executor.get_failed_executions() == [2, 9]
    error = results[2].stats[""].exception_info.exception
    assert isinstance(error, TimedOut)
    assert str(error) == f"It timed out after 5 s. {results[2].worker} was stopped."
    assert results[2].worker.startswith("ray ")


@pytest.mark.long
def test_execution_that_has_ended_before_its_result_is_asked_for_has_not_timed_out(ray_cluster):
    all_results = RayExecutor(WORKFLOW, arguments(8)).iter_results(timeout=4, disable=True)
    outputs = []
    for _, results in all_results:
        outputs.append(results.outputs.get("double"))
        time.sleep(4.2 if len(outputs) == 1 else 0)
    assert sorted(outputs) == list(range(0, 16, 2))


@pytest.mark.long
@pytest.mark.parametrize("timeout", [0, -1])
def test_timeout_must_be_above_zero(ray_cluster, timeout):
    with pytest.raises(SettingError, match="timeout must be a number of seconds above 0"):
        RayExecutor(WORKFLOW, []).run(timeout=timeout)


@pytest.mark.long
def test_kernels_use_as_many_threads_as_the_execution_has_processors(ray_cluster):
    options = {"num_cpus": 2}
    executor = RayExecutor(WORKFLOW, arguments(3, dict.fromkeys(range(3), thread_limit)), ray_remote_kwargs=options)
    assert {result.outputs["double"] for result in executor.run(disable=True)} == {2}


@pytest.mark.long
def test_no_more_is_under_way_than_the_cluster_can_do_soon(ray_cluster):
    cluster = _RayCluster(abs, {"num_cpus": 0.5}, None)
    assert cluster.slots() == 4
    assert _RayCluster(abs, {"num_cpus": 0}, None).slots() == 2
    assert _RayCluster(abs, {"resources": {"telescope": 1}}, None).slots() == 0


@pytest.mark.long
def test_environment_that_cannot_be_made_fails_the_executions(ray_cluster):
    options = {"runtime_env": {"working_dir": "/no/such/folder.zip"}}
    with pytest.raises(ValueError, match="/no/such/folder.zip"):
        RayExecutor(WORKFLOW, arguments(2), ray_remote_kwargs=options).run(disable=True)


@pytest.mark.long
def test_setting_that_cannot_be_sent_is_refused(ray_cluster):
    class LockedTask(EOTask):
        def __init__(self, lock):
            self.lock = lock

        def execute(self): ...

    workflow = EOWorkflow.from_endnodes(EONode(LockedTask(threading.Lock())))
    with pytest.raises(TypeError, match="can't be sent to a cluster"):
        RayExecutor(workflow, [{}]).run(disable=True)
