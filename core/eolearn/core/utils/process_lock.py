"""A lock that holds between threads and between processes, and that dies with who holds it."""

from __future__ import annotations

import atexit
import os
import secrets
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Self

if sys.platform == "win32":
    import msvcrt
    import time

    def _lock(file: IO[bytes]) -> None:
        while True:
            try:
                return msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            except OSError:  # another process holds it
                time.sleep(0.01)
else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)


class ProcessLock:
    """Lets one thread of one process at a time into a ``with`` block.

    It locks a file, which the system unlocks when a process ends: a worker that is killed within the block does not
    stop the others for ever, as it would with the locks of :mod:`multiprocessing`. A thread may enter repeatedly.

    path: the file; it is made when it is first needed. Locks of one path are one lock, whatever process they are in.
        Without a path the lock makes one up, and removes the file when this process ends.
    """

    def __init__(self, path: str | None = None):
        self.path = path or os.path.join(tempfile.gettempdir(), f"eolearn-{os.getpid()}-{secrets.token_hex(8)}.lock")
        if path is None:
            atexit.register(_remove, self.path, os.getpid())
        self._threads = threading.RLock()
        self._depth = 0
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self._threads.acquire()
        try:
            if self._file is None:
                self._file = open(self.path, "ab")
                _lock(self._file)
        except BaseException:
            self._release()
            raise
        self._depth += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        self._release()

    def _release(self) -> None:
        if not self._depth and self._file is not None:
            self._file.close()
            self._file = None
        self._threads.release()


def _remove(path: str, owner: int) -> None:
    if os.getpid() == owner:  # and not a process forked from it
        Path(path).unlink(missing_ok=True)


MULTIPROCESSING_LOCK = ProcessLock()
"""One lock for all the threads of this process and of the worker processes that it starts."""
