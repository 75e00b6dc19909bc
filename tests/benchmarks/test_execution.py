"""What executions cost beside their tasks: time and memory of many, workers beside a plain pool, measurement."""

import gc
import multiprocessing
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial

import numpy as np
import pytest

from eolearn.core import EOExecutor, EONode, EOTask, EOWorkflow, linearly_connect_tasks
from eolearn.core.execution.measure import Meter
from eolearn.core.execution.memory import resident_memory

pytestmark = pytest.mark.benchmark
MANY = 100_000
SOME = 20_000
WAYS = [(1, True), (2, True), (2, False)]
MEGABYTE = 1 << 20


class Empty(EOTask):
    def execute(self, *_, number=0):
        return None


class Spin(EOTask):
    """Works for some time on one processor, without memory, so that only the processors limit it."""

    def execute(self, *, rounds):
        state = 1
        for _ in range(rounds):
            state = (state * 1103515245 + 12345) % 2147483648
        return state


def executor_of(task, arguments, **settings):
    node = EONode(task)
    return EOExecutor(EOWorkflow([node]), [{node: kwargs} for kwargs in arguments], **settings)


def read_all(executor, *way, **settings):
    deque(executor.iter_results(*way, disable=True, **settings), maxlen=0)


@pytest.mark.parametrize(("workers", "multiprocess"), WAYS)
def test_many_empty_executions(workers, multiprocess):
    executor = executor_of(Empty(), [{"number": number} for number in range(MANY)])
    read_all(executor_of(Empty(), [{}] * 1000), workers, multiprocess)
    gc.collect()
    before, most = resident_memory(), 0
    begin = time.perf_counter()
    for count, _ in enumerate(executor.iter_results(workers, multiprocess, disable=True)):
        if count % 1000 == 0:
            most = max(most, resident_memory())
    seconds = time.perf_counter() - begin
    gc.collect()
    kept, peak = ((memory - before) / MEGABYTE for memory in (resident_memory(), max(most, before)))
    print(f"\n{MANY} executions, {workers} workers, {multiprocess=}: {seconds / MANY * 1e6:.1f} us each; ", end="")
    print(f"memory grew by {peak:.1f} MB, of which {kept:.1f} MB are their statistics")


@pytest.mark.parametrize("resume", [False, True])
def test_many_executions_that_are_resumed(resume, tmp_path):
    arguments = [{"number": number} for number in range(SOME)]
    for run in ("first", "second")[: 1 + resume]:
        executor = executor_of(Empty(), arguments, logs_folder=str(tmp_path))
        begin = time.perf_counter()
        read_all(executor, resume=resume)
        seconds = time.perf_counter() - begin
        print(f"\n{resume=}, {run} run: {seconds / SOME * 1e6:.1f} us an execution")


@pytest.fixture
def importable(monkeypatch, repository):
    """Let the workers of a plain pool find the functions of this file."""
    monkeypatch.syspath_prepend(repository)


@pytest.mark.usefixtures("importable")
def test_executor_beside_a_plain_pool():
    node = EONode(Empty())
    workflow = EOWorkflow([node])
    executor = EOExecutor(workflow, [{node: {"number": number}} for number in range(SOME)])
    function = partial(workflow.execute, raise_errors=False)
    read_all(executor, 2)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("forkserver")) as pool:
        deque(pool.map(abs, range(100)), maxlen=0)  # starts the processes
        for _ in range(3):  # in turns, because others may be at work on this machine
            begin = time.perf_counter()
            read_all(executor, 2)
            ours = time.perf_counter() - begin
            begin = time.perf_counter()
            futures = [pool.submit(function, {node: {"number": number}}) for number in range(SOME)]
            deque((future.result() for future in as_completed(futures)), maxlen=0)
            plain = time.perf_counter() - begin
            print(f"\n2 workers: {ours / SOME * 1e6:.0f} us an execution, {ours / plain:.2f} times a plain pool")


@pytest.mark.usefixtures("importable")
def test_two_workers_beside_one():
    rounds = [300_000] * 40
    executor = executor_of(Spin(), [{"rounds": number} for number in rounds])
    read_all(executor, 2)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("forkserver")) as pool:
        deque(pool.map(spin, [1] * 100), maxlen=0)
        for _ in range(3):  # the plain pool shows what the machine, where others may be at work, has to give
            plain = seconds_of(lambda: deque(map(spin, rounds), maxlen=0))
            plain /= seconds_of(lambda: deque(pool.map(spin, rounds), maxlen=0))
            alone = seconds_of(lambda: read_all(executor, 1))
            before = time.process_time()
            together = seconds_of(lambda: read_all(executor, 2))
            share = (time.process_time() - before) / together
            print(
                f"\n2 workers do {alone / together:.2f} times as much as one, those of a plain pool {plain:.2f}; ",
                end="",
            )
            print(f"the parent takes {share:.1%} of a processor")


def spin(rounds):
    return Spin().execute(rounds=rounds)


def seconds_of(function):
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


@pytest.mark.parametrize("may_reset", [False, True])
def test_measurement_of_a_node(may_reset, best_time):
    nodes = linearly_connect_tasks(*[Empty() for _ in range(200)])
    workflow = EOWorkflow(nodes)
    plain = best_time(workflow.execute, repeats=20)
    measured = best_time(lambda: workflow.execute(observer=Meter("process", may_reset=may_reset)), repeats=20)
    print(f"\na node {plain / 200 * 1e6:.1f} us, measured {(measured - plain) / 200 * 1e6:.1f} us more, {may_reset=}")


@pytest.mark.parametrize("may_reset", [False, True])
def test_measurement_of_a_node_that_takes_memory(may_reset, best_time):
    def node(meter):
        if meter is not None:
            meter.begin(0)
        np.ones(4 * MEGABYTE)
        if meter is not None:
            meter.end()

    plain = best_time(lambda: node(None), repeats=20)
    measured = best_time(lambda: node(Meter("process", may_reset=may_reset)), repeats=20)
    print(f"\na node of {plain * 1e3:.1f} ms, measured {(measured - plain) * 1e6:.0f} us more, {may_reset=}")
