"""One execution of a workflow, as a worker runs it."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, overload

from ..eonode import EONode
from ..eoworkflow import EOWorkflow, WorkflowResults
from ..exceptions import TemporalDimensionWarning
from .engine import Engine
from .logs import LogSettings
from .measure import Meter
from .memory import Scope
from .records import Records

_NOTHING = nullcontext()
Own = tuple[dict[str, dict[str, object]], str | None]
"""What an execution has for itself: arguments of tasks by the uids of their nodes, and the path of its log, if any."""


@dataclass(frozen=True)
class CommonData:
    """What all executions of a run share."""

    workflow: EOWorkflow
    logs: LogSettings
    worker_name: Callable[[], str]
    scope: Scope
    has_own_processes: bool
    raise_on_temporal_mismatch: bool

    @classmethod
    def on(cls, engine: Engine, workflow: EOWorkflow, logs: LogSettings, strict: bool) -> CommonData:
        """Describe a run on an engine."""
        return cls(workflow, logs, engine.worker_name, engine.scope, engine.has_own_processes, strict)

    def meter(self) -> Meter:
        """Return what measures an execution, in the process that runs it."""
        if not self.has_own_processes:
            return Meter(self.scope)
        from .worker import report_step  # only now: multiprocessing takes a while to import

        return Meter(self.scope, may_reset=True, on_step=report_step)


@dataclass(frozen=True)
class ProcessingData:
    """One execution."""

    common: CommonData
    arguments: dict[str, dict[str, object]]
    """The arguments of the tasks, by the uids of their nodes."""
    log_path: str | None
    """The log file in the filesystem of the logs, None if there is to be none."""

    def execute(self) -> WorkflowResults:
        """Run it, in whatever process."""
        common = self.common
        arguments = {
            node: self.arguments[node.uid] for node in common.workflow.get_nodes() if node.uid in self.arguments
        }
        strictness = _temporal_mismatch_is_error() if common.raise_on_temporal_mismatch else _NOTHING
        log = common.logs.writing_to(self.log_path) if self.log_path else _NOTHING
        with strictness, log:
            results = common.workflow.execute(arguments, raise_errors=False, observer=common.meter())
        object.__setattr__(results, "worker", common.worker_name())  # they are new, so nobody else has them yet
        return results


class ExecutionFunction:
    """The function that engines call: it runs an execution of which it gets only what is its own.

    What all have in common thus travels once to each worker. Results travel back as records.
    """

    def __init__(self, execute: Callable[[ProcessingData], WorkflowResults], common: CommonData):
        self._execute = execute
        self._common = common
        self._records = Records(common.workflow)

    def __call__(self, own: Own) -> WorkflowResults | tuple[Any, ...]:
        """Run the execution."""
        results = self._execute(ProcessingData(self._common, *own))
        if not self._common.has_own_processes:
            return results
        error = results.stats[results.error_node_uid].exception_info if results.error_node_uid else None
        return self._records.record_of(results), results.outputs, error

    def results_from(self, returned: WorkflowResults | tuple[Any, ...]) -> WorkflowResults:
        """Return the results, in the process that runs the engine, from what a call has returned."""
        return returned if isinstance(returned, WorkflowResults) else self._records.results_of(*returned)


class Executions(Sequence[Own]):
    """What each execution has for itself, made when it is looked up.

    by_node: for each execution the arguments by node.
    log_paths: the logs, None if there are to be none.
    """

    def __init__(self, by_node: Sequence[Mapping[EONode, dict[str, object]]], log_paths: Sequence[str] | None):
        self._by_node = by_node
        self._log_paths = log_paths

    def __len__(self) -> int:
        return len(self._by_node)

    @overload
    def __getitem__(self, position: int) -> Own: ...
    @overload
    def __getitem__(self, position: slice) -> list[Own]: ...
    def __getitem__(self, position: int | slice) -> Own | list[Own]:
        if isinstance(position, slice):
            return [self[index] for index in range(len(self))[position]]
        arguments = {node.uid: kwargs for node, kwargs in self._by_node[position].items()}
        return arguments, self._log_paths[position] if self._log_paths else None


_strictness = threading.Lock()
_strict_executions: list[warnings.catch_warnings[Any]] = []


@contextmanager
def _temporal_mismatch_is_error() -> Iterator[None]:
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
