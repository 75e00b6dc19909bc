"""Measures what the nodes of a workflow take: time of processors, and memory."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from ..eonode import ResourceUsage
from .memory import SLACK, Reading, Scope, read, reset_most_memory, resident_memory

_RESOLUTION_SECONDS = 5e-4
_SAMPLING_SECONDS = 0.01
_PATIENCE = 100  # times that the sampler looks while there is nothing to do, before it ends


class Meter:
    """Observes one execution of a workflow, and measures each node.

    scope: ``"process"`` if the execution has the process to itself, ``"thread"`` if it runs beside others.
    may_reset: whether the high-water mark of the process may be set back, as in a worker process. Then the peak of each
        node is exact. Otherwise it is exact where a node raises the mark, and else the most that was seen by looking
        every hundredth of a second.
    on_step: is told the position of each node that begins.

    The figures are as old as 0.5 ms: to read them anew for nodes that are shorter would take more time than these do.
    """

    def __init__(self, scope: Scope, *, may_reset: bool = False, on_step: Callable[[int], None] | None = None):
        self._scope: Scope = scope
        self._may_reset = may_reset
        self._on_step = on_step
        self._before: Reading | None = None
        self.most_seen = 0
        """The most memory that was seen since the node began."""

    def begin(self, step: int) -> None:
        """See :class:`eolearn.core.eoworkflow.Observer`."""
        if self._on_step is not None:
            self._on_step(step)
        before = self._before = _recent.reading(self._scope)
        if self._may_reset and before.most_memory > before.memory + SLACK:
            self._may_reset = reset_most_memory()
            before = self._before = _recent.read(self._scope)
        if not self._may_reset:
            self.most_seen = 0
            _sampler.begin(self)

    def end(self) -> ResourceUsage | None:
        """See :class:`eolearn.core.eoworkflow.Observer`."""
        before, after = self._before, _recent.reading(self._scope)
        if before is None:
            return None
        if not self._may_reset:
            _sampler.end(self)
        is_exact = self._may_reset or after.most_memory > before.most_memory
        peak = after.most_memory if is_exact else self.most_seen
        return ResourceUsage(
            cpu_seconds=after.cpu_seconds - before.cpu_seconds,
            memory_before=before.memory,
            memory_after=after.memory,
            memory_peak=max(before.memory, after.memory, peak),
            of=self._scope,
        )


class _Recent(threading.local):
    """The last reading in this thread, of each scope, and when it was taken."""

    def __init__(self) -> None:
        self._readings: dict[Scope, Reading] = {}
        self._times: dict[Scope, float] = {"process": -1, "thread": -1}

    def reading(self, scope: Scope) -> Reading:
        if time.perf_counter() - self._times[scope] < _RESOLUTION_SECONDS:
            return self._readings[scope]
        return self.read(scope)

    def read(self, scope: Scope) -> Reading:
        reading = self._readings[scope] = read(scope)
        self._times[scope] = time.perf_counter()
        return reading


class _Sampler:
    """A thread that looks at the memory of the process while nodes run. It ends when there were none for a second."""

    def __init__(self) -> None:
        self._active: dict[int, Meter] = {}
        self._lock = threading.Lock()
        self._is_running = False

    def begin(self, meter: Meter) -> None:
        self._active[id(meter)] = meter
        if not self._is_running:
            with self._lock:
                if not self._is_running:
                    self._is_running = True
                    threading.Thread(target=self._watch, name="eo-learn memory", daemon=True).start()

    def end(self, meter: Meter) -> None:
        self._active.pop(id(meter), None)

    def _watch(self) -> None:
        idle = 0
        while not self._may_end(idle):
            time.sleep(_SAMPLING_SECONDS)
            idle = 0 if self._look() else idle + 1

    def _may_end(self, idle: int) -> bool:
        with self._lock:
            self._is_running = idle < _PATIENCE or bool(self._active)
            return not self._is_running

    def _look(self) -> bool:
        meters = list(self._active.values())
        memory = resident_memory() if meters else 0
        for meter in meters:
            meter.most_seen = max(meter.most_seen, memory)
        return bool(meters)


_recent = _Recent()
_sampler = _Sampler()


def _start_anew() -> None:
    global _recent, _sampler  # a forked process has neither the thread nor taken what its parent has
    _recent, _sampler = _Recent(), _Sampler()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
