"""Workflows: tasks that run in the order of their dependence on each other."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, Self

from .eodata import EOPatch
from .eonode import EONode, ExceptionInfo, NodeStats, ResourceUsage, in_order_of_dependence
from .eoworkflow_tasks import OutputTask
from .exceptions import MissingExtra, NodeMissing, SettingError
from .graph import CyclicDependencyError, DirectedGraph

if TYPE_CHECKING:
    from graphviz import Digraph

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkflowResults:
    """What came of one execution of a workflow."""

    outputs: dict[str, object]
    """What the OutputTasks handed out, by their names."""
    start_time: datetime
    end_time: datetime
    stats: dict[str, NodeStats]
    """The statistics of each node that ran, by its uid."""
    error_node_uid: str | None = field(init=False)
    """The uid of the node that failed, None if none did."""
    worker: str = ""
    """Where an executor ran it, such as ``"process 4711"`` or ``"thread 2"``."""
    skipped: bool = False
    """Whether a resumed run did not do it again. Then the times and statistics are those of the run that did."""
    attempts: int = 1
    """How often an executor ran it, till it succeeded or there were no retries left."""

    def __post_init__(self) -> None:
        failed = (uid for uid, stats in self.stats.items() if stats.exception_info is not None)
        object.__setattr__(self, "error_node_uid", next(failed, None))

    def workflow_failed(self) -> bool:
        """Whether a node failed."""
        return self.error_node_uid is not None

    def drop_outputs(self) -> WorkflowResults:
        """Return the same without the outputs, which take memory."""
        return replace(self, outputs={}) if self.outputs else self


class Observer(Protocol):
    """Is told of the nodes of one execution, as they run one after the other."""

    def begin(self, step: int) -> None:
        """Take notice that the node at this position begins."""
        ...

    def end(self) -> ResourceUsage | None:
        """Take notice that it has ended, well or not, and return what it took, if that was measured."""
        ...


class _NoObserver:
    def begin(self, step: int) -> None:
        pass

    def end(self) -> None:
        pass


_: type[Observer] = _NoObserver


class _Execution:
    """The state of one run of a workflow: results that nodes still wait for, outputs and statistics so far.

    arguments: those of the tasks, by the uids of their nodes.
    """

    def __init__(self, workflow: EOWorkflow, arguments: Mapping[str, Mapping[str, Any]]):
        self.outputs: dict[str, object] = {}
        self.stats: dict[str, NodeStats] = {}
        self._results: dict[str, Any] = {}
        self.workflow = workflow
        self.arguments = arguments
        self.node: EONode | None = None  # the one that runs
        self._uses_left = workflow.uid_dag.get_outdegrees()  # how often the result of each node will be an input

    def compute(self, node: EONode) -> None:
        LOGGER.debug("Computing %s (node uid: %s)", node.name, node.uid)
        args = [_own(self._results[source.uid]) for source in node.inputs]
        kwargs = {name: _own(value) for name, value in self.arguments.get(node.uid, {}).items()}
        for source in node.inputs:  # before the task runs: then it can free the memory of what it replaces
            self._uses_left[source.uid] -= 1
            self._release_if_done(source)
        self.node = node
        result = self._results[node.uid] = node.task.execute(*args, **kwargs)
        if isinstance(node.task, OutputTask):
            self.outputs[node.task.name] = result
        self._release_if_done(node)

    def _release_if_done(self, node: EONode) -> None:
        if not self._uses_left[node.uid]:
            del self._results[node.uid]
            LOGGER.debug("Removing intermediate result of %s (node uid: %s)", node.name, node.uid)

    def note(
        self, node: EONode, start_time: datetime, error: ExceptionInfo | None, usage: ResourceUsage | None
    ) -> None:
        self.stats[node.uid] = NodeStats(node.uid, node.get_name(), start_time, datetime.now(), error, usage)
        if error is not None:
            LOGGER.error("Task %s with id %s failed:\n%s", node.name, node.uid, error.traceback)


current_execution: ContextVar[_Execution | None] = ContextVar("current_execution", default=None)
"""Tells a task for what it is run; None for a task that is called by hand."""


def _own(value: Any) -> Any:
    """Return a shallow copy of an EOPatch, in which a task may add and replace features; other data as they are."""
    return value.copy(copy_timestamps=True) if isinstance(value, EOPatch) else value


class EOWorkflow:
    """Tasks that depend on each other's results, run in an order in which each finds its inputs ready.

    workflow_nodes: the nodes, in any order. Where their dependence leaves a choice, they run in this order.

    Each task gets shallow copies of EOPatches, so that tasks that work on the same one don't disturb each other, and a
    result is kept no longer than a task needs it. A workflow can be run by several threads at once, and can be pickled.

    Raises SettingError (a ValueError) for anything but nodes, for a node that is there twice and for one whose inputs
    are not all there, and CyclicDependencyError (a ValueError) if nodes wait for each other.

    Example:
        >>> nodes = linearly_connect_tasks(LoadTask("patches"), OutputTask("patch"))
        >>> workflow = EOWorkflow(nodes)
        >>> results = workflow.execute({nodes[0]: {"eopatch_folder": "eopatch-7"}})
        >>> results.outputs["patch"]
    """

    def __init__(self, workflow_nodes: Sequence[EONode]):
        given = _nodes_by_uid(workflow_nodes)
        self.uid_dag = _graph_of(given)
        try:
            order = self.uid_dag.topologically_ordered_vertices()
        except CyclicDependencyError as error:
            raise CyclicDependencyError(given[uid].name for uid in error.cycle) from None
        self._nodes = {uid: given[uid] for uid in order}
        self.task_descriptions: Mapping[str, Any] | None = None  # in an unpickled workflow, what provenance needs

    def __getstate__(self) -> dict[str, Any]:
        """Return the content; for tasks that keep a provenance, with what a pickle of a task doesn't tell of it."""
        state = self.__dict__.copy()
        if self.task_descriptions is None and any(getattr(node.task, "provenance", False) for node in self.get_nodes()):
            provenance = importlib.import_module("eolearn.core.provenance.recording")
            state["task_descriptions"] = provenance.describe_tasks(self.get_nodes())
        return state

    @classmethod
    def from_endnodes(cls, *endnodes: EONode) -> Self:
        """Make a workflow of nodes and all that they depend on."""
        for node in endnodes:
            _check_node(node)
        return cls(in_order_of_dependence(endnodes))

    def get_nodes(self) -> list[EONode]:
        """Return the nodes in the order of execution."""
        return list(self._nodes.values())

    def get_node_with_uid(self, uid: str, fail_if_missing: bool = False) -> EONode | None:
        """Return the node with a uid. If there is none, return None or raise NodeMissing (a KeyError)."""
        if fail_if_missing and uid not in self._nodes:
            raise NodeMissing(f"None of the {len(self._nodes)} nodes of the workflow has the uid {uid!r}.")
        return self._nodes.get(uid)

    @staticmethod
    def validate_input_kwargs(input_kwargs: Mapping[EONode, dict[str, object]]) -> None:
        """Raise SettingError (a ValueError) unless the arguments are given by node, in a dict of names and values."""
        if not isinstance(input_kwargs, Mapping):
            raise SettingError(
                f"Arguments of an execution are a dict of nodes and their arguments, got {input_kwargs!r}."
            )
        for node, kwargs in input_kwargs.items():
            if not isinstance(node, EONode):
                raise SettingError(f"Arguments of an execution are given by node (EONode), not by {node!r}.")
            if not isinstance(kwargs, dict):
                raise SettingError(f"The arguments of node {node.name} must be a dict, got {kwargs!r}.")
            unnamed = [name for name in kwargs if not isinstance(name, str)]
            if unnamed:
                raise SettingError(f"The arguments of node {node.name} need names, which are strings, got {unnamed}.")

    def execute(
        self,
        input_kwargs: Mapping[EONode, dict[str, object]] | None = None,
        raise_errors: bool = True,
        *,
        observer: Observer | None = None,
    ) -> WorkflowResults:
        """Run all the tasks.

        input_kwargs: keyword arguments of tasks, by node. Nodes that are not in the workflow don't matter.
        raise_errors: if False, an error in a task ends the execution, is logged, and is found in the results, with
            the outputs till then. A KeyboardInterrupt is raised in any case.
        observer: is told of each node, and measures it.
        """
        input_kwargs = input_kwargs or {}
        self.validate_input_kwargs(input_kwargs)
        kwargs_by_uid = {node.uid: kwargs for node, kwargs in input_kwargs.items()}
        start_time = datetime.now()
        execution = _Execution(self, kwargs_by_uid)
        outer_execution = current_execution.set(execution)
        try:
            self._run_nodes(execution, observer or _NoObserver(), raise_errors)
        finally:
            current_execution.reset(outer_execution)
        results = WorkflowResults(execution.outputs, start_time, datetime.now(), execution.stats)
        LOGGER.debug("EOWorkflow ended with results %r", results)
        LOGGER.debug("EOWorkflow execution %s", "failed!" if results.workflow_failed() else "finished!")
        return results

    def _run_nodes(self, execution: _Execution, observer: Observer, raise_errors: bool) -> None:
        for step, node in enumerate(self._nodes.values()):
            error, node_start = None, datetime.now()
            observer.begin(step)
            try:
                execution.compute(node)
            except KeyboardInterrupt:
                raise
            except BaseException as exception:
                if raise_errors:
                    raise
                error = ExceptionInfo.from_exception(exception)
            finally:
                usage = observer.end()
            execution.note(node, node_start, error, usage)
            if error is not None:
                break

    def get_dot(self) -> Digraph:
        """Return a drawing of the nodes and their dependence, as a ``graphviz.Digraph``.

        Raises MissingExtra (an ImportError and a RuntimeError) if what draws is not installed.
        """
        return self._visualization().get_dot()

    def dependency_graph(self, filename: str | None = None) -> Digraph:
        """Return the drawing from left to right, and write it to an image file if a name is given."""
        return self._visualization().dependency_graph(filename)

    def _repr_html_(self) -> str | None:
        """Return the drawing for a notebook, None if what draws is not installed."""
        try:
            return f'<div style="overflow-x:auto">{self._visualization().get_svg()}</div>'
        except MissingExtra:
            return None

    def _visualization(self) -> Any:
        try:
            module = importlib.import_module("eolearn.visualization.eoworkflow")
        except ImportError as error:
            raise MissingExtra(
                f"To draw a workflow takes packages that are not installed ({error}): "
                "pip install 'eo-learn-core[visualization]'"
            ) from error
        return module.EOWorkflowVisualization(self.get_nodes())


def _check_node(node: object) -> None:
    if not isinstance(node, EONode):
        raise SettingError(f"A workflow is made of nodes, got {node!r}. Put tasks into nodes: EONode(task).")


def _nodes_by_uid(nodes: Sequence[EONode]) -> dict[str, EONode]:
    if not isinstance(nodes, Sequence):
        raise SettingError(f"A workflow is made of a list of nodes, got a {type(nodes).__name__}: {nodes!r}.")
    by_uid: dict[str, EONode] = {}
    for node in nodes:
        _check_node(node)
        if node.uid in by_uid:
            raise SettingError(f"{node} is in the workflow twice. For a task that runs twice make two nodes.")
        by_uid[node.uid] = node
    return by_uid


def _graph_of(nodes: Mapping[str, EONode]) -> DirectedGraph[str]:
    graph: DirectedGraph[str] = DirectedGraph(dict.fromkeys(nodes, ()))
    for uid, node in nodes.items():
        for source in node.inputs:
            if source.uid not in nodes:
                raise SettingError(
                    f"{source} is an input of {node}, but not in the workflow. EOWorkflow.from_endnodes "
                    "takes in all inputs by itself."
                )
            graph.add_edge(source.uid, uid)
    return graph
