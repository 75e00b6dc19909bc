"""Python source that makes values again."""

from __future__ import annotations

import dataclasses
import enum
import functools
import math
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..eodata import EOPatch
from ..eotask import EOTask
from ..utils.redact import is_secret, redact
from .calls import BY_POSITION, arguments_source, assigned, settings_given_to
from .code_sources import CodeSources
from .libraries import source_of_library_value
from .placeholders import Placeholders
from .preamble import Preamble

_LONGEST = 20_000
_DEEPEST = 30


class Sources:
    """Writes values as expressions. What they need is put into a preamble, and so is what has no source.

    Numbers, texts, dates, paths, enums, dtypes, small arrays, places, tasks and collections of these are written as
    they would be by hand. Functions and classes are imported, or defined by their source if they can't be. Models,
    large arrays and all other objects become placeholders with a fingerprint, and secrets become placeholders without.
    """

    def __init__(self, preamble: Preamble):
        self.preamble = preamble
        self._code = CodeSources(preamble, self.of)
        self._placeholders = Placeholders(preamble)
        self._depth = 0

    def of(self, value: Any, name: str) -> str:
        """Return an expression. name: what the value is called, for placeholders and to know secrets."""
        if is_secret(name) and value is not None and not isinstance(value, bool):
            return self._placeholders.for_secret(name, value)
        if self._depth == _DEEPEST:
            return self._open(value, name)
        self._depth += 1
        try:
            source = self._of(value, name)
        finally:
            self._depth -= 1
        return self._open(value, name) if source is None or len(source) > _LONGEST else source

    def settings_of(self, task: EOTask) -> dict[str, str]:
        """Return the settings that a task was made with; under ``*`` those that have to go by their position."""
        config = task.private_task_config
        if not config.init_values:
            return {name: self._placeholders.for_text(name, text) for name, text in config.init_args.items()}
        by_position, named = settings_given_to(task)
        sources = {name: self.of(value, name) for name, value in named.items()}
        return {BY_POSITION: self.of(tuple(by_position), "settings"), **sources} if by_position else sources

    def _of(self, value: Any, name: str) -> str | None:
        writer = _WRITERS.get(type(value))
        if writer is not None:
            return writer(self, value, name)
        if isinstance(value, enum.Enum):
            return self._of_enum(value, name)
        if isinstance(value, types.MethodType | types.BuiltinMethodType) and _has_owner(value):
            return f"{self.of(value.__self__, name)}.{value.__name__}"
        if isinstance(value, EOTask):
            settings = self.settings_of(value)
            return f"{self.of(type(value), type(value).__name__)}({', '.join(arguments_source(settings))})"
        code = self._code.of(value)
        if code is not None:
            return code
        if isinstance(value, EOPatch):
            return None
        return source_of_library_value(self, value, name) or self._of_fields(value, name)

    def call(self, name: str, make: Any, args: Iterable[Any] = (), named: Mapping[str, Any] | None = None) -> str:
        """Return the call of a class or a function. name: what the result is called."""
        by_position = [self.of(value, name) for value in args]
        by_name = {key: self.of(value, key) for key, value in (named or {}).items()}
        return f"{self.of(make, name)}({', '.join([*by_position, *assigned(by_name)])})"

    def _of_fields(self, value: Any, name: str) -> str | None:
        """Write an object of the user's that is no more than its fields."""
        kind = type(value)
        if isinstance(value, tuple) and hasattr(value, "_asdict"):
            return self.call(name, kind, named=value._asdict())
        if dataclasses.is_dataclass(value) and "__init__" not in _own_members(kind):
            fields = [field for field in dataclasses.fields(value) if field.init]
            if len(fields) == len(dataclasses.fields(value)) and hasattr(value, "__dict__"):
                return self.call(name, kind, named={field.name: getattr(value, field.name) for field in fields})
        return None

    def _of_enum(self, value: enum.Enum, name: str) -> str | None:
        special = source_of_library_value(self, value, name)
        if special is not None or value.name is None:
            return special
        kind = self.of(type(value), type(value).__name__)
        is_member = type(value).__members__.get(value.name) is value and value.name.isidentifier()
        return f"{kind}.{value.name}" if is_member else f"{kind}({self.of(value.value, name)})"

    def _of_text(self, value: str, name: str) -> str:
        masked = redact(value)
        return repr(value) if masked == value else self._placeholders.for_secret(name, value, repr(masked))

    def _of_bytes(self, value: bytes, name: str) -> str | None:
        text = value.decode("latin-1")
        return self._placeholders.for_secret(name, value) if redact(text) != text else repr(value)

    def _of_float(self, value: float, _: str) -> str:
        return repr(value) if math.isfinite(value) else f"float({str(value)!r})"

    def _of_complex(self, value: complex, name: str) -> str:
        return f"complex({self._of_float(value.real, name)}, {self._of_float(value.imag, name)})"

    def _of_items(self, value: Any, name: str) -> str | None:
        if len(value) > _LONGEST:
            return None
        items = [self.of(item, name) for item in value]
        if isinstance(value, list):
            return f"[{', '.join(items)}]"
        if isinstance(value, tuple):
            return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
        return f"{type(value).__name__}([{', '.join(sorted(items))}])"

    def _of_mapping(self, value: Mapping[Any, Any], name: str) -> str | None:
        if len(value) > _LONGEST:
            return None
        pairs = [
            f"{self.of(key, name)}: {self.of(item, key if isinstance(key, str) else name)}"
            for key, item in value.items()
        ]
        return f"{{{', '.join(pairs)}}}"

    def _of_slice(self, value: slice, name: str) -> str:
        return f"slice({', '.join(self.of(part, name) for part in (value.start, value.stop, value.step))})"

    def _of_partial(self, value: functools.partial[Any], name: str) -> str:
        return self.call(name, functools.partial, (value.func, *value.args), value.keywords)

    def _open(self, value: Any, name: str) -> str:
        if isinstance(value, types.FunctionType | type):
            return self._placeholders.for_code(name, value, self._code.describe(value))
        return self._placeholders.for_value(name, value)


def _has_owner(method: types.MethodType | types.BuiltinMethodType) -> bool:
    return method.__self__ is not None and not isinstance(method.__self__, types.ModuleType)


def _own_members(kind: type) -> set[str]:
    """Return what is written in a class, without what dataclasses make."""
    made = getattr(kind, "__dataclass_params__", None)
    init = getattr(kind, "__init__", None)
    code = getattr(init, "__code__", None)
    is_generated = made is not None and code is not None and code.co_filename == "<string>"
    return set(vars(kind)) - ({"__init__"} if is_generated else set())


_Writer = Callable[[Sources, Any, str], "str | None"]
_WRITERS: dict[type, _Writer] = {
    **dict.fromkeys((type(None), bool, int, range), lambda _, value, __: repr(value)),
    type(...): lambda *_: "...",
    str: Sources._of_text,
    bytes: Sources._of_bytes,
    float: Sources._of_float,
    complex: Sources._of_complex,
    **dict.fromkeys((list, tuple, set, frozenset), Sources._of_items),
    dict: Sources._of_mapping,
    slice: Sources._of_slice,
    functools.partial: Sources._of_partial,
}
