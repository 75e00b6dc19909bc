from __future__ import annotations

import copy
import pickle
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import (
    DataError,
    EOUserWarning,
    FeatureExists,
    FeatureMissing,
    SettingError,
    TimestampsMissing,
)
from eolearn.features import LinearInterpolationTask, interpolation_function, interpolation_function_parallel

X = (FeatureType.DATA, "X")
VALID = (FeatureType.MASK, "VALID")
START = datetime(2025, 1, 2)
BBOX = BBox((0, 0, 1, 1), CRS.WGS84)
DAILY = ("2025-01-02", "2025-01-06", 1)


def days(count, step=1, start=START):
    return [start + timedelta(days=step * index) for index in range(count)]


def series_patch(values, timestamps=None, feature=X, dtype=np.float64):
    """A patch with one pixel and one band."""
    data = np.array(values, dtype).reshape(-1, 1, 1, 1)
    patch = EOPatch(bbox=BBOX, timestamps=days(len(data)) if timestamps is None else timestamps)
    patch[feature] = data
    return patch


def image_patch(shape=(7, 6, 5, 3), dtype=np.float32, seed=0):
    """Random data at irregular, ascending times of day, and a mask of a third of the pixels."""
    rng = np.random.default_rng(seed)
    hours = np.sort(rng.choice(400, shape[0], replace=False))
    patch = EOPatch(bbox=BBOX, timestamps=[START + timedelta(hours=int(hour)) for hour in hours])
    patch[X] = (rng.random(shape) * 200).astype(dtype)
    patch[VALID] = rng.random((*shape[:3], 1)) > 0.35
    return patch


def slow_interpolation(patch, dates):
    """What the task promises, pixel by pixel: numpy.interp over the valid observations, in hours."""
    data, valid = patch[X].astype(float), patch[VALID]
    hours = np.array([round((moment - patch.timestamps[0]) / timedelta(hours=1)) for moment in patch.timestamps])
    apart = (dates[0].date() - patch.timestamps[0].date()).days * 24
    wanted = np.array([apart + round((moment - dates[0]) / timedelta(hours=1)) for moment in dates])
    result = np.full((len(dates), *data.shape[1:]), np.nan)
    for row, column, band in np.ndindex(data.shape[1:]):
        known = valid[:, row, column, 0]
        if known.any():
            values = data[known, row, column, band]
            result[:, row, column, band] = np.interp(wanted, hours[known], values, left=np.nan, right=np.nan)
    return result


def interpolated(patch, **settings):
    return LinearInterpolationTask(X, **settings)(patch)[X]


# --- values


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(7, 6, 5, 3), (2, 1, 1, 1), (3, 100, 100, 1), (40, 11, 13, 40)])
def test_every_pixel_is_interpolated_on_its_own(shape, dtype):
    patch = image_patch(shape, dtype)
    dates = days(20, start=datetime(2025, 1, 1))
    result = LinearInterpolationTask(X, mask_feature=VALID, resample_range=dates)(patch)
    assert result[X].dtype == dtype
    assert_allclose(result[X], slow_interpolation(patch, dates), rtol=1e-6 if dtype == np.float32 else 1e-14)


def test_gaps_are_filled_in_place_without_a_range():
    patch = image_patch()
    result = LinearInterpolationTask(X, mask_feature=VALID)(patch)
    assert result is patch
    assert_allclose(result[X], slow_interpolation(image_patch(), patch.timestamps), rtol=1e-6)


@given(st.integers(1, 6), st.integers(0, 4), st.integers(0, 4), st.integers(0, 3))
def test_shape_is_that_of_the_data_with_the_wanted_dates(dates, height, width, bands):
    patch = EOPatch(bbox=BBOX, timestamps=days(2))
    patch[X] = np.ones((2, height, width, bands))
    assert interpolated(patch, resample_range=days(dates)).shape == (dates, height, width, bands)


def test_observations_of_one_rounded_time_are_averaged_without_the_invalid_ones():
    moments = [START, START + timedelta(minutes=29), START + timedelta(minutes=29), START + timedelta(hours=4)]
    assert interpolated(series_patch([0, 10, np.nan, 270], moments)).ravel().tolist() == [5, 5, 5, 270]


