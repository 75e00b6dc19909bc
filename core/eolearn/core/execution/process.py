"""The near end of a worker process: how it is started, fed, asked and stopped."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

from ..exceptions import WorkerDied
from ..utils.process_lock import MULTIPROCESSING_LOCK
from .engine import Failure, Outcome, TimedOut
from .preloading import PRELOAD_VARIABLE, THREADS_VARIABLE, names_to_preload
from .transport import loads
from .worker import NO_STEP, Progress, serve

# Windows has no server to fork from: there each worker starts as a new interpreter, which takes a second or two
_METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
_context: Any = multiprocessing.get_context(_METHOD)
_starting = threading.Lock()


class WorkerProcess:
    """A process that does one task after the other.

    It is started when this is made, and ready for messages at once. It is a child of a server that has loaded numpy and
    eo-learn, and those of some heavy packages that this process has loaded when the first worker starts. The module
    ``__main__`` is not imported in it, so scripts need no main guard.

    threads: how many threads kernels may use in the workers of the run for which the first worker is started.
    """

    def __init__(self, threads: int = 1) -> None:
        self.progress = Progress(_context.RawArray("d", [0, 0, 0, NO_STEP]))
        self.connection, theirs = _context.Pipe()
        self.process = _context.Process(
            target=serve, args=(theirs, self.progress, MULTIPROCESSING_LOCK.path), name="eo-learn worker"
        )
        with _starting, _without_main(), _preload_variables(threads):
            self.process.start()
        theirs.close()
        self.unanswered: deque[int] = deque()
        """The positions of the tasks that it has, in order."""
        self._answered = 0
        self._given_at, self._given = 0.0, 0
        self._expired: int | None = None  # how many tasks had begun when the time of the last of them was over
        self._timeout = 0.0

    def send(self, message: object) -> None:
        """Send a message. If the worker is dead nothing happens: that is found out when an answer is waited for."""
        with suppress(OSError):
            self.connection.send(message)

    def give(self, positions: Sequence[int], tasks: list[bytes]) -> None:
        """Send some tasks."""
        self._given_at, self._given = time.perf_counter(), len(positions)
        self.unanswered.extend(positions)
        self.send(tasks)

    def answer(self) -> tuple[int, Outcome[Any]]:
        """Wait for the outcome of the next task, and return its position and it. Raises EOFError if the worker died."""
        packed = self.connection.recv_bytes()
        self._answered += 1
        try:
            outcome = loads(packed)
        except Exception as error:  # noqa: BLE001 - anything may go wrong in the unpickling of a class we don't know
            outcome = Failure.of(error)
        return self.unanswered.popleft(), outcome

    def seconds_per_task(self) -> float:
        """Return how long the tasks took that were given last, and have just been answered, on the average."""
        return (time.perf_counter() - self._given_at) / self._given

    def seconds_left(self, timeout: float) -> float:
        """Return how much of the time for one task is left, all of it if the worker is at none."""
        is_working = self.progress.begun > self._answered
        return max(0.0, timeout - self.progress.seconds) if is_working else timeout

    def is_late(self, timeout: float) -> bool:
        """Whether the worker is at a task whose time is over, and no answer waits to be read."""
        return bool(self.unanswered) and not self.seconds_left(timeout) and not self.connection.poll()

    def expire(self, timeout: float) -> None:
        """Kill the worker, because the time for the task that it is at is over."""
        self._expired = self.progress.begun
        self._timeout = timeout
        self.process.kill()
        self.process.join()

    def post_mortem(self) -> tuple[int, Failure] | None:
        """Return the position of the task that a dead worker was at, if it was at one, and why there is no result.

        A worker that never began a task counts as being at its first one: probably it is the function that kills it.
        """
        self.stop()
        begun = self.progress.begun
        if not self.unanswered or 0 < begun == self._answered:
            return None
        if self._expired is None:
            error = WorkerDied(f"Worker process {self.process.pid} {_cause_of_death(self.process.exitcode)}.")
        elif self._expired == begun:
            error = TimedOut(f"It timed out after {self._timeout:g} s. Worker process {self.process.pid} was stopped.")
        else:  # the task came to its end at the last moment, and the one that has begun since is not to blame
            return None
        failure = Failure.of(error, self.progress.started or None, self.progress.step, f"process {self.process.pid}")
        return self.unanswered.popleft(), failure

    def stop(self) -> None:
        """Let the worker end by itself, which one with nothing to do does at once, or kill it after some seconds."""
        self.connection.close()
        self.process.join(timeout=5)
        if self.process.is_alive():
            self.kill()

    def kill(self) -> None:
        """End the worker, whatever it is doing."""
        self.connection.close()
        self.process.kill()
        self.process.join()


def _cause_of_death(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"ended with exit code {exitcode} in the middle of a task"
    try:
        name = signal.Signals(-exitcode).name
    except ValueError:
        name = f"signal {-exitcode}"
    text = f"was killed by {name} in the middle of a task"
    return f"{text}. Has the system run out of memory? Then use fewer workers" if name == "SIGKILL" else text


@contextmanager
def _without_main() -> Iterator[None]:
    """Hide ``__main__``, so that multiprocessing doesn't tell the new process to import it."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _preload_variables(threads: int) -> Iterator[None]:
    """Tell the server, which may be about to start, what to import."""
    _context.set_forkserver_preload(["eolearn.core.execution.preload"])
    variables = {PRELOAD_VARIABLE: " ".join(names_to_preload()), THREADS_VARIABLE: str(threads)}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]
