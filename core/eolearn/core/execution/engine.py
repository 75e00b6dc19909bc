"""Engines, which call a function for each of many tasks: one after the other, in threads or in processes."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Generic, NoReturn, Protocol, TypeAlias, TypeVar

from ..exceptions import WorkerDied
from ..utils.threads import THREAD_VARIABLES, limit_library_threads, limit_threads_here, thread_share
from .backlog import Backlog
from .memory import Scope

Task = TypeVar("Task")
Pending = TypeVar("Pending")
Result = TypeVar("Result")


class TimedOut(WorkerDied, TimeoutError):
    """A worker was stopped in the middle of an execution that took too long."""


@dataclass(frozen=True)
class Success(Generic[Result]):
    """The call returned."""

    value: Result
    """What it returned."""

    def get(self) -> Result:
        """Return what the call returned."""
        return self.value


@dataclass(frozen=True)
class Failure:
    """The call raised an error, or never came to an end."""

    error: BaseException
    """What was raised, or why there is no result."""
    traceback: str
    """The error as Python prints it, with the frames of the process that it was raised in."""
    started: float
    """When the call began, in seconds since the epoch."""
    step: int | None = None
    """How far the call had come, if it told (see :func:`eolearn.core.execution.worker.report_step`)."""
    worker: str = ""
    """Where it was called, if that is known."""

    @classmethod
    def of(
        cls, error: BaseException, started: float | None = None, step: int | None = None, worker: str = ""
    ) -> Failure:
        """Make one of an error, which may have been raised or not."""
        text = "".join(traceback.format_exception(error))
        return cls(error, text, time.time() if started is None else started, step, worker)

    def get(self) -> NoReturn:
        """Raise the error, with a note of its traceback if it has come from another process."""
        if self.error.__traceback__ is None and self.traceback.startswith("Traceback"):
            self.error.add_note(f"In a worker process:\n{self.traceback}")
        raise self.error


Outcome: TypeAlias = Success[Result] | Failure
Outcomes: TypeAlias = Generator[tuple[int, Outcome[Result]], None, None]


class Engine(Protocol):
    """Calls a function for each of many tasks."""

    name: str
    """What it is called in statistics, such as ``"processes"``."""
    scope: Scope
    """``"process"`` if a call has its process to itself, ``"thread"`` if it runs beside others in one process."""
    has_own_processes: bool
    """Whether calls run in processes that are there for nothing else."""

    def run(self, function: Callable[[Task], Result], tasks: Sequence[Task] | Backlog[Task]) -> Outcomes[Result]:
        """Yield the position of each task and its outcome, in the order in which they end.

        tasks: what to do. Into a backlog the caller may put a task back when its outcome has been yielded; the run ends
            when nothing is in work and the backlog has neither tasks that can begin nor delayed ones.

        An error in one call, whatever it is, is the outcome of that call, and no matter for the others. Only
        KeyboardInterrupt ends the run, and is raised. No more outcomes are made than are asked for, but for the few
        calls that are under way at a time. An iterator that is dropped before its end stops the run.
        """
        ...

    @staticmethod
    def worker_name() -> str:
        """Return what the worker is called that calls this, such as ``"process 4711"``."""
        ...


def attempt(function: Callable[[Task], Result], task: Task) -> Outcome[Result]:
    """Call the function and return the outcome."""
    started = time.time()
    try:
        return Success(function(task))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit of a task must not end the run either
        return Failure.of(error, started)


class SerialEngine:
    """One call after the other, in the thread that asks."""

    name = "this process"
    scope: Scope = "process"
    has_own_processes = False

    def run(self, function: Callable[[Task], Result], tasks: Sequence[Task] | Backlog[Task]) -> Outcomes[Result]:
        """See :class:`Engine`."""
        backlog = Backlog.of(tasks)
        while True:
            while len(backlog):
                position = backlog.take()
                yield position, attempt(function, backlog[position])
            pause = backlog.seconds_until_next()
            if pause is None:
                return
            time.sleep(pause)

    @staticmethod
    def worker_name() -> str:
        """See :class:`Engine`."""
        return f"process {os.getpid()}"


class ThreadEngine:
    """Calls in threads of this process, each of which gets its share of the processors for kernels.

    workers: the number of threads.
    """

    name = "threads"
    scope: Scope = "thread"
    has_own_processes = False

    def __init__(self, workers: int):
        self.workers = workers

    def run(self, function: Callable[[Task], Result], tasks: Sequence[Task] | Backlog[Task]) -> Outcomes[Result]:
        """See :class:`Engine`. Calls that have begun when the run is stopped still come to their end."""
        share = thread_share(self.workers)
        user_decides = THREAD_VARIABLES & os.environ.keys()
        pool = ThreadPoolExecutor(self.workers, "thread", initializer=limit_threads_here, initargs=(share,))
        try:
            with nullcontext() if user_decides else limit_library_threads(share):
                for position, future in in_order_of_completion(
                    Backlog.of(tasks),
                    submit=lambda task: pool.submit(attempt, function, task),
                    wait=lambda futures, pause: wait(futures, timeout=pause, return_when=FIRST_COMPLETED).done,
                    most_at_once=2 * self.workers,
                ):
                    yield position, future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    @staticmethod
    def worker_name() -> str:
        """See :class:`Engine`."""
        return threading.current_thread().name.replace("_", " ")


def in_order_of_completion(
    backlog: Backlog[Task],
    *,
    submit: Callable[[Task], Pending],
    wait: Callable[[Collection[Pending], float | None], Iterable[Pending]],
    most_at_once: int,
) -> Iterator[tuple[int, Pending]]:
    """Do the tasks of a backlog through futures of any kind, and yield the position and future of each that is done.

    submit: begins a task, and returns its future, which must be hashable.
    wait: waits till some of the futures are done, or for so many seconds if not None, and returns those that are done.
    most_at_once: how many may be under way. A few more than there are workers keep these busy.
    """
    running: dict[Pending, int] = {}
    while True:
        while len(running) < most_at_once and len(backlog):
            position = backlog.take()
            running[submit(backlog[position])] = position
        is_full = len(running) >= most_at_once
        pause = None if is_full else backlog.seconds_until_next()
        if running:
            for future in wait(running, pause):
                yield running.pop(future), future
        elif pause is None:
            return
        else:
            time.sleep(pause)


_: tuple[type[Engine], ...] = (SerialEngine, ThreadEngine)
