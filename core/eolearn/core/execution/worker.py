"""What a worker process does: it takes tasks from a pipe and sends back what comes of them."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, MutableSequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, NoReturn

import numpy as np

from ..exceptions import SettingTypeError
from ..utils.process_lock import MULTIPROCESSING_LOCK
from .engine import Failure, Outcome, attempt
from .environment import Environment
from .transport import dumps, loads, portable

NO_STEP = -1


class Progress:
    """How far a worker has come, in memory that it shares with its parent, who can read it when the worker is dead.

    numbers: four of them, in shared memory.
    """

    def __init__(self, numbers: MutableSequence[float]):
        self._numbers = numbers

    def begin_task(self) -> None:
        """Note that a task begins."""
        self._numbers[1:] = [time.time(), time.monotonic(), NO_STEP]
        self._numbers[0] += 1

    @property
    def begun(self) -> int:
        """The number of tasks that the worker has begun in its life."""
        return int(self._numbers[0])

    @property
    def started(self) -> float:
        """When it began the last of them, in seconds since the epoch."""
        return self._numbers[1]

    @property
    def seconds(self) -> float:
        """How long ago that was, by a clock that nobody sets."""
        return time.monotonic() - self._numbers[2]

    @property
    def step(self) -> int | None:
        """The step that the task is at, if it has told."""
        step = int(self._numbers[3])
        return None if step == NO_STEP else step

    @step.setter
    def step(self, step: int) -> None:
        self._numbers[3] = step


_progress = Progress([0, 0, 0, NO_STEP])


def report_step(step: int) -> None:
    """Tell how far the present task has come, a number from 0. If the worker dies, it is ``step`` of the Failure."""
    _progress.step = step


@dataclass(frozen=True)
class Setup:
    """What a worker gets before the tasks of a run."""

    environment: Environment
    function: bytes


def serve(connection: Connection, progress: Progress, lock_path: str) -> None:
    """Answer until the other side closes the pipe.

    lock_path: the file of the lock that all the workers and their parent share.
    """
    global _progress  # noqa: PLW0603 - the process has one parent, whom it tells
    _progress = progress
    MULTIPROCESSING_LOCK.path = lock_path
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl+C reaches all processes of a terminal: the parent acts on it
    np.random.seed()  # noqa: NPY002 - workers are copies of one process, with the same state of the global generator
    with suppress(EOFError, ConnectionError):
        _answer_messages(connection)
    from .pool import stop_all_workers

    stop_all_workers()  # if a task had some of its own


def _answer_messages(connection: Connection) -> NoReturn:
    function: Any = None
    while True:
        message = connection.recv()
        if isinstance(message, list):
            for task in message:
                answer = _answer(function, task)
                with suppress(AttributeError, OSError, ValueError):  # there may be no stdout, or it may be closed
                    sys.stdout.flush()
                connection.send_bytes(answer)
        else:  # the next run, or the end of the last, of which nothing stays in memory
            function = _prepare(message) if message else None


def _prepare(setup: Setup) -> Callable[[bytes], Any]:
    try:
        setup.environment.settle_in()
        function = loads(setup.function)
    except Exception as error:  # noqa: BLE001 - it becomes the outcome of each task
        return partial(_refuse, error)
    return lambda task: function(loads(task))


def _refuse(error: Exception, _: bytes) -> NoReturn:
    raise error


def _answer(function: Callable[[bytes], Any], task: bytes) -> bytes:
    _progress.begin_task()
    try:
        outcome = attempt(function, task)
    except KeyboardInterrupt as interrupt:
        outcome = Failure.of(interrupt)
    try:
        return dumps(_portable(outcome))
    except Exception as error:  # noqa: BLE001 - anything may go wrong in the pickling of a class that we don't know
        text = f"A result can't be sent back from a worker process: {type(error).__name__}: {error}"
        return dumps(_portable(Failure.of(SettingTypeError(f"{text}. Return data, or use multiprocess=False."))))


def _portable(outcome: Outcome[Any]) -> Outcome[Any]:
    if isinstance(outcome, Failure):
        return replace(outcome, error=portable(outcome.error), step=_progress.step)
    return outcome
