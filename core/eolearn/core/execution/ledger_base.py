"""What all ledgers have in common: when they are written, and how they complain."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress

from ..exceptions import BrokenFile, EORuntimeWarning, StorageError, warn_user

_SECONDS_BETWEEN_WRITES = 0.5


class Ledger(ABC):
    """Records of executions by fingerprint, of any number of workflows. It is written by one process, the parent's.

    What is added is written within half a second, and when the ledger is closed. If that fails there is an
    EORuntimeWarning, and it is tried again with the next.
    """

    def __init__(self, path: str):
        self._path = path
        self._unwritten: dict[str, str] = {}
        self._lock = threading.RLock()
        self._last_write = time.monotonic()
        self._timer: threading.Timer | None = None
        self._has_warned = False

    @abstractmethod
    def find(self, fingerprints: Sequence[str]) -> dict[str, str]:
        """Return those of the fingerprints that are known, with their records."""

    @abstractmethod
    def _write(self, records: Mapping[str, str]) -> None:
        """Write records. Raises an OSError if that fails; then it gets them again."""

    def add(self, fingerprint: str, record: str) -> None:
        """Keep a record."""
        with self._lock:
            self._unwritten[fingerprint] = record
            pause = self._last_write + _SECONDS_BETWEEN_WRITES - time.monotonic()
            if pause <= 0:
                self._write_or_warn()
            elif self._timer is None:  # the next may be long in coming
                self._timer = threading.Timer(pause, self._write_late)
                self._timer.daemon = True
                self._timer.start()

    def close(self) -> None:
        """Write what hasn't been written yet, and let go of the file."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._has_warned = False
            self._write_or_warn()
            self._unwritten = {}

    def _write_late(self) -> None:
        with self._lock, suppress(OSError):  # whoever adds the next, or closes, will know
            self._timer = None
            self._write_all()

    def _write_or_warn(self) -> None:
        try:
            self._write_all()
        except OSError as error:
            if not self._has_warned:
                self._has_warned = True
                warn_user(
                    f"{len(self._unwritten)} executions that succeeded can't be written to the ledger {self._path}: "
                    f"{error}. Those that are not in it will be done again when the run is resumed.",
                    EORuntimeWarning,
                )

    def _write_all(self) -> None:
        self._last_write = time.monotonic()
        if self._unwritten:
            self._write(self._unwritten)
        self._unwritten = {}

    def broken(self, why: object) -> BrokenFile:
        """Return the error that says that this is not a ledger that can be read."""
        return BrokenFile(
            f"The ledger {self._path} can't be read: {why}. To do all executions again, move it away or use another "
            "logs_folder."
        )

    def unusable(self, error: Exception) -> StorageError:
        """Return the error that says that the ledger can't be reached."""
        return StorageError(f"The ledger {self._path} can't be used: {type(error).__name__}: {error}")
