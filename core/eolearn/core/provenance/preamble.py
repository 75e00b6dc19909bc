"""The names that the source of tasks and arguments uses, and what binds each of them."""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from types import ModuleType
from typing import Any, Self, TypeVar

Placeholder = dict[str, Any]
_Binding = TypeVar("_Binding", str, Placeholder)

_WORD = re.compile(r"[A-Za-z_]\w*")
_TAKEN = {*keyword.kwlist, *keyword.softkwlist, *dir(builtins)}


@dataclass
class Preamble:
    """What stands at the top of a script, each under the name that it binds."""

    imports: dict[str, str] = field(default_factory=dict)
    """Statements."""
    placeholders: dict[str, Placeholder] = field(default_factory=dict)
    """What has no source: a text that tells what it was, and a fingerprint if it has one."""
    definitions: dict[str, str] = field(default_factory=dict)
    """Assignments, functions and classes, each after those that it needs."""

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """Return the one that was kept as a dictionary, to add to it."""
        return cls(*(dict(content[name]) for name in ("imports", "placeholders", "definitions")))

    def as_dict(self) -> dict[str, Any]:
        """Return what is to be kept."""
        return asdict(self)

    def import_module(self, module: str, wanted: str | None = None) -> str:
        """Return the name under which a module is imported; numpy is ``np``."""
        wanted = wanted or ("np" if module == "numpy" else module.rpartition(".")[2])
        return self._bind(
            self.imports, wanted, lambda name: f"import {module}" + (f" as {name}" if name != module else "")
        )

    def import_submodule(self, module: str) -> None:
        """Import what is used as an attribute of its package."""
        self.imports.setdefault(module, f"import {module}")

    def import_from(self, module: str, attribute: str, wanted: str | None = None) -> str:
        """Return the name under which something of a module is imported."""
        module = _shortest(module, attribute)
        if module == "numpy":
            return f"{self.import_module(module)}.{attribute}"
        return self._bind(
            self.imports,
            wanted or attribute,
            lambda name: f"from {module} import {attribute}" + (f" as {name}" if name != attribute else ""),
        )

    def define(self, wanted: str, text_for: Callable[[str], str]) -> str:
        """Return the name of a definition. text_for: returns the source that binds a name."""
        return self._bind(self.definitions, wanted, text_for)

    def reserve(self, wanted: str) -> str:
        """Return a name that is free, and is no more from now on."""
        name = next(name for name in _candidates(wanted) if not self._is_taken(name))
        self.definitions[name] = ""
        return name

    def release(self, name: str) -> None:
        """Let a reserved name be free again."""
        del self.definitions[name]

    def leave_open(self, wanted: str, placeholder: Placeholder, *, is_shared: bool = True) -> str:
        """Return the name of something that has no source. is_shared: whether equal placeholders mean the same."""
        wanted = wanted if is_shared else next(name for name in _candidates(wanted) if not self._is_taken(name))
        return self._bind(self.placeholders, wanted, lambda _: placeholder)

    def _bind(self, table: dict[str, _Binding], wanted: str, binding_for: Callable[[str], _Binding]) -> str:
        for name in _candidates(wanted):
            binding = binding_for(name)
            if table.get(name) == binding:
                return name
            if not self._is_taken(name):
                table[name] = binding
                return name
        raise AssertionError("there is no end of candidates")

    def _is_taken(self, name: str) -> bool:
        return name in self.imports or name in self.placeholders or name in self.definitions

    def used_by(self, sources: Iterable[str]) -> Preamble:
        """Return the part that some sources need."""
        used: set[str] = set()
        pending = list(sources)
        while pending:
            words = set(_WORD.findall(pending.pop())) - used
            used |= words
            pending += [self.definitions[word] for word in words if word in self.definitions]
        return Preamble(
            {name: text for name, text in self.imports.items() if name.partition(".")[0] in used},
            {name: what for name, what in self.placeholders.items() if name in used},
            {name: text for name, text in self.definitions.items() if name in used},
        )


def _candidates(wanted: str) -> Iterable[str]:
    base = re.sub(r"\W", "_", wanted) or "value"
    base = f"_{base}" if base[0].isdigit() else base
    if base not in _TAKEN:
        yield base
    number = 1
    while True:
        number += 1
        yield f"{base}_{number}"


def _shortest(module: str, attribute: str) -> str:
    """Return the package furthest up that offers the same thing: ``eolearn.core`` and not ``eolearn.core.eodata``."""
    parts = module.split(".")
    value = getattr(sys.modules[module], attribute)
    for end in range(1, len(parts)):
        package = sys.modules.get(".".join(parts[:end]))
        if isinstance(package, ModuleType) and _offers(package, attribute, value):
            return package.__name__
    return module


def _offers(package: ModuleType, attribute: str, value: object) -> bool:
    return attribute in getattr(package, "__all__", vars(package)) and getattr(package, attribute, None) is value
