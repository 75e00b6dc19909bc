"""How fast the kernels of eolearn.features are, beside a plain copy of the arrays that they read and write."""

from __future__ import annotations

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


@pytest.fixture(scope="module")
def bands():
    return np.random.default_rng(0).random(SHAPE, dtype=np.float32)


def test_normalized_difference(bands, best_time, report_pixels):
    a, b = bands[..., 7], bands[..., 3]
    seconds = best_time(lambda: normalized_difference(a, b))
    report_pixels("normalized_difference", a.size, seconds, [bands, np.empty(a.shape, np.float32)])


def test_interpolate_linear(bands, best_time, report_pixels):
    series = bands[:, :16].reshape(SHAPE[0], -1).copy()
    series[np.random.default_rng(1).random(series.shape) < 0.3] = np.nan
    times, wanted = np.arange(24) * 120, np.arange(11) * 240
    seconds = best_time(lambda: interpolate_linear(series, times, wanted))
    report_pixels(
        "interpolate_linear, 1 thread", series.size, seconds, [series, np.empty((11, series.shape[1]), np.float32)]
    )


def test_linear_interpolation_task(bands, best_time, report_pixels):
    days = [datetime(2025, 1, 2) + timedelta(days=5 * index) for index in range(SHAPE[0])]
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=days)
    patch[FeatureType.DATA, "BANDS"] = bands
    patch[FeatureType.MASK, "VALID"] = np.random.default_rng(1).random((*SHAPE[:3], 1)) > 0.3
    task = LinearInterpolationTask(
        (FeatureType.DATA, "BANDS"), mask_feature=(FeatureType.MASK, "VALID"), resample_range=days[::2]
    )
    seconds = best_time(lambda: task(patch))
    report_pixels("LinearInterpolationTask", bands.size, seconds, [bands, np.empty((12, *SHAPE[1:]), np.float32)])
