"""Calls a function many times at once, in threads or worker processes, with a progress bar."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Executor, Future
from enum import Enum
from operator import index as as_index
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ..exceptions import SettingError, SettingTypeError
from .process_lock import ProcessLock
from .threads import available_cpus

if TYPE_CHECKING:
    from ..execution.engine import Engine

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
AnyFuture = TypeVar("AnyFuture")

MULTIPROCESSING_LOCK = ProcessLock()
"""One lock for the threads of this process and for the worker processes of its executors."""


class _ProcessingType(Enum):
    """Ways to run several things."""

    SINGLE_PROCESS = "single process"
    MULTIPROCESSING = "multiprocessing"
    MULTITHREADING = "multithreading"
    RAY = "ray"
