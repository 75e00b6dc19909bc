"""Warnings of timestamps that don't agree with the data become errors while executions run, where that is wanted."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..exceptions import TemporalDimensionWarning

_strictness = threading.Lock()
_strict_executions: list[warnings.catch_warnings[Any]] = []


@contextmanager
def temporal_mismatch_is_error() -> Iterator[None]:
    """Raise TemporalDimensionWarning while any execution, in whatever thread, is in here: filters are the process's."""
    with _strictness:
        outermost = _strict_executions[0] if _strict_executions else warnings.catch_warnings()
        if not _strict_executions:
            outermost.__enter__()
            warnings.simplefilter("error", TemporalDimensionWarning)
        _strict_executions.append(outermost)
    try:
        yield
    finally:
        with _strictness:
            _strict_executions.pop()
            if not _strict_executions:
                outermost.__exit__(None, None, None)
