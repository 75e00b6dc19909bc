from __future__ import annotations

import pickle
from datetime import date, datetime, timedelta

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox
from shapely.geometry import Point

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureMissing, SettingError, SettingTypeError, TimestampsMissing
from eolearn.features import FilterTimeSeriesTask, SimpleFilterTask

X = (FeatureType.DATA, "X")
LABEL = (FeatureType.LABEL, "L")
EVENTS = (FeatureType.VECTOR, "EVENTS")
DEM = (FeatureType.DATA_TIMELESS, "DEM")
START = datetime(2025, 1, 1)
DATES = [START + timedelta(days=day) for day in range(5)]


def make_patch(count=5):
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=DATES[:count])
    patch[X] = np.arange(count * 4.0).reshape(count, 2, 2, 1)
    patch[LABEL] = np.arange(count)[:, None]
    patch[DEM] = np.ones((2, 2, 1))
    patch[FeatureType.META_INFO, "note"] = "text"
    rows = [DATES[index % 5] for index in range(10)]
    patch[EVENTS] = gpd.GeoDataFrame({"TIMESTAMP": rows}, geometry=[Point(0, 0)] * 10, crs=4326)
    return patch


@given(st.lists(st.booleans(), min_size=5, max_size=5))
def test_all_features_keep_the_chosen_dates(flags):
    patch = make_patch()
    answers = iter(flags)
    result = SimpleFilterTask(X, lambda frame: next(answers))(patch)
    kept = np.flatnonzero(flags)
    assert result is not patch
    assert result.bbox == patch.bbox
    assert result.timestamps == [DATES[index] for index in kept]
    assert_array_equal(result[X], patch[X][flags])
    assert result[LABEL][:, 0].tolist() == kept.tolist()
    assert len(result[EVENTS]) == 2 * len(kept)
    assert set(result[EVENTS]["TIMESTAMP"]) == set(result.timestamps)
    assert result[DEM] is patch[DEM]
    assert result[FeatureType.META_INFO, "note"] == "text"
    assert patch == make_patch()


def test_function_is_shown_one_frame_after_the_other():
    shown = []
    SimpleFilterTask(X, shown.append)(make_patch())
    assert [frame.shape for frame in shown] == [(2, 2, 1)] * 5
    assert_array_equal(np.stack(shown), make_patch()[X])


def test_function_may_look_at_timestamps():
    result = SimpleFilterTask("timestamps", lambda moment: moment.day % 2)(make_patch())
    assert result.timestamps == DATES[::2]


@pytest.mark.parametrize("answer", [np.bool_(True), 1, "yes"])
def test_any_true_answer_keeps_a_date(answer):
    assert SimpleFilterTask(LABEL, lambda label: answer)(make_patch()).timestamps == DATES


def test_no_date_may_be_left():
    result = SimpleFilterTask(X, lambda frame: False)(make_patch())
    assert result.timestamps == []
    assert result[X].shape == (0, 2, 2, 1)
    assert len(result[EVENTS]) == 0


def test_empty_series_is_filtered_to_an_empty_one():
    assert SimpleFilterTask(X, lambda frame: True)(make_patch(0)).timestamps == []


def test_result_holds_the_asked_features_under_their_old_names():
    task = SimpleFilterTask(X, lambda frame: True, filter_features=[(*LABEL, "RENAMED"), FeatureType.META_INFO])
    assert task(make_patch()).get_features() == [LABEL, (FeatureType.META_INFO, "note")]


def test_no_feature_may_be_asked_for():
    result = SimpleFilterTask(X, lambda frame: frame.max() > 10, filter_features=[])(make_patch())
    assert result.get_features() == []
    assert result.timestamps == DATES[2:]  # frames end with 3, 7, 11, 15, 19


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
def test_patch_without_timestamps_stays_without():
    patch = make_patch()
    patch.timestamps = None
    task = SimpleFilterTask(X, lambda frame: frame.max() > 10, filter_features=[X, LABEL, DEM])
    result = task(patch)
    assert result.timestamps is None
    assert_array_equal(result[X], patch[X][2:])
    assert result[LABEL][:, 0].tolist() == [2, 3, 4]
    assert result[DEM] is patch[DEM]
    with pytest.raises(TimestampsMissing, match="EVENTS"):
        SimpleFilterTask(X, lambda frame: True)(patch)
    with pytest.raises(TimestampsMissing):
        SimpleFilterTask("timestamps", lambda moment: True)(patch)
    patch[LABEL] = patch[LABEL][:3]
    with pytest.raises(DataError, match="'L'.*5 dates"):
        task(patch)


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
def test_frames_must_be_as_many_as_timestamps():
    patch = make_patch()
    patch[LABEL] = patch[LABEL][:3]
    with pytest.raises(DataError, match=r"'L'.*3 dates.*5 timestamps"):
        SimpleFilterTask(LABEL, lambda label: True)(patch)
    with pytest.raises(DataError, match="'L'"):
        SimpleFilterTask(X, lambda frame: True)(patch)


@pytest.mark.parametrize("feature", ["timestamp", "X", DEM, EVENTS, (FeatureType.META_INFO, "note"), FeatureType.DATA])
def test_only_temporal_arrays_and_timestamps_can_be_looked_at(feature):
    with pytest.raises(ValueError, match=r".+"):
        SimpleFilterTask(feature, lambda frame: True)


def test_filter_must_be_a_function():
    with pytest.raises(SettingTypeError, match="0.5"):
        SimpleFilterTask(X, 0.5)


def test_missing_features_are_named():
    with pytest.raises(FeatureMissing, match="NOPE"):
        SimpleFilterTask((FeatureType.DATA, "NOPE"), lambda frame: True)(make_patch())
    with pytest.raises(FeatureMissing, match="NOPE"):
        SimpleFilterTask(X, lambda frame: True, filter_features=[(FeatureType.DATA, "NOPE")])(make_patch())


def test_time_series_is_cut_to_a_span_with_both_ends():
    task = FilterTimeSeriesTask(DATES[1], DATES[3])
    assert (task.start_date, task.end_date) == (DATES[1], DATES[3])
    assert task(make_patch()).timestamps == DATES[1:4]
    assert FilterTimeSeriesTask(DATES[3], DATES[1])(make_patch()).timestamps == []


def test_time_series_filter_can_be_pickled():
    task = pickle.loads(pickle.dumps(FilterTimeSeriesTask(DATES[1], DATES[3], filter_features=[X])))
    assert task(make_patch()).timestamps == DATES[1:4]


@pytest.mark.parametrize("end", [date(2025, 1, 3), "2025-01-03", None])
def test_span_must_be_given_as_datetimes(end):
    with pytest.raises(SettingError, match="datetimes"):
        FilterTimeSeriesTask(START, end)
