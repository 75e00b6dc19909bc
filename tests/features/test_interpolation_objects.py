from __future__ import annotations

import pickle
from datetime import datetime, timedelta

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.interpolate import (
    Akima1DInterpolator,
    InterpolatedUnivariateSpline,
    PchipInterpolator,
    UnivariateSpline,
    interp1d,
    make_interp_spline,
)
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, SettingError, SettingTypeError
from eolearn.features.interpolation import InterpolationTask, LinearInterpolationTask, ResamplingTask
from eolearn.features.interpolation_kernels import kernel_for
from eolearn.features.interpolation_objects import interpolate_one_by_one

X = (FeatureType.DATA, "X")
VALID = (FeatureType.MASK, "VALID")
START = datetime(2025, 1, 2)
BBOX = BBox((0, 0, 1, 1), CRS.WGS84)
RANGE = ("2025-01-01", "2025-05-01", 7)
KERNELS = [
    (np.interp, {}, 1),
    (interp1d, {}, 1),
    (interp1d, {"kind": "nearest"}, 1),
    (interp1d, {"kind": "nearest-up"}, 1),
    (interp1d, {"kind": "previous"}, 1),
    (interp1d, {"kind": "next"}, 1),
    (interp1d, {"kind": "zero"}, 1),
    (interp1d, {"kind": 0}, 1),
    (interp1d, {"kind": "slinear"}, 2),
    (interp1d, {"kind": "quadratic"}, 3),
    (interp1d, {"kind": "cubic", "bounds_error": False, "fill_value": "extrapolate"}, 4),
    (interp1d, {"kind": 5}, 6),
    (make_interp_spline, {}, 4),
    (make_interp_spline, {"k": 0}, 1),
    (make_interp_spline, {"k": 2, "bc_type": "not-a-knot"}, 3),
    (UnivariateSpline, {"s": 0}, 4),
    (UnivariateSpline, {"k": 4, "s": 0, "ext": 1}, 5),
    (InterpolatedUnivariateSpline, {"k": 2}, 3),
    (Akima1DInterpolator, {}, 2),
    (Akima1DInterpolator, {"method": "makima"}, 2),
]
OTHERS = [
    (np.interp, {"period": 1e9}, 1),
    (make_interp_spline, {"bc_type": "natural"}, 2),
    (make_interp_spline, {"k": 7}, 8),
    (UnivariateSpline, {"s": 1e5}, 4),
    (PchipInterpolator, {"extrapolate": True}, 2),
]


def image_patch(shape=(14, 5, 4, 2), dtype=np.float64, seed=0):
    """Random data at irregular hours, two of which fall into one, and a mask of half of the pixels."""
    rng = np.random.default_rng(seed)
    hours = np.sort(rng.choice(2800, shape[0], replace=False))
    patch = EOPatch(bbox=BBOX, timestamps=[START + timedelta(hours=int(hour)) for hour in hours])
    patch.timestamps[3] = patch.timestamps[2] + timedelta(minutes=10)
    patch[X] = (rng.random(shape) * 200).astype(dtype)
    valid = rng.random((*shape[:3], 1)) > 0.5
    valid[:, 0, 0], valid[:, -1, -1] = False, np.arange(shape[0])[:, None] == 5  # no observation, a single one
    patch[VALID] = valid
    return patch


def slow_interpolation(patch, dates, build, least):
    """What the task promises: the object on the valid observations of each series, those of one hour averaged."""
    data, valid = patch[X].astype(float), patch[VALID]
    hours = np.array([round((moment - patch.timestamps[0]) / timedelta(hours=1)) for moment in patch.timestamps])
    apart = (dates[0].date() - patch.timestamps[0].date()).days * 24
    wanted = np.array([apart + round((moment - dates[0]) / timedelta(hours=1)) for moment in dates])
    result = np.full((len(dates), *data.shape[1:]), np.nan)
    for place in np.ndindex(data.shape[1:]):
        known = valid[(slice(None), *place[:2], 0)]
        times = np.unique(hours[known]).astype(float)
        if len(times) >= least:
            series = data[(slice(None), *place)]
            values = np.array([series[known & (hours == time)].mean() for time in times])
            inside = (wanted >= times[0]) & (wanted <= times[-1])
            result[(inside, *place)] = build(times, values)(wanted[inside])
    return result


