from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.interpolate import Akima1DInterpolator, UnivariateSpline, interp1d, make_interp_spline
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import EODeprecationWarning, SettingError
from eolearn.features.deprecated_interpolation import (
    AkimaInterpolationTask,
    BSplineInterpolationTask,
    CubicInterpolationTask,
    CubicResamplingTask,
    LegacyInterpolation,
    LegacyInterpolationTask,
    LinearResamplingTask,
    NearestResamplingTask,
    SplineInterpolationTask,
)
from eolearn.features.interpolation import InterpolationTask, LinearInterpolationTask, ResamplingTask

X = (FeatureType.DATA, "X")
RANGE = ("2025-01-01", "2025-02-01", 4)


@pytest.fixture
def patch():
    rng = np.random.default_rng(0)
    days = np.sort(rng.choice(30, 12, replace=False))
    patch = EOPatch(
        bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=[datetime(2025, 1, 2) + timedelta(int(day)) for day in days]
    )
    patch[X] = rng.random((12, 2, 3, 2))
    return patch


@pytest.mark.parametrize(
    ("old", "settings", "interpolation_object", "parameters"),
    [
        (CubicInterpolationTask, {}, interp1d, {"kind": "cubic"}),
        (SplineInterpolationTask, {}, UnivariateSpline, {"k": 3, "s": 0}),
        (SplineInterpolationTask, {"spline_degree": 2, "smoothing_factor": 1}, UnivariateSpline, {"k": 2, "s": 1}),
        (BSplineInterpolationTask, {}, make_interp_spline, {"k": 3}),
        (BSplineInterpolationTask, {"spline_degree": 4}, make_interp_spline, {"k": 4}),
        (AkimaInterpolationTask, {}, Akima1DInterpolator, {}),
    ],
)
def test_old_interpolations_warn_and_do_what_the_general_task_does(
    patch, old, settings, interpolation_object, parameters
):
    with pytest.warns(EODeprecationWarning, match=f"{old.__name__} is deprecated, use InterpolationTask") as caught:
        task = old(X, resample_range=RANGE, **settings)
    assert caught[0].filename == __file__
    expected = InterpolationTask(X, interpolation_object, resample_range=RANGE, **parameters)(patch)
    assert_array_equal(task(patch)[X], expected[X])


@pytest.mark.parametrize(
    ("old", "kind"),
    [(NearestResamplingTask, "nearest"), (LinearResamplingTask, "linear"), (CubicResamplingTask, "cubic")],
)
def test_old_resamplings_warn_and_do_what_the_general_task_does(patch, old, kind):
    with pytest.warns(EODeprecationWarning, match=f"{old.__name__} is deprecated.*{kind}"):
        task = old(X, RANGE, unknown_value=-1)
    expected = ResamplingTask(X, interp1d, RANGE, unknown_value=-1, kind=kind)(patch)
    assert_array_equal(task(patch)[X], expected[X])


@pytest.mark.parametrize("library", ["numpy", "scipy"])
def test_legacy_interpolation_is_linear_whatever_the_library(patch, library):
    expected = LinearInterpolationTask(X, resample_range=RANGE)(patch)
    assert_array_equal(LegacyInterpolationTask(X, library, resample_range=RANGE)(patch)[X], expected[X])
    assert LegacyInterpolation is LegacyInterpolationTask


def test_unknown_settings_are_refused():
    with pytest.raises(SettingError, match="'pandas'"):
        LegacyInterpolationTask(X, library="pandas")
    with pytest.warns(EODeprecationWarning), pytest.raises(SettingError, match="7"):
        SplineInterpolationTask(X, spline_degree=7)
