"""Formulas as text, read without running them."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from eolearn.core.exceptions import SettingError

from ._kernels.expressions import Expression

_SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_MOST_CHARACTERS = 2000


def parse_formula(text: str) -> Expression:
    """Return the expression that a text such as ``"(N - R) / (N + R)"`` stands for.

    A formula holds numbers, names, the signs ``+ - * / **`` in the order of precedence of Python, and brackets. Raises
    SettingError for anything else.

    Example:
        >>> parse_formula("N / (R + 0.5)")
        ('/', 'N', ('+', 'R', 0.5))
    """
    if not isinstance(text, str) or len(text) > _MOST_CHARACTERS:
        raise SettingError(f"A formula must be a string of at most {_MOST_CHARACTERS} characters, got {text!r:.80}.")
    try:
        return _expression(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise SettingError(
            f"Can't read {text!r} as a formula: it may hold numbers, names, + - * / ** and brackets."
        ) from error


def _expression(node: ast.expr) -> Expression:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS:
            return _SIGNS[type(op)], _expression(left), _expression(right)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return "*", -1.0, _expression(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _expression(operand)
    raise SyntaxError(f"{ast.unparse(node)!r} has no place in a formula")


def substitute(expression: Expression, values: Mapping[str, Expression]) -> Expression:
    """Return the expression with other expressions in place of some names."""
    if isinstance(expression, tuple):
        sign, first, second = expression
        return sign, substitute(first, values), substitute(second, values)
    return values.get(expression, expression) if isinstance(expression, str) else expression