def build_with(interpolation_object, parameters):
    if interpolation_object is np.interp:
        return lambda times, values: lambda wanted: np.interp(wanted, times, values)
    return lambda times, values: interpolation_object(times, values, **parameters)


@pytest.mark.parametrize(("interpolation_object", "parameters", "least"), KERNELS + OTHERS)
def test_each_series_is_that_of_the_object_on_its_valid_observations(interpolation_object, parameters, least):
    patch = image_patch()
    task = InterpolationTask(X, interpolation_object, mask_feature=VALID, resample_range=RANGE, **parameters)
    result = task(patch)
    expected = slow_interpolation(patch, result.timestamps, build_with(interpolation_object, parameters), least)
    assert_allclose(result[X], expected, rtol=1e-8, atol=1e-8 * np.nanmax(np.abs(expected)))


@pytest.mark.parametrize(("interpolation_object", "parameters", "_"), KERNELS)
def test_objects_that_a_kernel_stands_for_are_never_called(interpolation_object, parameters, _):
    assert kernel_for(interpolation_object, parameters) is not None


@pytest.mark.parametrize(("interpolation_object", "parameters", "_"), [*OTHERS, (UnivariateSpline, {}, 4)])
def test_other_parameters_are_left_to_the_object(interpolation_object, parameters, _):
    assert kernel_for(interpolation_object, parameters) is None


@pytest.mark.parametrize("interpolation_object", [make_interp_spline, PchipInterpolator])
def test_float32_stays_float32_and_is_computed_in_float64(interpolation_object):
    patch, exact = image_patch(dtype=np.float32), image_patch(dtype=np.float32)
    exact[X] = exact[X].astype(np.float64)
    task = InterpolationTask(X, interpolation_object, mask_feature=VALID, resample_range=RANGE)
    result = task(patch)[X]
    assert result.dtype == np.float32
    assert_allclose(result, task(exact)[X], rtol=1e-6)


def test_integers_of_224_bands_come_back_rounded():
    patch = EOPatch(bbox=BBOX, timestamps=[START + timedelta(days=day) for day in range(6)])
    patch[X] = np.tile((np.arange(6) ** 3).astype(np.uint16)[:, None, None, None], (1, 2, 2, 224))
    dates = ("2025-01-02T12:00", "2025-01-07T00:00", 1)
    result = InterpolationTask(X, interp1d, kind="cubic", resample_range=dates)(patch)[X]
    assert result.dtype == np.uint16
    assert_array_equal(result[:, 0, 0, 223], np.arange(5) ** 3)  # the time of day is that of the first acquisition


def test_infinite_values_count_as_gaps():
    patch = image_patch()
    patch[VALID][:] = True
    expected = InterpolationTask((*X, "Y"), Akima1DInterpolator)(patch)[FeatureType.DATA, "Y"]
    assert not np.isnan(expected).any()
    data = patch[X].copy()
    data[5] = np.inf
    patch[X] = data
    gap = data.copy()
    gap[5] = np.nan
    patch[FeatureType.DATA, "GAP"] = gap
    for interpolation_object in (Akima1DInterpolator, PchipInterpolator, np.interp):
        with_inf = InterpolationTask((*X, "Y"), interpolation_object)(patch)[FeatureType.DATA, "Y"]
        with_nan = InterpolationTask((FeatureType.DATA, "GAP", "Z"), interpolation_object)(patch)
        assert_array_equal(with_inf, with_nan[FeatureType.DATA, "Z"])


