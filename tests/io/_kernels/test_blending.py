"""Weighted means and choices of overlapping images, compared with slow loops and with laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.io._kernels.blending import axis_weights, blend, keep_nearest, most_likely

HEIGHT, WIDTH, BANDS = 9, 11, 2


def empty(dtype=np.float32):
    shape = (BANDS, HEIGHT, WIDTH)
    return np.zeros(shape, dtype), np.zeros(shape, np.float32), np.zeros(shape, np.uint8)


def draw(function, images, margin=0, no_data=np.nan):
    """Draw images, each with the row and the column of its corner, and return the result and the ranks."""
    result, weight, rank = empty(np.float32 if function is blend else images[0][1].dtype)
    for corner, image in images:
        rows, columns = (axis_weights(length, margin) for length in image.shape[:2])
        function(result, weight, rank, image, rows, columns, corner, no_data)
    return result, rank


def candidates(images, margin, band, row, column):
    """Return (rank, weight, value) of each image that has data at a pixel."""
    found = []
    for (top, left), image in images:
        at = row - top, column - left
        if all(0 <= place < length for place, length in zip(at, image.shape, strict=False)):
            value = image[(*at, band)]
            inside = [margin <= place < length - margin for place, length in zip(at, image.shape, strict=False)]
            weights = []
            for place, length, is_inside in zip(at, image.shape, inside, strict=False):
                start, span = (margin, length - 2 * margin) if is_inside else (0, length)
                weights.append(np.sin(np.pi * (place - start + 0.5) / span) ** 2)
            if not np.isnan(value):
                found.append((sum(inside), np.prod(weights), value))
    return found


@st.composite
def overlapping(draw_):
    rng = np.random.default_rng(draw_(st.integers(0, 2**32)))
    images = []
    for _ in range(draw_(st.integers(1, 5))):
        corner = draw_(st.integers(-3, HEIGHT - 2)), draw_(st.integers(-3, WIDTH - 2))
        image = rng.random((draw_(st.integers(5, 8)), draw_(st.integers(5, 8)), BANDS)).astype(np.float32)
        image[rng.random(image.shape) < 0.1] = np.nan
        images.append((corner, image))
    return images


@settings(max_examples=30)
@given(images=overlapping(), margin=st.integers(0, 2))
def test_mean_and_choice_are_those_of_a_slow_loop(images, margin):
    (mean, rank), (kept, _) = draw(blend, images, margin), draw(keep_nearest, images, margin)
    for band, row, column in np.ndindex(mean.shape):
        found = candidates(images, margin, band, row, column)
        best = [item for item in found if item[0] == max(found)[0]]
        assert rank[band, row, column] == (best[0][0] + 1 if best else 0)
        if best:
            weights, values = [item[1] for item in best], [item[2] for item in best]
            assert_allclose(mean[band, row, column], np.average(values, weights=weights), rtol=1e-5)
            largest = [value for value, weight in zip(values, weights, strict=True) if weight > max(weights) - 1e-6]
            assert kept[band, row, column] in largest


@given(images=overlapping(), margin=st.integers(0, 2), value=st.floats(-1e6, 1e6, width=32))
def test_mean_of_equal_values_is_that_value_to_the_bit(images, margin, value):
    same = [(corner, np.full_like(image, value)) for corner, image in images]
    mean, rank = draw(blend, same, margin)
    assert_array_equal(mean[rank > 0], np.float32(value))


@pytest.mark.parametrize("length", [1, 2, 7, 512])
def test_weights_are_symmetric_and_never_0(length):
    weights = axis_weights(length, 0)
    assert (weights > 0).all()
    assert_allclose(weights, weights[::-1], rtol=1e-5)


def test_weights_of_half_overlapping_images_add_up_to_1():
    weights = axis_weights(64, 0)
    assert_allclose(weights[:32] + weights[32:], 1, rtol=1e-6)


def test_weights_of_margins_are_negative():
    assert_array_equal(axis_weights(9, 2) > 0, [False] * 2 + [True] * 5 + [False] * 2)


@pytest.mark.parametrize("function", [blend, keep_nearest])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32, np.int64])
def test_no_data_of_integers_is_left_out(function, dtype):
    first = np.full((HEIGHT, WIDTH, BANDS), 3, dtype=dtype)
    first[:4] = 7
    result, rank = draw(function, [((0, 0), first)], no_data=7)
    assert (rank[:, :4] == 0).all()
    assert (result[:, 4:] == 3).all()
    second = np.full((HEIGHT, WIDTH, BANDS), 5, dtype=dtype)
    result, _ = draw(function, [((0, 0), first), ((0, 0), second)], no_data=7)
    assert (result[:, :4] == 5).all()


def test_image_beside_the_result_changes_nothing():
    image = np.ones((4, 4, BANDS), dtype=np.float32)
    for corner in [(-4, 0), (0, -4), (HEIGHT, 0), (0, WIDTH)]:
        assert not draw(blend, [(corner, image)])[1].any()


def test_images_stay_as_they_are():
    image = np.random.default_rng(0).random((5, 5, BANDS)).astype(np.float32)
    before = image.copy()
    draw(blend, [((0, 0), image), ((2, 2), image)])
    assert_array_equal(image, before)


def test_likeliest_band_is_the_first_of_the_highest_with_data():
    mean = np.array([[[0.2, 0.5, 0.9, 0.3]], [[0.8, 0.5, 0.1, 0.7]]], dtype=np.float32)
    rank = np.array([[[1, 3, 0, 0]], [[2, 3, 1, 0]]], dtype=np.uint8)
    assert_array_equal(most_likely(mean, rank), [[1, 0, 1, -1]])
    assert_array_equal(most_likely(-mean, np.ones_like(rank)), [[0, 0, 1, 0]])
