import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eolearn.core.exceptions import DataError
from eolearn.geometry._number_fit import as_numbers, cast

INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1), st.sampled_from(INTEGERS))
def test_integers_are_cast_exactly_or_refused(values, dtype):
    limits = np.iinfo(dtype)
    if all(limits.min <= value <= limits.max for value in values):
        assert cast(np.array(values, dtype=np.int64), dtype, "values").tolist() == values
    else:
        with pytest.raises(DataError, match=f"values must fit {dtype}"):
            cast(np.array(values, dtype=np.int64), dtype, "values")


@given(hnp.arrays(np.float64, 3))
def test_floats_are_never_turned_into_infinity(values):
    try:
        result = cast(values, np.float32, "values")
    except DataError:
        assert (np.abs(values[np.isfinite(values)]) > np.finfo(np.float32).max).any()
    else:
        np.testing.assert_array_equal(np.isfinite(result), np.isfinite(values))


@pytest.mark.parametrize("value", [1.5, np.nan, np.inf, -1.0, 256.0])
def test_integers_take_only_whole_numbers_in_their_range(value):
    with pytest.raises(DataError, match=r"Column 'id' must fit uint8, which can't hold \["):
        cast(np.array([1, value]), np.uint8, "Column 'id'")
    assert cast(np.array([2.0]), np.uint8, "values").tolist() == [2]


def test_bool_takes_all_numbers_but_nan():
    assert cast(np.array([0, 300, -1]), bool, "values").tolist() == [False, True, True]
    with pytest.raises(DataError, match="nan"):
        cast(np.array([np.nan]), bool, "values")


@pytest.mark.parametrize("dtype", ["Int64", "category", "float32", "boolean", "uint8"])
def test_columns_of_numbers_of_any_kind_become_arrays(dtype):
    assert as_numbers(pd.Series([1, 0, 1]).astype(dtype), "x").tolist() == [1, 0, 1]


@pytest.mark.parametrize("values", [["a", "b"], [1, "a"], pd.to_datetime(["2020-01-01"]), [1j]])
def test_what_is_not_a_number_is_refused(values):
    with pytest.raises(DataError, match="Column 'x' must be numbers"):
        as_numbers(pd.Series(values), "Column 'x'")
