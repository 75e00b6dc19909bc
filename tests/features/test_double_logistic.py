from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, SettingError
from eolearn.features.double_logistic import DoublyLogisticApproximationTask, doubly_logistic

NDVI, FITTED = (FeatureType.DATA, "NDVI"), (FeatureType.DATA_TIMELESS, "DOUBLY_LOGISTIC_PARAM")
VALID = (FeatureType.MASK, "VALID")
PARAMETERS = [0.2, 0.5, 0.45, 0.3, 2.5, 0.2, 4]  # at the first date the curve is c1, which is its lowest value


def patch_of(data):
    times = [datetime(2020, 1, 1, 10) + timedelta(days=10 * date) for date in range(len(data))]
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=times)
    patch[NDVI] = data
    return patch


def test_curve_by_hand():
    # at a1 both parts are exp(0); a width away from it exp(-1)
    curve = doubly_logistic([0.5, 0.5 + 0.2, 0.5 - 0.3], 1, 2, 0.5, 0.2, 3, 0.3, 7)
    assert_allclose(curve, [3, 1 + 2 / np.e, 1 + 2 / np.e])


def test_parameters_of_each_pixel_are_found_from_its_valid_dates():
    x = np.linspace(0, 1, 30)
    data = doubly_logistic(x, *PARAMETERS)[:, None, None, None] * np.array([1.0, 2]).reshape(1, 1, 2, 1)
    patch = patch_of(data.copy())
    patch[VALID] = np.random.default_rng(0).random(data.shape) > 0.2
    patch[NDVI][~patch[VALID]] = 9
    result = DoublyLogisticApproximationTask(NDVI, valid_mask=VALID)(patch)[FITTED]
    expected = np.array([PARAMETERS, PARAMETERS])
    expected[1, :2] *= 2
    assert_allclose(result, expected[np.newaxis], rtol=1e-3)


@pytest.mark.parametrize("shape", [(0, 2, 1, 1), (1, 1, 1, 1), (6, 1, 1, 1)])
def test_few_dates_have_no_curve(shape):
    result = DoublyLogisticApproximationTask(NDVI)(patch_of(np.ones(shape, np.float32)))[FITTED]
    assert result.shape == (*shape[1:3], 7)
    assert result.dtype == np.float32
    assert np.isnan(result).all()


def test_settings_and_shapes_are_checked():
    with pytest.raises(SettingError, match="seven numbers"):
        DoublyLogisticApproximationTask(NDVI, initial_parameters=[1, 2])
    with pytest.raises(DataError, match="one band, but it has 2"):
        DoublyLogisticApproximationTask(NDVI, initial_parameters=PARAMETERS)(patch_of(np.ones((9, 1, 1, 2))))
