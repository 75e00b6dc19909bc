from __future__ import annotations

import pickle
from datetime import datetime, timedelta

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, SettingError
from eolearn.features._kernels.local_polynomial import smooth_savitzky_golay
from eolearn.features._kernels.whittaker import smooth_whittaker
from eolearn.features.smoothing import HarmonicRegressionTask, SavitzkyGolayTask, WhittakerTask

X = (FeatureType.DATA, "X")
Y = (FeatureType.DATA, "Y")
VALID = (FeatureType.MASK, "VALID")
WEIGHT = (FeatureType.DATA, "WEIGHT")
SEASONS = (FeatureType.DATA_TIMELESS, "SEASONS")
START = datetime(2024, 1, 2, 10)
BBOX = BBox((0, 0, 1, 1), CRS.WGS84)
TASKS = [
    lambda feature, **kwargs: WhittakerTask(feature, lmbd=1e3, **kwargs),
    WhittakerTask,
    lambda feature, **kwargs: SavitzkyGolayTask(feature, window_days=200, **kwargs),
    HarmonicRegressionTask,
]


def seasonal_patch(days, shape=(4, 3, 2), seed=0, dtype=np.float64):
    """Noisy seasons on given days since the start, and a mask of three quarters of the pixels."""
    rng = np.random.default_rng(seed)
    patch = EOPatch(bbox=BBOX, timestamps=[START + timedelta(days=int(day)) for day in days])
    season = np.sin(2 * np.pi * np.asarray(days) / 365.25)[:, None, None, None]
    patch[X] = (100 + 50 * season + 5 * rng.normal(size=(len(days), *shape))).astype(dtype)
    patch[VALID] = rng.random((len(days), *shape[:2], 1)) < 0.75
    return patch


@pytest.fixture
def days():
    return np.sort(np.random.default_rng(5).choice(730, 60, replace=False))


def masked_series(patch):
    data = np.where(patch[VALID], patch[X], np.nan)
    return data.reshape(len(data), -1)


# --- all of them


@pytest.mark.parametrize("smoother", TASKS)
def test_smoothed_seasons_are_nearer_to_the_truth(days, smoother):
    patch = seasonal_patch(days)
    truth = 100 + 50 * np.sin(2 * np.pi * days / 365.25)[:, None, None, None]
    result = smoother((*X, "Y"), mask_feature=VALID)(patch)[Y]
    assert result.shape == patch[X].shape
    assert np.nanstd(result - truth) < 0.7 * np.std(patch[X] - truth)
    assert np.isnan(result).mean() < 0.05


@pytest.mark.parametrize("smoother", TASKS)
def test_pixels_without_observation_stay_unknown_and_others_do_not_feel_them(days, smoother):
    patch = seasonal_patch(days)
    data = patch[X].copy()
    data[:, 0, 0], data[:, 1, 1, 0] = np.nan, np.inf
    patch[FeatureType.DATA, "GAPS"] = data
    expected = smoother((*X, "Y"))(patch)[Y]
    result = smoother((FeatureType.DATA, "GAPS", "Y"), unknown_value=-1)(patch)[Y]
    unknown = np.zeros(data.shape[1:], bool)
    unknown[0, 0], unknown[1, 1, 0] = True, True
    assert (result[:, unknown] == -1).all()
    assert_array_equal(result[:, ~unknown], np.where(np.isnan(expected), -1, expected)[:, ~unknown])


@pytest.mark.parametrize("smoother", TASKS)
@pytest.mark.parametrize(("shape", "dtype"), [((1, 1, 1), np.float32), ((2, 1, 224), np.uint16), ((0, 3, 1), np.int16)])
def test_shapes_and_dtypes_are_kept(days, smoother, shape, dtype):
    patch = seasonal_patch(days, shape, dtype=dtype)
    result = smoother(X, unknown_value=0)(patch)[X]
    assert result.shape == (60, *shape)
    assert result.dtype == dtype


