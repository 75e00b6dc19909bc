"""How fast indices, arithmetic, gap filling and resizing are, beside a plain copy of what they read and write."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from eolearn.core.utils.threads import limit_threads
from eolearn.features._kernels.arithmetic import euclidean_norm, linear_function
from eolearn.features._kernels.expressions import evaluate
from eolearn.features._kernels.fillout import fill_out
from eolearn.features._kernels.resizing import resize_with_cv2
from eolearn.features.indices import SpectralIndexTask

pytestmark = pytest.mark.benchmark
SHAPE = (24, 256, 256, 10)
BANDS = ["B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12"]
INDICES = ["NDVI", "EVI", "NDWI", "NDMI", "NBR"]


@pytest.fixture(scope="module")
def bands():
    return np.random.default_rng(0).random(SHAPE, dtype=np.float32)


def report_scaling(report_pixels, best_time, name, function, pixel_dates, copied):
    times = []
    try:
        for threads in (1, 2):
            limit_threads(threads)
            times.append(best_time(function))
    finally:
        limit_threads(None)
    report_pixels(f"{name}, 1 thread", pixel_dates, times[0], copied)
    print(f"{'':40s} {times[0] / times[1]:9.2f} times as fast with two threads")


def test_spectral_indices(bands, best_time, report_pixels):
    feature = ("data", "X")
    task = SpectralIndexTask(feature, feature, INDICES, bands=BANDS, sensor="sentinel2")
    copied = [bands, np.empty((*SHAPE[:3], 5), np.float32)]
    report_scaling(report_pixels, best_time, "5 indices", lambda: task.map_method(bands), bands[..., 0].size, copied)


def test_one_expression(bands, best_time, report_pixels):
    ndvi, positions = ("/", ("-", "N", "R"), ("+", "N", "R")), {"R": 2, "N": 6}
    copied = [bands, np.empty(SHAPE[:3], np.float32)]
    report_scaling(
        report_pixels, best_time, "1 expression", lambda: evaluate([ndvi], bands, positions), copied[1].size, copied
    )


@pytest.mark.parametrize("dtype", [np.float32, np.uint16])
def test_linear_function(bands, dtype, best_time, report_pixels):
    data = bands.astype(dtype)
    name = f"linear_function of {np.dtype(dtype)}"
    report_scaling(
        report_pixels, best_time, name, lambda: linear_function(data, 1e-4, 0.1), data.size, [data, bands[:12]]
    )


def test_euclidean_norm(bands, best_time, report_pixels):
    copied = [bands, np.empty(SHAPE[:3], np.float32)]
    report_scaling(report_pixels, best_time, "euclidean_norm", lambda: euclidean_norm(bands), bands.size, copied)


def test_fill_out(bands, best_time, report_pixels):
    data = bands.copy()
    data[np.random.default_rng(1).random(SHAPE[:3]) < 0.3] = np.nan
    report_scaling(
        report_pixels, best_time, "fill_out fb", lambda: fill_out(data, np.nan, "fb"), data.size, [data, data]
    )


def test_resize_with_cv2(bands, best_time, report_pixels):
    seconds = best_time(lambda: resize_with_cv2(bands, (128, 128), cv2.INTER_LINEAR))
    report_pixels("resize_with_cv2, linear", bands.size, seconds, [bands, bands[:6]])
