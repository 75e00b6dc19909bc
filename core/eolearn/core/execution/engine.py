"""Engines, which call a function for each of many tasks: one after the other, in threads or in processes."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import Generic, NoReturn, Protocol, TypeAlias, TypeVar

from ..utils.threads import THREAD_VARIABLES, limit_library_threads, limit_threads_here, thread_share

Task = TypeVar("Task")
Result = TypeVar("Result")


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

    @classmethod
    def of(cls, error: BaseException, started: float | None = None, step: int | None = None) -> Failure:
        """Make one of an error, which may have been raised or not."""
        text = "".join(traceback.format_exception(error))
        return cls(error, text, time.time() if started is None else started, step)

    def get(self) -> NoReturn:
        """Raise the error, with a note of its traceback if it has come from another process."""
        if self.error.__traceback__ is None and self.traceback.startswith("Traceback"):
            self.error.add_note(f"In a worker process:\n{self.traceback}")
        raise self.error


Outcome: TypeAlias = Success[Result] | Failure


class Engine(Protocol):
    """Calls a function for each of many tasks."""

    def run(self, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[tuple[int, Outcome[Result]]]:
        """Yield the position of each task and its outcome, in the order in which they end.

        An error in one call, whatever it is, is the outcome of that call, and no matter for the others. Only
        KeyboardInterrupt ends the run, and is raised. No more outcomes are made than are asked for, but for the few
        calls that are under way at a time. An iterator that is dropped before its end stops the run.
        """
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

    def run(self, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[tuple[int, Outcome[Result]]]:
        """See :class:`Engine`."""
        for index, task in enumerate(tasks):
            yield index, attempt(function, task)


class ThreadEngine:
    """Calls in threads of this process, each of which gets its share of the processors for kernels.

    workers: the number of threads.
    """

    def __init__(self, workers: int):
        self.workers = workers

    def run(self, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[tuple[int, Outcome[Result]]]:
        """See :class:`Engine`. Calls that have begun when the run is stopped still come to their end."""
        share = thread_share(self.workers)
        user_decides = THREAD_VARIABLES & os.environ.keys()
        pool = ThreadPoolExecutor(self.workers, initializer=limit_threads_here, initargs=(share,))
        try:
            with nullcontext() if user_decides else limit_library_threads(share):
                yield from self._outcomes(pool, function, tasks)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _outcomes(
        self, pool: Executor, function: Callable[[Task], Result], tasks: Sequence[Task]
    ) -> Iterator[tuple[int, Outcome[Result]]]:
        waiting = iter(enumerate(tasks))
        running: dict[Future[Outcome[Result]], int] = {}
        while True:
            for index, task in islice(waiting, 2 * self.workers - len(running)):
                running[pool.submit(attempt, function, task)] = index
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()


_: tuple[type[Engine], ...] = (SerialEngine, ThreadEngine)
