from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from eolearn.features._kernels.harmonic import fit_linear_model, harmonic_design

SETTINGS = {"period_days": 365.25}


@pytest.mark.parametrize(("harmonics", "trend"), [(0, False), (0, True), (1, False), (2, True), (3, False)])
def test_coefficients_are_those_of_least_squares(harmonics, trend):
    rng = np.random.default_rng(0)
    days = 7000 + np.sort(rng.choice(900, 60, replace=False))
    design = harmonic_design(days, harmonics=harmonics, trend=trend, **SETTINGS)
    data = rng.normal(size=(60, 30))
    data[rng.random(data.shape) < 0.4] = np.nan
    data[3, 3] = np.inf
    result = fit_linear_model(data, design, least=design.shape[1])
    for series, found in zip(data.T, result.T, strict=True):
        known = np.isfinite(series)
        # the trend counts from 19 periods ago: the condition number is about 1e3, its square 1e6
        assert_allclose(found, np.linalg.lstsq(design[known], series[known])[0], rtol=1e-7, atol=1e-7)


def test_columns_are_the_constant_the_trend_and_cosines_and_sines():
    design = harmonic_design(np.array([0, 365.25 / 8]), harmonics=2, trend=True, **SETTINGS)
    half = np.sqrt(0.5)
    assert_allclose(design, [[1, 0, 1, 0, 1, 0], [1, 1 / 8, half, half, 0, 1]], atol=1e-12)


def test_series_with_fewer_observations_than_asked_for_has_no_coefficients():
    design = harmonic_design(np.arange(0, 360, 60), harmonics=1, trend=False, **SETTINGS)
    data = np.ones((6, 2))
    data[:3, 0] = np.nan
    result = fit_linear_model(data, design, least=4)
    assert np.isnan(result[:, 0]).all()
    assert_allclose(result[:, 1], [1, 0, 0], atol=1e-12)


def test_dates_that_do_not_tell_columns_apart_give_no_coefficients():
    days = np.array([0, 365.25, 2 * 365.25, 3 * 365.25])  # always the same day of the year
    design = harmonic_design(days, harmonics=1, trend=False, **SETTINGS)
    assert np.isnan(fit_linear_model(np.ones((4, 1)), design, least=3)).all()