@pytest.mark.parametrize("smoother", TASKS)
def test_other_dates_may_be_wanted(days, smoother):
    patch = seasonal_patch(days)
    result = smoother(X, resample_range=("2024-02-01", "2025-12-01", 10), mask_feature=VALID)(patch)
    assert set(result.get_features()) == {X}
    truth = 100 + 50 * np.sin(2 * np.pi * (np.arange(len(result.timestamps)) * 10 + 30) / 365.25)
    assert np.nanmean(np.abs(result[X] - truth[:, None, None, None])) < 5


@pytest.mark.parametrize("smoother", TASKS)
def test_threads_give_the_same_as_one(days, smoother):
    from eolearn.core.utils.threads import limit_threads_here

    patch = seasonal_patch(days[:20], (100, 90, 1))
    results = []
    for count in (1, 2):
        limit_threads_here(count)
        results.append(smoother((*X, "Y"), mask_feature=VALID)(patch)[Y])
    limit_threads_here(None)
    assert_allclose(*results, rtol=1e-12)  # BLAS may add in another order


@pytest.mark.parametrize("smoother", TASKS)
def test_tasks_can_be_pickled(days, smoother):
    task = smoother((*X, "Y"))
    patch = seasonal_patch(days)
    assert_array_equal(pickle.loads(pickle.dumps(task))(patch)[Y], task(patch)[Y])


@pytest.mark.parametrize("smoother", TASKS)
def test_one_date_and_none_are_no_error(smoother):
    for days in ([3], []):
        assert smoother(X)(seasonal_patch(days))[X].shape[0] == len(days)


# --- Whittaker


def test_whittaker_counts_time_in_days(days):
    patch = seasonal_patch(days)
    result = WhittakerTask((*X, "Y"), lmbd=50, order=1, mask_feature=VALID, scale_time=60)(patch)[Y]
    expected = smooth_whittaker(masked_series(patch), days - days[0], days - days[0], lmbds=np.array([50]), order=1)
    assert_allclose(result.reshape(expected.shape), expected, rtol=1e-9)


@pytest.mark.parametrize("bands", [1, 2])
def test_whittaker_takes_weights(days, bands):
    patch = seasonal_patch(days)
    weights = np.random.default_rng(1).random((60, 4, 3, bands))
    weights[weights < 0.2] = 0
    patch[WEIGHT] = np.where(weights > 0.9, np.nan, weights)
    result = WhittakerTask((*X, "Y"), lmbd=1e3, mask_feature=VALID, weight_feature=WEIGHT)(patch)[Y]
    expected = smooth_whittaker(
        masked_series(patch),
        days - days[0],
        days - days[0],
        lmbds=np.array([1e3]),
        weights=np.broadcast_to(np.where(weights > 0.9, 0, weights), patch[X].shape).reshape(60, -1),
    )
    assert_allclose(result.reshape(expected.shape), expected, rtol=1e-9)


def test_repeated_dates_weigh_as_much_as_all_their_observations():
    patch = seasonal_patch([0, 10, 10, 30, 20], (1, 1, 1))
    patch[X] = np.array([0.0, 3, 6, 2, 7]).reshape(-1, 1, 1, 1)
    patch[WEIGHT] = np.array([1.0, 2, 1, 1, 1]).reshape(-1, 1, 1, 1)
    result = WhittakerTask((*X, "Y"), lmbd=100, weight_feature=WEIGHT)(patch)[Y].ravel()
    expected = smooth_whittaker(
        np.array([[0.0], [4], [7], [2]]),
        np.arange(4) * 10,
        np.arange(4) * 10,
        lmbds=np.array([100]),
        weights=np.array([[1], [3], [1], [1]]),
    )[:, 0]
    assert_allclose(result, expected[[0, 1, 1, 3, 2]])


