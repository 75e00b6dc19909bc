"""Filters of log records."""

from __future__ import annotations

import logging
import threading

import pytest

from eolearn.core.utils.logging import LogFileFilter


@pytest.fixture
def logger():
    logger = logging.getLogger("a.part")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    yield logger
    logger.handlers.clear()


class _Collector(logging.Handler):
    def __init__(self, log_filter):
        super().__init__()
        self.addFilter(log_filter)
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


def test_only_records_of_the_named_thread_pass(logger):
    collectors = {name: _Collector(LogFileFilter(name)) for name in ("first", "second", "nobody")}
    for collector in collectors.values():
        logger.addHandler(collector)
    threads = [threading.Thread(target=logger.info, args=(f"from {name}",), name=name) for name in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    logger.info("from here")
    assert collectors["first"].messages == ["from first"]
    assert collectors["second"].messages == ["from second"]
    assert collectors["nobody"].messages == []


def test_the_name_of_a_logger_filters_further(logger):
    name = threading.current_thread().name
    of_part, of_other = _Collector(LogFileFilter(name, "a.part")), _Collector(LogFileFilter(name, name="b"))
    logger.addHandler(of_part)
    logger.addHandler(of_other)
    logger.info("hello")
    assert of_part.messages == ["hello"]
    assert of_other.messages == []
