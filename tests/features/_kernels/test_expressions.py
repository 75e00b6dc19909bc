from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from eolearn.core.utils.threads import limit_threads
from eolearn.features._kernels.expressions import evaluate, names_in

PYTHON = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": np.divide,
    "**": lambda a, b: a**b,
}
NDVI = ("/", ("-", "N", "R"), ("+", "N", "R"))
LEAVES = st.one_of(st.sampled_from(["R", "N"]), st.floats(-3, 3).map(float))
EXPRESSIONS = st.recursive(LEAVES, lambda inner: st.tuples(st.sampled_from(sorted(PYTHON)), inner, inner), max_leaves=6)


def slow_value(expression, pixel):
    """One pixel after the other, in numpy's float64, NaN where it isn't finite."""
    if isinstance(expression, str):
        return pixel[expression]
    if isinstance(expression, float):
        return np.float64(expression)
    sign, first, second = expression
    return PYTHON[sign](slow_value(first, pixel), slow_value(second, pixel))


@given(st.lists(EXPRESSIONS, min_size=1, max_size=3))
def test_equals_the_expression_computed_pixel_by_pixel(expressions):
    data = np.random.default_rng(0).normal(size=(2, 1, 3, 2))
    result = evaluate(expressions, data, {"R": 0, "N": 1})
    assert result.shape == (2, 1, 3, len(expressions))
    with np.errstate(all="ignore"):
        for place in np.ndindex(2, 1, 3):
            pixel = {"R": data[place][0], "N": data[place][1]}
            expected = np.array([slow_value(expression, pixel) for expression in expressions], float)
            expected[~np.isfinite(expected)] = np.nan
            np.testing.assert_allclose(result[place], expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("f4", "f4"), ("f8", "f8"), ("u1", "f4"), ("i2", "f4"), ("i4", "f8"), ("f2", "f4"), ("?", "f4")],
)
def test_result_is_float32_where_that_holds_the_data_and_else_float64(dtype, expected):
    assert evaluate([NDVI, ("**", "N", 0.5), 2.0], np.ones((3, 2), dtype), {"R": 0, "N": 1}).dtype == expected


def test_unsigned_bands_do_not_wrap_around():
    result = evaluate([("-", "R", "N")], np.array([[10, 250]], np.uint8), {"R": 0, "N": 1})
    assert result.item() == -240


def test_bands_are_scaled_before_they_are_used():
    data = np.array([[1000, 3000]], np.uint16)
    result = evaluate(["N", NDVI], data, {"R": 0, "N": 1}, scale=1e-4, offset=-0.05)
    np.testing.assert_allclose(result, [[0.25, 0.2 / 0.3]], rtol=1e-6)  # 0.25 and 0.05: their difference by their sum


def test_what_is_not_finite_becomes_the_undefined_value():
    data = np.array([[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0], [0.0, 1.0], [1.0, -4.0]])
    expressions = [("/", "N", "R"), ("**", "N", 0.5), ("+", "N", "R")]
    result = evaluate(expressions, data, {"R": 0, "N": 1}, undefined=-9)
    assert_array_equal(result, [[-9, 0, 0], [-9, 1, -9], [0, 1, -9], [-9, 1, 1], [-4, -9, -3]])


def test_numbers_alone_are_never_errors():
    result = evaluate([("/", 1.0, 0.0), ("**", -1.0, 0.5), ("**", 9.0, 999.0), 2.0], np.ones((1, 1)), {})
    assert_array_equal(result, [[np.nan, np.nan, np.nan, 2]])


@pytest.mark.parametrize("shape", [(0, 2, 2, 2), (1, 0, 2, 2), (1, 1, 1, 2), (2,)])
def test_empty_and_single_pixels_keep_their_axes(shape):
    assert evaluate([NDVI], np.ones(shape), {"R": 0, "N": 1}).shape == (*shape[:-1], 1)


def test_blocks_and_threads_leave_no_seam():
    data = np.random.default_rng(1).random((70_000, 2))
    r, n = data[:, 0], data[:, 1]
    try:
        for threads in (1, 3):
            limit_threads(threads)
            assert_array_equal(evaluate([NDVI], data, {"R": 0, "N": 1})[:, 0], (n - r) / (n + r))
    finally:
        limit_threads(None)


def test_names_are_those_of_the_bands():
    assert names_in(("*", NDVI, ("+", 1.0, "L"))) == {"N", "R", "L"}
    assert names_in(3.0) == set()
