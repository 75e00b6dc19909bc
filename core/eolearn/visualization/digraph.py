"""A graph of graphviz that notebooks show without the ``dot`` program too."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

from graphviz import Digraph


class WorkflowDigraph(Digraph):  # type: ignore[misc]  # graphviz has no types
    """A ``graphviz.Digraph`` that draws itself where the ``dot`` program is missing.

    draw: returns the picture as an SVG element.
    settings: of ``graphviz.Digraph``.
    """

    def __init__(self, draw: Callable[[], str], **settings: Any):
        super().__init__(**settings)
        self._draw = draw

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> dict[str, str]:
        if shutil.which("dot"):
            drawn: dict[str, str] = super()._repr_mimebundle_(*args, **kwargs)
            return drawn
        return {"text/html": f'<div style="overflow-x:auto">{self._draw()}</div>'}
