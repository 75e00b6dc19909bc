"""Tells which task a worker is at, so that this is known if the worker dies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..eotask import EOTask
from ..eoworkflow_tasks import OutputTask
from .worker import report_step

if TYPE_CHECKING:
    from ..eoworkflow import EOWorkflow


class _WatchedTask(EOTask):
    """Does what another task does, and reports before it begins."""

    def __init__(self, task: EOTask, step: int):
        self.task = task
        self.step = step

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        report_step(self.step)
        return self.task.execute(*args, **kwargs)


def watch(workflow: EOWorkflow) -> None:
    """Make a workflow, the copy that a worker has, report the position of each node when its turn comes.

    OutputTasks, which a workflow tells from others by their class, do nothing that could kill a worker.
    """
    for step, node in enumerate(workflow.get_nodes()):
        if not isinstance(node.task, OutputTask):
            object.__setattr__(node, "task", _WatchedTask(node.task, step))
