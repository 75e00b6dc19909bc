"""How fast time series are interpolated and smoothed, beside a plain copy of the arrays that are read and written."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import numpy as np
import pytest
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.utils.threads import limit_threads_here
from eolearn.features._kernels.akima import interpolate_akima
from eolearn.features._kernels.harmonic import fit_linear_model, harmonic_design
from eolearn.features._kernels.hold import interpolate_hold
from eolearn.features._kernels.local_polynomial import smooth_savitzky_golay
from eolearn.features._kernels.spline import interpolate_spline
from eolearn.features._kernels.whittaker import smooth_whittaker
from eolearn.features.interpolation import InterpolationTask
from eolearn.features.smoothing import WhittakerTask

pytestmark = pytest.mark.benchmark
DATES = 24
TIMES = np.arange(DATES) * 15.0
WANTED = np.arange(35) * 10.0
KERNELS = {
    "interpolate_spline, cubic": interpolate_spline,
    "interpolate_spline, degree 5": partial(interpolate_spline, degree=5),
    "interpolate_akima": interpolate_akima,
    "interpolate_hold": interpolate_hold,
    "smooth_whittaker": partial(smooth_whittaker, lmbds=np.array([1e4])),
    "smooth_whittaker, 21 lambdas": partial(smooth_whittaker, lmbds=10.0 ** np.arange(-1, 9.5, 0.5)),
    "smooth_savitzky_golay": partial(smooth_savitzky_golay, half_window=45),
}


@pytest.fixture(scope="module")
def series():
    """Return four bands of 1024 pixels, with a third of the observations missing in all bands of a pixel."""
    rng = np.random.default_rng(0)
    data = rng.random((DATES, 1024, 4), dtype=np.float32)
    data[rng.random(data.shape[:2]) < 0.33] = np.nan
    return data.reshape(DATES, -1)


@pytest.mark.parametrize("name", KERNELS)
def test_kernel(series, name, best_time, report_pixels):
    seconds = best_time(lambda: KERNELS[name](series, TIMES, WANTED))
    report_pixels(f"{name}, 1 thread", series.size, seconds, [series, np.empty((35, series.shape[1]), np.float32)])


def test_fit_linear_model(series, best_time, report_pixels):
    design = harmonic_design(TIMES, harmonics=2, period_days=365.25, trend=False)
    seconds = best_time(lambda: fit_linear_model(series, design, least=5))
    report_pixels("fit_linear_model, 1 thread", series.size, seconds, [series, np.empty((5, series.shape[1]), "f4")])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("method", ["cubic", "akima", "whittaker"])
def test_task(method, threads, best_time, report_pixels):
    from scipy.interpolate import Akima1DInterpolator, make_interp_spline

    rng = np.random.default_rng(0)
    patch = EOPatch(
        bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=[datetime(2025, 1, 2) + timedelta(15 * n) for n in range(DATES)]
    )
    feature, mask = (FeatureType.DATA, "X"), (FeatureType.MASK, "VALID")
    patch[feature] = rng.random((DATES, 128, 128, 4), dtype=np.float32)
    patch[mask] = rng.random((DATES, 128, 128, 1)) > 0.33
    settings = {"mask_feature": mask, "resample_range": ("2025-01-02", "2025-12-15", 10)}
    task = {
        "cubic": lambda: InterpolationTask(feature, make_interp_spline, **settings),
        "akima": lambda: InterpolationTask(feature, Akima1DInterpolator, **settings),
        "whittaker": lambda: WhittakerTask(feature, lmbd=1e4, **settings),
    }[method]()
    limit_threads_here(threads)
    seconds = best_time(lambda: task(patch), repeats=3)
    limit_threads_here(None)
    written = np.empty((35, 128, 128, 4), np.float32)
    report_pixels(f"{method} task, {threads} threads", patch[feature].size, seconds, [patch[feature], written])