def test_coarser_unit_of_time_joins_more_observations():
    moments = [START + timedelta(hours=hour) for hour in (10, 20, 30, 40)]  # 0, 10, 20 and 30 hours: 0, 0, 1, 1 days
    values = interpolated(series_patch([10, 20, 30, 40], moments), scale_time=86400)
    assert values.ravel().tolist() == [15, 15, 35, 35]


def test_timestamps_out_of_order_are_put_in_order():
    moments = [START + timedelta(days=day) for day in (0, 3, 2, 4)]
    assert interpolated(series_patch([0, 30, np.nan, 40], moments)).ravel().tolist() == [0, 30, 20, 40]


def test_time_of_day_of_the_first_acquisition_is_that_of_the_wanted_dates():
    patch = series_patch([10, 34, 58], days(3, start=datetime(2025, 1, 2, 10)))
    assert interpolated(patch, resample_range=DAILY).ravel().tolist()[:3] == [10, 34, 58]


def test_values_are_cut_to_the_interval_before_unknown_ones_are_set():
    values = interpolated(
        series_patch([0, 24, 48, 72]),
        resample_range=("2025-01-01", "2025-01-06", 1),
        result_interval=(10, 60),
        unknown_value=-5,
    )
    assert values.ravel().tolist() == [-5, 10, 24, 48, 60]


# --- dtypes


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.int64])
def test_integers_come_back_as_integers_where_all_is_known(dtype):
    values = interpolated(series_patch([0, 3], days(2, 2), dtype=dtype), resample_range=days(3))
    assert values.dtype == dtype
    assert values.ravel().tolist() == [0, 2, 3]  # 1.5 is rounded to even


@pytest.mark.parametrize(("unknown_value", "dtype"), [(0, np.uint8), (255, np.uint8), (np.nan, np.float32)])
def test_unknown_values_of_integers_are_the_given_number_or_nan(unknown_value, dtype):
    values = interpolated(series_patch([7, 9], dtype=np.uint8), resample_range=DAILY, unknown_value=unknown_value)
    assert values.dtype == dtype
    assert_array_equal(values.ravel(), [7, 9, unknown_value, unknown_value])


def test_half_precision_stays_half_precision():
    assert interpolated(series_patch([1, 2], dtype=np.float16)).dtype == np.float16


@pytest.mark.parametrize("dtype", [bool, np.uint8])
def test_masks_are_interpolated_to_masks(dtype):
    feature = (FeatureType.MASK, "M")
    patch = series_patch([0, 1, 1], feature=feature, dtype=dtype)
    result = LinearInterpolationTask(feature, resample_range=DAILY, unknown_value=0)(patch)[feature]
    assert result.dtype == dtype
    assert result.ravel().tolist() == [0, 1, 1, 0]


def test_mask_with_unknown_values_needs_a_number_for_them():
    feature = (FeatureType.MASK, "CLOUDS")
    task = LinearInterpolationTask(feature, resample_range=DAILY)
    with pytest.raises(DataError, match=r"CLOUDS.*uint8.*nan"):
        task(series_patch([0, 1], feature=feature, dtype=np.uint8))


# --- masks


def test_invalid_observations_do_not_count():
    patch = series_patch([0, 99, 20, 30])
    patch[VALID] = np.array([1, 0, 1, 1]).reshape(4, 1, 1, 1)
    assert interpolated(patch, mask_feature=VALID).ravel().tolist() == [0, 10, 20, 30]


def test_nan_does_not_count_whatever_the_mask_says():
    patch = series_patch([0, np.nan, 20])
    patch[VALID] = np.ones((3, 1, 1, 1), bool)
    assert interpolated(patch, mask_feature=VALID).ravel().tolist() == [0, 10, 20]


