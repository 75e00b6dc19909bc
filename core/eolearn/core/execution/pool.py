"""The engine of worker processes, which are kept from run to run and replaced when they die."""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing import connection as pipes
from typing import Any

from ..exceptions import SettingTypeError
from ..utils.threads import thread_share
from .backlog import Backlog
from .engine import Engine, Failure, Outcome, Outcomes, Result, Task
from .environment import Environment
from .memory import Scope
from .process import WorkerProcess
from .transport import dumps
from .user_code import look_for_new_code
from .worker import Setup

_BATCH_SECONDS = 0.01

_idle: list[WorkerProcess] = []
_running: set[_Run] = set()


class ProcessEngine:
    """Calls in worker processes, each of which gets its share of the processors for kernels.

    workers: the number of processes.

    The function is pickled once a run and a worker, with the code that other processes can't import. A worker that the
    system kills costs the call that it was at, whose outcome is a Failure with WorkerDied; another takes its place. The
    workers are kept for later runs of this process, and stop when it ends.

    timeout: after so many seconds a call is given up: its worker is killed, and the outcome is a Failure with TimedOut.
    """

    name = "processes"
    scope: Scope = "process"
    has_own_processes = True

    def __init__(self, workers: int, timeout: float | None = None):
        self.workers = workers
        self.timeout = timeout

    def run(self, function: Callable[[Task], Result], tasks: Sequence[Task] | Backlog[Task]) -> Outcomes[Result]:
        """See :class:`Engine`. Stopping a run kills its workers. Arguments and results must be picklable.

        Raises SettingTypeError (a TypeError) if the function can't be pickled.
        """
        if look_for_new_code():
            stop_idle_workers()
        setup = Setup(Environment.here(thread_share(self.workers)), _packed_function(function))
        run = _Run(setup, Backlog.of(tasks), self.workers, self.timeout)
        _running.add(run)
        try:
            yield from run.outcomes()
        except BaseException:
            run.kill()
            raise
        finally:
            _running.discard(run)
        run.end()

    @staticmethod
    def worker_name() -> str:
        """See :class:`Engine`."""
        return f"process {os.getpid()}"


def _packed_function(function: Callable[..., Any]) -> bytes:
    try:
        return dumps(function)
    except Exception as error:
        raise SettingTypeError(
            f"What is to be run can't be sent to worker processes: {type(error).__name__}: {error}. Open files, locks "
            "and connections can't be sent: make them where they are used, or use multiprocess=False."
        ) from error


