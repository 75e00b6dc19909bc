"""Oracles: loops over all places of a block, and over all sets of blocks that can be drawn."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.ml_tools._kernels.inclusion import block_coverage, inclusion_probability


@given(st.integers(1, 7), st.integers(1, 7), st.data())
def test_coverage_is_the_number_of_blocks_that_hold_a_pixel(height, width, data):
    block = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    expected = np.zeros((height, width), dtype=int)
    for row, column in product(range(height - block[0] + 1), range(width - block[1] + 1)):
        expected[row : row + block[0], column : column + block[1]] += 1
    rows, columns = np.indices((height, width))
    np.testing.assert_array_equal(block_coverage((height, width), block, rows, columns), expected)


@pytest.mark.parametrize("amount", range(6))
def test_probability_without_replacement_is_the_share_of_all_sets_of_blocks(amount):
    coverage = np.arange(6)  # of 5 blocks, 0 to 5 hold the pixel: those with the lowest numbers
    sets = list(combinations(range(5), amount))
    expected = [np.mean([any(block < held for block in blocks) for blocks in sets]) for held in coverage]
    np.testing.assert_allclose(inclusion_probability(coverage, 5, amount, replace=False), expected, atol=1e-15)


@pytest.mark.parametrize("amount", range(4))
def test_probability_with_replacement_is_the_share_of_all_series_of_blocks(amount):
    series = list(product(range(5), repeat=amount))
    expected = [np.mean([any(block < held for block in blocks) for blocks in series]) for held in range(6)]
    np.testing.assert_allclose(inclusion_probability(np.arange(6), 5, amount, replace=True), expected, atol=1e-15)


@given(st.integers(1, 10**6), st.data())
def test_single_pixels_have_the_probability_of_simple_random_sampling(pixels, data):
    amount = data.draw(st.integers(0, pixels))
    probability = inclusion_probability(np.array([1]), pixels, amount, replace=False)
    np.testing.assert_allclose(probability, amount / pixels, rtol=1e-12)


def test_tiny_probabilities_keep_their_digits():
    """Of n - c choose m over n choose m, nothing is left in floats: 1 - (1 - 1e-12) is computed as 1e-12."""
    probability = inclusion_probability(np.array([1000]), 10**12, 1, replace=False)
    np.testing.assert_allclose(probability, 1e-9, rtol=1e-9)


def test_no_pixels_have_no_probabilities():
    assert inclusion_probability(np.empty(0, dtype=np.int64), 5, 0, replace=False).shape == (0,)