def test_weights_of_one_are_no_weights(days):
    patch = seasonal_patch(days)
    patch[WEIGHT] = np.full((60, 4, 3, 1), 1, np.uint8)
    expected = WhittakerTask((*X, "Y"))(patch)[Y]
    assert_allclose(WhittakerTask((*X, "Y"), weight_feature=WEIGHT)(patch)[Y], expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones((60, 4, 4, 1)), r"\(60, 4, 4, 1\).*don't fit.*\(60, 4, 3, 2\)"),
        (np.ones((60, 4, 3, 3)), "or one band"),
        (np.full((60, 4, 3, 1), -0.5), "not negative"),
        (np.full((60, 4, 3, 1), np.inf), "finite"),
    ],
)
def test_weights_that_do_not_fit_are_refused(days, weights, message):
    patch = seasonal_patch(days)
    patch[WEIGHT] = weights
    with pytest.raises(DataError, match=message):
        WhittakerTask(X, weight_feature=WEIGHT)(patch)


# --- Savitzky and Golay


def test_window_is_a_number_of_days(days):
    patch = seasonal_patch(days)
    result = SavitzkyGolayTask((*X, "Y"), window_days=100, degree=3, mask_feature=VALID)(patch)[Y]
    since = days - days[0]
    expected = smooth_savitzky_golay(masked_series(patch), since, since, half_window=50, degree=3)
    assert_allclose(result.reshape(expected.shape), expected, rtol=1e-9)


# --- harmonics


def test_coefficients_are_those_of_the_seasons_since_the_origin():
    days = np.arange(0, 700, 9)
    patch = seasonal_patch(days, (1, 1, 2))
    since = (START - datetime(2020, 1, 1)) / timedelta(days=1) + days
    angle = 2 * np.pi * since / 365.25
    model = 3 + 0.5 * since / 365.25 + 2 * np.cos(angle) - np.sin(angle) + 0.25 * np.sin(2 * angle)
    patch[X] = np.stack([model, -model], axis=-1)[:, None, None]
    task = HarmonicRegressionTask(
        (*X, "Y"), trend=True, coefficients_feature=SEASONS, origin=datetime(2020, 1, 1), scale_time=60
    )
    result = task(patch)
    expected = np.array([3, 0.5, 2, -1, 0, 0.25])
    assert_allclose(result[SEASONS][0, 0], [*expected, *-expected], atol=1e-8)
    assert_allclose(result[Y], patch[X], atol=1e-8)


def test_fitted_series_do_not_depend_on_the_origin_nor_on_the_order_of_dates(days):
    patch = seasonal_patch(days)
    expected = HarmonicRegressionTask((*X, "Y"), trend=True)(patch)[Y]
    other = HarmonicRegressionTask((*X, "Y"), trend=True, origin=datetime(2024, 5, 6))(patch)[Y]
    assert_allclose(other, expected, rtol=1e-7)
    shuffled = EOPatch(bbox=BBOX, timestamps=patch.timestamps[::-1])
    shuffled[X] = patch[X][::-1]
    assert_allclose(HarmonicRegressionTask(X, trend=True)(shuffled)[X], expected[::-1], rtol=1e-7)


def test_interpolate_data_fits_the_same_series(days):
    patch = seasonal_patch(days, (1, 1, 1))
    task = HarmonicRegressionTask((*X, "Y"))
    hours = (days - days[0]) * 24
    assert_allclose(task.interpolate_data(patch[X].reshape(-1, 1), hours, hours), task(patch)[Y].reshape(-1, 1))


def test_series_with_too_few_observations_have_no_fit_and_no_coefficients(days):
    patch = seasonal_patch(days, (1, 2, 1))
    data = patch[X].copy()
    data[9:, 0, 1] = np.nan
    patch[X] = data
    result = HarmonicRegressionTask((*X, "Y"), min_observations=10, coefficients_feature=SEASONS)(patch)
    assert_array_equal(np.isnan(result[SEASONS][0, :, 0]), [False, True])
    assert_array_equal(np.isnan(result[Y][:, 0, :, 0]), [[False, True]] * 60)


