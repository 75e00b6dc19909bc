"""What functions and classes are made of, for fingerprints: parts with labels, the same in any process."""

from __future__ import annotations

import builtins
import dis
import functools
import importlib.metadata
import importlib.util
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeGuard

from .user_code import INSTALLED, find_module

Part = tuple[str, object]

_OF_EVERY_CLASS = {
    *("__dict__", "__doc__", "__weakref__", "__module__", "__qualname__", "__annotations__", "__annotate__"),
    *("__abstractmethods__", "_abc_impl", "__dataclass_fields__", "__dataclass_params__", "__match_args__"),
    *("__firstlineno__", "__static_attributes__", "__parameters__", "__orig_bases__", "__annotations_cache__"),
}


def is_user_code(code: type | types.FunctionType) -> bool:
    """Whether a function or a class is not known by its name and the version of an installed package."""
    return "<" in code.__qualname__ or is_user_module(code.__module__)


def is_user_module(name: str | None) -> bool:
    """Whether a module is the user's own: a script, a notebook, a file outside of the installed packages."""
    module = sys.modules.get(name or "__main__")
    if module is None or module.__name__ == "__main__":
        return True
    return _is_file_of_user(getattr(module, "__file__", None), module.__name__)


def _is_file_of_user(file: str | None, module: str) -> TypeGuard[str]:
    return file is not None and not file.startswith(INSTALLED) and not module.startswith("eolearn.")


@functools.lru_cache(maxsize=1024)
def version_of(module: str) -> str:
    """Return the version of the package that a module belongs to; nothing for the standard library."""
    package, _, rest = module.partition(".")
    if package in sys.stdlib_module_names:
        return ""
    if package == "eolearn":
        package = f"eo-learn-{rest.partition('.')[0].replace('_', '-')}"
    version = getattr(sys.modules.get(package), "__version__", None)
    if isinstance(version, str):
        return version
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def name_with_version(code: Any) -> str:
    """Return the full name of a function or a class, and the version of its package."""
    module = code.__module__ or "builtins"
    return f"{module}.{code.__qualname__} {version_of(module)}"


def parts_of_module(module: types.ModuleType) -> Iterator[Part]:
    """Yield the name and the version; of a module of the user's own, the text of its file."""
    yield "", f"{module.__name__} {version_of(module.__name__)}"
    file = getattr(module, "__file__", None)
    if file is not None and is_user_module(module.__name__):
        yield "", Path(file).read_bytes()


def parts_of_function(function: types.FunctionType) -> Iterator[Part]:
    """Yield the name, the code, the defaults, the variables of enclosing functions, and the global names in use.

    Modules of the user that the function imports count by the texts of their files.
    """
    code = function.__code__
    yield "", f"{function.__module__}.{function.__qualname__}"
    yield "", code
    yield " default", function.__defaults__
    yield " default", function.__kwdefaults__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        yield f" variable {name}", _content(cell)
    for name in sorted(_global_names(code)):
        if name in function.__globals__:
            yield f" global {name}", (name, function.__globals__[name])
        elif not hasattr(builtins, name):
            yield "", name
    for name in sorted(_imported_modules(code, function.__globals__.get("__package__"))):
        yield "", _text_of_module(name)


def _content(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty as yet
        return ()


def _global_names(code: types.CodeType) -> set[str]:
    names = {str(step.argval) for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    inner = (constant for constant in code.co_consts if isinstance(constant, types.CodeType))
    return names.union(*map(_global_names, inner))


def _imported_modules(code: types.CodeType, package: str | None) -> set[str]:
    """Return the names of the modules that are imported when the code runs, and of others that it may import."""
    steps = [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
    modules: set[str] = set()
    for level, names, step in zip(steps, steps[1:], steps[2:], strict=False):
        if step.opname == "IMPORT_NAME":
            module = "." * level.argval + step.argval
            if level.argval and package:
                module = importlib.util.resolve_name(module, package)
            modules |= {module, *(f"{module}.{name}" for name in names.argval or ())}
    inner = (constant for constant in code.co_consts if isinstance(constant, types.CodeType))
    return modules.union(*(_imported_modules(constant, package) for constant in inner))


def _text_of_module(name: str) -> bytes:
    """Return the text of a module of the user's own, nothing for others and where there is none of this name."""
    spec = find_module(name)
    file = spec.origin if spec is not None and spec.has_location else None
    return Path(file).read_bytes() if _is_file_of_user(file, name) else b""


def parts_of_code(code: types.CodeType) -> Iterator[Part]:
    """Yield what a code object does, and not where it was written."""
    for name in ("argcount", "posonlyargcount", "kwonlyargcount", "flags", "code", "names", "varnames", "freevars"):
        yield "", getattr(code, f"co_{name}")
    yield "", code.co_exceptiontable
    for constant in code.co_consts:
        yield "", constant


def parts_of_class(cls: type) -> Iterator[Part]:
    """Yield the name, the classes that it inherits from, and what is defined in it."""
    yield "", f"{cls.__module__}.{cls.__qualname__}"
    for base in cls.__bases__:
        yield "", base
    for name, value in vars(cls).items():
        if name not in _OF_EVERY_CLASS:
            yield f".{name}", (name, value)
