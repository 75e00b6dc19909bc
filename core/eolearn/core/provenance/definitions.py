"""The source of functions and classes that can't be imported: those of scripts, notebooks, and lambdas."""

from __future__ import annotations

import ast
import copy
import inspect
import linecache
import re
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..execution.code_parts import _global_names
from ..utils.redact import redact
from .parsed_files import (
    ParsedFile,
    key_of_code,
    literals,
    names_outside_of_bodies,
    names_when_defined,
    parse_file,
)

Code = types.FunctionType | type


@dataclass(frozen=True)
class Definition:
    """A function or a class as it stands in its file."""

    node: Any
    """Its statement, or its expression."""
    file_text: str
    variables: dict[str, Any]
    """The values of all names that it uses and that aren't its own: of enclosing functions, and global ones."""
    defaults: tuple[tuple[str, Any], ...]
    """The names and values of parameters that have some: those by position, and then those by name."""

    @property
    def is_lambda(self) -> bool:
        """Whether it is an expression."""
        return isinstance(self.node, ast.Lambda)

    @property
    def name(self) -> str:
        """The name that the statement binds."""
        return str(self.node.name)

    def text(self, of_default: Callable[[Any, str], str] | None = None) -> str:
        """Return the statement without indentation, or the expression.

        of_default: writes the values of parameters, given their names, for code whose surroundings are not known.
        """
        if not self.is_lambda and not self.node.col_offset:
            written = "\n".join(self.file_text.splitlines()[first_line(self.node) - 1 : self.node.end_lineno])
            return written if redact(written) == written else ast.unparse(self.node)  # which has no comments
        node = copy.deepcopy(self.node)
        if of_default is not None and not isinstance(node, ast.ClassDef):
            sources = iter([ast.Name(of_default(value, name)) for name, value in self.defaults])  # is written as it is
            arguments = node.args
            arguments.defaults = [next(sources) for _ in arguments.defaults]
            arguments.kw_defaults = [default and next(sources) for default in arguments.kw_defaults]
        return ast.unparse(node)

    def has_secrets(self) -> bool:
        """Whether a text or a number in it is masked, and not only a name such as ``token``."""
        text = self.text()
        masked = redact(text)
        if masked == text:
            return False
        return any(text.count(literal) != masked.count(literal) for literal in map(str, literals(self.node)))


def find_definition(code: Any) -> Definition | None:
    """Return the definition of a function or a class, None if its source isn't there, or isn't that of this code."""
    inner = inspect.unwrap(code) if callable(code) else None
    found = _find(inner) if isinstance(inner, Code) else None
    if found is not None and inner is not code and not found.node.decorator_list:  # it was wrapped elsewhere
        found = _find(code) if isinstance(code, Code) else None
    if found is None:
        return None
    unknown = names_when_defined(found.node) - set(found.variables) - set(dir(__builtins__))
    return None if unknown else found


def _find(code: Code) -> Definition | None:
    functions = [code] if isinstance(code, types.FunctionType) else list(_methods(code))
    functions = [function for function in functions if linecache.getlines(function.__code__.co_filename)]
    text = _file_text(functions[0].__code__.co_filename) if functions else _text_of_module(code)
    file = parse_file(text)
    if file is None or any(key_of_code(function.__code__) not in file.codes for function in functions):
        return None
    node: Any = _function_node(file, code.__code__) if isinstance(code, types.FunctionType) else _class_node(file, code)
    if node is None:
        return None
    body = code.__code__ if isinstance(code, types.FunctionType) else file.bodies.get(code.__qualname__)
    names = names_outside_of_bodies(node) | (set() if body is None else _global_names(body))
    names = {name for name in names if not re.fullmatch("__.*__", name)}  # those that each module has
    variables = _variables(code, functions, names)
    defaults: tuple[tuple[str, Any], ...] = ()
    if isinstance(code, type):
        variables = _bases(node, code) | variables
    else:
        defaults = tuple(_defaults(node.args, code))
    return Definition(node, text, variables, defaults)


def _defaults(arguments: ast.arguments, function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    values = function.__defaults__ or ()
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    yield from zip(names[len(names) - len(values) :], values, strict=True)
    by_name = function.__kwdefaults__ or {}
    yield from ((argument.arg, by_name[argument.arg]) for argument in arguments.kwonlyargs if argument.arg in by_name)


def _methods(cls: type) -> Iterator[types.FunctionType]:
    for member in vars(cls).values():
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        function = inspect.unwrap(function) if callable(function) else None
        if isinstance(function, types.FunctionType) and _is_written_in(cls, function):
            yield function


def _is_written_in(cls: type, function: types.FunctionType) -> bool:
    return function.__module__ == cls.__module__ and function.__qualname__.startswith(f"{cls.__qualname__}.")


def _function_node(file: ParsedFile, code: types.CodeType) -> ast.AST | None:
    return next((node for node in file.nodes if _is_function(node, code)), None)


def _is_function(node: ast.AST, code: types.CodeType) -> bool:
    if isinstance(node, ast.Lambda):
        body = node.body
        place = (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset)
        return code.co_name == "<lambda>" and place in set(code.co_positions())
    return (
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name == code.co_name
        and first_line(node) == code.co_firstlineno
    )


def _class_node(file: ParsedFile, cls: type) -> ast.AST | None:
    return file.classes.get(cls.__qualname__.replace(".<locals>", ""))


def first_line(node: Any) -> int:
    """Return the line where a statement begins, with its decorators."""
    lines: list[int] = [node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))]
    return min(lines)


def _file_text(filename: str) -> str:
    return "".join(linecache.getlines(filename))


def _text_of_module(code: Code) -> str:
    file = getattr(sys.modules.get(code.__module__), "__file__", None)
    return "" if file is None else _file_text(file)


def _variables(code: Code, functions: list[types.FunctionType], names: set[str]) -> dict[str, Any]:
    variables: dict[str, Any] = {}
    scopes = [function.__globals__ for function in functions] or [vars(sys.modules[code.__module__])]
    for scope in scopes:
        variables |= {name: scope[name] for name in sorted(names) if name in scope}
    for function in functions:
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            if name != "__class__":
                variables[name] = _content(cell)
    return variables


def _bases(node: ast.ClassDef, cls: type) -> dict[str, Any]:
    named = zip(node.bases, vars(cls).get("__orig_bases__", cls.__bases__), strict=False)
    return {base.id: value for base, value in named if isinstance(base, ast.Name)}


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty as yet
        return None
