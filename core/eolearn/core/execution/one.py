"""One execution of a workflow, as a worker runs it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..eonode import ExceptionInfo, NodeStats
from ..eoworkflow import EOWorkflow, WorkflowResults
from .engine import Engine, Failure
from .inputs import Own
from .logs import LogSettings
from .measure import Meter
from .memory import Scope
from .records import Records
from .strictness import temporal_mismatch_is_error

_NOTHING = nullcontext()


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
        strictness = temporal_mismatch_is_error() if common.raise_on_temporal_mismatch else _NOTHING
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

    def results_of_failure(self, failure: Failure) -> WorkflowResults:
        """Return results that tell what went wrong otherwise than by an error of a task."""
        if failure.step is None:
            uid, name = "", "outside of the tasks"
        else:
            node = self._common.workflow.get_nodes()[failure.step]
            uid, name = node.uid, node.get_name()
        start, end = datetime.fromtimestamp(failure.started), datetime.now()
        info = ExceptionInfo(failure.error, failure.traceback, f"{name}.")
        return WorkflowResults({}, start, end, {uid: NodeStats(uid, name, start, end, info)}, worker=failure.worker)
