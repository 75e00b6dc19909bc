"""What a report tells of a run: numbers, times and memory of each node, failures by where they arose."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from eolearn.core.exceptions import NotRunYet
from eolearn.core.utils.redact import redact

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eolearn.core.eoexecution import EOExecutor
    from eolearn.core.eonode import ExceptionInfo, NodeStats
    from eolearn.core.eoworkflow import WorkflowResults

_LONGEST_MESSAGE = 500


@dataclass
class NodeRuns:
    """How the runs of one node went, without those that a resumed run skipped."""

    name: str
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    memory_peaks: list[float] = field(default_factory=list)
    """In bytes."""
    failed: int = 0

    def add(self, stats: NodeStats) -> None:
        """Take in another run."""
        self.seconds.append((stats.end_time - stats.start_time).total_seconds())
        self.failed += stats.exception_info is not None
        if stats.usage is not None:
            self.cpu_seconds.append(stats.usage.cpu_seconds)
            self.memory_peaks.append(stats.usage.memory_peak)


@dataclass
class FailureGroup:
    """Executions that failed in the same node, with the same kind of error, raised in the same line."""

    node_name: str
    exception: str
    """The class of the error and its message, of the first of them."""
    origin: str
    traceback: str
    """Of the first of them."""
    positions: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class RunSummary:
    """A run of an executor."""

    start_time: datetime
    end_time: datetime
    skipped: NDArray[np.bool_]
    failed: NDArray[np.bool_]
    retried: NDArray[np.bool_]
    starts: NDArray[np.float64]
    """When executions began, in seconds after the run did; 0 if skipped."""
    ends: NDArray[np.float64]
    """When executions ended, in the same way."""
    workers: list[str]
    """Where each execution ran."""
    nodes: dict[str, NodeRuns]
    """By uid, in the order of the workflow."""
    failures: list[FailureGroup]
    """The most frequent first."""
    memory_is_of_threads: bool
    """Whether the memory of nodes is that of a process which other nodes shared."""

    @property
    def seconds(self) -> float:
        """How long the run took."""
        return (self.end_time - self.start_time).total_seconds()


def summarise(executor: EOExecutor, name_of: Callable[[str], str]) -> RunSummary:
    """Return the summary of the last run, after one pass over its results.

    name_of: returns the name of a node, unlike those of others, for its uid.

    Raises NotRunYet (a RuntimeError) if there was none.
    """
    if not executor.general_stats:
        raise NotRunYet("A report tells of a run that has come to its end: call run() first.")
    start: datetime = executor.general_stats[executor.STATS_START_TIME]
    results = executor.execution_results
    nodes = {node.uid: NodeRuns(name_of(node.uid)) for node in executor.workflow.get_nodes()}
    groups: dict[tuple[str, type, str], FailureGroup] = {}
    shared = False
    for position, result in enumerate(results):
        for uid, stats in result.stats.items():
            if not result.skipped:
                nodes.setdefault(uid, NodeRuns(stats.node_name)).add(stats)
                shared = shared or (stats.usage is not None and stats.usage.of == "thread")
            if stats.exception_info is not None:
                _group(groups, uid, nodes[uid].name, stats.exception_info).positions.append(position)
    return RunSummary(
        start_time=start,
        end_time=executor.general_stats[executor.STATS_END_TIME],
        skipped=np.array([result.skipped for result in results], bool),
        failed=np.array([result.workflow_failed() for result in results], bool),
        retried=np.array([result.attempts > 1 and not result.skipped for result in results], bool),
        starts=_seconds_after(start, results, lambda result: result.start_time),
        ends=_seconds_after(start, results, lambda result: result.end_time),
        workers=[result.worker for result in results],
        nodes=nodes,
        failures=sorted(groups.values(), key=lambda group: -len(group.positions)),
        memory_is_of_threads=shared,
    )


def _seconds_after(
    start: datetime, results: Sequence[WorkflowResults], time_of: Callable[[WorkflowResults], datetime]
) -> NDArray[np.float64]:
    seconds = [0.0 if result.skipped else (time_of(result) - start).total_seconds() for result in results]
    return np.array(seconds, np.float64)


def _group(groups: dict[Any, FailureGroup], uid: str, name: str, info: ExceptionInfo) -> FailureGroup:
    key = uid, type(info.exception), info.origin
    if key not in groups:
        text = redact("".join(traceback.format_exception_only(info.exception)).strip())
        text = text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]}..."
        groups[key] = FailureGroup(name, text, redact(info.origin), redact(info.traceback))
    return groups[key]
