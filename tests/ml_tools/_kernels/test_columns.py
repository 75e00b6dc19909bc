import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.ml_tools._kernels.columns import column_count, pixel_columns


@given(st.integers(1, 4), st.integers(0, 4), st.data())
def test_table_is_the_slow_walk_over_pixels_features_dates_and_bands(height, width, data):
    shapes = st.tuples(st.integers(0, 3), st.just(height), st.just(width), st.integers(1, 3))
    temporal = st.builds(lambda shape: np.random.default_rng(1).random(shape), shapes)
    images = data.draw(st.lists(temporal | temporal.filter(len).map(lambda image: image[0]), min_size=1, max_size=3))
    start, stop = sorted(data.draw(st.tuples(st.integers(0, height), st.integers(0, height))))
    count = sum(map(column_count, images))
    if count == 0:
        return
    expected = [
        [value for image in images for date in (image if image.ndim == 4 else [image]) for value in date[row, column]]
        for row in range(start, stop)
        for column in range(width)
    ]
    np.testing.assert_array_equal(pixel_columns(images, start, stop), np.array(expected).reshape(-1, count))


@pytest.mark.parametrize(
    ("dtypes", "expected"),
    [
        ((np.uint16,), np.uint16),
        ((np.float32, np.uint8), np.float32),
        ((np.uint8, np.int16), np.int16),
        ((np.float32, np.float64), np.float64),
        ((bool,), bool),
    ],
)
def test_table_has_a_dtype_that_holds_all_images(dtypes, expected):
    images = [np.ones((2, 3, 1), dtype=dtype) for dtype in dtypes]
    assert pixel_columns(images, 0, 2).dtype == expected


def test_columns_are_the_bands_of_each_date():
    assert column_count(np.empty((5, 2, 2, 3))) == 15
    assert column_count(np.empty((2, 2, 3))) == 3
    assert column_count(np.empty((0, 2, 2, 3))) == 0
