import os
import signal
import subprocess
import sys
import time

import pytest

from eolearn.core import EONode, EOTask, EOWorkflow, OutputTask
from eolearn.core.exceptions import SettingError, WorkerDied
from eolearn.core.execution.engine import Success
from eolearn.core.execution.transport import dumps

distributed = pytest.importorskip("distributed")
from distributed.scheduler import KilledWorker  # noqa: E402

from eolearn.core.extra.batches import NotBegun, PackedFunction  # noqa: E402
from eolearn.core.extra.dask import DaskExecutor, _DaskCluster  # noqa: E402


class DoubleTask(EOTask):
    def execute(self, number, deed=None):
        return 2 * number if deed is None else deed()


DOUBLE = EONode(DoubleTask())
WORKFLOW = EOWorkflow.from_endnodes(EONode(OutputTask("double"), inputs=[DOUBLE]))


def arguments(number, deeds=None):
    deeds = deeds or {}
    return [{DOUBLE: {"number": index, "deed": deeds.get(index)}} for index in range(number)]


def interrupt():
    raise KeyboardInterrupt


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def test_without_a_client_runs_are_refused():
    executor = DaskExecutor(WORKFLOW, arguments(1))
    for run in executor.run, executor.iter_results:
        with pytest.raises(
            RuntimeError, match=r"no connection to a Dask cluster. Make one with distributed.Client\(\)"
        ):
            run()


def test_without_dask_the_error_names_the_extra():
    code = "import sys; sys.modules['distributed'] = None; import eolearn.core.extra.dask"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stderr.splitlines()[-1].startswith("eolearn.core.exceptions.MissingExtra")
    assert run.stderr.endswith("pip install 'eo-learn-core[dask]'\n")


def test_the_present_client_is_the_default(dask_client_here):
    with dask_client_here.as_current():
        results = DaskExecutor(WORKFLOW, arguments(3)).run(disable=True)
    assert [result.outputs["double"] for result in results] == [0, 2, 4]


def test_closed_client_is_refused(dask_client_here):
    with distributed.Client(dask_client_here.cluster, set_as_default=False) as client:
        executor = DaskExecutor(WORKFLOW, arguments(1), client=client)
    with pytest.raises(RuntimeError, match="it must be connected"):
        executor.run()


def test_timeout_is_refused_with_the_reason(dask_client_here):
    with pytest.raises(SettingError, match="timeout=3 can't be kept on Dask, whose workers can't be stopped"):
        DaskExecutor(WORKFLOW, arguments(1), client=dask_client_here).run(timeout=3)


def test_nothing_stays_in_the_scheduler_after_a_run(dask_client_here):
    scheduler = dask_client_here.cluster.scheduler
    before = set(scheduler.tasks)
    DaskExecutor(WORKFLOW, arguments(50), client=dask_client_here).run(disable=True)
    beginnings = scheduler.plugins["eo-learn-beginnings"]._beginnings
    deadline = time.monotonic() + 30
    while {*scheduler.tasks, *beginnings} - before and time.monotonic() < deadline:
        time.sleep(0.01)  # it is told a little later
    assert {*scheduler.tasks, *beginnings} - before == set()


@pytest.mark.long
def test_interrupt_in_a_task_ends_the_run_but_no_worker(dask_client):
    workers = set(dask_client.scheduler_info()["workers"])
    executor = DaskExecutor(WORKFLOW, arguments(20, {3: interrupt}), client=dask_client)
    with pytest.raises(KeyboardInterrupt):
        executor.run(disable=True)
    assert set(dask_client.scheduler_info()["workers"]) == workers
    executor.execution_kwargs = arguments(3)
    assert [result.outputs["double"] for result in executor.run(disable=True)] == [0, 2, 4]


@pytest.mark.long
@pytest.mark.parametrize("allowed_failures", [0, 3])
def test_worker_with_several_threads_that_dies_costs_its_killer_only(dask_client_of_threads, allowed_failures):
    def allow(dask_scheduler):
        dask_scheduler.allowed_failures = allowed_failures

    dask_client_of_threads.run_on_scheduler(allow)
    executor = DaskExecutor(WORKFLOW, arguments(40, {10: die, 11: die}), client=dask_client_of_threads)
    results = executor.run(disable=True)
    assert executor.get_failed_executions() == [10, 11]
    assert all(isinstance(results[n].stats[""].exception_info.exception, WorkerDied) for n in (10, 11))
    assert results[12].stats[DOUBLE.uid].usage.of == "thread"
    assert " thread " in results[12].worker


@pytest.mark.long
def test_worker_that_dies_where_dask_allows_no_failure_costs_its_killer_only(dask_client):
    def allow(dask_scheduler, number):
        dask_scheduler.allowed_failures = number

    dask_client.run_on_scheduler(allow, number=0)
    executor = DaskExecutor(WORKFLOW, arguments(60, {20: die, 40: die}), client=dask_client)
    executor.run(disable=True)
    dask_client.run_on_scheduler(allow, number=3)
    assert executor.get_failed_executions() == [20, 40]


def test_function_that_is_lost_with_a_worker_is_sent_again(dask_client_here):
    cluster = _DaskCluster(dask_client_here, PackedFunction(bool, threads=None), False)
    lost = cluster._function

    class Blocked:
        key = "eo-learn-0"

        def result(self):
            raise KilledWorker(task=lost.key, last_worker=None, allowed_failures=3)

    assert [cluster.answer(Blocked()) for _ in range(2)] == [NotBegun()] * 2
    assert cluster._function.key != lost.key
    assert cluster._function.result().call_each([dumps(1)]).outcomes == [dumps(Success(True))]
