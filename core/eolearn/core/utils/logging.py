"""Filters of log records."""

from __future__ import annotations

from logging import Filter, LogRecord
from typing import Any


class LogFileFilter(Filter):
    """Lets the records of one thread through, so that executions that run in threads can have a log each.

    thread_name: the name of the thread.

    Further arguments are those of :class:`logging.Filter`: the name of the logger whose records pass.
    """

    def __init__(self, thread_name: str | None, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.thread_name = thread_name

    def filter(self, record: LogRecord) -> bool:
        """Whether a record comes from the thread."""
        return record.threadName == self.thread_name and bool(super().filter(record))