def test_functions_of_the_user_are_called_with_valid_observations_and_parameters():
    def mean(times, values, factor):
        assert len(times) == len(values)
        assert np.isfinite(values).all()
        return lambda wanted: np.full(len(wanted), values.mean() * factor)

    patch = image_patch()
    task = InterpolationTask(X, mean, mask_feature=VALID, resample_range=RANGE, factor=2)
    expected = slow_interpolation(patch, task(patch).timestamps, lambda t, v: mean(t, v, 2), 1)
    assert_allclose(task(patch)[X], expected)


def test_errors_of_the_object_are_raised():
    def refuses_large_values(times, values):
        if values.max() > 100:
            raise ArithmeticError("too large")
        return lambda wanted: wanted

    with pytest.raises(ArithmeticError, match="too large"):
        InterpolationTask(X, refuses_large_values)(image_patch())


def test_object_that_refuses_everything_is_not_taken_as_needing_more_dates():
    with pytest.raises(ValueError, match="nonsense"):
        InterpolationTask(X, make_interp_spline, bc_type="nonsense")(image_patch())


def test_answer_of_another_length_is_refused():
    with pytest.raises(DataError, match=r"shape \(1,\), not \(\d+,\)"):
        InterpolationTask(X, lambda times, values: lambda wanted: [1.0])(image_patch())


def test_get_interpolation_function_may_be_overridden():
    class Doubled(InterpolationTask):
        def get_interpolation_function(self, times, series):
            return super().get_interpolation_function(times, series * 2)

    patch = image_patch()
    settings = {"mask_feature": VALID, "resample_range": RANGE}
    expected = InterpolationTask(X, np.interp, **settings)(patch)[X] * 2
    assert_allclose(Doubled(X, np.interp, **settings)(patch)[X], expected)
    assert_allclose(Doubled(X, interp1d, **settings)(patch)[X], expected)


@pytest.mark.parametrize(
    ("interpolation_object", "parameters", "message"),
    [
        (interp1d, {"kind": "qubic"}, "kind.*'qubic'"),
        (interp1d, {"kind": -1}, "kind.*-1"),
        (interp1d, {"kind": 1.5}, "kind.*1.5"),
        (UnivariateSpline, {"k": 6}, "1 to 5.*6"),
        (UnivariateSpline, {"k": 0, "s": 0}, "1 to 5.*0"),
        (make_interp_spline, {"k": -1}, "-1"),
        (Akima1DInterpolator, {"method": "other"}, "'other'"),
    ],
)
def test_settings_that_the_object_does_not_have_are_refused_at_construction(interpolation_object, parameters, message):
    with pytest.raises(SettingError, match=message):
        InterpolationTask(X, interpolation_object, **parameters)


def test_object_must_be_callable():
    with pytest.raises(SettingTypeError, match="'cubic'"):
        InterpolationTask(X, "cubic")


def test_task_can_be_pickled():
    task = InterpolationTask(X, interp1d, kind="cubic", mask_feature=VALID)
    assert_array_equal(pickle.loads(pickle.dumps(task))(image_patch())[X], task(image_patch())[X])


def test_threads_give_the_same_as_one():
    from eolearn.core.utils.threads import limit_threads_here

    patch = image_patch((9, 100, 100, 1))
    task = InterpolationTask((*X, "Y"), make_interp_spline, mask_feature=VALID)
    results = []
    for count in (1, 3):
        limit_threads_here(count)
        results.append(task(patch)[FeatureType.DATA, "Y"])
    limit_threads_here(None)
    assert_array_equal(*results)


def test_one_by_one_may_extrapolate():
    def line(times, values):
        return np.poly1d(np.polyfit(times, values, 1))

    data, times, wanted = np.array([[1.0], [2.0]]), np.array([0, 1]), np.array([-1, 0.5, 3])
    assert_allclose(interpolate_one_by_one(data, times, wanted, line)[:, 0], [np.nan, 1.5, np.nan])
    assert_allclose(interpolate_one_by_one(data, times, wanted, line, extrapolate=True)[:, 0], [0, 1.5, 4], atol=1e-12)


# --- resampling


