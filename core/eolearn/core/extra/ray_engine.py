"""The engine of Ray: it calls a function in the workers of a Ray cluster."""

from __future__ import annotations

import math
import os
import platform
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import ray
from ray import exceptions as ray_errors

from ..exceptions import WorkerDied
from ..execution.backlog import Backlog
from ..execution.engine import Failure, Outcomes, Result, Task, TimedOut
from ..execution.memory import Scope
from ..execution.pool import stop_idle_workers
from ..execution.user_code import look_for_new_code
from .batches import BatchRun, Done, Lost, PackedFunction

_SECONDS_BETWEEN_COUNTS = 1.0


class RayEngine:
    """Calls in the workers of a Ray cluster. See :class:`eolearn.core.execution.engine.Engine`.

    remote_kwargs: what Ray is told about each batch of calls.
    timeout: after so many seconds a call is given up: its worker is killed, and the outcome is a Failure with TimedOut.
    """

    name = "ray"
    scope: Scope = "process"
    has_own_processes = True

    def __init__(self, remote_kwargs: Mapping[str, Any], timeout: float | None = None):
        self._remote_kwargs = remote_kwargs
        self._timeout = timeout

    def run(self, function: Callable[[Task], Result], tasks: Sequence[Task] | Backlog[Task]) -> Outcomes[Result]:
        """See :class:`Engine`. Stopping a run kills the workers that are at it."""
        if look_for_new_code():
            stop_idle_workers()
        cluster = _RayCluster(function, self._remote_kwargs, self._timeout)
        most_in_batch = None if self._timeout is None else 1
        yield from BatchRun(cluster, Backlog.of(tasks), most_in_batch).outcomes()

    @staticmethod
    def worker_name() -> str:
        """See :class:`Engine`."""
        return f"ray {platform.node()}/{os.getpid()}"


class _RayCluster:
    """See :class:`eolearn.core.extra.batches.Cluster`."""

    def __init__(self, function: Callable[[Any], Any], remote_kwargs: Mapping[str, Any], timeout: float | None):
        options = {"num_cpus": 1, "max_retries": 0, **remote_kwargs}
        self._needs = _needs(options)
        self._timeout = timeout
        self._key = uuid.uuid4().hex
        self._function = ray.put(PackedFunction(function, max(1, int(options["num_cpus"]))))
        self._tells_beginnings = not is_ray_client()
        self._remote = ray.remote(_begin_and_call_each if self._tells_beginnings else _call_each).options(**options)
        self._beginnings: dict[Any, _Beginning] = {}
        self._answers: dict[Any, Done | Lost | Failure] = {}
        self._slots, self._counted = 0, -_SECONDS_BETWEEN_COUNTS

    def slots(self) -> int:
        if time.monotonic() - self._counted > _SECONDS_BETWEEN_COUNTS:
            there = ray.cluster_resources()  # type: ignore[no-untyped-call]
            self._slots = min(int(there.get(name, 0) / amount) for name, amount in self._needs.items())
            self._counted = time.monotonic()
        return self._slots

    def submit(self, tasks: list[bytes]) -> Any:
        return self._remote.remote(self._key, [self._function], tasks)

    def wait(self, handles: Collection[Any], seconds: float) -> list[Any]:
        everything = list(handles)
        ready, _ = ray.wait(everything, timeout=min(seconds, self._seconds_left()))
        if ready:
            ready, _ = ray.wait(everything, num_returns=len(everything), timeout=0)
        ended = [handle for handle in ready if self._take_answer(handle)]
        return ended + self._kill_expired()

    def _take_answer(self, handle: Any) -> bool:
        """Take what a batch has told, and return whether it is the answer, rather than that the batch has begun."""
        try:
            told = ray.get(next(handle) if self._tells_beginnings else handle)
        except ray_errors.TaskCancelledError:  # which is what Ray makes of a KeyboardInterrupt in a task
            raise
        except _DEATHS as error:
            told = self._lost(handle, error)
        except Exception as error:  # noqa: BLE001 - of an environment that can't be made, for instance
            told = Failure.of(error)
        if isinstance(told, _Beginning):
            self._beginnings[handle] = replace(told, known_since=time.monotonic())
            return False
        self._beginnings.pop(handle, None)
        self._answers[handle] = told
        return True

    def _lost(self, handle: Any, error: Exception) -> Lost:
        beginning = self._beginnings.get(handle)
        where = beginning.worker if beginning else "A worker of Ray"
        text = f"{where} died in the middle of an execution. {_ADVICE} Ray says: {error}"
        return _lost(WorkerDied(text), beginning)

    def _seconds_left(self) -> float:
        """Return how long till the time for some batch is over."""
        if self._timeout is None or not self._beginnings:
            return math.inf
        oldest = next(iter(self._beginnings.values()))
        return max(0.0, oldest.known_since + self._timeout - time.monotonic())

    def _kill_expired(self) -> list[Any]:
        killed = []
        while self._beginnings and not self._seconds_left():
            handle = next(iter(self._beginnings))
            beginning = self._beginnings.pop(handle)
            ray.cancel(handle, force=True)
            text = f"It timed out after {self._timeout:g} s. {beginning.worker} was stopped."
            self._answers[handle] = _lost(TimedOut(text), beginning)
            killed.append(handle)
        return killed

    def answer(self, handle: Any) -> Done | Lost | Failure:
        return self._answers.pop(handle)

    def cancel(self, handles: Iterable[Any]) -> None:
        for handle in handles:
            ray.cancel(handle, force=True)


