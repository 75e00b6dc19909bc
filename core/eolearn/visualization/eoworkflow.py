"""Drawings of workflows."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphviz import Digraph, escape

from eolearn.core.exceptions import SettingError

from .digraph import WorkflowDigraph
from .graph_drawing import graph_figure, graph_svg

if TYPE_CHECKING:
    from eolearn.core.eonode import EONode


class EOWorkflowVisualization:
    """The nodes of a workflow and what they depend on, as a picture.

    nodes: the nodes, with the inputs of each among them.

    Nodes are called by their names, with numbers where several have the same. The program ``dot`` of Graphviz draws
    where it is installed. Without it the picture is drawn here.

    Example:
        >>> EOWorkflowVisualization(workflow.get_nodes()).dependency_graph("workflow.svg")
    """

    def __init__(self, nodes: Sequence[EONode]):
        self.nodes = list(nodes)
        self._names = _unique_names(self.nodes)
        position = {node.uid: index for index, node in enumerate(self.nodes)}
        self._edges = [(position[source.uid], position[node.uid]) for node in self.nodes for source in node.inputs]

    @property
    def names(self) -> dict[str, str]:
        """The name of each node, by its uid."""
        return {node.uid: name for node, name in zip(self.nodes, self._names, strict=True)}

    def get_dot(self) -> Digraph:
        """Return the graph for Graphviz, with an edge for each input of a node.

        A node without edges is not in it. A notebook shows the graph with or without the ``dot`` program.
        """
        dot = WorkflowDigraph(self.get_svg, format="png")
        for start, end in self._edges:
            dot.edge(_dot_name(self._names[start]), _dot_name(self._names[end]))
        return dot

    def dependency_graph(self, filename: str | os.PathLike[str] | None = None) -> Digraph:
        """Return the graph from left to right, and write a picture of it.

        filename: of the picture, whose ending says the format: ``.png`` if it has none. None to write nothing.

        Raises SettingError (a ValueError) for a format that is not known.
        """
        dot = self.get_dot()
        dot.attr(rankdir="LR")
        if filename is not None:
            path = Path(filename)
            self._write(dot, path if path.suffix else path.with_suffix(".png"))
        return dot

    def get_svg(self, notes: Mapping[str, str] | None = None) -> str:
        """Return the picture from left to right as an SVG element, in the colour of the text around it.

        notes: texts that stand out below the names of some nodes, by their uids.
        """
        by_position = {index: notes[node.uid] for index, node in enumerate(self.nodes) if notes and node.uid in notes}
        return graph_svg(self._names, self._edges, notes=by_position, title="The nodes of the workflow")

    def _write(self, dot: Digraph, path: Path) -> None:
        if shutil.which("dot"):
            dot.render(filename=path.stem, directory=path.parent, format=path.suffix[1:], cleanup=True)
        elif path.suffix in (".gv", ".dot"):
            path.write_text(dot.source, encoding="utf-8")
        elif path.suffix == ".svg":
            path.write_text(self.get_svg(), encoding="utf-8")
        else:
            _save(graph_figure(self._names, self._edges), path)


def _save(figure: Any, path: Path) -> None:
    known = figure.canvas.get_supported_filetypes()
    if path.suffix[1:] not in known:
        raise SettingError(f"A graph can't be drawn as {path.suffix!r} ({path}), only as {', '.join(sorted(known))}.")
    figure.savefig(path)


def _unique_names(nodes: list[EONode]) -> list[str]:
    """Return a name for each node, numbered from 1 if others have it."""
    counts = Counter(node.get_name() for node in nodes)
    met: Counter[str] = Counter()
    names = []
    for node in nodes:
        name = node.get_name()
        met[name] += 1
        names.append(node.get_name(met[name]) if counts[name] > 1 else name)
    return names


def _dot_name(name: str) -> str:
    """Return the name as text, in which Graphviz finds neither markup nor ports, which begin with a colon."""
    return str(escape(name.replace(":", "\N{RATIO}")))
