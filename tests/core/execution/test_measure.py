import os
import sys
import threading
import time

import numpy as np
import pytest

from eolearn.core import EONode, EOTask, EOWorkflow
from eolearn.core.execution import measure
from eolearn.core.execution.measure import Meter
from eolearn.core.execution.memory import read, reset_most_memory, resident_memory
from eolearn.core.execution.pool import ProcessEngine

MEGABYTE = 1 << 20
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def allocate(megabytes, seconds=0.0):
    array = np.ones(megabytes * MEGABYTE // 8)
    time.sleep(seconds)
    return array


def measured(function, meter):
    meter.begin(0)
    function()
    return meter.end()


@on_linux
def test_memory_in_use_is_that_which_the_system_tells():
    with open("/proc/self/status") as file:
        resident = next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))
    assert abs(resident_memory() - resident) < 4 * MEGABYTE


@on_linux
def test_memory_can_be_read_after_the_program_has_closed_all_files():
    def close_and_read(_):
        before = resident_memory()
        os.closerange(20, 2000)
        from eolearn.core.execution import memory

        os.close(memory._statm)
        return before, resident_memory()

    ((_, outcome),) = ProcessEngine(1).run(close_and_read, [None])
    before, after = outcome.get()
    assert abs(before - after) < 4 * MEGABYTE


@on_linux
def test_fork_reads_its_own_memory():
    resident_memory()
    receiving, sending = os.pipe()
    pid = os.fork()
    if not pid:
        array = allocate(300)
        os.write(sending, str(resident_memory() + 0 * len(array)).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    assert int(os.read(receiving, 100)) > resident_memory() + 50 * MEGABYTE
    os.close(receiving)
    os.close(sending)


def peak_in_worker(_):
    meter = Meter("process", may_reset=True)
    first = measured(lambda: allocate(200), meter)
    second = measured(lambda: allocate(50), meter)
    return first, second, reset_most_memory()


@on_linux
def test_peak_of_each_node_in_a_worker_is_its_own():
    ((_, outcome),) = ProcessEngine(1).run(peak_in_worker, [None])
    first, second, can_reset = outcome.get()
    if not can_reset:
        pytest.skip("the high-water mark can't be set back here")
    for usage, megabytes in ((first, 200), (second, 50)):
        grown = usage.memory_peak - usage.memory_before
        assert abs(grown - megabytes * MEGABYTE) < 15 * MEGABYTE
        assert usage.of == "process"


def test_peak_is_sampled_where_the_mark_stays():
    meter = Meter("process")
    measured(lambda: allocate(150), meter)  # raises the mark for good
    usage = measured(lambda: allocate(60, seconds=0.2), meter)
    assert 50 * MEGABYTE < usage.memory_peak - usage.memory_before < 100 * MEGABYTE


def test_mark_of_this_process_is_not_touched():
    allocate(150)
    before = read("process").most_memory
    measured(lambda: allocate(10), Meter("process"))
    assert read("process").most_memory >= before


def test_memory_before_and_after_tell_what_stays():
    kept = []
    usage = measured(lambda: kept.append(allocate(80)), Meter("process"))
    assert 70 * MEGABYTE < usage.memory_after - usage.memory_before < 100 * MEGABYTE
    assert usage.memory_peak >= usage.memory_after


def spin(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_time_of_processors_does_not_count_sleep():
    usage = measured(lambda: (spin(0.1), time.sleep(0.2)), Meter("process"))
    assert 0.09 < usage.cpu_seconds < 0.2


def test_in_threads_the_time_is_the_threads_own():
    def run():
        usages.append(measured(lambda: spin(0.1), Meter("thread")))

    usages = []
    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(0.09 < usage.cpu_seconds < 0.2 for usage in usages)
    assert {usage.of for usage in usages} == {"thread"}


def test_short_nodes_have_figures_too():
    meter = Meter("process")
    for _ in range(100):
        usage = measured(lambda: None, meter)
        assert usage.cpu_seconds >= 0
        assert usage.memory_peak >= max(usage.memory_before, usage.memory_after) > MEGABYTE


def test_steps_are_told():
    steps = []
    meter = Meter("process", on_step=steps.append)
    for step in (0, 1):
        meter.begin(step)
        meter.end()
    assert steps == [0, 1]


def test_sampling_thread_ends_when_nothing_is_measured(monkeypatch):
    monkeypatch.setattr(measure, "_PATIENCE", 3)
    sampler = measure._Sampler()
    monkeypatch.setattr(measure, "_sampler", sampler)
    for _ in range(2):  # it starts anew
        measured(lambda: time.sleep(0.05), Meter("process"))
        deadline = time.monotonic() + 10
        while sampler._is_running and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not sampler._is_running
        assert not sampler._active


def test_workflow_tells_its_observer_of_each_node_failed_ones_too():
    class FailTask(EOTask):
        def execute(self, *_):
            raise ValueError("no")

    class NothingTask(EOTask):
        def execute(self, *_):
            return None

    first = EONode(NothingTask())
    workflow = EOWorkflow.from_endnodes(EONode(NothingTask(), inputs=[EONode(FailTask(), inputs=[first])]))
    steps = []
    results = workflow.execute(raise_errors=False, observer=Meter("process", on_step=steps.append))
    assert steps == [0, 1]
    assert [stats.usage is not None for stats in results.stats.values()] == [True, True]
    assert not measure._sampler._active
    assert all(stats.usage is None for stats in workflow.execute(raise_errors=False).stats.values())