_ADVICE = (
    "Has its machine run out of memory? Then let fewer run at once: ray_remote_kwargs={'num_cpus': 2}, or {'memory': "
    "<bytes>}."
)
_DEATHS = (
    ray_errors.LocalRayletDiedError,
    ray_errors.NodeDiedError,
    ray_errors.ObjectLostError,
    ray_errors.OutOfMemoryError,
    ray_errors.WorkerCrashedError,
)


@dataclass
class _Beginning:
    """That a batch has begun."""

    worker: str
    started: float
    """When, in seconds since the epoch, by the clock of the worker."""
    known_since: float = 0.0
    """Since when this process has known it, by a clock that nobody sets."""


def _lost(error: WorkerDied, beginning: _Beginning | None) -> Lost:
    return Lost(error, beginning.worker, beginning.started) if beginning else Lost(error)


def is_ray_client() -> bool:
    """Whether the connection is one over ``ray://``, which can't tell that a batch has begun."""
    from ray.util.client import ray as client

    return bool(client.is_connected())  # type: ignore[no-untyped-call]


def _needs(options: Mapping[str, Any]) -> dict[str, float]:
    """Return how much of each of the cluster's resources a batch takes."""
    named = {"CPU": options["num_cpus"], "GPU": options.get("num_gpus"), "memory": options.get("memory")}
    needs = {name: amount for name, amount in {**named, **(options.get("resources") or {})}.items() if amount}
    return needs or {"CPU": 1}


_latest: tuple[str, PackedFunction] | None = None  # in a worker


def _call_each(key: str, boxed_function: list[Any], tasks: list[bytes]) -> Done:
    """Call a function, in a worker. It is boxed so that Ray doesn't send it anew for each batch."""
    return _function(key, boxed_function).call_each(tasks)


def _begin_and_call_each(key: str, boxed_function: list[Any], tasks: list[bytes]) -> Iterator[_Beginning | Done]:
    """Tell that the batch begins, which is when the function is there, and call it."""
    function = _function(key, boxed_function)
    with suppress(Exception):  # which is then the outcome of each task
        function.unpacked()
    yield _Beginning(RayEngine.worker_name(), time.time())
    yield function.call_each(tasks)


def _function(key: str, boxed_function: list[Any]) -> PackedFunction:
    global _latest  # noqa: PLW0603 - it is the process's
    if _latest is None or _latest[0] != key:
        _latest = key, ray.get(boxed_function[0])
    return _latest[1]
