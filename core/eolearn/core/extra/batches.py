"""Runs tasks on a cluster in batches, so that many short ones are quick, and finds out which task a worker died of."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from ..exceptions import SettingTypeError, WorkerDied
from ..execution.backlog import Backlog
from ..execution.engine import Failure, Outcome, attempt
from ..execution.environment import limit_all_threads
from ..execution.transport import dumps, loads, portable

_BATCH_SECONDS = 0.05
_MOST_WAITING_SECONDS = 1.0  # then it is seen whether the cluster has grown

Handle = TypeVar("Handle")


@dataclass(frozen=True)
class Done:
    """A batch has come to its end."""

    seconds: float
    """How long it took."""
    outcomes: list[bytes]
    """Those of its tasks, pickled."""


@dataclass(frozen=True)
class Lost:
    """A batch has no end, because the worker died."""

    error: WorkerDied
    worker: str = ""
    """Which worker that was, if it is known."""
    started: float | None = None
    """When the batch began, in seconds since the epoch, if it is known."""
    was_alone: bool = True
    """Whether the worker did nothing else, so that it must have died of this batch, or from outside."""


@dataclass(frozen=True)
class NotBegun:
    """A batch was given back, and is to be submitted again."""


class PackedFunction:
    """A function that travels to the workers, each of which unpacks it once, and calls it for batches.

    threads: how many threads kernels and libraries may use in a worker, None to leave that as it is.

    Raises SettingTypeError (a TypeError) if the function can't be pickled.
    """

    def __init__(self, function: Callable[[Any], Any], threads: int | None):
        try:
            self._packed = dumps(function)
        except Exception as error:
            raise SettingTypeError(
                f"What is to be run can't be sent to a cluster: {type(error).__name__}: {error}. Open files, locks and "
                "connections can't be sent: make them where they are used."
            ) from error
        self._threads = threads
        self._function: Callable[[Any], Any] | None = None

    def __reduce__(self) -> tuple[Callable[..., PackedFunction], tuple[bytes, int | None]]:
        return _repacked, (self._packed, self._threads)

    def call_each(self, tasks: Iterable[bytes]) -> Done:
        """Call the function with each of some pickled tasks."""
        start = time.perf_counter()
        outcomes = [_packed_outcome(attempt(self._call, task)) for task in tasks]
        return Done(time.perf_counter() - start, outcomes)

    def _call(self, task: bytes) -> Any:
        return self.unpacked()(loads(task))

    def unpacked(self) -> Callable[[Any], Any]:
        """Return the function. The first time, its modules are imported, and the threads of the worker are limited."""
        with _unpacking:
            if self._function is None:
                if self._threads is not None:
                    limit_all_threads(self._threads)
                self._function = loads(self._packed)
            return self._function


_unpacking = threading.Lock()


def _repacked(packed: bytes, threads: int | None) -> PackedFunction:
    function = PackedFunction.__new__(PackedFunction)
    function._packed, function._threads, function._function = packed, threads, None
    return function


def _packed_outcome(outcome: Outcome[Any]) -> bytes:
    if isinstance(outcome, Failure):
        outcome = replace(outcome, error=portable(outcome.error))
    try:
        return dumps(outcome)
    except Exception as error:  # noqa: BLE001 - anything may go wrong in the pickling of a class that we don't know
        text = f"A result can't be sent back from the cluster: {type(error).__name__}: {error}. Return data."
        return dumps(Failure.of(SettingTypeError(text)))


class Cluster(Protocol[Handle]):
    """Machines that call a :class:`PackedFunction` for batches of tasks."""

    def slots(self) -> int:
        """Return how many batches can run at once, as far as is known now."""
        ...

    def submit(self, tasks: list[bytes]) -> Handle:
        """Hand in a batch, and return what stands for it, which is hashable."""
        ...

    def wait(self, handles: Collection[Handle], seconds: float) -> Iterable[Handle]:
        """Wait until some batches have ended, but no longer than so many seconds, and return those that have."""
        ...

    def answer(self, handle: Handle) -> Done | Lost | NotBegun | Failure:
        """Return what has become of a batch that has ended, a Failure if the cluster could not run it.

        Raises an error that is to end the run.
        """
        ...

    def cancel(self, handles: Iterable[Handle]) -> None:
        """Stop batches, as far as that can be done."""
        ...


@dataclass(frozen=True)
class _Batch:
    positions: list[int]
    submitted: float
    doubts: int
    """How often its task has been lost already."""


class BatchRun(Generic[Handle]):
    """One run: the tasks that are left to do, and the batches that are under way.

    If a worker dies, and it is not clear which task it died of, nobody is blamed. The tasks of its batches are under
    suspicion: they are run again one at a time, each in a batch of its own. One that is lost again, on a worker that
    had other batches too, is run once more when nothing else is.
    """

    def __init__(self, cluster: Cluster[Handle], backlog: Backlog[Any], most_in_batch: int | None = None):
        self._cluster = cluster
        self._backlog = backlog
        self._most_in_batch = most_in_batch
        self._batch_size = 1
        self._running: dict[Handle, _Batch] = {}
        self._suspects: deque[int] = deque()
        self._prime_suspects: deque[int] = deque()

    def outcomes(self) -> Iterator[tuple[int, Outcome[Any]]]:
        """Do all the tasks, and yield the position and the outcome of each. If it is closed it stops the batches."""
        try:
            while True:
                yield from self._submit_some()
                pause = self._backlog.seconds_until_next()
                if self._running:
                    seconds = _MOST_WAITING_SECONDS
                    if pause is not None and not self._is_full():
                        seconds = min(pause, seconds)
                    for handle in self._cluster.wait(self._running, seconds):
                        yield from self._collect(handle)
                elif pause is not None:
                    time.sleep(pause)
                elif not len(self._backlog):
                    return
        finally:
            if self._running:
                self._cluster.cancel(self._running)

    def _submit_some(self) -> Iterator[tuple[int, Failure]]:
        """Keep the cluster busy, with one batch waiting for each that runs, and yield the tasks that can't be sent."""
        if self._prime_suspects:
            if not self._running:
                self._submit_suspect(self._prime_suspects, doubts=2)
            return
        if self._suspects and not any(batch.doubts for batch in self._running.values()):
            self._submit_suspect(self._suspects, doubts=1)
        while not self._is_full() and len(self._backlog):
            yield from self._submit_new()

    def _is_full(self) -> bool:
        most = 0 if self._prime_suspects else 2 * max(1, self._cluster.slots())
        return len(self._running) >= most

    def _submit_suspect(self, suspects: deque[int], doubts: int) -> None:
        position = suspects.popleft()
        self._submit({position: dumps(self._backlog[position])}, doubts)

    def _submit_new(self) -> Iterator[tuple[int, Failure]]:
        batch: dict[int, bytes] = {}
        while len(batch) < self._batch_size and len(self._backlog):
            position = self._backlog.take()
            try:
                batch[position] = dumps(self._backlog[position])
            except Exception as error:  # noqa: BLE001 - as above
                text = f"Arguments can't be sent to a cluster: {type(error).__name__}: {error}. Use data."
                yield position, Failure.of(SettingTypeError(text))
        if batch:
            self._submit(batch)

    def _submit(self, batch: dict[int, bytes], doubts: int = 0) -> None:
        handle = self._cluster.submit(list(batch.values()))
        self._running[handle] = _Batch(list(batch), time.time(), doubts)

    def _collect(self, handle: Handle) -> Iterator[tuple[int, Outcome[Any]]]:
        """Yield the outcomes of a batch that has ended, if they are known."""
        batch = self._running.pop(handle)
        answer = self._cluster.answer(handle)
        if isinstance(answer, Done):
            self._adapt_batch_size(answer.seconds / len(batch.positions))
            yield from zip(batch.positions, map(_unpacked_outcome, answer.outcomes), strict=True)
        elif isinstance(answer, Failure):
            yield from ((position, answer) for position in batch.positions)
        elif isinstance(answer, NotBegun):
            self._backlog.put_first(batch.positions)
        elif batch.doubts == 2 or (answer.was_alone and len(batch.positions) == 1):
            started = batch.submitted if answer.started is None else answer.started
            yield batch.positions[0], Failure.of(answer.error, started, worker=answer.worker)
        else:
            (self._prime_suspects if batch.doubts else self._suspects).extend(batch.positions)

    def _adapt_batch_size(self, seconds: float) -> None:
        """Send more tasks at a time the shorter they are, but never so many that others would have nothing to do."""
        enough = int(_BATCH_SECONDS / max(seconds, 1e-6))
        fair = len(self._backlog) // (4 * max(1, self._cluster.slots()))
        most = enough if self._most_in_batch is None else self._most_in_batch
        self._batch_size = max(1, min(2 * self._batch_size, enough, fair, most))


def _unpacked_outcome(packed: bytes) -> Outcome[Any]:
    try:
        outcome: Outcome[Any] = loads(packed)
    except Exception as error:  # noqa: BLE001 - as above, for a class that is only known over there
        return Failure.of(error)
    return outcome
