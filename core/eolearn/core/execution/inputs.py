"""What executions are given: their arguments, their names, the paths of their logs."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, overload

from ..eonode import EONode
from ..eoworkflow import EOWorkflow
from ..exceptions import SettingError

Own: TypeAlias = tuple[dict[str, dict[str, object]], str | None]
"""What an execution has for itself: arguments of tasks by the uids of their nodes, and the path of its log, if any."""


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


def checked_kwargs(
    workflow: EOWorkflow, execution_kwargs: Iterable[Mapping[EONode, dict[str, object]]]
) -> list[Mapping[EONode, dict[str, object]]]:
    """Return the arguments as a list, or raise SettingError."""
    known = {node.uid for node in workflow.get_nodes()}
    checked = list(execution_kwargs)
    for position, by_node in enumerate(checked):
        if not isinstance(by_node, Mapping):
            raise SettingError(f"execution_kwargs must be a list of dicts by node, got {by_node!r} at {position}.")
        workflow.validate_input_kwargs(by_node)
        for node in by_node:
            if node.uid not in known:
                raise SettingError(
                    f"Execution {position} has arguments for node {node.name} (uid {node.uid}), which is not in the "
                    f"workflow. Its nodes: {', '.join(str(node.name) for node in workflow.get_nodes())}."
                )
    return checked


def checked_names(names: Iterable[Any] | None, number: int) -> list[Any]:
    """Return the names as a list, or raise SettingError."""
    if names is None:
        return [str(position) for position in range(1, number + 1)]
    checked = list(names)
    if len(checked) != number:
        raise SettingError(
            f"There are {number} executions, but {len(checked)} execution_names: {reprlib.repr(checked)}."
        )
    return checked
