"""Which failed executions are tried again, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..exceptions import BrokenFile, SettingError

_FINAL_OS_ERRORS = (
    BrokenFile,
    FileExistsError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)
_FINAL_ERRORS = (
    *(ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError, NotImplementedError),
    *(RecursionError, SyntaxError, TypeError, ValueError, Warning),
)


def may_pass(error: BaseException) -> bool:
    """Whether an error may not come again when the same is done again.

    False for errors that tell of the program, its settings or its data (TypeError, NameError, ValueError, KeyError and
    their like, warnings that are errors), for a path that isn't there or is forbidden, and for what ends a program
    (SystemExit). True for all others: of networks, of services, of the system, and workers that died or were stopped.
    """
    if isinstance(error, OSError):
        return not isinstance(error, _FINAL_OS_ERRORS)
    return isinstance(error, Exception) and not isinstance(error, _FINAL_ERRORS)


@dataclass(frozen=True)
class RetryPolicy:
    """How often a failed execution is tried again."""

    retries: int = 0
    """How often at most."""
    delay: float = 1.0
    """How many seconds pass before the first retry, twice as many before the second, and so on."""
    accepts: Callable[[BaseException], bool] = may_pass
    """Whether an execution that failed for this error is worth another try."""

    def __post_init__(self) -> None:
        if not isinstance(self.retries, int) or self.retries < 0:
            raise SettingError(f"retries must be a whole number from 0, got {self.retries!r}.")
        if not self.delay >= 0:
            raise SettingError(f"retry_delay must be a number of seconds from 0, got {self.delay!r}.")
        if not callable(self.accepts):
            raise SettingError(f"retry_on must be a function of an exception, got {self.accepts!r}.")

    def wait_before_retry(self, attempts: int, error: BaseException) -> float | None:
        """Return how many seconds to wait before the next try, None if there is to be none.

        attempts: how many tries there were, which all failed.
        error: what the last one failed for.
        """
        if attempts > self.retries or not self.accepts(error):
            return None
        return float(self.delay * 2 ** (attempts - 1))
