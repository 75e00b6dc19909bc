from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.interpolate import interp1d

from eolearn.features._kernels.hold import interpolate_hold


@pytest.mark.parametrize("kept", ["previous", "next", "nearest", "nearest-up"])
@pytest.mark.parametrize("missing", [0, 0.5, 0.8])
def test_each_series_equals_scipy_on_its_valid_observations(gappy, one_by_one, kept, missing):
    problem = gappy(7, missing=missing)
    expected = one_by_one(problem, lambda times, values: interp1d(times, values, kind=kept), 1)
    assert_array_equal(interpolate_hold(*problem, kept=kept), expected)


def test_of_two_equally_near_observations_the_kind_decides():
    data, times, wanted = np.array([[1.0], [2.0]]), np.array([0, 2]), np.array([1])
    assert interpolate_hold(data, times, wanted, kept="nearest") == 1
    assert interpolate_hold(data, times, wanted, kept="nearest-up") == 2