class _Run:
    """One run: the tasks that are left to do, and the workers that do them."""

    def __init__(self, setup: Setup, backlog: Backlog[Any], workers: int, timeout: float | None):
        self._setup = setup
        self._backlog = backlog
        self._batch_size = 1
        self._workers: list[WorkerProcess] = []
        self._most_workers = workers
        self._timeout = timeout

    def outcomes(self) -> Iterator[tuple[int, Outcome[Any]]]:
        """Do all the tasks."""
        while True:
            for worker in self._free_workers():
                yield from self._feed(worker)
            pause = self._backlog.seconds_until_next()
            if any(worker.unanswered for worker in self._workers):
                yield from self._collect(pause)
            elif pause is not None:
                time.sleep(pause)
            elif not len(self._backlog):
                return

    def _free_workers(self) -> list[WorkerProcess]:
        """Return the workers that have nothing to do, with new ones if there is enough to do for them."""
        free = [worker for worker in self._workers if not worker.unanswered]
        while len(free) < len(self._backlog) and len(self._workers) < self._most_workers:
            worker = _take_idle() or WorkerProcess(self._setup.environment.threads)
            self._workers.append(worker)
            worker.send(self._setup)
            free.append(worker)
        return free

    def _feed(self, worker: WorkerProcess) -> Iterator[tuple[int, Failure]]:
        """Give a worker the next few tasks, and yield those that can't be given."""
        batch: dict[int, bytes] = {}
        while len(batch) < self._batch_size and len(self._backlog):
            position = self._backlog.take()
            try:
                batch[position] = dumps(self._backlog[position])
            except Exception as error:  # noqa: BLE001 - anything may go wrong in the pickling of a class we don't know
                text = f"Arguments can't be sent to a worker process: {type(error).__name__}: {error}"
                yield position, Failure.of(SettingTypeError(f"{text}. Use data, or multiprocess=False."))
        if batch:
            worker.give(list(batch), list(batch.values()))

    def _collect(self, pause: float | None) -> Iterator[tuple[int, Outcome[Any]]]:
        """Wait until something happens or the pause is over, and yield the outcomes that are there."""
        by_source: dict[Any, WorkerProcess] = {}
        for worker in self._workers:
            if worker.unanswered:
                by_source |= {worker.connection: worker, worker.process.sentinel: worker}
        busy = dict.fromkeys(by_source.values())
        ready = pipes.wait(by_source, self._time_to_wait(busy, pause))
        for worker in dict.fromkeys(by_source[source] for source in ready):
            yield from self._ask(worker, is_dead=worker.process.sentinel in ready)
        if self._timeout is not None:
            for worker in busy:
                if worker in self._workers and worker.is_late(self._timeout):
                    worker.expire(self._timeout)
                    yield from self._ask(worker, is_dead=True)

    def _time_to_wait(self, workers: Iterable[WorkerProcess], pause: float | None) -> float | None:
        times = [] if pause is None else [pause]
        if self._timeout is not None:
            times += [worker.seconds_left(self._timeout) for worker in workers]
        return min(times, default=None)

    def _ask(self, worker: WorkerProcess, *, is_dead: bool) -> Iterator[tuple[int, Outcome[Any]]]:
        """Yield the outcomes that a worker has ready, and that of the task that it died of if it is dead."""
        try:
            while worker.unanswered and worker.connection.poll():
                yield _unless_interrupted(worker.answer())
        except (EOFError, OSError):
            is_dead = True
        if is_dead:
            yield from self._bury(worker)
        elif not worker.unanswered:
            self._adapt_batch_size(worker.seconds_per_task())

    def _bury(self, worker: WorkerProcess) -> Iterator[tuple[int, Failure]]:
        """Yield the outcome of the task that a worker died of, and take back the others that it had."""
        self._workers.remove(worker)
        lost = worker.post_mortem()
        self._backlog.put_first(worker.unanswered)
        if lost is not None:
            yield lost

    def _adapt_batch_size(self, seconds: float) -> None:
        """Send more tasks at a time the shorter they are, but never so many that another worker would run out."""
        enough = int(_BATCH_SECONDS / seconds)
        fair = len(self._backlog) // (2 * self._most_workers)
        self._batch_size = max(1, min(2 * self._batch_size, enough, fair))

    def end(self) -> None:
        """Keep the workers, which have nothing left to do, for the next run."""
        for worker in self._workers:
            worker.send(None)
        _idle.extend(self._workers)

    def kill(self) -> None:
        """End the workers, whatever they are doing."""
        for worker in self._workers:
            worker.kill()


def _take_idle() -> WorkerProcess | None:
    try:
        return _idle.pop()
    except IndexError:
        return None


def _unless_interrupted(answer: tuple[int, Outcome[Any]]) -> tuple[int, Outcome[Any]]:
    outcome = answer[1]
    if isinstance(outcome, Failure) and isinstance(outcome.error, KeyboardInterrupt):
        raise outcome.error
    return answer


@atexit.register
def stop_all_workers() -> None:
    """End all worker processes, those of runs that have been left in the middle too. This happens by itself at exit."""
    for run in list(_running):
        run.kill()
    stop_idle_workers()


def stop_idle_workers() -> None:
    """End the worker processes that wait for the next run; it starts new ones."""
    workers = list(_idle)
    _idle.clear()
    for worker in workers:
        worker.connection.close()
    for worker in workers:
        worker.stop()


def _forget_workers() -> None:
    _idle.clear()
    _running.clear()


if hasattr(os, "register_at_fork"):  # a process that the user forks must not talk to the workers of its parent
    os.register_at_fork(after_in_child=_forget_workers)

_: type[Engine] = ProcessEngine
