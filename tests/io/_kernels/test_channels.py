"""The order and the dtype of channels, against slow loops and against what rasterio can write."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from rasterio.dtypes import check_dtype

from eolearn.io._kernels.channels import fits, from_channels, select, storable_dtype, to_channels, without_nan

NUMBERS = [*np.typecodes["AllInteger"], *np.typecodes["AllFloat"], "?"]


class TestOrder:
    @given(arrays(np.int16, array_shapes(min_dims=4, max_dims=4, max_side=4)))
    def test_times_follow_each_other_and_within_a_time_its_bands(self, array):
        channels = to_channels(array, array.dtype, is_spatial=True)
        times, height, width, bands = array.shape
        assert channels.shape == (times * bands, height, width)
        for time in range(times):
            for band in range(bands):
                np.testing.assert_array_equal(channels[time * bands + band], array[time, ..., band])

    @given(arrays(np.int16, array_shapes(min_dims=3, max_dims=3, max_side=4)))
    def test_bands_alone_are_the_channels_of_an_image_without_time(self, array):
        channels = to_channels(array, array.dtype, is_spatial=True)
        np.testing.assert_array_equal(channels, array.transpose(2, 0, 1))

    @given(arrays(np.int16, array_shapes(min_dims=1, max_dims=2, max_side=4)))
    def test_what_is_not_spatial_becomes_one_pixel(self, array):
        np.testing.assert_array_equal(to_channels(array, array.dtype, is_spatial=False)[:, 0, 0], array.ravel())

    @given(arrays(np.int16, array_shapes(min_dims=4, max_dims=4, max_side=4)))
    def test_channels_become_the_array_again(self, array):
        for part, times in ((array, len(array)), (array[0], None)):
            channels = to_channels(part, part.dtype, is_spatial=True)
            back = from_channels(channels, times=times, is_spatial=True)
            np.testing.assert_array_equal(back, part)
            assert back.flags.c_contiguous

    @given(arrays(np.int16, array_shapes(min_dims=2, max_dims=2, max_side=4)))
    def test_a_pixel_becomes_what_is_not_spatial_again(self, array):
        for part, times in ((array, len(array)), (array[0], None)):
            channels = to_channels(part, part.dtype, is_spatial=False)
            np.testing.assert_array_equal(from_channels(channels, times=times, is_spatial=False), part)

    def test_the_image_is_cast_and_contiguous_and_the_array_stays_as_it_is(self):
        array = np.arange(24).reshape(2, 2, 3, 2)
        before = array.copy()
        channels = to_channels(array, np.dtype("uint8"), is_spatial=True)
        channels[:] = 0
        assert (channels.dtype, channels.flags.c_contiguous) == (np.uint8, True)
        np.testing.assert_array_equal(array, before)

    def test_positions_are_taken_in_the_order_in_which_they_are_given(self):
        array = np.arange(24).reshape(3, 1, 2, 4)
        selected = select(array, frames=[2, 0], bands=[3, 1])
        np.testing.assert_array_equal(selected, [[[[19, 17], [23, 21]]], [[[3, 1], [7, 5]]]])
        assert select(array) is array


class TestDtypes:
    @pytest.mark.parametrize("code", NUMBERS)
    def test_a_dtype_is_kept_or_replaced_by_one_that_rasterio_writes(self, code):
        dtype = np.dtype(code)
        stored = storable_dtype(dtype)
        if stored is None:
            assert not check_dtype(dtype.name)
        else:
            assert check_dtype(stored.name)
            assert stored == dtype or dtype.name in {"bool", "float16", "int64"}

    @pytest.mark.parametrize(("dtype", "stored"), [("bool", "uint8"), ("float16", "float32"), ("int64", "int32")])
    def test_three_dtypes_are_replaced(self, dtype, stored):
        assert storable_dtype(np.dtype(dtype)) == stored

    @pytest.mark.parametrize("dtype", ["O", "U3", "S3", "datetime64[s]", "timedelta64[s]", "V4"])
    def test_what_is_no_number_can_not_be_stored(self, dtype):
        assert storable_dtype(np.dtype(dtype)) is None

    def test_bytes_may_be_in_any_order(self):
        assert storable_dtype(np.dtype(">f4")) == np.dtype("=f4")


class TestValues:
    @given(arrays(np.int64, 3), st.sampled_from(["int8", "uint16", "int32"]))
    def test_integers_fit_that_are_the_same_after_a_cast(self, values, dtype):
        assert fits(values, np.dtype(dtype)) == np.array_equal(values.astype(dtype).astype(np.int64), values)

    def test_nan_and_infinity_fit_floats_only(self):
        for value in (np.nan, np.inf, -np.inf):
            assert fits(np.array([1.0, value]), np.dtype("float32"))
            assert not fits(np.array([1.0, value]), np.dtype("int32"))

    def test_large_numbers_fit_float64_only(self):
        assert fits(np.array(-1e50), np.dtype("float64"))
        assert not fits(np.array(-1e50), np.dtype("float32"))

    def test_nan_is_replaced_in_a_copy(self):
        values = np.array([1, np.nan, np.inf], dtype=np.float32)
        replaced = without_nan(values, 7)
        np.testing.assert_array_equal(replaced, [1, 7, np.inf])
        assert (replaced.dtype, bool(np.isnan(values[1]))) == (np.float32, True)

    def test_what_has_no_nan_is_not_copied(self):
        values = np.array([1.0, np.inf])
        assert without_nan(values, 7) is values
