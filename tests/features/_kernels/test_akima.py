from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.interpolate import Akima1DInterpolator

from eolearn.features._kernels.akima import interpolate_akima


@pytest.mark.parametrize("modified", [False, True])
@pytest.mark.parametrize(("missing", "decimals"), [(0, None), (0.5, None), (0.8, None), (0.4, -1)])
def test_each_series_equals_scipy_on_its_valid_observations(gappy, one_by_one, modified, missing, decimals):
    problem = gappy(5, missing=missing, decimals=decimals)  # decimals=-1: tens, with many flat stretches
    method = "makima" if modified else "akima"
    expected = one_by_one(problem, lambda times, values: Akima1DInterpolator(times, values, method=method), 2)
    result = interpolate_akima(*problem, modified=modified)
    assert_allclose(result, expected, rtol=1e-9, atol=1e-9 * np.nanmax(np.abs(expected)))


def test_two_observations_are_joined_by_a_line_and_one_gives_nothing():
    data = np.array([[1.0, 1.0], [np.nan, np.nan], [5.0, np.nan]])
    result = interpolate_akima(data, np.array([0, 1, 4]), np.array([1, 2]))
    assert_allclose(result, [[2, np.nan], [3, np.nan]])


def test_straight_parts_stay_straight_next_to_a_step():
    values = np.array([0.0, 0, 0, 0, 1, 1, 1, 1])[:, None]
    wanted = np.array([0.5, 1.5, 5.5, 6.5])
    assert_allclose(interpolate_akima(values, np.arange(8), wanted)[:, 0], [0, 0, 1, 1], atol=1e-15)
