"""The modules of the user: worker processes may be unable to import them, or have an older version of them."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

import cloudpickle

INSTALLED = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")})
"""The folders of the standard library and of installed packages."""
_seen: dict[str, ModuleSpec] = {}


def look_for_new_code() -> bool:
    """Take notice of the user's modules, and return whether one was loaded again since it was last looked at.

    Then workers that run already have its old code. Modules that a new process would not find, such as those that
    pytest loads from outside ``sys.path``, are pickled with their code from now on.
    """
    reloaded = False
    for name, module, spec in _modules_of_user():
        if _seen.get(name) is spec:
            continue
        reloaded |= name in _seen
        _seen[name] = spec
        if not _is_importable(name, module):
            cloudpickle.register_pickle_by_value(module)
    return reloaded


def _modules_of_user() -> Iterator[tuple[str, ModuleType, ModuleSpec]]:
    for name, module in list(sys.modules.items()):
        if type(module) is not ModuleType:  # to look at another kind, a lazy one, may load it
            continue
        spec, file = module.__spec__, vars(module).get("__file__")
        if spec is not None and isinstance(file, str) and file.endswith(".py") and not file.startswith(INSTALLED):
            yield name, module, spec


def _is_importable(name: str, module: ModuleType) -> bool:
    """Whether the import system, asked anew, finds this very file."""
    spec = find_module(name)
    return spec is not None and os.path.realpath(str(spec.origin)) == os.path.realpath(str(module.__file__))


def find_module(name: str) -> ModuleSpec | None:
    """Return where the import system finds a module, asked anew, without loading it or the packages that it is in."""
    parts = name.split(".")
    path: Sequence[str] | None = None
    spec = None
    try:
        for end in range(1, len(parts) + 1):
            spec = _find(".".join(parts[:end]), path)
            if spec is None:
                return None
            path = spec.submodule_search_locations
            if path is None and end < len(parts):
                return None
    except (AttributeError, ImportError, KeyError):  # of a namespace package whose parent is none
        return None
    return spec


def _find(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    found = (finder.find_spec(name, path) for finder in sys.meta_path)
    return next((spec for spec in found if spec is not None), None)
