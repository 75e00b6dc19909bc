"""Log files, one for each execution of a workflow."""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ..exceptions import EORuntimeWarning, warn_user
from ..utils.fs import get_full_path, local_path
from ..utils.logging import LogFileFilter
from ..utils.redact import redact

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

LOG_FORMAT = "%(asctime)s %(name)-12s %(levelname)-8s %(message)s"
HandlerFactory: TypeAlias = Callable[..., logging.Handler]


class _RedactingFormatter(logging.Formatter):
    """Masks secrets in what is logged, errors with their tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class FilesystemHandler(logging.StreamHandler[Any]):
    """Writes records to a file on any filesystem. In an object store the file appears when the handler is closed.

    path: the file, as the filesystem names it.
    """

    def __init__(self, path: str, filesystem: AbstractFileSystem):
        super().__init__(filesystem.open(path, "w", encoding="utf-8"))

    def close(self) -> None:
        """Close the file."""
        self.stream.close()
        super().close()


@dataclass(frozen=True)
class LogSettings:
    """How the log files of a run are written."""

    filesystem: AbstractFileSystem
    """What the paths of the files belong to."""
    handler_factory: HandlerFactory = logging.FileHandler
    """Makes a handler of a path in the filesystem and ``filesystem=``, if it has such a parameter, otherwise of a path
    that stands alone. The default, which writes local files only, gives way to FilesystemHandler for other files."""
    filter: logging.Filter | None = None
    """Which records are written, None for all."""
    only_this_thread: bool = False
    """Whether records of other threads are left out."""

    @contextmanager
    def writing_to(self, path: str) -> Iterator[None]:
        """Write what is logged in the meantime to a file. Where that can't be done there is an EORuntimeWarning."""
        handler = self._start(path)
        try:
            yield
        finally:
            if handler is not None:
                self._stop(handler, path)

    def _start(self, path: str) -> logging.Handler | None:
        try:
            handler = self._make_handler(path)
        except Exception as error:  # noqa: BLE001 - factories and filesystems are the user's, and raise what they like
            _warn(f"The log {self._name(path)} can't be written", error)
            return None
        if handler.formatter is None:
            handler.setFormatter(_RedactingFormatter(LOG_FORMAT))
        if self.only_this_thread:
            handler.addFilter(LogFileFilter(threading.current_thread().name))
        if self.filter is not None:
            handler.addFilter(self.filter)
        _add_to_root(handler)
        return handler

    def _make_handler(self, path: str) -> logging.Handler:
        if "filesystem" in inspect.signature(self.handler_factory).parameters:
            return self.handler_factory(path, filesystem=self.filesystem)
        if self.handler_factory is logging.FileHandler and local_path(self.filesystem, path) is None:
            return FilesystemHandler(path, self.filesystem)
        return self.handler_factory(get_full_path(self.filesystem, path))

    def _stop(self, handler: logging.Handler, path: str) -> None:
        _remove_from_root(handler)
        try:
            handler.close()
        except Exception as error:  # noqa: BLE001 - as above; for an object store this is when the file is written
            _warn(f"The log {self._name(path)} can't be closed", error)

    def _name(self, path: str) -> str:
        return get_full_path(self.filesystem, path)


def _warn(what: str, error: Exception) -> None:
    warn_user(redact(f"{what}: {type(error).__name__}: {error}"), EORuntimeWarning)


_root_lock = threading.Lock()
_open_handlers: set[logging.Handler] = set()
_level_before = logging.WARNING


def _add_to_root(handler: logging.Handler) -> None:
    """Add a handler to the root logger, which passes on everything while any execution, in whatever thread, logs."""
    global _level_before  # noqa: PLW0603 - the root logger, whose level this is, is global too
    root = logging.getLogger()
    with _root_lock:
        if not _open_handlers:
            _level_before = root.level
            root.setLevel(logging.DEBUG)
        _open_handlers.add(handler)
        root.addHandler(handler)


def _remove_from_root(handler: logging.Handler) -> None:
    root = logging.getLogger()
    with _root_lock:
        root.removeHandler(handler)
        _open_handlers.discard(handler)
        if not _open_handlers:
            root.setLevel(_level_before)
