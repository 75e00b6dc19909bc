"""The little language of 1.x for functions of Sentinel-2's bands, as in ``"I(B8a, B4); R(B3, B2)"``.

An expression is one term, or several with semicolons between them. A term is

==============  ==================================================================================
``I(a, b)``     the normalised difference, ``(a - b) / (a + b)``
``S(a, b)``     the difference, ``a - b``
``R(a, b)``     the ratio, ``a / b``
``D(a, b, c)``  ``(a + b) / c``
``B4``          a band
==============  ==================================================================================

where a, b and c are terms. Bands are those of Sentinel-2 in their order, with B8a, 13 of them: ``B1`` to ``B8`` are at
positions 0 to 7, ``B8a`` is at 8, ``B9`` at 9. Two digits are a position: ``B10``, ``B11`` and ``B12`` are the bands
of these names, but ``B04`` is at position 4, which is B5, as in 1.x.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import EOLearnError, IndexOutOfRange
from eolearn.core.utils.parsing import parse_renamed_feature

from ._kernels.expressions import Expression, evaluate, names_in

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from eolearn.core.types import SingleFeatureSpec

_ARGUMENTS = {"I": 2, "S": 2, "R": 2, "D": 3}


class ExpressionError(EOLearnError, SyntaxError):
    """An expression of the little language can't be read."""


class Lexer:
    """Hands out symbols one after the other.

    symbols: characters, or strings of one character; white space is passed over.
    """

    def __init__(self, symbols: Sequence[str]):
        self.symbols = [symbol for symbol in symbols if not symbol.isspace()]
        self.position = 0

    @property
    def next(self) -> str:
        """The symbol that comes next, an empty string at the end."""
        return self.symbols[self.position] if self.position < len(self.symbols) else ""

    def take(self, allowed: str | Sequence[str]) -> str:
        """Return the next symbol and go on. Raises ExpressionError if it is none of those allowed."""
        symbol = self.next
        if symbol == "" or symbol not in allowed:
            text = "".join(self.symbols)
            found = repr(symbol) if symbol else "the end"
            raise ExpressionError(
                f"{text!r} can't be read: {found} at position {self.position}, where one of {' '.join(allowed)} must "
                f"stand."
            )
        self.position += 1
        return symbol


class FeatureExtendedExtractor:
    """A function of the bands of a pixel, given as an expression of the little language of this module.

    expr: the expression. Raises ExpressionError (a SyntaxError) if it can't be read.

    Example:
        >>> extractor = FeatureExtendedExtractor("I(B8, B4); B2")
        >>> [float(value) for value in extractor([0.0, 0.5, 0.0, 0.25, 0.0, 0.0, 0.0, 0.75])]
        [0.5, 0.5]
    """

    def __init__(self, expr: str):
        lexer = Lexer(list(expr))
        terms = [_term(lexer)]
        while lexer.next:
            lexer.take(";")
            terms.append(_term(lexer))
        self.expr = expr
        self._terms = terms
        self._positions = {name: int(name) for term in terms for name in names_in(term)}

    def __call__(self, bands: ArrayLike) -> list[Any]:
        """Return the value of each term, for bands on the last axis: numbers for a vector, else arrays."""
        return list(np.moveaxis(self.extract(np.asarray(bands)), -1, 0))

    def extract(self, data: NDArray[Any]) -> NDArray[np.floating[Any]]:
        """Return the values of all terms on the last axis, in place of the bands; NaN where one is not finite."""
        last = max(self._positions.values(), default=0)
        if last >= data.shape[-1]:
            raise IndexOutOfRange(
                f"{self.expr!r} needs a band at position {last}, but data of shape {data.shape} has "
                f"{data.shape[-1]} bands."
            )
        return evaluate(self._terms, data, self._positions)


class FeatureExtractionTask(EOTask):
    """Computes functions of the bands, given in the little language of :mod:`eolearn.features.feature_extractor`.

    feature: an array with bands on its last axis, with a new name for the result if it has one.
    expression: one term, or several with semicolons between them; the result has a band for each.

    New code is better off with :class:`SpectralIndexTask`.

    Example:
        >>> task = FeatureExtractionTask((FeatureType.DATA, "BANDS", "INDICES"), "I(B8a, B4); I(B3, B11)")
    """

    def __init__(self, feature: SingleFeatureSpec, expression: str):
        self.feature_type, self.name, self.new_name = parse_renamed_feature(
            feature, allowed_feature_types=FeatureType.is_array
        )
        self.extractor = FeatureExtendedExtractor(expression)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Store the result and return the patch."""
        eopatch[self.feature_type, self.new_name] = self.extractor.extract(eopatch[self.feature_type, self.name])
        return eopatch


def _term(lexer: Lexer) -> Expression:
    letter = lexer.take("ISRDB")
    if letter == "B":
        return str(_band_position(lexer))
    arguments = []
    for index in range(_ARGUMENTS[letter]):
        lexer.take("(" if index == 0 else ",")
        arguments.append(_term(lexer))
    lexer.take(")")
    return _function(letter, arguments)


def _function(letter: str, arguments: Sequence[Expression]) -> Expression:
    a, b = arguments[:2]
    match letter:
        case "I":
            return "/", ("-", a, b), ("+", a, b)
        case "S":
            return "-", a, b
        case "R":
            return "/", a, b
    return "/", ("+", a, b), arguments[2]


def _band_position(lexer: Lexer) -> int:
    first = int(lexer.take("0123456789"))
    if first == 8 and lexer.next in ("a", "A"):
        lexer.take("aA")
        return 8
    if lexer.next.isdecimal():
        return 10 * first + int(lexer.take("0123456789"))
    if first == 0:
        raise ExpressionError(f"{''.join(lexer.symbols)!r} can't be read: bands are counted from B1, there is no B0.")
    return first - 1 if first <= 8 else first
