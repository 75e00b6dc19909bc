"""Oracles: numpy's own choice and indexing, and loops over the samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eolearn.core.exceptions import DataError, IndexOutOfRange
from eolearn.ml_tools._kernels.samples import (
    expand_to_grids,
    get_mask_of_samples,
    sample_by_values,
    take_grid,
    take_samples,
)

IMAGE = np.array([[1, 1, 2], [2, 2, 3]], dtype=np.uint8)

shapes = st.tuples(st.integers(0, 9), st.integers(0, 9))
images = st.builds(
    lambda image, dtype: image.astype(dtype),
    hnp.arrays(np.uint8, shapes, elements=st.integers(0, 3)),
    st.sampled_from([bool, np.uint8, np.int16, np.int64, np.float32]),
)


@given(images, st.integers(0, 99), st.booleans(), st.data())
def test_seeded_choice_is_that_of_numpy_among_the_pixels_of_each_value(image, seed, replace, data):
    values, counts = np.unique(image, return_counts=True)
    wanted = {
        value: data.draw(st.integers(0, 2 * count if replace else count))
        for value, count in data.draw(st.permutations(list(zip(values.tolist(), counts.tolist(), strict=True))))
    }
    result = sample_by_values(image, wanted, np.random.default_rng(seed), replace)
    rng = np.random.default_rng(seed)  # the rule as the contract of 1.x states it
    expected = [rng.choice(np.nonzero(image == value), n, replace, axis=1) for value, n in wanted.items()]
    np.testing.assert_array_equal(result, np.concatenate([np.empty((2, 0), dtype=np.int64), *expected], axis=1))


def test_sample_of_1_x_with_the_same_seed():
    rows, columns = sample_by_values(IMAGE, {2: 2, 1: 1}, np.random.default_rng(42))
    assert (rows.tolist(), columns.tolist()) == ([0, 1, 0], [2, 1, 0])  # printed by eo-learn 1.5.6


def test_sample_without_a_generator_is_as_large():
    assert [positions.shape for positions in sample_by_values(IMAGE, {2: 2, 3: 1})] == [(3,), (3,)]


@pytest.mark.parametrize("wanted", [{}, {2: 0}, {99: 0}])
def test_no_samples_are_two_empty_arrays_of_int64(wanted):
    for positions in sample_by_values(IMAGE, wanted):
        np.testing.assert_array_equal(positions, np.empty(0, dtype=np.int64), strict=True)


@pytest.mark.parametrize(
    ("wanted", "replace", "message"),
    [
        ({2: 4}, False, "4 samples of the value 2, which 3 pixels have, without taking one twice"),
        ({1: 1, 99: 1}, True, r"1 samples of the value 99, which 0 pixels have\."),
        ({2: -1}, True, "-1 samples of the value 2"),
    ],
)
def test_impossible_number_of_samples_is_refused(wanted, replace, message):
    with pytest.raises(DataError, match=message):
        sample_by_values(IMAGE, wanted, replace=replace)


@pytest.mark.parametrize("shape", [(6,), (2, 3, 1)])
def test_image_must_have_two_axes(shape):
    with pytest.raises(DataError, match=r"height and width, but this one has shape \("):
        sample_by_values(IMAGE.reshape(shape), {1: 1})


positions = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=5)


@given(positions, st.integers(1, 3), st.integers(1, 3))
def test_grids_hold_the_pixels_of_each_block_one_block_below_another(corners, height, width):
    rows, columns = zip(*corners, strict=True) if corners else ((), ())
    grids = expand_to_grids(np.array(rows, dtype=np.uint8), columns, (height, width))
    expected = [[(row + i, column + j) for j in range(width)] for row, column in corners for i in range(height)]
    assert [grid.shape for grid in grids] == [(len(corners) * height, width)] * 2
    assert [grid.dtype for grid in grids] == [np.int64] * 2
    assert np.stack(grids, axis=-1).tolist() == np.array(expected).reshape(-1, width, 2).tolist()


def test_block_beyond_row_255_of_uint8_does_not_wrap_around():
    row_grid, _ = expand_to_grids(np.array([255], dtype=np.uint8), np.array([0], dtype=np.uint8), (2, 1))
    assert row_grid.tolist() == [[255], [256]]


@given(positions)
def test_mask_counts_each_sample(samples):
    rows, columns = zip(*samples, strict=True) if samples else ((), ())
    expected = np.zeros((6, 7), dtype=np.uint8)
    for position in samples:
        expected[position] += 1
    np.testing.assert_array_equal(get_mask_of_samples((6, 7), rows, columns), expected, strict=True)


@pytest.mark.parametrize(
    ("count", "dtype"), [(255, np.uint8), (256, np.uint16), (65_535, np.uint16), (70_000, np.uint32)]
)
def test_mask_has_a_dtype_that_holds_the_counts(count, dtype):
    mask = get_mask_of_samples((1, 2), np.zeros((count, 1), dtype=int), np.zeros((count, 1), dtype=int))
    np.testing.assert_array_equal(mask, np.array([[count, 0]], dtype=dtype), strict=True)


def test_mask_counts_all_pixels_of_a_block():
    assert get_mask_of_samples((3, 4), *expand_to_grids([0, 1], [1, 2], (2, 2))).tolist() == [
        [0, 1, 1, 0],
        [0, 1, 2, 1],
        [0, 0, 1, 1],
    ]


def test_mask_of_an_empty_image_is_empty():
    assert get_mask_of_samples((0, 3), [], []).shape == (0, 3)


@pytest.mark.parametrize(("row", "column"), [(2, 0), (-1, 0), (0, 3)])
def test_position_outside_of_the_image_is_refused(row, column):
    with pytest.raises(IndexOutOfRange, match=r"outside of the image, which has shape \(2, 3\)"):
        get_mask_of_samples((2, 3), [0, row], [0, column])


rasters = hnp.arrays(
    st.sampled_from([np.uint8, np.float32, np.complex128]), hnp.array_shapes(min_dims=3, max_dims=4, min_side=0)
)


@given(rasters, st.data())
def test_samples_are_what_indexing_gives(data, draw):
    height, width = data.shape[-3:-1]
    shape = (0, 1) if 0 in (height, width) else draw.draw(hnp.array_shapes(min_dims=2, max_dims=2))
    row_grid = draw.draw(hnp.arrays(np.int64, shape, elements=st.integers(0, max(0, height - 1))))
    column_grid = draw.draw(hnp.arrays(np.int64, shape, elements=st.integers(0, max(0, width - 1))))
    expected = data[..., row_grid, column_grid, :]
    np.testing.assert_array_equal(take_samples(data, row_grid, column_grid), expected, strict=True)


def test_samples_of_a_view_are_those_of_the_view():
    data = np.arange(2 * 4 * 6 * 3).reshape(2, 4, 6, 3)[::-1, ::2, 1:, 1:]
    grids = np.array([[1], [0]]), np.array([[4], [2]])
    np.testing.assert_array_equal(take_samples(data, *grids), data[..., grids[0], grids[1], :])


grid_images = hnp.arrays(
    st.sampled_from([np.uint8, np.float32, np.complex128, object]),
    hnp.array_shapes(min_dims=3, max_dims=4),
    elements=st.integers(0, 9),
)


@given(grid_images, st.booleans(), st.data())
def test_grid_holds_what_indexing_its_positions_gives(data, flipped, draw):
    data = data[..., ::-1, :] if flipped else data
    height, width = data.shape[-3:-1]
    block = draw.draw(st.integers(1, height)), draw.draw(st.integers(1, width))
    stride = draw.draw(st.integers(1, 9)), draw.draw(st.integers(1, 9))
    rows, columns = range(0, height - block[0] + 1, stride[0]), range(0, width - block[1] + 1, stride[1])
    corners = [(row, column) for row in rows for column in columns]
    expected = take_samples(data, *expand_to_grids(*zip(*corners, strict=True), block))
    np.testing.assert_array_equal(take_grid(data, block, stride), expected, strict=True)
