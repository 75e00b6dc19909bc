from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.features._kernels.haralick import NO_DATA, Window, quantized
from eolearn.features._kernels.textures import FORMULAS, MAXIMAL_CORRELATION, fill_textures

TEXTURES = [*FORMULAS, MAXIMAL_CORRELATION]
LEVELS = 5
IMAGES = arrays(np.int16, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(NO_DATA, LEVELS - 1))
WINDOWS = st.sampled_from([Window(3, 0, 1), Window(3, 1, 1), Window(3, -1, 1), Window(5, 2, 0), Window(5, -2, 1)])


def textures_of(image, window, levels=LEVELS):
    grey = np.pad(image, window.size // 2, mode="edge")
    results = {texture: np.full(image.shape, -9.0) for texture in TEXTURES}
    fill_textures(results, grey, range(image.shape[0]), 1, levels, window)
    return results


def matrix_of(values, window, levels):
    """The definition: each pair of pixels of a window counts twice, and the counts are divided by their sum."""
    matrix = np.zeros((levels, levels))
    for row, column in np.ndindex(values.shape):
        other = row + window.down, column + window.right
        if 0 <= other[0] < window.size and other[1] < window.size and min(values[row, column], values[other]) >= 0:
            matrix[values[row, column], values[other]] += 1
            matrix[values[other], values[row, column]] += 1
    return matrix / matrix.sum() if matrix.any() else None


def entropy(frequencies):
    present = frequencies[frequencies > 0]
    return -np.sum(present * np.log(present))


def slow_textures(matrix):
    """The textures as Haralick 1973 defines them, with sums over all pairs of levels."""
    i, j = np.indices(matrix.shape)
    level, margin = np.arange(len(matrix)), matrix.sum(axis=1)
    sums = np.bincount((i + j).ravel(), matrix.ravel())
    differences = np.bincount(abs(i - j).ravel(), matrix.ravel())
    mean = np.sum(level * margin)
    variance = np.sum((level - mean) ** 2 * margin)
    outer = np.outer(margin, margin)
    crossed = -np.sum(matrix[outer > 0] * np.log(outer[outer > 0]))
    used = margin > 0
    quotient = (matrix[used] / margin[used, None]) @ (matrix[:, used] / np.where(used, margin, 1)[:, None])
    eigenvalues = np.sort(np.linalg.eigvals(quotient).real)
    flat = np.count_nonzero(margin) == 1
    average, spread = np.sum(np.arange(len(sums)) * sums), np.sum(level * differences)
    closeness = np.sum(matrix / (1 + (i - j) ** 2))
    return {
        "ASM": np.sum(matrix**2),
        "contrast": np.sum((i - j) ** 2 * matrix),
        "correlation": 1 if flat else np.sum((i - mean) * (j - mean) * matrix) / variance,
        "difference_entropy": entropy(differences),
        "difference_variance": np.sum((level - spread) ** 2 * differences),
        "dissimilarity": np.sum(abs(i - j) * matrix),
        "energy": np.sqrt(np.sum(matrix**2)),
        "entropy": entropy(matrix),
        "homogeneity": closeness,
        "information_measure_of_correlation_1": 0 if flat else (entropy(matrix) - crossed) / entropy(margin),
        "information_measure_of_correlation_2": np.sqrt(max(0, 1 - np.exp(-2 * (entropy(outer) - entropy(matrix))))),
        "inverse_difference_moment": closeness,
        MAXIMAL_CORRELATION: 0 if flat else np.sqrt(max(0, eigenvalues[-2])),
        "mean": mean,
        "std": np.sqrt(variance),
        "sum_average": average,
        "sum_entropy": entropy(sums),
        "sum_of_square_variance": variance,
        "sum_variance": np.sum((np.arange(len(sums)) - average) ** 2 * sums),
        "variance": variance,
    }


@given(IMAGES, WINDOWS)
def test_textures_are_those_of_the_matrix_of_each_window(image, window):
    results = textures_of(image, window)
    padded = np.pad(image, window.size // 2, mode="edge")
    for row, column in np.ndindex(image.shape):
        matrix = matrix_of(padded[row : row + window.size, column : column + window.size], window, LEVELS)
        if matrix is None or image[row, column] == NO_DATA:
            assert all(np.isnan(result[row, column]) for result in results.values())
            continue
        for texture, expected in slow_textures(matrix).items():
            tolerance = 1e-6 if texture.endswith(("_2", "coefficient")) else 1e-12  # roots of what may be nearly 0
            assert_allclose(results[texture][row, column], expected, rtol=1e-9, atol=tolerance, err_msg=texture)


def test_flat_window_has_no_contrast_no_entropy_and_full_order():
    results = textures_of(np.full((40, 3), 2, np.int16), Window(3, 0, 1))
    ones = {"ASM", "energy", "homogeneity", "inverse_difference_moment", "correlation"}
    expected = dict.fromkeys(TEXTURES, 0) | dict.fromkeys(ones, 1) | {"mean": 2, "sum_average": 4}
    for texture, result in results.items():
        assert_array_equal(result, np.full((40, 3), expected[texture]), err_msg=texture)


def test_chessboard_by_hand():
    board = (np.indices((9, 9)).sum(axis=0) % 2 * 3).astype(np.int16)
    results = textures_of(board, Window(3, 0, 1))
    inside = {texture: result[1:-1, 1:-1] for texture, result in results.items()}
    # each pair is (0, 3): P is 1/2 at (0, 3) and at (3, 0)
    hand = {"contrast": 9, "dissimilarity": 3, "ASM": 0.5, "entropy": np.log(2), "correlation": -1, "homogeneity": 0.1}
    for texture, expected in hand.items():
        assert_allclose(inside[texture], expected, rtol=1e-12, err_msg=texture)
    assert_allclose(inside["sum_variance"], 0, atol=1e-15)  # each sum is 3
    assert_allclose(inside[MAXIMAL_CORRELATION], 1, rtol=1e-12)  # one level tells the other


def test_many_levels_do_not_overflow():
    grey = np.random.default_rng(0).integers(0, 256, (51, 51)).astype(np.int16)
    window = Window(51, 0, 1)
    results = {texture: np.empty((1, 1)) for texture in TEXTURES}
    fill_textures(results, grey, range(1), 1, 256, window)
    for texture, expected in slow_textures(matrix_of(grey, window, 256)).items():
        assert_allclose(results[texture].item(), expected, rtol=1e-8, err_msg=texture)


@pytest.mark.parametrize(
    ("angle", "offset"),
    [(0, (0, 2)), (np.pi / 4, (1, 1)), (np.pi / 2, (2, 0)), (3 * np.pi / 4, (-1, 1)), (np.pi, (0, 2)), (-0.5, (-1, 2))],
)
def test_pairs_lie_in_the_direction_and_never_to_the_left(angle, offset):
    assert Window.of(5, 2, angle) == Window(5, *offset)


def test_levels_divide_the_range_equally_and_the_greatest_value_is_in_the_last():
    image = np.array([[0.0, 0.24, 0.25, 0.99, 1.0, np.nan, np.inf, -5, 5]])
    window = Window(1, 0, 0)
    assert quantized(image, 4, (0, 1), window).tolist() == [[0, 0, 1, 3, 3, NO_DATA, NO_DATA, 0, 3]]
    assert quantized(image[:, :6], 4, None, window).tolist() == [[0, 0, 1, 3, 3, NO_DATA]]
    assert quantized(np.array([[7, 7]], np.uint8), 4, None, window).tolist() == [[0, 0]]
    assert quantized(np.full((1, 2), np.nan), 4, None, window).tolist() == [[NO_DATA, NO_DATA]]
