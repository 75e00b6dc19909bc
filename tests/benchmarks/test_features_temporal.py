"""How fast statistics, phenology, composites and filters are, beside a plain copy of what they read and write."""

from __future__ import annotations

import time
import warnings
from contextlib import suppress

import numpy as np
import pytest
from scipy.optimize import curve_fit
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.utils.threads import limit_threads_here
from eolearn.features._kernels.double_logistic import double_logistic
from eolearn.features.compositing import PeriodCompositeTask
from eolearn.features.double_logistic import DoublyLogisticApproximationTask
from eolearn.features.phenology import SeasonTask
from eolearn.features.radar import SpeckleFilterTask
from eolearn.features.single_date_compositing import BlueCompositingTask
from eolearn.features.statistics import TemporalStatisticsTask
from eolearn.features.temporal_features import AddMaxMinNDVISlopeIndicesTask

pytestmark = pytest.mark.benchmark
BANDS, RESULT = (FeatureType.DATA, "BANDS"), (FeatureType.DATA_TIMELESS, "RESULT")
BAND, MODERATE, LARGE = (FeatureType.DATA, "BAND"), (24, 128, 128, 1), (24, 128, 128, 6)


@pytest.fixture(scope="module")
def patch():
    rng = np.random.default_rng(0)
    times = np.datetime64("2025-01-01") + 15 * np.arange(LARGE[0])
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=list(map(str, times)))
    for feature, shape in ((BANDS, LARGE), (BAND, MODERATE)):
        patch[feature] = rng.random(shape, dtype=np.float32)
        patch[feature][rng.random(shape) < 0.2] = np.nan
    patch.mask["VALID_DATA"] = rng.random(MODERATE) > 0.2
    patch.data["QUALITY"] = rng.random(MODERATE)
    return patch


PERCENTILES = ["p5", "p25", "median", "p75", "p95"]
TASKS = {
    "one percentile": TemporalStatisticsTask(BANDS, RESULT, "p90"),
    "five percentiles": TemporalStatisticsTask(BANDS, RESULT, PERCENTILES),
    "mean, std, area, count": TemporalStatisticsTask(BANDS, RESULT, ["mean", "std", "area", "count"]),
    "slopes": AddMaxMinNDVISlopeIndicesTask("BAND"),
    "season": SeasonTask(BAND, RESULT),
    "blue composite": BlueCompositingTask(BANDS, RESULT, 0),
    "monthly median": PeriodCompositeTask(BANDS, "month"),
    "yearly best pixel": PeriodCompositeTask(BANDS, "year", "best", quality=(FeatureType.DATA, "QUALITY")),
    "yearly medoid": PeriodCompositeTask(BANDS, "year", "medoid"),
    "yearly geometric median": PeriodCompositeTask(BANDS, "year", "geometric_median"),
    "lee": SpeckleFilterTask((*BAND, "RESULT"), "lee"),
    "refined lee": SpeckleFilterTask((*BAND, "RESULT"), "refined_lee"),
}


@pytest.mark.parametrize("name", TASKS)
def test_task(patch, name, best_time, report_pixels):
    task = TASKS[name]
    feature = BAND if name in ("slopes", "season", "lee", "refined lee") else BANDS
    seconds = {}
    for threads in (1, 2):
        limit_threads_here(threads)
        seconds[threads] = best_time(lambda: task(patch.copy()), repeats=2)
    limit_threads_here(None)
    report_pixels(f"{name}, 1 thread", patch[feature].size, seconds[1], [patch[feature]])
    print(f"{'':40s} 2 threads: {seconds[1] / seconds[2]:.2f} times as fast")


def test_percentiles_beside_numpy(patch, best_time):
    data = patch[BANDS][:, :24, :24]
    ours = best_time(lambda: TASKS["one percentile"](patch.copy())) / patch[BANDS].size
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        numpys = best_time(lambda: np.nanpercentile(data, 90, axis=0), repeats=2) / data.size
    print(f"\n{'one percentile':40s} {numpys / ours:9.0f} times numpy.nanpercentile")


def test_double_logistic_beside_scipy():
    rng, x = np.random.default_rng(0), np.arange(40) / 39
    low, high = [0.1, 0.2, 0.3, 0.15, 1.5, 0.15, 1.5], [0.3, 0.6, 0.7, 0.4, 8, 0.4, 8]
    series = np.array([double_logistic(x, rng.uniform(low, high)) for _ in range(400)])
    series += rng.normal(0, 0.03, series.shape)
    series[rng.random(series.shape) < 0.3] = np.nan
    times = np.datetime64("2025-01-01") + 9 * np.arange(40)
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=list(map(str, times)))
    patch[BAND] = series.T.reshape(40, 20, 20, 1)
    task = DoublyLogisticApproximationTask(BAND, RESULT)
    limit_threads_here(1)
    task(patch)
    start = time.perf_counter()
    found = task(patch)[RESULT].reshape(-1, 7)
    ours = (time.perf_counter() - start) / 400
    limit_threads_here(None)

    start, squares = time.perf_counter(), []
    for y in series[:60]:
        squares.append(_scipy_squares(x[~np.isnan(y)], y[~np.isnan(y)]))
    theirs = (time.perf_counter() - start) / 60
    own = [np.nansum((y - double_logistic(x, p)) ** 2) for y, p in zip(series[:60], found[:60], strict=True)]
    ratio = np.array(own) / squares
    print(f"\n{'double logistic, 1 thread':40s} {ours * 1e6:9.0f} us a pixel, {theirs / ours:.0f} times curve_fit")
    print(f"{'':40s} residuals: {np.mean(ratio > 1.001):.1%} larger, at most {np.nanmax(ratio):.3f} times")


def _scipy_squares(x, y):
    bounds = [y.min(), -np.inf, x[0], 0.15, 1, 0.15, 1], [y.max(), np.inf, x[-1], np.inf, np.inf, np.inf, np.inf]
    start = [y.mean(), 0.2, (x[0] + x[-1]) / 2, 0.15, 10, 0.15, 10]
    with warnings.catch_warnings(), suppress(RuntimeError):
        warnings.simplefilter("ignore")
        fitted, _ = curve_fit(lambda x, *p: double_logistic(x, p), x, y, start, bounds=bounds)
        return np.sum((y - double_logistic(x, fitted)) ** 2)
    return np.inf