@pytest.mark.parametrize(
    ("interpolation_object", "parameters"),
    [(interp1d, {"kind": "nearest"}), (interp1d, {"kind": "cubic"}), (PchipInterpolator, {}), (make_interp_spline, {})],
)
def test_resampling_is_interpolation_of_data_without_gaps(interpolation_object, parameters):
    patch = image_patch()
    result = ResamplingTask((*X, "Y"), interpolation_object, RANGE, **parameters)(patch)
    expected = InterpolationTask((*X, "Y"), interpolation_object, resample_range=RANGE, **parameters)(patch)
    assert result.timestamps == expected.timestamps
    assert set(result.get_features()) == {(FeatureType.DATA, "Y")}
    assert_allclose(result[FeatureType.DATA, "Y"], expected[FeatureType.DATA, "Y"], rtol=1e-9)


def test_resampling_calls_other_objects_once_for_all_series():
    calls = []

    def first(times, values, axis, offset):
        calls.append(values.shape)
        assert axis == 0
        return lambda wanted: np.broadcast_to(values[0] + offset, (len(wanted), values.shape[1]))

    patch = image_patch()
    settings = {"unknown_value": -1, "result_interval": (0, 1e6), "offset": 1}
    result = ResamplingTask(X, first, ["2024-12-01", "2025-02-01"], **settings)(patch)[X]
    assert calls == [(13, 40)]  # of 14 dates two are of one hour
    assert_array_equal(result[0], np.full_like(result[0], -1))
    assert_allclose(result[1], patch[X][0] + 1)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_resampling_refuses_gaps(bad):
    patch = image_patch()
    data = patch[X].copy()
    data[2, 1, 1, 1] = bad
    patch[X] = data
    with pytest.raises(DataError, match="'X'.*InterpolationTask"):
        ResamplingTask(X, interp1d, RANGE)(patch)


@pytest.mark.parametrize("interpolation_object", [make_interp_spline, PchipInterpolator])
def test_resampling_of_fewer_dates_than_are_needed_gives_no_data(interpolation_object):
    patch = EOPatch(bbox=BBOX, timestamps=[START, START + timedelta(minutes=1)])
    patch[X] = np.ones((2, 2, 2, 1))
    result = ResamplingTask(X, interpolation_object, [START])(patch)[X]
    assert np.isnan(result).all()


def test_resampling_needs_a_range():
    with pytest.raises(SettingError, match="resample_range"):
        ResamplingTask(X, interp1d, None)


def test_linear_objects_give_what_the_linear_task_gives():
    patch = image_patch()
    expected = LinearInterpolationTask((*X, "Y"), mask_feature=VALID)(patch)[FeatureType.DATA, "Y"]
    assert_array_equal(InterpolationTask(X, interp1d, mask_feature=VALID)(patch)[X], expected)


# --- real series


@pytest.mark.parametrize("interpolation_object", [make_interp_spline, Akima1DInterpolator])
def test_series_of_landsat_are_those_of_scipy(landsat_series, interpolation_object):
    feature, clear = (FeatureType.DATA, "NIR"), (FeatureType.MASK, "CLEAR")
    dates = ("1984-01-01", "2015-01-01", 50)
    settings = {"mask_feature": clear, "resample_range": dates, "unknown_value": -9999}
    result = InterpolationTask(feature, interpolation_object, **settings)(landsat_series)
    days = np.array([moment.toordinal() for moment in landsat_series.timestamps])
    wanted = np.array([moment.toordinal() for moment in result.timestamps])
    for row, column in np.ndindex(10, 3):
        known = landsat_series[clear][:, row, column, 0]
        inside = (wanted >= days[known][0]) & (wanted <= days[known][-1])
        curve = interpolation_object(days[known].astype(float), landsat_series[feature][known, row, column, 0])
        expected = np.full(len(wanted), -9999.0)
        expected[inside] = np.clip(curve(wanted[inside]), -(2**15), 2**15 - 1)
        assert_allclose(result[feature][:, row, column, 0], expected, atol=0.501)  # rounded to int16 through float32
