"""Functions, classes and modules in the source of other values: imported, or defined if they can't be."""

from __future__ import annotations

import ast
import functools
import operator
import sys
import textwrap
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from ..execution.code_parts import is_user_module
from ..execution.user_code import _is_importable
from ..utils.redact import redact
from .definitions import Code, Definition, find_definition
from .preamble import Preamble


class CodeSources:
    """Writes names of functions, classes and modules.

    preamble: gets the imports and definitions.
    of_value: writes any other value that a definition uses.
    """

    def __init__(self, preamble: Preamble, of_value: Callable[[Any, str], str]):
        self._preamble = preamble
        self._of_value = of_value
        self._known: dict[int, tuple[object, str]] = {}  # the objects are kept alive, so that no other gets their id

    def of(self, value: Any, wanted: str | None = None) -> str | None:
        """Return an expression, None for a value that is no code or has no source. wanted: the name to be used."""
        if isinstance(value, types.ModuleType):
            return self._preamble.import_module(value.__name__, wanted)
        place = _place(value)
        if place is None:
            return None
        module, path = place
        if module == "builtins":
            return path
        if _can_be_imported(value, module, path):
            first, *others = path.split(".")
            is_alone = wanted if not others else None
            return ".".join([self._preamble.import_from(module, first, is_alone), *others])
        return self._defined(value)

    def describe(self, code: Code) -> dict[str, str]:
        """Return what is known of a function or a class that can neither be imported nor defined."""
        kind = "class" if isinstance(code, type) else "function"
        name = f"the {kind} {code.__module__}.{code.__qualname__}"
        definition = find_definition(code)
        if definition is None:
            return {"what": f"{name}, of which the source could not be found"}
        return {"what": f"{name}, with secrets in its source", "source": redact(definition.text())}

    def _defined(self, code: Any) -> str | None:
        if id(code) in self._known:
            return self._known[id(code)][1]
        definition = find_definition(code)
        if definition is None or definition.has_secrets():
            return None
        text = definition.text(self._of_value)
        if definition.is_lambda:
            return self._lambda(definition, text)
        own_name = definition.name
        reserved = self._preamble.reserve(own_name)  # it may be needed by what it needs itself
        self._known[id(code)] = code, reserved
        parameters = self._parameters(definition, own_name)
        self._preamble.release(reserved)
        name = self._preamble.define(own_name, lambda name: _in_factory(name, own_name, text, parameters))
        self._known[id(code)] = code, name
        return name

    def _lambda(self, definition: Definition, text: str) -> str:
        parameters = self._parameters(definition)
        if not parameters:
            return f"({text})"
        return f"(lambda {', '.join(parameters)}: {text})({', '.join(parameters.values())})"

    def _parameters(self, definition: Definition, own_name: str = "") -> dict[str, str]:
        """Return the names in a definition that must be given another value than they have at the top of the script."""
        self._import_submodules(definition)
        sources = {name: self._global(name, value) for name, value in definition.variables.items() if name != own_name}
        return {name: source for name, source in sources.items() if source != name}

    def _global(self, name: str, value: Any) -> str:
        source = self.of(value, name)
        if source is None:
            source = self._of_value(value, name)
        if source.isidentifier() and source not in ("None", "True", "False"):
            return source
        return self._preamble.define(name, lambda free: f"{free} = {source}")

    def _import_submodules(self, definition: Definition) -> None:
        for node in ast.walk(definition.node):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                value = definition.variables.get(node.value.id)
                if isinstance(value, types.ModuleType) and f"{value.__name__}.{node.attr}" in sys.modules:
                    self._preamble.import_submodule(f"{value.__name__}.{node.attr}")


def _in_factory(name: str, own_name: str, text: str, parameters: dict[str, str]) -> str:
    """Return a definition under a name that may not be its own, with names that mean something else elsewhere."""
    if not parameters and name == own_name:
        return text
    inner = textwrap.indent(ast.unparse(ast.parse(text)), "    ")  # in which no text of the user's has several lines
    return (
        f"def _make_{name}({', '.join(parameters)}):\n{inner}\n    return {own_name}\n\n\n"
        f"{name} = _make_{name}({', '.join(parameters.values())})"
    )


def _place(value: Any) -> tuple[str, str] | None:
    """Return the module of a function or a class, and its path in there; None for other values."""
    if isinstance(value, np.ufunc):
        return "numpy", value.__name__
    if not callable(value):
        return None
    module, path = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    is_code = isinstance(module, str) and isinstance(path, str)
    return (str(module), str(path)) if is_code else None


def _can_be_imported(value: Any, module_name: str, path: str) -> bool:
    module = sys.modules.get(module_name)
    if module is None or module_name == "__main__":
        return False
    try:
        if operator.attrgetter(path)(module) is not value:
            return False
    except AttributeError:
        return False
    return not is_user_module(module_name) or _is_found(module)


@functools.lru_cache(maxsize=256)
def _is_found(module: types.ModuleType) -> bool:
    return _is_importable(module.__name__, module)
