"""Textures: what is said about an image by the co-occurrences of its grey levels.

P is the symmetric matrix of co-occurrences of a window, divided by its sum; i and j are grey levels, counted from 0;
logarithms are natural. Numbers f1 to f14 are those of R. M. Haralick, K. Shanmugam and I. Dinstein, Textural Features
for Image Classification, IEEE Transactions on Systems, Man, and Cybernetics 3(6), 1973, doi:10.1109/TSMC.1973.4309314.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from . import haralick
from .haralick import Floats, Integers, Levels, Window
from .maximal_correlation import maximal_correlation

Formula: TypeAlias = Callable[[Integers, float], Floats]
MAXIMAL_CORRELATION = "maximal_correlation_coefficient"  # f14, the only one that needs the matrix itself

_ROWS = 16  # whose sums are in memory at a time


def _mean(sums: Integers, which: int) -> Floats:
    return np.asarray(sums[..., which] / sums[..., haralick.PAIRS])


def _contrast(sums: Integers, _: float) -> Floats:
    """f2, the sum of (i - j)² P."""
    return (sums[..., haralick.SQUARES] - 2 * sums[..., haralick.PRODUCTS]) / sums[..., haralick.PAIRS]


def _dissimilarity(sums: Integers, _: float) -> Floats:
    """The sum of |i - j| P."""
    return _mean(sums, haralick.DISTANCES)


def _homogeneity(sums: Integers, unit: float) -> Floats:
    """f5, the sum of P / (1 + (i - j)²)."""
    return _mean(sums, haralick.CLOSENESS) * unit


def _asm(sums: Integers, _: float) -> Floats:
    """f1, angular second moment: the sum of P²."""
    return sums[..., haralick.REPEATS] / (2 * sums[..., haralick.PAIRS]) ** 2


def _energy(sums: Integers, unit: float) -> Floats:
    """The root of the angular second moment."""
    return np.sqrt(_asm(sums, unit))


def _grey_mean(sums: Integers, _: float) -> Floats:
    """The sum of i P."""
    return _mean(sums, haralick.TOTAL) / 2


def _variance(sums: Integers, _: float) -> Floats:
    """f4, the sum of (i - mean)² P. Taken from whole numbers, so that equal levels have none."""
    pairs = sums[..., haralick.PAIRS]
    return (2 * pairs * sums[..., haralick.SQUARES] - sums[..., haralick.TOTAL] ** 2) / (4 * pairs**2)


def _std(sums: Integers, unit: float) -> Floats:
    """The root of the variance."""
    return np.sqrt(_variance(sums, unit))


def _correlation(sums: Integers, _: float) -> Floats:
    """f3, the sum of (i - mean) (j - mean) P by the variance; 1 where all levels are equal."""
    pairs, squared_total = sums[..., haralick.PAIRS], sums[..., haralick.TOTAL] ** 2
    variance = 2 * pairs * sums[..., haralick.SQUARES] - squared_total
    covariance = 4 * pairs * sums[..., haralick.PRODUCTS] - squared_total
    return np.where((variance == 0) & (pairs > 0), 1, covariance / variance)


def _sum_average(sums: Integers, _: float) -> Floats:
    """f6, the mean of i + j."""
    return _mean(sums, haralick.TOTAL)


def _sum_variance(sums: Integers, _: float) -> Floats:
    """f7, the variance of i + j, about its mean. The paper has the entropy f8 in place of the mean, a misprint."""
    pairs, squares = sums[..., haralick.PAIRS], sums[..., haralick.SQUARES] + 2 * sums[..., haralick.PRODUCTS]
    return (pairs * squares - sums[..., haralick.TOTAL] ** 2) / pairs**2


def _difference_variance(sums: Integers, _: float) -> Floats:
    """f10, the variance of |i - j|."""
    pairs, squares = sums[..., haralick.PAIRS], sums[..., haralick.SQUARES] - 2 * sums[..., haralick.PRODUCTS]
    return (pairs * squares - sums[..., haralick.DISTANCES] ** 2) / pairs**2


def _entropy_of(sums: Integers, which: int, counts: int, unit: float) -> Floats:
    """Return the entropy of frequencies, given the sum of c log c of their counts c, which are ``counts`` a pair."""
    number = counts * sums[..., haralick.PAIRS]
    return np.asarray(np.maximum(np.log(number) - sums[..., which] / number * unit, 0))


def _entropy(sums: Integers, unit: float) -> Floats:
    """f9, the sum of -P log P."""
    return _entropy_of(sums, haralick.JOINT, 2, unit)


def _sum_entropy(sums: Integers, unit: float) -> Floats:
    """f8, the entropy of i + j."""
    return _entropy_of(sums, haralick.SUMS, 1, unit)


def _difference_entropy(sums: Integers, unit: float) -> Floats:
    """f11, the entropy of |i - j|."""
    return _entropy_of(sums, haralick.DIFFERENCES, 1, unit)


def _information_1(sums: Integers, unit: float) -> Floats:
    """f12, (entropy of P - twice that of its margin) by that of its margin; 0 where all levels are equal."""
    margin = _entropy_of(sums, haralick.MARGIN, 2, unit)
    return np.where(margin == 0, 0, (_entropy(sums, unit) - 2 * margin) / margin)


def _information_2(sums: Integers, unit: float) -> Floats:
    """f13, the root of 1 - exp(-2 (twice the entropy of P's margin - that of P))."""
    shared = 2 * _entropy_of(sums, haralick.MARGIN, 2, unit) - _entropy(sums, unit)
    return np.asarray(np.sqrt(1 - np.exp(-2 * np.maximum(shared, 0))))


FORMULAS: dict[str, Formula] = {
    "ASM": _asm,
    "contrast": _contrast,
    "correlation": _correlation,
    "difference_entropy": _difference_entropy,
    "difference_variance": _difference_variance,
    "dissimilarity": _dissimilarity,
    "energy": _energy,
    "entropy": _entropy,
    "homogeneity": _homogeneity,
    "information_measure_of_correlation_1": _information_1,
    "information_measure_of_correlation_2": _information_2,
    "inverse_difference_moment": _homogeneity,
    "mean": _grey_mean,
    "std": _std,
    "sum_average": _sum_average,
    "sum_entropy": _sum_entropy,
    "sum_of_square_variance": _variance,
    "sum_variance": _sum_variance,
    "variance": _variance,
}


def fill_textures(
    results: dict[str, NDArray[Any]], grey: Levels, rows: range, stride: int, levels: int, window: Window
) -> None:
    """Compute textures of an image around every stride-th pixel of every stride-th row, and leave others as they are.

    results: an array of the shape of the image for each texture.
    grey: the levels of the image, with a margin, from :func:`.haralick.quantized`.
    rows: which ones to compute, with the stride as their step.

    NaN where the pixel itself has no data, or no pair of the window has.
    """
    margin = window.size // 2
    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS]
        place = np.s_[part.start : part.stop : stride, ::stride]
        image = grey[margin : grey.shape[0] - margin, margin : grey.shape[1] - margin]
        for name, values in _textures(results, grey, part, stride, levels, window):
            results[name][place] = np.where(image[place] == haralick.NO_DATA, np.nan, values)


def _textures(
    names: Iterable[str], grey: Levels, rows: range, stride: int, levels: int, window: Window
) -> Iterable[tuple[str, Floats]]:
    formulas = {name: FORMULAS[name] for name in names if name != MAXIMAL_CORRELATION}
    if formulas:
        sums = haralick.window_sums(grey, rows, stride, levels, window)
        with np.errstate(divide="ignore", invalid="ignore"):  # windows without data
            for name, formula in formulas.items():
                yield name, formula(sums, window.unit)
    if MAXIMAL_CORRELATION in names:
        yield MAXIMAL_CORRELATION, maximal_correlation(grey, rows, stride, levels, window)
