"""The nodes of a workflow: tasks with the nodes whose results they work on."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from .eotask import EOTask
from .exceptions import EOLearnError, SettingError, SettingTypeError
from .utils.common import generate_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime


@dataclass(frozen=True, eq=False, repr=False)
class EONode:
    """A task at its place in a workflow.

    A task may be in several nodes. Each node is one of its own, told from others by its ``uid``: nodes are equal if
    they are the same one, or copies of it whose tasks are equal.

    Raises SettingError (a ValueError) for a task or inputs of another kind.

    Example:
        >>> load = EONode(LoadTask("patches"))
        >>> save = EONode(SaveTask("results"), inputs=[load], name="Save results")
    """

    task: EOTask
    """What is done."""
    inputs: Sequence[EONode] = ()
    """The nodes whose results the task gets, in the order of its positional arguments. A node may occur repeatedly."""
    name: str | None = None
    """For people to read, in logs and reports; the name of the task's class if not given."""
    uid: str = field(init=False)
    """The name of the task's class, the time, and chance."""

    def __post_init__(self) -> None:
        if not isinstance(self.task, EOTask):
            raise SettingError(f"The task of a node must be an EOTask, got {self.task!r}.")
        if not isinstance(self.inputs, Sequence) or not all(isinstance(node, EONode) for node in self.inputs):
            raise SettingError(f"The inputs of a node must be a list of nodes (EONode), got {self.inputs!r}.")
        task_name = type(self.task).__name__
        object.__setattr__(self, "inputs", tuple(self.inputs))
        object.__setattr__(self, "name", task_name if self.name is None else self.name)
        object.__setattr__(self, "uid", generate_uid(task_name))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EONode):
            return NotImplemented
        return self is other or (self.uid == other.uid and self.task == other.task)

    def __hash__(self) -> int:
        return hash(self.uid)

    def __repr__(self) -> str:
        inputs = tuple(node.name for node in self.inputs)
        return f"EONode(task={self.task!r}, {inputs=}, name={self.name!r})"

    def get_name(self, suffix_number: int = 0) -> str:
        """Return the name, with a number to tell nodes of one name apart if the number is not 0."""
        return f"{self.name}_{suffix_number}" if suffix_number else str(self.name)

    def get_dependencies(self) -> set[EONode]:
        """Return all the nodes that have to run for this one to run, itself among them."""
        return set(in_order_of_dependence([self]))


def in_order_of_dependence(endnodes: Iterable[EONode]) -> list[EONode]:
    """Return nodes and all that they depend on, each once and each after its inputs."""
    ordered: dict[EONode, None] = {}
    met: set[EONode] = set()
    stack = list(endnodes)[::-1]
    while stack:
        node = stack.pop()
        if node in met:
            ordered[node] = None  # its inputs, which lay above it, are done
        else:
            met.add(node)
            stack.append(node)
            stack.extend(source for source in reversed(node.inputs) if source not in met)
    return list(ordered)


def linearly_connect_tasks(*tasks: EOTask | tuple[EOTask, str]) -> list[EONode]:
    """Make nodes of tasks that run one after the other, each on the result of the one before.

    tasks: the tasks, or pairs of a task and the name of its node.

    Raises SettingTypeError (a TypeError) for anything else.
    """
    nodes: list[EONode] = []
    for item in tasks:
        match item:
            case EOTask():
                nodes.append(EONode(item, inputs=nodes[-1:]))
            case (EOTask() as task, str() as name):
                nodes.append(EONode(task, inputs=nodes[-1:], name=name))
            case _:
                raise SettingTypeError(f"Only EOTasks, and pairs of one and its name, can be connected, got {item!r}.")
    return nodes


@dataclass(frozen=True)
class ExceptionInfo:
    """Why a node failed. It can be pickled even where the exception can't, which a text then stands in for."""

    exception: BaseException
    """What was raised, without its frames, whose variables would keep whole EOPatches in memory."""
    traceback: str
    """The traceback as Python prints it."""
    origin: str
    """Where it was raised: ``line <number> in <file>.``."""

    @classmethod
    def from_exception(cls, exception: BaseException) -> ExceptionInfo:
        """Describe an exception that has been caught, and let go of the frames that it went through."""
        text = "".join(traceback.format_exception(exception))
        *_, (frame, line_number) = traceback.walk_tb(exception.__traceback__)
        _drop_frames(exception)
        return cls(exception, text, f"line {line_number} in {frame.f_code.co_filename}.")

    def __reduce__(self) -> tuple[Callable[..., ExceptionInfo], tuple[Any, ...]]:
        import cloudpickle

        text = "".join(traceback.format_exception_only(self.exception)).strip()
        try:
            packed = cloudpickle.dumps(self.exception)
        except Exception:  # noqa: BLE001 - anything may go wrong in the pickling of a class that we don't know
            packed = b""
        return _unpacked, (packed, text, self.traceback, self.origin)


def _drop_frames(exception: BaseException) -> None:
    pending: list[BaseException | None] = [exception]
    while pending:
        error = pending.pop()
        if error is not None and error.__traceback__ is not None:
            error.__traceback__ = None
            pending += [error.__cause__, error.__context__]


def _unpacked(packed: bytes, text: str, traceback_text: str, origin: str) -> ExceptionInfo:
    try:
        exception = pickle.loads(packed)  # noqa: S301 - written by __reduce__, and as safe as the pickle it lies in
    except Exception:  # noqa: BLE001 - many exceptions, with a constructor of their own, can be pickled but not unpickled
        exception = EOLearnError(text)
    return ExceptionInfo(exception, traceback_text, origin)


@dataclass(frozen=True, slots=True)
class ResourceUsage:
    """What the run of one node took. Memory is what lies in the machine's memory (resident), in bytes."""

    cpu_seconds: float
    """The time that processors worked for it."""
    memory_before: int
    memory_after: int
    memory_peak: int
    """The most that was in use at any moment of it."""
    of: Literal["process", "thread"] = "process"
    """``"process"`` if the node had the process to itself, ``"thread"`` if it ran beside others in threads: then the
    memory is that of the whole process, and the time of processors that of the node's thread."""


@dataclass(frozen=True, slots=True)
class NodeStats:
    """What is known of the run of one node."""

    node_uid: str
    node_name: str
    start_time: datetime
    end_time: datetime
    exception_info: ExceptionInfo | None = None
    """Why it failed, None if it succeeded."""
    usage: ResourceUsage | None = None
    """What it took, None if that was not measured."""