@pytest.mark.parametrize(
    "specification",
    [
        [VALID, (FeatureType.LABEL, "GOOD")],
        {FeatureType.MASK: ["VALID"], FeatureType.LABEL: ...},
        [FeatureType.MASK, FeatureType.LABEL],
    ],
)
def test_several_masks_must_all_be_true(specification):
    patch = series_patch([0, 99, 99, 30])
    patch[VALID] = np.array([1, 0, 1, 1]).reshape(4, 1, 1, 1)
    patch[FeatureType.LABEL, "GOOD"] = np.array([[1], [1], [0], [1]])
    assert_allclose(interpolated(patch, mask_feature=specification).ravel(), [0, 10, 20, 30])


def test_pixel_without_valid_observation_stays_unknown():
    patch = image_patch((3, 1, 2, 1))
    patch[FeatureType.MASK_TIMELESS, "LAND"] = np.array([[[1], [0]]])
    values = interpolated(patch, mask_feature=(FeatureType.MASK_TIMELESS, "LAND"))
    assert_array_equal(np.isnan(values[:, 0, :, 0]), [[False, True]] * 3)


# --- the patch


def test_new_patch_holds_the_result_the_dates_and_what_is_copied():
    patch = image_patch()
    patch[FeatureType.MASK_TIMELESS, "CLASS"] = np.ones((6, 5, 1), np.uint8)
    copied = [(FeatureType.MASK_TIMELESS, "CLASS", "TRUTH"), FeatureType.META_INFO]
    patch[FeatureType.META_INFO, "note"] = "text"
    task = LinearInterpolationTask((*X, "Y"), resample_range=DAILY, copy_features=copied)
    result = task(patch)
    assert result is not patch
    assert result.bbox == patch.bbox
    assert result.timestamps == days(4)
    assert set(result.get_features()) == {
        (FeatureType.DATA, "Y"),
        (FeatureType.MASK_TIMELESS, "TRUTH"),
        (FeatureType.META_INFO, "note"),
    }
    assert result[FeatureType.MASK_TIMELESS, "TRUTH"] is patch[FeatureType.MASK_TIMELESS, "CLASS"]


def test_renamed_feature_is_added_beside_the_old_one_without_a_range():
    patch = image_patch()
    before = patch[X]
    result = LinearInterpolationTask((*X, "Y"), mask_feature=VALID)(patch)
    assert result[X] is before
    assert result[FeatureType.DATA, "Y"].shape == before.shape


def test_arrays_that_were_handed_in_are_not_changed():
    patch = image_patch()
    before = copy.deepcopy(patch)
    data, valid = patch[X], patch[VALID]
    LinearInterpolationTask(X, mask_feature=VALID, unknown_value=0, result_interval=(5, 10))(patch)
    assert_array_equal(data, before[X])
    assert_array_equal(valid, before[VALID])


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
@pytest.mark.parametrize("copied", [X, (FeatureType.DATA, "Z", "X"), [(*X, "A"), (FeatureType.DATA, "Z", "A")]])
def test_copied_features_must_not_meet_in_one_name(copied):
    patch = image_patch()
    patch[FeatureType.DATA, "Z"] = patch[X]
    task = LinearInterpolationTask(X, resample_range=DAILY, copy_features=copied)
    with pytest.raises(FeatureExists, match="copy_features"):
        task(patch)


def test_copied_features_must_be_there():
    task = LinearInterpolationTask(X, resample_range=DAILY, copy_features=(FeatureType.MASK, "NOPE"))
    with pytest.raises(FeatureMissing, match="NOPE"):
        task(image_patch())


def test_copied_features_without_a_range_are_ignored_with_a_warning():
    with pytest.warns(EOUserWarning, match="copy_features") as caught:
        task = LinearInterpolationTask(X, copy_features=[VALID])
    assert caught[0].filename == __file__
    patch = image_patch()
    assert task(patch) is patch


# --- bad data and settings


def test_a_single_date_is_known_at_its_own_time_only():
    task = LinearInterpolationTask(X, resample_range=[str(day) for day in days(3)])
    assert_array_equal(task(series_patch([7.0], days(1)))[X].ravel(), [7, np.nan, np.nan])
    assert_array_equal(LinearInterpolationTask(X)(series_patch([7.0], days(1)))[X].ravel(), [7])


