"""The plot of shifts: an arrow for each date that was moved, a cross for the others."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, TemporalDimensionWarning
from eolearn.visualization.shifts import plot_shifts

RESULTS = (FeatureType.SCALAR, "COREGISTRATION")


@pytest.fixture
def patch():
    dates = ["2020-01-01", "2020-01-11", "2020-02-01"]
    patch = EOPatch(bbox=BBox((0, 0, 50, 60), CRS.UTM_33N), timestamps=dates)
    patch[RESULTS] = np.array([
        (1, -2, 10, 20, 0.02, 2.2, 0.1, 0.8, 1),
        (0, 0, 0, 0, np.nan, np.nan, np.nan, 0.1, 0),
        (-0.5, 0, -5, 0, 0.02, 0.5, 0.05, 0.9, 1),
    ])  # fmt: skip
    return patch


def test_arrows_point_to_the_north_where_rows_shrink(patch):
    arrows = plot_shifts(patch, title="Shifts")[0].collections[0]
    assert_allclose(arrows.U, [1, -0.5])
    assert_allclose(arrows.V, [2, 0])


def test_dates_that_stay_and_residuals_are_marked(patch):
    above, below = plot_shifts(patch)
    assert len(above.lines[1].get_xdata()) == 1
    before, after = (line.get_ydata() for line in below.lines)
    assert_allclose(before, [2.2, np.nan, 0.5])
    assert_allclose(after, [0.1, np.nan, 0.05])


def test_without_timestamps_dates_are_counted(patch):
    with pytest.warns(TemporalDimensionWarning):
        patch.timestamps = None
    assert plot_shifts(patch)[1].lines[0].get_xdata().tolist() == [0, 1, 2]


def test_no_date_moved(patch):
    patch[RESULTS] = np.zeros((3, 9))
    assert len(plot_shifts(patch)[0].lines[1].get_xdata()) == 3


def test_another_feature_is_refused(patch):
    patch[RESULTS] = np.zeros((3, 2))
    with pytest.raises(DataError, match=r"\(3, 2\)"):
        plot_shifts(patch)
