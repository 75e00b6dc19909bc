"""Files of Python source, taken apart once."""

from __future__ import annotations

import ast
import functools
import types
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ParsedFile:
    """The nodes of a file, its classes by their qualified names, and what tells the code of its functions."""

    nodes: list[ast.AST]
    classes: dict[str, ast.AST]
    codes: Mapping[Hashable, types.CodeType]
    """The code of functions and of the bodies of classes, by what tells it."""
    bodies: Mapping[str, types.CodeType]
    """The same by qualified names."""


@functools.lru_cache(maxsize=32)
def parse_file(text: str) -> ParsedFile | None:
    """Take the text of a file apart, None for what isn't Python."""
    try:
        tree = ast.parse(text)
        code = compile(text, "<source>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    codes = list(_codes(code))
    by_key, by_name = {key_of_code(each): each for each in codes}, {each.co_qualname: each for each in codes}
    return ParsedFile(list(ast.walk(tree)), dict(_classes(tree, "")), by_key, by_name)


def key_of_code(code: types.CodeType) -> Hashable:
    """Return what is equal only for the same code at the same line."""
    constants = tuple(
        key_of_code(each) if isinstance(each, types.CodeType) else (type(each), repr(each)) for each in code.co_consts
    )
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return code.co_name, code.co_firstlineno, code.co_code, code.co_exceptiontable, names, constants


def names_outside_of_bodies(node: ast.AST) -> set[str]:
    """Return the names that the definition of a function or a class uses, without those in the bodies of functions."""
    names: set[str] = set()
    own: set[str] = set()
    pending: list[Any] = [node]
    while pending:
        part = pending.pop()
        match part:
            case ast.Name():
                (names if isinstance(part.ctx, ast.Load) else own).add(part.id)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                pending += [part.args, *part.decorator_list, *([part.returns] if part.returns else [])]
                own |= {part.name} if part is not node else set()
            case ast.Lambda():
                pending.append(part.args)
            case _:
                pending += ast.iter_child_nodes(part)
    return names - own


def names_when_defined(node: Any) -> set[str]:
    """Return the names that are looked up when a function or a class is defined: of decorators and bases."""
    parts = [*getattr(node, "decorator_list", []), *getattr(node, "bases", []), *getattr(node, "keywords", [])]
    return {name.id for part in parts for name in ast.walk(part) if isinstance(name, ast.Name)}


def literals(node: ast.AST) -> Iterator[str]:
    """Yield texts and numbers as they stand in the source."""
    for part in ast.walk(node):
        if isinstance(part, ast.JoinedStr):
            yield ast.unparse(part)
        elif isinstance(part, ast.Constant) and part.value not in (None, True, False, ...):
            yield repr(part.value)[1:-1] if isinstance(part.value, str) else repr(part.value)


def _classes(node: ast.AST, scope: str) -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        inner = scope
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            inner = f"{scope}.{child.name}".lstrip(".")
        if isinstance(child, ast.ClassDef):
            yield inner, child
        yield from _classes(child, inner)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _codes(constant)
