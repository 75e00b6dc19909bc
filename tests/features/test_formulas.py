from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.core.exceptions import SettingError
from eolearn.features._formulas import parse_formula, substitute

EXPRESSIONS = st.recursive(
    st.one_of(st.sampled_from(["R", "N", "lambdaN"]), st.floats(0, 9, allow_subnormal=False)),
    lambda inner: st.tuples(st.sampled_from(["+", "-", "*", "/", "**"]), inner, inner),
)


def written(expression):
    if isinstance(expression, tuple):
        sign, first, second = expression
        return f"({written(first)} {sign} {written(second)})"
    return repr(expression) if isinstance(expression, float) else expression


@given(EXPRESSIONS)
def test_what_is_written_is_read_again(expression):
    assert parse_formula(written(expression)) == expression


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" (N - R)/(N + R) ", ("/", ("-", "N", "R"), ("+", "N", "R"))),
        ("a - b - c", ("-", ("-", "a", "b"), "c")),
        ("a + b * 2", ("+", "a", ("*", "b", 2.0))),
        ("-a ** 2", ("*", -1.0, ("**", "a", 2.0))),
        ("+a", "a"),
        ("1e-10", 1e-10),
    ],
)
def test_precedence_is_that_of_python(text, expected):
    assert parse_formula(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "N +",
        "N R",
        "N = R",
        "__import__('os').system('true')",
        "N.real",
        "N[0]",
        "N if R else G",
        "N > R",
        "N // R",
        "N % R",
        "~N",
        "[N]",
        "lambda: N",
        "'N'",
        "True",
        "1j",
        "N; R",
        "(n := R)",
        "1" * 400,
    ],
)
def test_all_else_is_refused(text):
    with pytest.raises(SettingError, match="as a formula"):
        parse_formula(text)


@pytest.mark.parametrize("text", ["(" * 900 + "N" + ")" * 900, "-" * 1999 + "N"])
def test_deep_formulas_end_in_an_error_not_in_a_crash(text):
    with pytest.raises(SettingError, match="as a formula"):
        parse_formula(text)


@pytest.mark.parametrize("text", [None, 3, "N" * 2001])
def test_formulas_are_strings_that_are_not_too_long(text):
    with pytest.raises(SettingError, match="at most 2000 characters"):
        parse_formula(text)


def test_names_are_replaced_by_expressions():
    expression = parse_formula("(N - R) * L")
    assert substitute(expression, {"L": 0.5, "N": ("+", "A", 1.0)}) == parse_formula("((A + 1) - R) * 0.5")
    assert substitute("N", {}) == "N"
    assert substitute(2.0, {"N": 1.0}) == 2.0


def test_expressions_are_no_code():
    assert not isinstance(parse_formula("N + R"), ast.AST)
