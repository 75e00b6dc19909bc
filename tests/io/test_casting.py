"""What a file can't hold is replaced, or refused."""

import re
import warnings

import numpy as np
import pytest

from eolearn.core import FeatureType
from eolearn.core.exceptions import EORuntimeWarning
from eolearn.io._casting import cast_image, castable

FEATURE = (FeatureType.DATA, "BANDS")


def written(array, *, image_dtype=None, no_data_value=None):
    values, dtype = castable(np.asarray(array), FEATURE, image_dtype=image_dtype, no_data_value=no_data_value)
    return np.asarray(values).astype(dtype)


@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "uint64", "float32", "float64", "complex64"]
)
def test_what_geotiff_has_stays_as_it_is(dtype):
    array = np.array([0, 1, 100], dtype=dtype)
    values, written_dtype = castable(array, FEATURE, image_dtype=None, no_data_value=None)
    assert values is array
    assert written_dtype == dtype


def test_booleans_are_written_as_0_and_1():
    result = written([True, False])
    assert (result.dtype, result.tolist()) == (np.uint8, [1, 0])


def test_numbers_are_written_as_booleans_where_that_is_asked_for():
    assert written([0.0, 0.4, 256.0], image_dtype=bool).tolist() == [0, 1, 1]


def test_half_floats_are_written_as_float32():
    result = written(np.array([0.5, np.nan], dtype=np.float16))
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, [0.5, np.nan])


@pytest.mark.parametrize("image_dtype", [None, np.int64, "int64"])
def test_int64_is_written_as_int32_with_a_warning(image_dtype):
    with pytest.warns(EORuntimeWarning, match=r"'BANDS'.*int32 instead of int64") as warned:
        result = written(np.array([-5, 2**31 - 1]), image_dtype=image_dtype)
    assert (result.dtype, result.tolist(), len(warned)) == (np.int32, [-5, 2**31 - 1], 1)


def test_int64_beyond_int32_is_refused_where_it_would_wrap_around():
    with pytest.warns(EORuntimeWarning), pytest.raises(ValueError, match=r"'BANDS'.*beyond the range of int32"):
        written([2**31])
    assert written([2**31], image_dtype=np.float64).tolist() == [2.0**31]


@pytest.mark.parametrize("values", [[300.0], [-1.0], [np.inf], [300], [-1]])
def test_values_beyond_the_range_of_integers_are_refused(values):
    with pytest.raises(ValueError, match=r"'BANDS'.*beyond the range of uint8"):
        written(values, image_dtype=np.uint8)


def test_nan_becomes_the_no_data_value_in_integers():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert written([1.0, np.nan], image_dtype=np.uint8, no_data_value=255).tolist() == [1, 255]


def test_nan_becomes_0_in_integers_without_a_no_data_value_with_a_warning():
    with pytest.warns(EORuntimeWarning, match=r"NaN in .*'BANDS'.* no_data_value"):
        assert written([1.0, np.nan], image_dtype=np.uint8).tolist() == [1, 0]


def test_nan_stays_in_floats():
    np.testing.assert_array_equal(written([1.0, np.nan], no_data_value=-1), [1, np.nan])


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([None]), np.array([1], dtype="datetime64[D]")])
def test_what_is_no_number_is_refused(array):
    with pytest.raises(ValueError, match=rf"'BANDS'.*{re.escape(str(array.dtype))}.*image_dtype"):
        written(array)


@pytest.mark.parametrize(
    ("dtype", "value"), [("uint8", -1), ("uint8", 256), ("int16", np.nan), ("bool", 300), ("float32", 1e300)]
)
def test_a_no_data_value_beyond_the_dtype_is_refused(dtype, value):
    with pytest.raises(ValueError, match=rf"'BANDS'.*no_data_value={re.escape(str(value))}"):
        written(np.zeros(2, dtype=dtype), no_data_value=value)


def test_the_array_that_was_handed_in_is_not_changed():
    array = np.array([1.0, np.nan])
    written(array, image_dtype=np.uint8, no_data_value=255)
    np.testing.assert_array_equal(array, [1.0, np.nan])


class TestImport:
    @pytest.mark.parametrize("dtype", [None, np.uint16])
    def test_what_fits_is_not_copied(self, dtype):
        array = np.arange(5, dtype=np.uint16)
        assert np.shares_memory(cast_image(array, FEATURE, dtype), array)

    @pytest.mark.parametrize("value", [-1.0, 256.0, np.nan, np.inf])
    def test_values_that_the_dtype_can_not_hold(self, value):
        with pytest.raises(ValueError, match="beyond the range of image_dtype=uint8"):
            cast_image(np.array([0, value]), FEATURE, np.uint8)

    def test_discrete_features_hold_no_floats(self):
        feature = (FeatureType.MASK, "M")
        with pytest.raises(ValueError, match="must be integer or bool, but is read as float64"):
            cast_image(np.ones(3), feature, None)
        assert cast_image(np.ones(3), feature, bool).all()