# --- bad settings


@pytest.mark.parametrize(
    ("task", "settings", "message"),
    [
        (WhittakerTask, {"lmbd": 0}, "lmbd.*0"),
        (WhittakerTask, {"lmbd": "best"}, "lmbd.*'best'"),
        (WhittakerTask, {"lmbd": np.inf}, "lmbd.*inf"),
        (WhittakerTask, {"gcv_lmbds": ()}, "gcv_lmbds is empty"),
        (WhittakerTask, {"gcv_lmbds": (1, -1)}, "-1"),
        (WhittakerTask, {"order": 0}, "order.*0"),
        (WhittakerTask, {"order": 1.5}, "order.*1.5"),
        (WhittakerTask, {"weight_feature": (FeatureType.LABEL, "W")}, "LABEL"),
        (SavitzkyGolayTask, {"window_days": 0}, "window_days.*0"),
        (SavitzkyGolayTask, {"window_days": 5, "degree": -1}, "degree.*-1"),
        (HarmonicRegressionTask, {"harmonics": -1}, "harmonics.*-1"),
        (HarmonicRegressionTask, {"period_days": 0}, "period_days.*0"),
        (HarmonicRegressionTask, {"min_observations": 4}, "min_observations.*at least 5.*4"),
        (HarmonicRegressionTask, {"coefficients_feature": X}, "DATA"),
        (HarmonicRegressionTask, {"resample_range": ("2025-02-01", "2025-01-01", 1)}, "before it starts"),
    ],
)
def test_settings_that_cannot_work_are_refused(task, settings, message):
    with pytest.raises(ValueError, match=message) as caught:
        task(X, **settings)
    assert isinstance(caught.value, SettingError) or "feature" in str(caught.value).lower()


# --- real series


def test_harmonics_of_landsat_are_those_of_least_squares(landsat_series):
    feature = (FeatureType.DATA, "NIR")
    task = HarmonicRegressionTask(
        (*feature, "FIT"),
        mask_feature=(FeatureType.MASK, "CLEAR"),
        trend=True,
        coefficients_feature=SEASONS,
        origin=landsat_series.timestamps[0],
    )
    found = task(landsat_series.copy())[SEASONS]
    periods = np.array([(moment - task.origin).days for moment in landsat_series.timestamps]) / 365.25
    angle = 2 * np.pi * periods
    design = np.stack(
        [np.ones(423), periods, np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)], axis=1
    )
    for row, column in np.ndindex(10, 30):
        clear = landsat_series[FeatureType.MASK, "CLEAR"][:, row, column, 0]
        expected = np.linalg.lstsq(design[clear], landsat_series[feature][clear, row, column, 0].astype(float))[0]
        assert_allclose(found[row, column], expected, rtol=1e-4, atol=0.01)  # float32 of a reflectance times 10000


def test_landsat_is_smoothed_by_cross_validation_without_following_its_noise(landsat_series):
    feature = (FeatureType.DATA, "NIR")
    mask_feature = (FeatureType.MASK, "CLEAR")
    result = WhittakerTask((*feature, "SMOOTH"), mask_feature=mask_feature, unknown_value=-1)(landsat_series.copy())
    observed, clear = landsat_series[feature].astype(float), landsat_series[mask_feature]
    smooth = result[FeatureType.DATA, "SMOOTH"].astype(float)
    residual = np.std((observed - smooth)[clear])
    assert 0 < residual < 0.8 * np.std(observed[clear])
    jumps = np.where(clear[1:] & clear[:-1], np.abs(np.diff(smooth, axis=0)), np.nan)
    noise = np.where(clear[1:] & clear[:-1], np.abs(np.diff(observed, axis=0)), np.nan)
    assert np.nanmedian(jumps) < 0.7 * np.nanmedian(noise)
