"""Records of how a patch came to be, made when it is saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, count
from typing import Any

from ..eonode import EONode, in_order_of_dependence
from ..eotask import EOTask
from ..eoworkflow import current_execution
from ..execution.environment import _working_directory
from ..tasks.io import LoadTask
from ..utils.redact import redact
from .preamble import Preamble
from .sources import Sources
from .values import loaded_files
from .versions import versions_in_use


def describe_tasks(nodes: Iterable[EONode]) -> dict[str, Any]:
    """Return the classes and the settings of tasks by the uids of their nodes, with the preamble that they need.

    This travels with a pickled workflow: in another process neither settings nor sources are known any more.
    """
    sources = Sources(Preamble())
    tasks = {
        node.uid: {
            "task": sources.of(type(node.task), type(node.task).__name__),
            "settings": sources.settings_of(node.task),
        }
        for node in nodes
    }
    return {"tasks": tasks, **sources.preamble.as_dict()}


def record_of_save(task: EOTask, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a save that is about to happen, which can be put into JSON.

    task, arguments: what saves. In a workflow, the record is about the node that runs, and all that it depends on.
    """
    execution = current_execution.get()
    given: Mapping[str, Mapping[str, Any]]
    described: Mapping[str, Any]
    if execution is None or execution.node is None:
        node = EONode(task)
        nodes, given = [node], {node.uid: arguments}
        described = describe_tasks(nodes)
    else:
        nodes, given = in_order_of_dependence([execution.node]), execution.arguments
        described = execution.workflow.task_descriptions or describe_tasks(nodes)
    preamble = Preamble.of(described)
    labels = _labels(nodes)
    sources = Sources(preamble)
    described_nodes = [
        {
            "name": labels[node.uid],
            **described["tasks"][node.uid],
            "inputs": [labels[source.uid] for source in node.inputs],
            "arguments": {name: sources.of(value, name) for name, value in given.get(node.uid, {}).items()},
        }
        for node in nodes
    ]
    used = preamble.used_by(_sources_in(described_nodes))
    return {
        "saved": datetime.now(UTC).isoformat(timespec="seconds"),
        "features": [],
        "partly": [],
        "folder": redact(_working_directory() or ""),
        "versions": versions_in_use(used.imports.values()),
        **used.as_dict(),
        "nodes": described_nodes,
        "loaded": {
            labels[node.uid]: loaded_files(node.task, given.get(node.uid, {}))
            for node in nodes
            if isinstance(node.task, LoadTask)
        },
    }


def _labels(nodes: Sequence[EONode]) -> dict[str, str]:
    """Return names that tell the nodes apart, by their uids."""
    labels: dict[str, str] = {}
    for node in nodes:
        name = redact(node.get_name())
        numbered = (f"{name}_{number}" for number in count(1))
        labels[node.uid] = next(label for label in chain([name], numbered) if label not in labels.values())
    return labels


def _sources_in(nodes: Iterable[Mapping[str, Any]]) -> list[str]:
    return [text for node in nodes for text in (node["task"], *node["settings"].values(), *node["arguments"].values())]
