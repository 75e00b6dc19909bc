from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sentinelhub import CRS, BBox
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError
from eolearn.features.kriging import KrigingInterpolationTask, KrigingObject

X = (FeatureType.DATA, "X")


def test_object_is_the_regressor_on_times_divided_by_their_span():
    times, values, wanted = np.array([3, 5, 9, 12]), np.array([1.0, 2, 0, 4]), np.array([4, 20])
    kernel = RBF(0.3, length_scale_bounds="fixed")
    kriging = KrigingObject(times, values, alpha=1e-3, kernel=kernel)
    assert kriging.normalizing_factor == 9
    regressor = GaussianProcessRegressor(kernel, alpha=1e-3).fit(times[:, None] / 9, values)
    assert_allclose(kriging(wanted), regressor.predict(wanted[:, None] / 9))


def test_default_kernel_is_that_of_1x():
    kriging = KrigingObject(np.array([3, 5, 9, 12]), np.array([1.0, 2, 0, 4]))
    # what eo-learn 1.5.6 with scikit-learn 1.5.1 gives
    assert_allclose(kriging(np.array([4, 20])), [1.88303721, 41.4222018], rtol=1e-6)


@pytest.mark.parametrize("times", [[], [4], [4, 4]])
def test_object_needs_two_different_times(times):
    with pytest.raises(DataError, match="2 different times"):
        KrigingObject(np.array(times), np.zeros(len(times)))


DAYS = np.array([0, 3, 5, 9, 12, 20])


@pytest.fixture
def patch():
    """Six dates of three pixels and two bands: one with gaps, one with a single observation, one with none."""
    timestamps = [datetime(2025, 1, 2) + timedelta(int(day)) for day in DAYS]
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=timestamps)
    data = np.random.default_rng(0).random((6, 1, 4, 2))
    data[[0, 5], 0, 0], data[1:, 0, 1], data[:, 0, 2] = np.nan, np.nan, np.nan
    patch[X] = data
    return patch


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"kernel": RBF(0.3, length_scale_bounds="fixed"), "normalize_y": True},
        {"kernel": RBF(0.3), "optimizer": None},
        {"kernel": RBF(0.3, length_scale_bounds=(0.1, 1)), "alpha": 0.1},
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_each_series_has_a_process_of_its_own_that_also_extrapolates(patch, settings):
    dates = ["2025-01-01", "2025-01-06", "2025-02-01"]
    result = KrigingInterpolationTask((*X, "Y"), resample_range=dates, unknown_value=-1, **settings)(patch)
    result = result[FeatureType.DATA, "Y"]
    wanted = np.array([-1, 4, 30])
    for column, known in ((0, slice(1, 5)), (3, slice(0, 6))):
        for band in range(2):
            expected = KrigingObject(DAYS[known] * 24, patch[X][known, 0, column, band], **settings)(wanted * 24)
            assert_allclose(result[:, 0, column, band], expected, rtol=1e-6)
    assert (result[:, 0, 1:3] == -1).all()


def test_no_pixels_give_nothing(patch):
    patch[X] = patch[X][:, :, :0]
    assert KrigingInterpolationTask(X)(patch)[X].shape == (6, 1, 0, 2)
