"""Fingerprints of values: the same in any process and on any day, and another one if anything differs."""

from __future__ import annotations

import copyreg
import enum
import functools
import hashlib
import struct
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ..exceptions import SettingError
from .code_parts import (
    Part,
    is_user_code,
    name_with_version,
    parts_of_class,
    parts_of_code,
    parts_of_function,
    parts_of_module,
)

_NOT_A_SETTING = "_private_task_config"  # the texts of what a task was given, which may hold addresses


class NoFingerprint(SettingError):
    """A value can't be told from others of its kind in another process: it is no data."""


_Code: TypeAlias = type | types.FunctionType


@dataclass(frozen=True)
class _CodeAlone:
    """A function or a class, without what it leads to."""

    code: _Code
    """Kept alive, so that no other gets its id."""
    fingerprint: bytes
    met: list[tuple[_Code, str]]
    """What it leads to, and where that was met."""

    @property
    def neighbours(self) -> list[int]:
        return [id(code) for code, _ in self.met]


class Fingerprinter:
    """Takes the fingerprints of values.

    Numbers, texts, arrays and collections count by their type and content. Functions and classes of installed packages
    count by their name and the version of the package, those of the user by their code, with defaults, closures and
    the global names that they use. Any other object is taken apart as for a pickle; so a model counts by what its
    pickle would hold. No address and no order of a set goes in.

    Raises NoFingerprint (a ValueError), which names the part, for what can't be taken apart: locks, open files,
    generators.

    Example:
        >>> fingerprinter = Fingerprinter()
        >>> fingerprinter.of({"bands": [3, 7]}) == fingerprinter.of({"bands": [3, 7]})
        True
    """

    def __init__(self) -> None:
        self._path: list[str] = []
        self._open: dict[int, int] = {}  # what is being taken apart: ids, with the depth of each
        self._met: dict[int, tuple[_Code, str]] = {}  # code that was met in it, and where, in the order of meeting
        self._alone: dict[int, _CodeAlone] = {}
        self._with_all: dict[int, bytes] = {}

    def of(self, value: object, name: str = "") -> bytes:
        """Return the fingerprint of a value, 20 bytes.

        name: what errors call it.
        """
        try:
            alone, met = self._of_alone(name, lambda: self._of(value))
            return _hash("value", alone, *(self._of_code(code, path) for code, path in met))
        except RecursionError as error:
            raise NoFingerprint(f"{name} can't be told from others by a fingerprint: it is nested too deep.") from error

    def _of_alone(self, path: str, take: Callable[[], bytes]) -> tuple[bytes, list[tuple[_Code, str]]]:
        """Take a fingerprint in which the code of the user that is met counts for nothing, and return that code too."""
        self._path, self._open, self._met = [path], {}, {}
        return take(), list(self._met.values())

    def _of_code(self, code: _Code, path: str) -> bytes:
        """Take the fingerprint of a function or a class with all the code of the user that it leads to.

        There may be circles of functions. So each begins with the fingerprint that it has alone, and takes those of its
        neighbours in, again and again, till news from the furthest have come through.
        """
        if id(code) in self._with_all:
            return self._with_all[id(code)]
        codes = self._reachable(code, path)
        hashes = {key: codes[key].fingerprint for key in codes}
        for _ in codes:
            hashes = {
                key: _hash("code", alone.fingerprint, *(hashes[neighbour] for neighbour in alone.neighbours))
                for key, alone in codes.items()
            }
        return self._with_all.setdefault(id(code), hashes[id(code)])

    def _reachable(self, code: _Code, path: str) -> dict[int, _CodeAlone]:
        reached: dict[int, _CodeAlone] = {}
        waiting = [(code, path)]
        while waiting:
            code, path = waiting.pop()
            if id(code) not in reached:
                alone = reached[id(code)] = self._code_alone(code, path)
                waiting += alone.met
        return reached

    def _code_alone(self, code: _Code, path: str) -> _CodeAlone:
        if id(code) not in self._alone:
            parts = parts_of_class(code) if isinstance(code, type) else parts_of_function(code)
            fingerprint, met = self._of_alone(path, lambda: self._of_parts("code", parts))
            self._alone[id(code)] = _CodeAlone(code, fingerprint, met)
        return self._alone[id(code)]

    def _of_part(self, label: str, value: object) -> bytes:
        self._path.append(label)
        fingerprint = self._of(value)
        self._path.pop()
        return fingerprint

    def _of(self, value: object) -> bytes:
        kind = type(value)
        if kind in _CONTENT_OF_ATOMS:
            return _hash(kind.__name__, _CONTENT_OF_ATOMS[kind](value))
        if isinstance(value, type | types.FunctionType):
            if not is_user_code(value):
                return _hash("code", name_with_version(value))
            self._met.setdefault(id(value), (value, "".join(self._path)))
            return _hash("code of the user", list(self._met).index(id(value)))
        if id(value) in self._open:
            return _hash("return", len(self._open) - self._open[id(value)])
        self._open[id(value)] = len(self._open)
        fingerprint = self._of_compound(value)
        del self._open[id(value)]
        return fingerprint

    def _of_parts(self, kind: str, parts: Iterable[Part]) -> bytes:
        return _hash(kind, *(self._of_part(label, value) for label, value in parts))

    def _of_compound(self, value: Any) -> bytes:
        match value:
            case np.ndarray() if type(value) in (np.ndarray, np.memmap):
                return self._of_array(value)
            case np.generic():
                return _hash("scalar", value.dtype.str, value.tobytes())
            case enum.Enum():
                return self._of_parts("enum", [("", type(value)), ("", value.name), (".value", value.value)])
            case list() | tuple() | dict() | set() | frozenset() if type(value).__module__ == "builtins":
                return self._of_collection(value)
            case types.CodeType():
                return self._of_parts("instructions", parts_of_code(value))
            case types.ModuleType():
                return self._of_parts("module", parts_of_module(value))
            case property():
                return self._of_parts("property", [("", value.fget), ("", value.fset), ("", value.fdel)])
            case types.MemberDescriptorType() | types.GetSetDescriptorType():
                return _hash("slot", value.__name__)
        function = _function_within(value)
        return self._of_object(value) if function is None else self._of_parts(type(value).__name__, [("", function)])

    def _of_collection(self, value: Any) -> bytes:
        kind = type(value).__name__
        if isinstance(value, dict):
            return self._of_pairs(value.items())
        if isinstance(value, list | tuple):
            return self._of_parts(kind, ((f"[{index}]", item) for index, item in enumerate(value)))
        return _hash(kind, *sorted(self._of_part(" item", item) for item in value))

    def _of_array(self, array: np.ndarray[Any, Any]) -> bytes:
        dtype = array.dtype
        form = (str(dtype.descr) if dtype.names else dtype.str, str(array.shape))
        if dtype.hasobject:
            return self._of_parts("array", [("", form), ("", array.tolist())])
        return _hash("array", *form, np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)

    def _of_pairs(self, pairs: Iterable[tuple[object, object]], label: Callable[[object], str] | None = None) -> bytes:
        label = label or (lambda key: f"[{key!r}]")
        hashes = ((self._of_part(" key", key), self._of_part(label(key), value)) for key, value in pairs)
        return _hash("dict", *(part for pair in hashes for part in pair))

    def _of_object(self, value: Any) -> bytes:
        reduced = self._reduced(value)
        if isinstance(reduced, str):  # the name of something global
            return _hash("global", str(getattr(value, "__module__", "")), reduced)
        make, args, state, items, pairs = (*reduced, None, None, None)[:5]
        return _hash(
            "object",
            self._of_maker(make),
            self._of_part("", args),
            self._of_state(state),
            self._of_part("", list(items or ())),
            self._of_pairs(pairs or ()),
        )

    def _of_maker(self, make: Any) -> bytes:
        """Take the name only: what makes objects of a pickle is a matter of the format, not of the content."""
        name = getattr(make, "__qualname__", None)
        return _hash("maker", f"{make.__module__}.{name}") if name else self._of_part("", make)

    def _of_state(self, state: object) -> bytes:
        if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):  # with the values of slots
            state = {**(state[0] or {}), **state[1]}
        if not isinstance(state, dict):
            return self._of_part("", state)
        pairs = ((name, value) for name, value in state.items() if name != _NOT_A_SETTING)
        return self._of_pairs(pairs, label=lambda name: f".{name}")

    def _reduced(self, value: Any) -> str | tuple[Any, ...]:
        try:
            reduce = copyreg.dispatch_table.get(type(value))
            reduced: str | tuple[Any, ...] = value.__reduce_ex__(4) if reduce is None else reduce(value)
        except RecursionError:
            raise
        except Exception as error:
            where = "".join(self._path)
            raise NoFingerprint(
                f"{where} is a {type(value).__module__}.{type(value).__qualname__}, which has no fingerprint, so that "
                f"it can't be known whether it is the same in another run ({type(error).__name__}: {error}). Keep it "
                "out of the settings and arguments: make it in `execute`, or don't let `__getstate__` return it."
            ) from error
        return reduced


