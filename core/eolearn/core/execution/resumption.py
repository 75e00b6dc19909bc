"""Tells which executions of a run have been done by an earlier one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..eonode import EONode
from ..eoworkflow import EOWorkflow, WorkflowResults
from ..eoworkflow_tasks import OutputTask
from .fingerprint import Fingerprinter
from .ledger_base import Ledger
from .records import Records


class ExecutionFingerprints:
    """Takes the fingerprints of executions of a workflow.

    The nodes count in the order of execution, each with its task and the positions of its inputs; its uid and its name
    don't. A name that an OutputTask has made up for itself counts for nothing either.

    workflow: what is executed.
    settings: other settings that an outcome depends on.

    Raises NoFingerprint (a ValueError) that names node, task and attribute for what has none.
    """

    def __init__(self, workflow: EOWorkflow, settings: object = None):
        self._fingerprinter = Fingerprinter()
        self._nodes = workflow.get_nodes()
        positions = {node.uid: position for position, node in enumerate(self._nodes)}
        graph = [(self._of_task(node), [positions[source.uid] for source in node.inputs]) for node in self._nodes]
        self._of_workflow = self._fingerprinter.of((graph, settings))

    def _of_task(self, node: EONode) -> bytes:
        task = node.task
        if isinstance(task, OutputTask) and task.private_task_config.init_args.get("name") in (None, "None", "''"):
            task = OutputTask("made up", features=task.features)
        return self._fingerprinter.of(task, f"{_described(node)}: task")

    def of(self, arguments: Mapping[str, Mapping[str, object]], name: object) -> str:
        """Return the fingerprint of an execution.

        arguments: those of the tasks, by the uids of their nodes.
        name: what the execution is called in errors.
        """
        parts: list[object] = [self._of_workflow]
        for position, node in enumerate(self._nodes):
            for argument, value in sorted(arguments.get(node.uid, {}).items()):
                what = f"Execution {name}, {_described(node)}: argument {argument}"
                parts.append((position, argument, self._fingerprinter.of(value, what)))
        return self._fingerprinter.of(parts).hex()


def _described(node: EONode) -> str:
    return f"node {node.get_name()} ({type(node.task).__name__})"


class Resumption:
    """What a run knows of earlier ones, and tells later ones.

    ledger: where that is kept. It is closed with this.
    workflow: what is executed.
    fingerprints: those of the executions, in order.

    Raises BrokenFile (an OSError and a ValueError) if a record in the ledger can't be understood.
    """

    def __init__(self, ledger: Ledger, workflow: EOWorkflow, fingerprints: Iterable[str]):
        self._ledger = ledger
        self._records = Records(workflow)
        self._fingerprints = list(fingerprints)
        self._found = ledger.find(self._fingerprints)

    def positions_done(self) -> list[int]:
        """Return which executions have been done."""
        return [position for position, key in enumerate(self._fingerprints) if key in self._found]

    def results_of(self, position: int) -> WorkflowResults:
        """Return the statistics of an execution that has been done."""
        try:
            return self._records.results_of_text(self._found[self._fingerprints[position]])
        except (IndexError, TypeError, ValueError) as error:
            raise self._ledger.broken(f"{type(error).__name__}: {error}") from error

    def note(self, position: int, results: WorkflowResults) -> None:
        """Keep in the ledger that an execution succeeded."""
        self._ledger.add(self._fingerprints[position], self._records.text_of(results))

    def close(self) -> None:
        """Write what is left to be written."""
        self._ledger.close()
