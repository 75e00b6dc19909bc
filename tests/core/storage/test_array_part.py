"""Parts of arrays are what numpy's indexing gives, axis by axis."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.core.storage.array_part import ArrayPart

ARRAY = np.arange(4 * 5 * 6 * 3).reshape(4, 5, 6, 3)


def test_without_settings_it_is_the_array_itself():
    assert ArrayPart().cut(ARRAY) is ARRAY


@given(
    st.none() | st.slices(4) | st.lists(st.integers(-4, 3)),
    st.none() | st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(1, 5), st.integers(1, 6)),
    st.none() | st.lists(st.integers(-3, 2)),
)
def test_it_is_cut_along_each_axis(dates, edges, bands):
    window = None if edges is None else (slice(edges[0], edges[0] + edges[2]), slice(edges[1], edges[1] + edges[3]))
    expected = ARRAY
    if dates is not None:
        expected = expected[np.array(dates, dtype=int) if isinstance(dates, list) else dates]
    if window is not None:
        expected = expected[:, window[0], window[1]]
    if bands is not None:
        expected = expected[..., np.array(bands, dtype=int)]
    np.testing.assert_array_equal(ArrayPart(dates, window, bands).cut(ARRAY), expected)


def test_a_part_does_not_keep_the_whole_in_memory():
    part = ArrayPart(window=(slice(0, 1), slice(0, 1))).cut(ARRAY)
    assert part.base is None


def test_axes_are_counted_from_the_end_for_arrays_without_time():
    image, scalars = ARRAY[0], ARRAY[0, 0, 0]
    np.testing.assert_array_equal(
        ArrayPart(window=(slice(1, 2), slice(2, 4)), bands=[2]).cut(image), image[1:2, 2:4, 2:]
    )
    np.testing.assert_array_equal(ArrayPart(bands=[2, 0]).cut(scalars), scalars[[2, 0]])


@pytest.mark.parametrize("part", [ArrayPart(dates=[4]), ArrayPart(bands=[-4])])
def test_what_is_not_there_is_an_index_error(part):
    with pytest.raises(IndexError, match="there are [43]"):
        part.cut(ARRAY)