def test_without_dates_nothing_is_known():
    task = LinearInterpolationTask(X, resample_range=[str(day) for day in days(3)])
    assert np.isnan(task(series_patch([], []))[X]).all()
    assert len(LinearInterpolationTask(X)(series_patch([], []))[X]) == 0


def test_missing_feature_is_named():
    with pytest.raises(FeatureMissing, match="'X'"):
        interpolated(EOPatch(bbox=BBOX, timestamps=days(3)))


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
def test_missing_timestamps_are_an_error():
    patch = image_patch()
    patch.timestamps = None
    with pytest.raises(TimestampsMissing, match="'X'"):
        interpolated(patch)


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
def test_timestamps_must_be_as_many_as_frames():
    with pytest.raises(DataError, match=r"'X'.*4 dates.*2 timestamps"):
        interpolated(series_patch([1, 2, 3, 4], days(2)))


def test_complex_numbers_are_refused():
    with pytest.raises(DataError, match=r"'X'.*complex128"):
        interpolated(series_patch([1, 2], dtype=complex))


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
def test_mask_that_does_not_fit_is_refused():
    patch = image_patch()
    patch[VALID] = patch[VALID][:-1]
    with pytest.raises(ValueError, match="VALID"):
        interpolated(patch, mask_feature=VALID)


@pytest.mark.parametrize(
    "settings",
    [
        {"feature": (FeatureType.LABEL, "L")},
        {"feature": (FeatureType.DATA_TIMELESS, "DEM")},
        {"feature": FeatureType.DATA},
        {"mask_feature": X},
        {"mask_feature": "VALID"},
        {"resample_range": "2025-01-02"},
        {"result_interval": (60, 10)},
        {"result_interval": 5},
        {"result_interval": (1, 2, 3)},
        {"unknown_value": None},
        {"scale_time": 0},
        {"scale_time": -1},
    ],
)
def test_settings_that_cannot_work_are_refused(settings):
    with pytest.raises(ValueError, match=r".+"):
        LinearInterpolationTask(**({"feature": X} | settings))


def test_misspelt_settings_are_refused():
    with pytest.raises(TypeError, match="resample_rage"):
        LinearInterpolationTask(X, resample_rage=DAILY)


def test_bad_interval_is_named():
    with pytest.raises(SettingError, match=r"result_interval.*\(60, 10\)"):
        LinearInterpolationTask(X, result_interval=(60, 10))


# --- what 1.x offers besides


def test_settings_of_1x_without_effect_are_accepted():
    patch = image_patch()
    expected = interpolated(image_patch(), mask_feature=VALID)
    task = LinearInterpolationTask(X, parallel=True, mask_feature=VALID, filling_factor=3, interpolate_pixel_wise=True)
    assert task.parallel
    assert task.renamed_feature == (FeatureType.DATA, "X", "X")
    assert_array_equal(task(patch)[X], expected)


def test_methods_may_be_overridden():
    class StepsOfTwoDays(LinearInterpolationTask):
        def get_resampled_timestamp(self, timestamps):
            return super().get_resampled_timestamp(timestamps)[::2]

        def interpolate_data(self, data, times, resampled_times):
            assert data.shape == (len(times), 1)
            assert times.tolist() == [0, 24, 48]
            return super().interpolate_data(data, times, resampled_times) * 2

    result = StepsOfTwoDays(X, resample_range=DAILY)(series_patch([1, 2, 3]))
    assert result.timestamps == days(2, 2)
    assert result[X].ravel().tolist() == [2, 6]


def test_task_can_be_pickled():
    task = LinearInterpolationTask(X, mask_feature=VALID, resample_range=DAILY)
    assert_array_equal(pickle.loads(pickle.dumps(task))(image_patch())[X], task(image_patch())[X])


def test_threads_give_the_same_as_one():
    data = np.random.default_rng(0).random((5, 20_000))
    data[data < 0.3] = np.nan
    times, wanted = np.arange(5), np.array([0.5, 3, 2.25])
    assert_array_equal(
        interpolation_function_parallel(data, times, wanted), interpolation_function(data, times, wanted)
    )
