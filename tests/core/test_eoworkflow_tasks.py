"""The tasks at the ends of a workflow."""

from __future__ import annotations

import re
from datetime import datetime

import numpy as np
import pytest
from sentinelhub import CRS, BBox

from eolearn.core.constants import FeatureType
from eolearn.core.eodata import EOPatch
from eolearn.core.eoworkflow_tasks import InputTask, OutputTask
from eolearn.core.exceptions import FeatureError


@pytest.fixture
def patch():
    return EOPatch(
        bbox=BBox((0, 0, 100, 100), CRS("32633")),
        timestamps=["2020-01-01"],
        data={"BANDS": np.zeros((1, 2, 2, 3))},
        mask_timeless={"CLASS": np.zeros((2, 2, 1), dtype=int)},
    )


def test_an_input_is_the_value_of_the_execution_or_else_of_the_constructor():
    assert InputTask().execute() is None
    assert InputTask(value=5).execute() == 5
    assert InputTask(5).execute(value=7) == 7
    assert InputTask(5).execute(value=None) == 5
    assert InputTask().execute(value=7) == 7


@pytest.mark.parametrize("value", [0, "", False, [], {}])
def test_an_input_may_be_zero_or_empty(value):
    assert InputTask(5).execute(value=value) is value


def test_an_input_may_be_an_array():
    value = np.arange(3)
    assert InputTask(np.zeros(3)).execute(value=value) is value


@pytest.mark.parametrize("name", [None, ""])
def test_an_output_without_a_name_gets_one(name):
    first, second = OutputTask(name), OutputTask(name)
    assert re.fullmatch("output-[0-9a-f]{20}-[0-9a-f]{12}", first.name)
    assert first.name == first.name != second.name
    assert OutputTask("mine").name == OutputTask(name="mine").name == "mine"


@pytest.mark.parametrize("data", [None, 5, [1, 2], np.zeros(3)])
def test_data_go_out_as_they_are(data):
    assert OutputTask("x", features=[FeatureType.DATA]).execute(data) is data


def test_an_eopatch_goes_out_as_a_shallow_copy(patch):
    result = OutputTask("x").execute(patch)
    assert result == patch
    assert result is not patch
    assert result.data["BANDS"] is patch.data["BANDS"]


@pytest.mark.parametrize("features", [[(FeatureType.MASK_TIMELESS, "CLASS")], FeatureType.MASK_TIMELESS])
def test_selected_features_go_out_with_all_timestamps(patch, features):
    result = OutputTask("x", features=features).execute(patch)
    assert result.get_features() == [(FeatureType.MASK_TIMELESS, "CLASS")]
    assert result.timestamps == [datetime(2020, 1, 1)]
    assert result.bbox == patch.bbox


def test_a_missing_feature_is_named(patch):
    with pytest.raises(ValueError, match="NDVI"):
        OutputTask("x", features=[(FeatureType.DATA, "NDVI")]).execute(patch)


def test_what_is_no_specification_of_features_is_refused():
    with pytest.raises(FeatureError, match="7"):
        OutputTask("x", features=7)
