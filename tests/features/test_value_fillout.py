from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, IndexOutOfRange, SettingError
from eolearn.features.feature_manipulation import ValueFilloutTask

X = (FeatureType.DATA, "X")
NAN = np.nan


def patch_with(data, feature=X):
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2025-01-01"] * len(data))
    patch[feature] = data
    return patch


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1])
@pytest.mark.parametrize("operations", ["f", "b", "fb", "bf"])
def test_series_along_any_axis_are_filled_as_by_pandas(axis, operations):
    data = np.random.default_rng(0).choice([NAN, 1, 2, 3], (5, 4, 3, 2)).astype(np.float32)
    before = data.copy()
    series = np.moveaxis(data, axis, 0)
    expected = pd.DataFrame(series.reshape(len(series), -1))
    for operation in operations:
        expected = expected.ffill() if operation == "f" else expected.bfill()
    result = ValueFilloutTask(X, operations, axis=axis)(patch_with(data))
    assert result[X].dtype == np.float32
    assert_array_equal(np.moveaxis(result[X], axis, 0), expected.to_numpy().reshape(series.shape))
    assert_array_equal(data, before)


def test_feature_without_gaps_is_left_as_it_is():
    data = np.ones((2, 1, 1, 1))
    assert ValueFilloutTask(X)(patch_with(data))[X] is data
    integers = np.ones((2, 1, 1, 1), np.uint8)
    assert ValueFilloutTask(X)(patch_with(integers))[X] is integers


def test_integers_have_gaps_of_a_number():
    data = np.array([0, 7, 0, 8], np.uint8).reshape(4, 1, 1, 1)
    assert ValueFilloutTask(X, "fb", value=0)(patch_with(data))[X].ravel().tolist() == [7, 7, 7, 8]


def test_result_may_have_a_new_name():
    data = np.array([1, NAN]).reshape(2, 1, 1, 1)
    result = ValueFilloutTask((*X, "FILLED"))(patch_with(data))
    assert result[FeatureType.DATA, "FILLED"].ravel().tolist() == [1, 1]
    assert result[X] is data


@pytest.mark.parametrize("shape", [(0, 2, 2, 1), (1, 2, 2, 1), (3, 1, 1, 224), (2, 0, 2, 1)])
def test_series_without_any_value_stay(shape):
    assert_array_equal(ValueFilloutTask(X)(patch_with(np.full(shape, NAN)))[X], np.full(shape, NAN))


def test_features_with_one_axis_are_filled_along_it():
    feature = (FeatureType.SCALAR_TIMELESS, "S")
    patch = patch_with(np.ones((1, 1, 1, 1)))
    patch[feature] = np.array([NAN, 1, NAN])
    assert ValueFilloutTask(feature, "fb")(patch)[feature].tolist() == [1, 1, 1]


def test_infinities_are_values():
    data = np.array([np.inf, NAN, -np.inf]).reshape(3, 1, 1, 1)
    assert ValueFilloutTask(X)(patch_with(data))[X].ravel().tolist() == [np.inf, np.inf, -np.inf]


@pytest.mark.parametrize("operations", ["", "x", "fbf", "bb", None, "F"])
def test_unknown_operations_are_refused(operations):
    with pytest.raises(SettingError, match="f, b, fb, bf"):
        ValueFilloutTask(X, operations)


@pytest.mark.parametrize("axis", [4, -5])
def test_axis_that_is_not_there_is_refused(axis):
    with pytest.raises(IndexOutOfRange, match="4 axes"):
        ValueFilloutTask(X, axis=axis)


def test_rows_of_a_table_of_series_are_filled():
    data = np.array([[NAN, 1, NAN, 2], [3, NAN, NAN, NAN]])
    assert_array_equal(ValueFilloutTask.fill(data), [[NAN, 1, 1, 2], [3, 3, 3, 3]])
    assert_array_equal(ValueFilloutTask.fill(data, operation="b"), [[1, 1, 2, 2], [3, NAN, NAN, NAN]])
    assert_array_equal(ValueFilloutTask.fill(data, value=3)[1], data[1])


@pytest.mark.parametrize(("data", "operation"), [(np.ones((2, 2)), "fb"), (np.ones(3), "f"), ([[1, 2]], "f")])
def test_bad_input_of_fill_is_refused(data, operation):
    with pytest.raises((SettingError, DataError)):
        ValueFilloutTask.fill(data, operation=operation)


def test_real_series_are_filled_as_by_pandas(real_patch_path):
    ndvi = EOPatch.load(real_patch_path, [(FeatureType.DATA, "NDVI"), (FeatureType.MASK, "IS_VALID")])
    data = np.where(ndvi[FeatureType.MASK, "IS_VALID"], ndvi[FeatureType.DATA, "NDVI"], NAN)
    expected = pd.DataFrame(data.reshape(len(data), -1)).ffill().bfill().to_numpy().reshape(data.shape)
    assert np.isnan(data).mean() > 0.1
    assert_array_equal(ValueFilloutTask(X, "fb")(patch_with(data))[X], expected)
