"""Equality all the way down, identifiers, dtypes, and functions of images applied to arrays."""

import copy
import re
from datetime import datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal
from shapely.geometry import Point

from eolearn.core.exceptions import EOLearnError
from eolearn.core.utils.common import _apply_to_spatial_axes, deep_eq, generate_uid, is_discrete_type, is_pandas


class Text(str):
    __slots__ = ()


def table(**columns):
    return gpd.GeoDataFrame(columns, geometry=[Point(0, 0), Point(1, 1)], crs=4326)


arrays = hnp.arrays(
    st.one_of(hnp.scalar_dtypes(), hnp.array_dtypes(max_size=2)), hnp.array_shapes(min_dims=0, max_dims=3, max_side=3)
)
leaves = st.one_of(st.integers(), st.text(), st.none(), st.booleans(), st.dates(), arrays)
nested = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)


class TestDeepEquality:
    @given(nested)
    def test_a_deep_copy_is_equal(self, value):
        assert deep_eq(value, copy.deepcopy(value)) is True

    @given(nested, nested)
    def test_values_that_are_not_written_alike_differ(self, first, second):
        if repr(first) != repr(second) and not (isinstance(first, np.ndarray) or isinstance(second, np.ndarray)):
            assert deep_eq([first], [first, second]) is False

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (np.array([1.0, np.nan]), np.array([1.0, np.nan])),
            (np.array([np.nan + 1j]), np.array([np.nan + 1j])),
            (np.array(["2017", "NaT"], dtype="M8[D]"), np.array(["2017", "NaT"], dtype="M8[D]")),
            (np.array(["a", "b"]), np.array(["a", "b"])),
            (np.array([{"a": np.ones(1)}, None]), np.array([{"a": np.ones(1)}, None])),
            (np.empty((0, 3)), np.empty((0, 3))),
            (table(x=[1, 2]), table(x=[1.0, 2.0])),
            (pd.DataFrame({"a": [1, np.nan]}), pd.DataFrame({"a": [1, np.nan]})),
            ([1, (2, {"a": np.ones(1)})], [1, (2, {"a": np.ones(1)})]),
            ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
            (Text("a"), "a"),
            (True, 1),
            (datetime(2017, 6, 1), datetime(2017, 6, 1)),
        ],
    )
    def test_equal_values(self, first, second):
        assert deep_eq(first, second) is True

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (np.ones(1), np.ones(1, dtype=int)),
            (np.ones(1, dtype=np.float32), np.ones(1)),
            (np.ones((1, 2)), np.ones((2, 1))),
            (np.array([1.0, np.nan]), np.array([np.nan, 1.0])),
            (np.array(["a"]), np.array(["b"])),
            (np.array([None, "a"]), np.array([None, 1])),
            (np.ones(2), [1, 1]),
            (table(x=[1, 2]), table(x=[1, 3])),
            (table(x=[1, 2]), table(y=[1, 2])),
            (table(), table().to_crs(3857)),
            (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2]})),
            (table(), "text"),
            ([1, 2], [1]),
            ([1], (1,)),
            ({"a": 1}, {"b": 1}),
            ({"a": 1}, {"a": 1, "b": 1}),
            ("a", Text("a")),
            (1, True),
            (float("nan"), float("nan")),
            (None, 0),
        ],
    )
    def test_different_values(self, first, second):
        assert deep_eq(first, second) is False

    def test_nan_is_not_equal_to_itself_outside_of_arrays(self):
        nan = float("nan")
        assert deep_eq(nan, nan) is False
        assert deep_eq(np.nan, np.float64(np.nan)) is False


class TestIdentifiers:
    def test_they_have_a_prefix_a_time_and_chance(self):
        assert re.fullmatch("task-[0-9a-f]{20}-[0-9a-f]{12}", generate_uid("task"))

    def test_they_are_all_different_and_sort_by_time(self):
        made = [generate_uid("x") for _ in range(1000)]
        assert len(set(made)) == 1000
        assert sorted(made, key=lambda uid: uid.split("-")[1]) == made


class TestDtypes:
    @pytest.mark.parametrize(
        "dtype", [int, bool, np.uint8, np.int64, np.bool_, np.integer, np.dtype("u2"), "i4", ">i2"]
    )
    def test_integers_and_booleans_are_discrete(self, dtype):
        assert is_discrete_type(dtype) is True

    @pytest.mark.parametrize(
        "dtype",
        [float, complex, str, object, np.float32, np.number, np.generic, np.datetime64, np.dtype("f4"), "M8[s]"],
    )
    def test_other_types_are_not(self, dtype):
        assert is_discrete_type(dtype) is False

    def test_tables_are_told_from_other_values(self):
        assert is_pandas(table())
        assert is_pandas(pd.Series([1]))
        assert not is_pandas(np.ones(1))


class TestImages:
    @given(st.data())
    def test_every_image_is_worked_on_and_stays_at_its_place(self, data):
        array = data.draw(hnp.arrays(np.int16, hnp.array_shapes(min_dims=2, max_dims=4, max_side=4)))
        axes = tuple(sorted(data.draw(st.permutations(range(array.ndim)))[:2]))

        def mirrored(image):
            assert image.shape == (array.shape[axes[0]], array.shape[axes[1]])
            return image[::-1, ::-1]

        assert_array_equal(_apply_to_spatial_axes(mirrored, array, axes), np.flip(array, axes))

    def test_images_may_change_their_size(self):
        result = _apply_to_spatial_axes(lambda image: image[::2, :1], np.ones((5, 4, 6, 3)), (1, 2))
        assert result.shape == (5, 2, 1, 3)

    def test_without_images_the_size_and_dtype_are_those_that_they_would_have(self):
        result = _apply_to_spatial_axes(lambda image: image[::2] > 0, np.empty((0, 4, 6, 3)), (1, 2))
        assert result.shape == (0, 2, 6, 3)
        assert result.dtype == bool

    @pytest.mark.parametrize("axes", [(1,), (0, 1, 2), 1, None, (1, 0), (1, 1), (1, 3), (-2, -1)])
    def test_axes_must_be_an_ascending_pair(self, axes):
        with pytest.raises(ValueError, match=re.escape(str(axes))) as caught:
            _apply_to_spatial_axes(np.copy, np.ones((2, 3, 4)), axes)
        assert isinstance(caught.value, EOLearnError)
