"""How fast textures and other descriptions of surroundings are, beside scikit-image and a plain copy."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from sentinelhub import CRS, BBox
from skimage.feature import graycomatrix, graycoprops

from eolearn.core import EOPatch, FeatureType
from eolearn.core.utils.threads import limit_threads_here
from eolearn.features.gradients import GaborTask, GradientTask
from eolearn.features.haralick import HaralickTask
from eolearn.features.local_binary_pattern import LocalBinaryPatternTask

pytestmark = pytest.mark.benchmark
BAND = (FeatureType.DATA, "BAND")
FOUR = ["contrast", "homogeneity", "ASM", "correlation"]
SIDE, WINDOW, LEVELS = 512, 7, 16


@pytest.fixture(scope="module")
def patch():
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2025-01-01"] * 2)
    patch[BAND] = np.random.default_rng(0).random((2, SIDE, SIDE, 1), dtype=np.float32)
    return patch


def seconds_of_scikit_image(image, windows=1000):
    """Return the time for a whole image window by window, from that for some of them."""
    grey = (image * LEVELS).astype(np.uint8)
    some = sliding_window_view(grey, (WINDOW, WINDOW)).reshape(-1, WINDOW, WINDOW)[:windows]
    start = time.perf_counter()
    for window in some:
        matrix = graycomatrix(window, [1], [0], LEVELS, symmetric=True, normed=True)
        for texture in FOUR:
            graycoprops(matrix, texture)
    return (time.perf_counter() - start) / windows * image.size


def test_haralick_beside_scikit_image(patch, best_time):
    single = patch.temporal_subset([0])
    task = HaralickTask((*BAND, "T"), FOUR, levels=LEVELS, window_size=WINDOW, value_range=(0, 1))
    seconds, theirs = best_time(lambda: task(single)), seconds_of_scikit_image(patch[BAND][0, :40, :, 0])
    theirs *= SIDE / 40
    print(
        f"\n4 textures of 512 x 512 pixels: {seconds:.3f} s, scikit-image {theirs:.1f} s, {theirs / seconds:.0f} times"
    )


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("HaralickTask, 4 textures", HaralickTask((*BAND, "T"), FOUR, levels=LEVELS, window_size=WINDOW)),
        ("LocalBinaryPatternTask, 24 points", LocalBinaryPatternTask((*BAND, "T"))),
        ("GradientTask", GradientTask(source=BAND, target=(FeatureType.DATA, "T"))),
        ("GaborTask, 4 directions", GaborTask(source=BAND, target=(FeatureType.DATA, "T"))),
    ],
)
def test_tasks_with_one_and_two_threads(name, task, patch, best_time, report_pixels):
    size = patch[BAND].size
    for threads in (1, 2):
        limit_threads_here(threads)
        seconds = best_time(lambda: task(patch), repeats=3)
        report_pixels(f"{name}, {threads} threads", size, seconds, [patch[BAND], np.empty(size)])
    limit_threads_here(None)
