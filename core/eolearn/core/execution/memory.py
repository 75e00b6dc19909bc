"""How much time of processors this process has taken, and how much memory: now, and at most."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from typing import Literal, NamedTuple

Scope = Literal["process", "thread"]


class Reading(NamedTuple):
    """What has been taken so far. Memory is what lies in the machine's memory (resident), in bytes."""

    cpu_seconds: float
    memory: int
    most_memory: int
    """The high-water mark: the most there ever was, or since :func:`reset_most_memory`."""


def reset_most_memory() -> bool:
    """Lower the high-water mark of this process to what it has in use, and return whether that could be done.

    Only Linux can, and not everywhere: a container may forbid it. Tools that watch the process lose the mark too.
    """
    if sys.platform != "linux":
        return False
    with suppress(OSError):
        file = os.open("/proc/self/clear_refs", os.O_WRONLY)
        try:
            os.write(file, b"5")
        finally:
            os.close(file)
        reading = read("process")
        return reading.most_memory <= reading.memory + SLACK
    return False


SLACK = 1 << 20
"""Differences between marks that mean nothing: the system counts memory in batches."""

if sys.platform == "linux":
    import resource

    _SCOPES = {"process": resource.RUSAGE_SELF, "thread": resource.RUSAGE_THREAD}
    _PAGE = resource.getpagesize()
    _statm: int | None = None  # stays open: to open it takes four times as long as to read it

    def resident_memory() -> int:
        """Return how much memory this process has in use."""
        global _statm  # noqa: PLW0603 - it belongs to the process
        for _ in range(2):
            with suppress(OSError, IndexError, ValueError):  # if the program has closed the file it is opened again
                if _statm is None:
                    _statm = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
                return int(os.pread(_statm, 100, 0).split()[1]) * _PAGE
            _statm = None
        return 0

    def read(scope: Scope) -> Reading:
        """Return what this process has taken. The time may be that of this thread, the memory can't be."""
        usage = resource.getrusage(_SCOPES[scope])
        memory = resident_memory()
        return Reading(usage.ru_utime + usage.ru_stime, memory, max(memory, usage.ru_maxrss * 1024))

    def _forget_parent() -> None:
        global _statm  # noqa: PLW0603 - the file of a forked process would tell of its parent
        if _statm is not None:
            with suppress(OSError):
                os.close(_statm)
        _statm = None

    os.register_at_fork(after_in_child=_forget_parent)
else:
    _clocks = {"process": time.process_time, "thread": time.thread_time}

    def resident_memory() -> int:
        """Return how much memory this process has in use."""
        import psutil

        return int(psutil.Process().memory_info().rss)

    def read(scope: Scope) -> Reading:
        """Return what this process has taken. The time may be that of this thread, the memory can't be."""
        import psutil

        info = psutil.Process().memory_info()
        if hasattr(info, "peak_wset"):  # Windows
            most = info.peak_wset
        else:
            import resource

            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in bytes on macOS
        return Reading(_clocks[scope](), info.rss, max(info.rss, most))
