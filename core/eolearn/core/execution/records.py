"""The statistics of executions as plain values, which travel, are kept in memory and lie in ledgers."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, overload

from ..eonode import ExceptionInfo, NodeStats, ResourceUsage
from ..eoworkflow import EOWorkflow, WorkflowResults

Record = Sequence[Any]
"""Start, end, worker, attempts, and for each node its position, start, end and usage. Times may be texts (ISO 8601)."""


class Records:
    """Makes records of results and results of records.

    Nodes go by their positions: their uids differ from run to run, and take memory.

    workflow: what is, or was, executed.
    """

    def __init__(self, workflow: EOWorkflow):
        self._nodes = workflow.get_nodes()
        self._positions = {node.uid: position for position, node in enumerate(self._nodes)}

    def record_of(self, results: WorkflowResults) -> Record:
        """Return the statistics, without outputs and errors."""
        nodes = [
            (self._positions[uid], stats.start_time, stats.end_time, _values_of(stats.usage))
            for uid, stats in results.stats.items()
        ]
        return results.start_time, results.end_time, results.worker, results.attempts, nodes

    def results_of(
        self,
        record: Record,
        outputs: Mapping[str, object] | None = None,
        error: ExceptionInfo | None = None,
        *,
        skipped: bool = False,
    ) -> WorkflowResults:
        """Return what a record tells. Raises IndexError, TypeError or ValueError if it is none.

        outputs: those of the execution, by default none.
        error: what the last of the nodes failed for, if it did.
        skipped: whether the execution is not of this run.
        """
        start, end, worker, attempts, nodes = record
        stats: dict[str, NodeStats] = {}
        for position, node_start, node_end, usage in nodes:
            node = self._nodes[position]
            info = error if len(stats) == len(nodes) - 1 else None
            measured = None if usage is None else ResourceUsage(*usage)
            stats[node.uid] = NodeStats(node.uid, node.get_name(), _time(node_start), _time(node_end), info, measured)
        return WorkflowResults(dict(outputs or {}), _time(start), _time(end), stats, worker, skipped, attempts)

    def text_of(self, results: WorkflowResults) -> str:
        """Return the record as a text."""
        return json.dumps(self.record_of(results), default=datetime.isoformat, separators=(",", ":"))

    def results_of_text(self, text: str) -> WorkflowResults:
        """Return what a text tells, marked as skipped. Raises as :meth:`results_of`."""
        return self.results_of(json.loads(text), skipped=True)


def _time(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _values_of(usage: ResourceUsage | None) -> tuple[float, int, int, int, str] | None:
    if usage is None:
        return None
    return usage.cpu_seconds, usage.memory_before, usage.memory_after, usage.memory_peak, usage.of


class KeptResults(Sequence[WorkflowResults]):
    """A list of results without outputs, of which those without errors are kept small: a few hundred bytes each.

    workflow: what was executed.
    number: how many results there will be, each of which has to be set.
    """

    def __init__(self, workflow: EOWorkflow, number: int):
        self._records = Records(workflow)
        self._kept: list[bytes | WorkflowResults] = [b""] * number

    def __setitem__(self, position: int, results: WorkflowResults) -> None:
        """Keep results."""
        if results.workflow_failed():
            self._kept[position] = results.drop_outputs()
        else:
            self._kept[position] = pickle.dumps((self._records.record_of(results), results.skipped))

    def failed_positions(self) -> list[int]:
        """Return where the results of failed executions are."""
        return [position for position, kept in enumerate(self._kept) if isinstance(kept, WorkflowResults)]

    def __len__(self) -> int:
        return len(self._kept)

    @overload
    def __getitem__(self, position: int) -> WorkflowResults: ...
    @overload
    def __getitem__(self, position: slice) -> list[WorkflowResults]: ...
    def __getitem__(self, position: int | slice) -> WorkflowResults | list[WorkflowResults]:
        if isinstance(position, slice):
            return [self._unpacked(kept) for kept in self._kept[position]]
        return self._unpacked(self._kept[position])

    def __iter__(self) -> Iterator[WorkflowResults]:
        return map(self._unpacked, self._kept)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        raise TypeError("unhashable type: 'KeptResults', which changes, as a list does")

    def __repr__(self) -> str:
        return repr(list(self))

    def _unpacked(self, kept: bytes | WorkflowResults) -> WorkflowResults:
        if isinstance(kept, WorkflowResults):
            return kept
        record, skipped = pickle.loads(kept)  # noqa: S301 - from this process's own memory
        return self._records.results_of(record, skipped=skipped)
