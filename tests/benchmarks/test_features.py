"""How fast the kernels of eolearn.features are, beside a plain copy of the arrays that they read and write."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import numpy as np
import pytest
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.features import LinearInterpolationTask
from eolearn.features._kernels.linear import interpolate_linear
from eolearn.features._kernels.ndi import normalized_difference

pytestmark = pytest.mark.benchmark
SHAPE = (24, 256, 256, 10)


def best_time(function, repeats=7):
    function()  # compiles, and touches the memory
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def report(name, pixel_dates, seconds, copied):
    """Print the speed, and the time as a multiple of that of copying what is read and written."""
    copying = sum(best_time(array.copy) for array in copied)
    print(f"\n{name:40s} {pixel_dates / seconds / 1e6:9.1f} M pixel-dates/s {seconds / copying:7.1f} x copy")


@pytest.fixture(scope="module")
def bands():
    return np.random.default_rng(0).random(SHAPE, dtype=np.float32)


def test_normalized_difference(bands):
    a, b = bands[..., 7], bands[..., 3]
    seconds = best_time(lambda: normalized_difference(a, b))
    report("normalized_difference", a.size, seconds, [bands, np.empty(a.shape, np.float32)])


def test_interpolate_linear(bands):
    series = bands[:, :16].reshape(SHAPE[0], -1).copy()
    series[np.random.default_rng(1).random(series.shape) < 0.3] = np.nan
    times, wanted = np.arange(24) * 120, np.arange(11) * 240
    seconds = best_time(lambda: interpolate_linear(series, times, wanted))
    report("interpolate_linear, 1 thread", series.size, seconds, [series, np.empty((11, series.shape[1]), np.float32)])


def test_linear_interpolation_task(bands):
    days = [datetime(2025, 1, 2) + timedelta(days=5 * index) for index in range(SHAPE[0])]
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=days)
    patch[FeatureType.DATA, "BANDS"] = bands
    patch[FeatureType.MASK, "VALID"] = np.random.default_rng(1).random((*SHAPE[:3], 1)) > 0.3
    task = LinearInterpolationTask(
        (FeatureType.DATA, "BANDS"), mask_feature=(FeatureType.MASK, "VALID"), resample_range=days[::2]
    )
    seconds = best_time(lambda: task(patch))
    report("LinearInterpolationTask", bands.size, seconds, [bands, np.empty((12, *SHAPE[1:]), np.float32)])
