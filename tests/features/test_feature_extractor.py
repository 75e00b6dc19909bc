from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import EOLearnError, IndexOutOfRange
from eolearn.features.feature_extractor import ExpressionError, FeatureExtendedExtractor, FeatureExtractionTask, Lexer

BANDS = (FeatureType.DATA, "BANDS")
VECTOR = np.random.default_rng(0).random(13) + 0.1
POSITIONS = {f"B{n}": n - 1 for n in range(1, 9)} | {"B8a": 8, "B8A": 8, "B9": 9} | {f"B{n}": n for n in (10, 11, 12)}


@st.composite
def terms(draw, depth=3):
    """A term, and its value for VECTOR, as IEEE 754 has it."""
    kind = draw(st.sampled_from("BISRD" if depth else "B"))
    if kind == "B":
        name = draw(st.sampled_from(sorted(POSITIONS)))
        return name, VECTOR[POSITIONS[name]]
    texts, values = zip(*[draw(terms(depth - 1)) for _ in range(3 if kind == "D" else 2)], strict=True)
    a, b = values[:2]
    with np.errstate(all="ignore"):
        value = {
            "I": lambda: (a - b) / (a + b),
            "S": lambda: a - b,
            "R": lambda: a / b,
            "D": lambda: (a + b) / values[2],
        }[kind]()
    return f"{kind}({', '.join(texts)})", value


@given(st.lists(terms(), min_size=1, max_size=3))
def test_terms_have_the_values_of_their_definitions(pairs):
    texts, expected = zip(*pairs, strict=True)
    result = FeatureExtendedExtractor(";".join(texts))(VECTOR)
    assert isinstance(result, list)
    assert_allclose(result, np.where(np.isfinite(expected), expected, np.nan), rtol=1e-12)


@pytest.mark.parametrize(("name", "position"), [*POSITIONS.items(), ("B01", 1), ("B04", 4), ("B08", 8), ("B09", 9)])
def test_bands_are_at_the_positions_of_1x(name, position):
    assert FeatureExtendedExtractor(name)(VECTOR) == [VECTOR[position]]


def test_white_space_is_passed_over():
    assert FeatureExtendedExtractor(" I( B8 ,\tB4 ) ;\n B 2 ")(VECTOR) == FeatureExtendedExtractor("I(B8,B4);B2")(
        VECTOR
    )


@pytest.mark.parametrize(
    "text",
    ["", " ", "I", "I(", "I(B1)", "I(B1,B2", "I(B1,B2,B3)", "D(B1,B2)", "B", "B0", "Bx", "B8a4", "X(B1,B2)", "B1;",
     ";B1", "B1 B2", "i(B1,B2)", "__import__('os')", "B1,B2", "B123", "B²"],
)  # fmt: skip
def test_malformed_expressions_are_syntax_errors(text):
    with pytest.raises(SyntaxError, match="can't be read") as error:
        FeatureExtendedExtractor(text)
    assert isinstance(error.value, ExpressionError)
    assert isinstance(error.value, EOLearnError)


def test_lexer_hands_out_symbols():
    lexer = Lexer(list("B 1"))
    assert [lexer.take("AB"), lexer.next, lexer.take("123"), lexer.next] == ["B", "1", "1", ""]
    with pytest.raises(ExpressionError, match="the end at position 2"):
        lexer.take("x")


def test_arrays_are_computed_along_their_last_axis():
    data = np.random.default_rng(1).random((2, 3, 13))
    difference, band = FeatureExtendedExtractor("S(B2, B1); B12")(data)
    assert_array_equal(difference, data[..., 1] - data[..., 0])
    assert_array_equal(band, data[..., 12])


def patch_with(data):
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2025-01-01"] * len(data))
    patch[BANDS] = data
    return patch


@pytest.mark.parametrize("shape", [(2, 3, 4, 13), (0, 3, 4, 13), (1, 1, 1, 224)])
def test_result_has_a_band_for_each_term(shape):
    data = np.random.default_rng(2).integers(1, 9, shape).astype(np.uint16)
    result = FeatureExtractionTask((*BANDS, "NEW"), "I(B8a, B4); R(B3, B2)")(patch_with(data))
    new = result[FeatureType.DATA, "NEW"]
    assert new.shape == (*shape[:3], 2)
    assert new.dtype == np.float32
    a, b = data[..., 8].astype(float), data[..., 3].astype(float)
    assert_allclose(new[..., 0], (a - b) / (a + b), rtol=1e-6)
    assert result[BANDS] is data


def test_feature_is_replaced_without_a_new_name():
    assert FeatureExtractionTask(BANDS, "B1")(patch_with(np.ones((1, 2, 2, 13))))[BANDS].shape == (1, 2, 2, 1)


def test_what_is_not_finite_is_nan():
    data = np.array([[0.0, 0.0, np.inf] + [1.0] * 10])
    assert_array_equal(FeatureExtendedExtractor("I(B1,B2);R(B4,B1);B3;B4")(data), [[np.nan], [np.nan], [np.nan], [1]])


def test_band_that_is_not_there_is_an_error():
    with pytest.raises(IndexOutOfRange, match="position 12.*4 bands"):
        FeatureExtractionTask(BANDS, "I(B1, B12)")(patch_with(np.ones((1, 2, 2, 4))))
