"""Batches on a cluster that is simulated in this process: here it is quick, and it dies when it is told."""

import threading
from collections import deque
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.core.exceptions import SettingTypeError, WorkerDied
from eolearn.core.execution.backlog import Backlog
from eolearn.core.execution.engine import Failure, Success
from eolearn.core.execution.transport import loads
from eolearn.core.extra.batches import BatchRun, Cluster, Done, Lost, NotBegun, PackedFunction


class SimulatedCluster:
    """Runs a batch when it is waited for, in the order of submission.

    killers: numbers of which a worker dies, with all batches that are on it.
    threads: how many batches a worker has at a time.
    """

    def __init__(self, function, killers=(), threads=1, slots=2):
        self._function = PackedFunction(function, threads=None)
        self._killers, self._threads, self._slots = set(killers), threads, slots
        self._submitted = deque()
        self._answers = {}
        self.batches = []
        self.cancelled = []
        self.most_under_way = 0

    def slots(self):
        return self._slots

    def submit(self, tasks):
        handle = len(self.batches)
        self.batches.append(tasks)
        self._submitted.append(handle)
        self.most_under_way = max(self.most_under_way, len(self._submitted))
        return handle

    def wait(self, handles, seconds):
        on_one_worker = [self._submitted.popleft() for _ in range(min(self._threads, len(self._submitted)))]
        tasks = [loads(task) for handle in on_one_worker for task in self.batches[handle]]
        for handle in on_one_worker:
            if self._killers.isdisjoint(tasks):
                self._answers[handle] = self._function.call_each(self.batches[handle])
            else:
                self._answers[handle] = Lost(WorkerDied("dead"), was_alone=self._threads == 1)
        return on_one_worker

    def answer(self, handle):
        return self._answers.pop(handle)

    def cancel(self, handles):
        self.cancelled += handles


_: type[Cluster[int]] = SimulatedCluster


def half(number):
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number // 2


def run(cluster, tasks):
    return BatchRun(cluster, Backlog.of(tasks)).outcomes()


@given(number=st.integers(0, 200), killers=st.sets(st.integers(0, 200), max_size=5), threads=st.integers(1, 4))
def test_each_killer_fails_and_nobody_else(number, killers, threads):
    cluster = SimulatedCluster(lambda task: 2 * task, killers, threads)
    outcomes = list(run(cluster, range(number)))
    assert sorted(position for position, _ in outcomes) == list(range(number))
    dead = {position for position, outcome in outcomes if isinstance(outcome, Failure)}
    assert dead == killers & set(range(number))
    assert all(outcome == Success(2 * position) for position, outcome in outcomes if position not in dead)


def test_short_tasks_share_batches_and_few_batches_are_under_way():
    cluster = SimulatedCluster(abs, slots=3)
    assert len(list(run(cluster, range(3000)))) == 3000
    assert len(cluster.batches) < 600
    assert cluster.most_under_way <= 2 * 3


def test_error_is_the_outcome_of_its_own_task_only():
    outcomes = dict(run(SimulatedCluster(half), range(100)))
    assert outcomes[98] == Success(49)
    assert isinstance(outcomes[99].error, ValueError)
    assert "in half" in outcomes[99].traceback


def test_lost_task_that_was_alone_is_not_run_again():
    cluster = SimulatedCluster(half, killers={0})
    (outcome,) = dict(run(cluster, [0])).values()
    assert isinstance(outcome.error, WorkerDied)
    assert len(cluster.batches) == 1


def test_dropped_run_cancels_what_is_under_way():
    cluster = SimulatedCluster(half)
    outcomes = run(cluster, range(1000))
    list(islice(outcomes, 3))
    outcomes.close()
    assert cluster.cancelled
    assert len(cluster.batches) < 20


def test_tasks_that_are_put_back_are_done_again():
    backlog, seen = Backlog(range(3)), []
    for position, outcome in BatchRun(SimulatedCluster(half), backlog).outcomes():
        seen.append(position)
        if isinstance(outcome, Failure) and seen.count(position) < 3:
            backlog.put_back(position, 0.01)
    assert sorted(seen) == [0, 1, 1, 1, 2]


def test_full_cluster_is_not_asked_again_and_again_while_a_task_is_due():
    cluster, backlog, pauses = SimulatedCluster(half, slots=1), Backlog(range(6), range(4)), []

    def wait(handles, seconds):
        pauses.append(seconds)
        return SimulatedCluster.wait(cluster, handles, seconds) if len(pauses) > 3 else []

    cluster.wait = wait
    backlog.put_back(4, 0)
    backlog.put_back(5, 0.001)
    assert len(list(BatchRun(cluster, backlog).outcomes())) == 6
    assert min(pauses[:3]) > 0.1


def test_failure_of_the_cluster_is_the_outcome_of_all_in_the_batch():
    cluster = SimulatedCluster(half)
    cluster.answer = lambda handle: Failure.of(OSError("no such environment"))
    outcomes = dict(run(cluster, range(4)))
    assert {str(outcome.error) for outcome in outcomes.values()} == {"no such environment"}


def test_batch_that_is_given_back_is_submitted_again():
    cluster = SimulatedCluster(half)
    cluster.answer = lambda handle: NotBegun() if handle < 5 else SimulatedCluster.answer(cluster, handle)
    assert dict(run(cluster, range(0, 20, 2))) == {position: Success(position) for position in range(10)}


def test_arguments_that_cannot_be_pickled_are_refused_and_others_go_on():
    outcomes = dict(run(SimulatedCluster(bool), [0, threading.Lock(), 1]))
    assert outcomes[0] == Success(False)
    assert outcomes[2] == Success(True)
    assert isinstance(outcomes[1].error, SettingTypeError)
    assert "Arguments can't be sent to a cluster" in str(outcomes[1].error)


def test_result_that_cannot_be_pickled_is_a_failure_that_says_so():
    outcomes = dict(run(SimulatedCluster(lambda _: threading.Lock()), [0]))
    with pytest.raises(
        SettingTypeError, match="A result can't be sent back from the cluster: TypeError: cannot pickle"
    ):
        outcomes[0].get()


def test_function_that_cannot_be_pickled_is_refused_at_the_door():
    lock = threading.Lock()
    with pytest.raises(SettingTypeError, match="can't be sent to a cluster: TypeError: cannot pickle '_thread.lock'"):
        PackedFunction(lambda _: lock, threads=1)


def test_function_that_cannot_be_unpacked_is_the_failure_of_each_task():
    class Explosive:
        def __reduce__(self):
            return eval, ("1 / 0",)

    outcomes = dict(run(SimulatedCluster(Explosive()), [1, 2]))
    assert all(isinstance(outcome.error, ZeroDivisionError) for outcome in outcomes.values())


def test_function_is_unpacked_once_in_a_worker():
    class Counted:
        unpacked = 0

        def __reduce__(self):
            return count, ()

        def __call__(self, task):
            return task

    def count():
        Counted.unpacked += 1
        return Counted()

    packed = PackedFunction(Counted(), threads=None)
    done = packed.call_each([b"\x80\x04K\x01."] * 3)
    assert isinstance(done, Done)
    assert [loads(outcome) for outcome in done.outcomes] == [Success(1)] * 3
