"""Percentiles and means without NaN, and padding, against numpy's own functions."""

import warnings
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.core.exceptions import EOLearnError
from eolearn.core.utils.raster import Method, constant_pad, fast_nanpercentile, nan_mean, nan_median

shapes = hnp.array_shapes(min_dims=1, max_dims=4, max_side=6)
numbers = st.one_of(st.just(np.nan), st.integers(-999, 999).map(float))
percentiles = st.one_of(st.integers(0, 100), st.floats(0, 100))


def nan_oracle(function, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numpy's, of pixels that are all NaN
        return function(*args, axis=0, **kwargs)


class TestPercentile:
    @given(hnp.arrays(np.float64, shapes, elements=numbers), percentiles, st.sampled_from(get_args(Method)))
    def test_it_equals_that_of_numpy_by_every_method(self, data, percentile, method):
        expected = nan_oracle(np.nanpercentile, data, percentile, method=method)
        # the position between two values is rounded in float64, and multiplied by a difference of at most 2000
        assert_allclose(fast_nanpercentile(data, percentile, method=method), expected, rtol=1e-12, atol=1e-9)

    @given(hnp.arrays(np.float32, shapes, elements=numbers), percentiles)
    def test_float32_stays_float32(self, data, percentile):
        result = fast_nanpercentile(data, percentile)
        assert result.dtype == np.float32
        expected = nan_oracle(np.nanpercentile, data.astype(np.float64), percentile)
        assert_allclose(result, expected, rtol=1e-6, atol=1e-9)

    @pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.uint16])
    @given(data=st.data(), percentile=st.integers(0, 100))
    def test_integers_stay_integers_and_lose_their_fraction(self, dtype, data, percentile):
        array = data.draw(hnp.arrays(dtype, shapes, elements=st.integers(0, 100)))
        result = fast_nanpercentile(array, percentile)
        assert result.dtype == dtype
        assert_array_equal(result, np.percentile(array, percentile, axis=0).astype(dtype))

    def test_a_percentile_by_hand(self):
        # of 1, 3, 7 the 75th lies halfway between the second and the third; of 2, 4 three quarters of the way
        data = np.array([[1, np.nan], [7, 4], [3, 2]])
        assert fast_nanpercentile(data, 75).tolist() == [5, 3.5]

    def test_a_pixel_without_a_value_is_nan_and_does_not_warn(self):
        assert np.isnan(fast_nanpercentile(np.full((3, 2, 2, 1), np.nan), 50)).all()

    def test_infinite_values_are_kept(self):
        assert fast_nanpercentile(np.array([[np.inf], [np.inf]]), 30).item() == np.inf
        assert fast_nanpercentile(np.array([[-np.inf], [1.0], [2.0]]), 50).item() == 1

    def test_no_date_gives_nan_and_is_refused_for_integers(self):
        result = fast_nanpercentile(np.empty((0, 2, 3), dtype=np.float32), 50)
        assert result.dtype == np.float32
        assert_array_equal(result, np.full((2, 3), np.nan))
        with pytest.raises(ValueError, match=r"\(0, 2, 3\).*uint8") as caught:
            fast_nanpercentile(np.empty((0, 2, 3), dtype=np.uint8), 50)
        assert isinstance(caught.value, EOLearnError)

    def test_no_pixel_gives_an_empty_array(self):
        assert fast_nanpercentile(np.empty((3, 0, 2)), 50).shape == (0, 2)

    def test_the_data_stay_as_they_were(self):
        data = np.array([[3.0, np.nan], [1.0, 2.0]])
        before = data.copy()
        fast_nanpercentile(data, 50)
        assert_array_equal(data, before)

    @pytest.mark.parametrize("settings", [{"percentile": 101}, {"percentile": 50, "method": "mode"}])
    def test_an_unknown_method_and_no_percentage_are_refused(self, settings):
        with pytest.raises(ValueError, match=r"0, 100|mode"):
            fast_nanpercentile(np.ones((3, 2)), **settings)


class TestMeanAndMedian:
    @given(hnp.arrays(np.float64, shapes, elements=numbers))
    def test_they_equal_those_of_numpy(self, data):
        assert_allclose(nan_mean(data), nan_oracle(np.nanmean, data), rtol=1e-12)
        assert_allclose(nan_median(data), nan_oracle(np.nanmedian, data), rtol=1e-12)

    @pytest.mark.parametrize("function", [nan_mean, nan_median])
    @pytest.mark.parametrize(
        ("dtype", "expected"), [("f4", "f4"), ("f8", "f8"), ("u1", "f8"), ("i2", "f8"), ("?", "f8")]
    )
    def test_floats_keep_their_dtype_and_integers_become_float64(self, function, dtype, expected):
        result = function(np.array([[0, 1], [1, 1]], dtype=dtype))
        assert result.dtype == expected
        assert result.tolist() == [0.5, 1]

    def test_float32_is_summed_in_float64(self):
        # 1 is lost if it is added to 2**24 in float32; here the sum is 2**24 + 2, of three values
        data = np.array([[2**24], [1], [1]], dtype=np.float32)
        assert nan_mean(data).item() == np.float32((2**24 + 2) / 3)

    def test_the_mean_of_complex_numbers_is_complex(self):
        data = np.array([[1 + 2j, np.nan], [3, 1j]], dtype=np.complex64)
        assert nan_mean(data).tolist() == [2 + 1j, 1j]


class TestPadding:
    @given(
        hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=4, max_side=7), elements=st.integers(1, 9)),
        st.tuples(st.integers(1, 5), st.integers(1, 5)),
        st.sampled_from(["even", "up", "down"]),
        st.sampled_from(["even", "left", "right"]),
    )
    def test_it_adds_the_fewest_rows_and_columns_around_the_array(self, array, multiple_of, rows, columns):
        padded = constant_pad(array, multiple_of, rows, columns, pad_value=0)
        for size, padded_size, multiple in zip(array.shape, padded.shape, multiple_of, strict=False):
            assert padded_size % multiple == 0
            assert 0 <= padded_size - size < multiple
        inside = padded != 0  # the array has no zeros
        assert_array_equal(padded[inside], array.ravel())
        assert padded.dtype == array.dtype

    @pytest.mark.parametrize(
        ("up_down_rule", "left_right_rule", "expected"),
        [
            ("even", "even", [[0, 0, 0, 0], [0, 5, 5, 0], [0, 0, 0, 0], [0, 0, 0, 0]]),
            ("up", "left", [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 5, 5]]),
            ("down", "right", [[5, 5, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]),
        ],
    )
    def test_the_rules_say_on_which_sides(self, up_down_rule, left_right_rule, expected):
        assert constant_pad(np.full((1, 2), 5), (4, 4), up_down_rule, left_right_rule).tolist() == expected

    def test_bands_stay_as_they_are(self):
        assert constant_pad(np.ones((3, 5, 2)), (2, 4), pad_value=np.nan).shape == (4, 8, 2)

    @pytest.mark.parametrize("rules", [("left", "even"), ("even", "up"), ("odd", "even")])
    def test_an_unknown_rule_is_refused_where_padding_is_needed(self, rules):
        with pytest.raises(ValueError, match=r"'even', .*left|up|odd") as caught:
            constant_pad(np.ones((3, 3)), (2, 2), *rules)
        assert isinstance(caught.value, EOLearnError)
        assert constant_pad(np.ones((3, 3)), (3, 3), *rules).shape == (3, 3)
