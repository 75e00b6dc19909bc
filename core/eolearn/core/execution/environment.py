"""What a function finds around itself in this process, so that it finds the same in a worker."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..utils.threads import THREAD_VARIABLES, limit_library_threads, limit_threads
from .transport import dumps, loads

_NUMBA_VARIABLE = "NUMBA_NUM_THREADS"
_variables_of_parent = set(os.environ) - {_NUMBA_VARIABLE}  # in a worker: those that it inherited or was told of


@dataclass(frozen=True)
class Environment:
    """Where modules are found, the working directory, environment variables and filters of warnings.

    Worker processes are not forked from the user's process and outlive a run, so they are told before each run.
    """

    path: list[str]
    folder: str | None
    variables: dict[str, str]
    warning_filters: bytes
    """Pickled, because it takes the path to find the categories."""
    threads: int
    """How many threads a worker may use."""

    @classmethod
    def here(cls, threads: int) -> Environment:
        """Describe this process."""
        filters = [
            (action, _pattern(message), category, _pattern(module), line)
            for action, message, category, module, line in warnings.filters
        ]
        return cls(list(sys.path), _working_directory(), dict(os.environ), dumps(filters), threads)

    def settle_in(self) -> None:
        """Make this process, a worker, like the described one."""
        sys.path[:] = self.path
        if self.folder is not None and self.folder != _working_directory():
            os.chdir(self.folder)
        self._set_variables()
        limit_all_threads(self.threads, self.variables)
        warnings.resetwarnings()
        for action, message, category, module, line in loads(self.warning_filters):
            warnings.filterwarnings(action, message, category, module, line, append=True)

    def _set_variables(self) -> None:
        for gone in _variables_of_parent - self.variables.keys():
            os.environ.pop(gone, None)
        _variables_of_parent.update(self.variables)
        os.environ.update(self.variables)


def limit_all_threads(threads: int, chosen: Collection[str] = ()) -> None:
    """Limit kernels and libraries in this process, a worker. Where a variable is among those chosen, it decides."""
    limit_threads(threads)
    if THREAD_VARIABLES.isdisjoint(chosen):
        limit_library_threads(threads)
        os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))  # for those that will be loaded
    if _NUMBA_VARIABLE not in chosen:
        _limit_numba(threads)


def _limit_numba(threads: int) -> None:
    """Limit the parallel loops of numba. It refuses another value of its variable once it has started threads."""
    if "numba" not in sys.modules:
        os.environ[_NUMBA_VARIABLE] = str(threads)
    elif getattr(sys.modules.get("numba.np.ufunc.parallel"), "_is_initialized", False):
        numba = sys.modules["numba"]
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))


def _pattern(matcher: Any) -> str:
    """Return the regular expression of an entry of ``warnings.filters``, where a plain text must match as a whole."""
    if isinstance(matcher, re.Pattern):
        return str(matcher.pattern)
    return "" if matcher is None else f"{re.escape(matcher)}$"


def _working_directory() -> str | None:
    try:
        return os.getcwd()
    except FileNotFoundError:  # it has been removed
        return None
