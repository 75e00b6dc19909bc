"""Sets the parameter lists of our docstrings as definition lists.

In the source a docstring names its parameters without markup, and longer texts go on indented::

    green, swir: surface reflectance, of shape (time, height, width); NaN where there are no data.
    threshold: pixels with a higher index
        are snow.
    Returns a bool array of the same shape.
"""

from __future__ import annotations

import inspect
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

_ITEM = re.compile(r"(?P<names>\*{0,2}\w+(?:(?:, | and )\*{0,2}\w+)*): +(?P<text>.+)")


def _parameters_of(thing: Any) -> set[str]:
    """Return the names that a docstring of this class, function or property may list."""
    names = set(getattr(thing, "__annotations__", {}))
    with suppress(TypeError, ValueError):  # of what is neither a function nor a class that takes settings
        names |= set(inspect.signature(thing).parameters)
    return names


def as_definitions(lines: list[str], parameters: set[str]) -> Iterator[str]:
    """Yield the lines of a docstring, the parameter lists among them as definition lists."""
    in_list = False
    for line in lines:
        item = _ITEM.fullmatch(line)
        names = re.findall(r"\w+", item["names"].replace(" and ", ", ")) if item else []
        if item and set(names) <= parameters:
            if not in_list:
                yield ""
            in_list = True
            yield ", ".join(f"``{name}``" for name in names)
            yield f"    {item['text']}"
        elif in_list and line.startswith(" "):
            yield f"    {line.lstrip()}"
        else:
            if in_list and line:
                yield ""
            in_list = False
            yield line


def _on_docstring(_app: Sphinx, _what: str, _name: str, thing: Any, _options: Any, lines: list[str]) -> None:
    lines[:] = as_definitions(lines, _parameters_of(thing))


def setup(app: Sphinx) -> dict[str, bool]:
    """Ask sphinx to call us for each docstring, before napoleon reads it."""
    app.connect("autodoc-process-docstring", _on_docstring, priority=400)
    return {"parallel_read_safe": True}