def _function_within(value: Any) -> object:
    """Return the function that something else stands for: a method of a class, a compiled or a cached function."""
    if isinstance(value, staticmethod | classmethod):
        return value.__func__
    if isinstance(value, functools.cached_property):
        return value.func
    if isinstance(value, functools._lru_cache_wrapper):
        return value.__wrapped__
    return getattr(value, "py_func", None) if type(value).__module__.startswith("numba.") else None


def _content_of_int(value: int) -> bytes:
    return b"%d" % value


_CONTENT_OF_ATOMS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"",
    type(...): lambda _: b"",
    type(NotImplemented): lambda _: b"",
    bool: _content_of_int,
    int: _content_of_int,
    float: lambda value: struct.pack(">d", value),
    complex: lambda value: struct.pack(">dd", value.real, value.imag),
    str: lambda value: value.encode("utf-8", "surrogatepass"),
    bytes: lambda value: value,
}


def _hash(kind: str, *parts: Any) -> bytes:
    """Return the hash of texts, numbers and bytes, each of which counts with its length."""
    result = hashlib.blake2b(kind.encode(), digest_size=20)
    for part in parts:
        content = str(part).encode() if isinstance(part, str | int) else part
        result.update(b"\0%d\0" % len(content))
        result.update(content)
    return result.digest()
