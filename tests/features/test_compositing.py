from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, SettingError
from eolearn.features._kernels.composites import geometric_median, medoid
from eolearn.features.compositing import PeriodCompositeTask

BANDS, VALID = (FeatureType.DATA, "BANDS"), (FeatureType.MASK, "VALID")
QUALITY = (FeatureType.DATA, "QUALITY")


def patch_of(data, first=datetime(2020, 1, 25), step_days=10):
    times = [first + timedelta(days=step_days * date) for date in range(len(data))]
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=times)
    patch[BANDS] = data
    return patch


@pytest.fixture(scope="module")
def patch():
    """Dates on the 25th of January, the 4th, 14th and 24th of February, and the 5th of March."""
    rng = np.random.default_rng(0)
    patch = patch_of(rng.random((5, 3, 4, 2)).astype(np.float32))
    patch[VALID] = rng.random((5, 3, 4, 1)) > 0.3
    patch[QUALITY] = rng.random((5, 3, 4, 1))
    patch[QUALITY][3, 0, 0] = np.nan
    return patch


EXPECTED = {
    "median": lambda pixel, quality: np.median(pixel, axis=0),
    "mean": lambda pixel, quality: np.mean(pixel, axis=0),
    "percentile": lambda pixel, quality: np.percentile(pixel, 20, axis=0),
    "best": lambda pixel, quality: pixel[np.argmax(quality)],
    "medoid": lambda pixel, quality: medoid(pixel[np.newaxis])[0],
    "geometric_median": lambda pixel, quality: geometric_median(pixel[np.newaxis])[0],
}


@pytest.mark.parametrize("method", EXPECTED)
def test_composites_of_months_are_made_of_the_valid_dates(patch, method):
    settings = {"percentile": {"percent": 20}, "best": {"quality": QUALITY}}.get(method, {})
    result = PeriodCompositeTask((*BANDS, "MONTHS"), "month", method, mask_feature=VALID, **settings)(patch)
    assert result.timestamps == [datetime(2020, month, 1) for month in (1, 2, 3)]
    assert result.bbox == patch.bbox
    assert result.data["MONTHS"].dtype == np.float32
    valid = patch[VALID][..., 0]
    if method == "best":
        valid = valid & ~np.isnan(patch[QUALITY][..., 0])
    for month, dates in enumerate([slice(0, 1), slice(1, 4), slice(4, 5)]):
        assert_array_equal(result.mask["VALID_DATES"][month, ..., 0], valid[dates].sum(axis=0))
        for row, column in np.ndindex(3, 4):
            chosen = valid[dates, row, column]
            found = result.data["MONTHS"][month, row, column]
            if chosen.any():
                pixel = patch[BANDS][dates, row, column][chosen].astype(float)
                quality = patch[QUALITY][dates, row, column][chosen, 0]
                assert_allclose(found, EXPECTED[method](pixel, quality), rtol=1e-6)
            else:
                assert np.isnan(found).all()


def test_periods_without_dates_are_there_and_empty():
    result = PeriodCompositeTask(BANDS, "dekad")(patch_of(np.ones((2, 1, 1, 1)), step_days=30))
    assert [stamp.day for stamp in result.timestamps] == [21, 1, 11, 21]
    assert_array_equal(result.mask["VALID_DATES"].ravel(), [1, 0, 0, 1])
    assert_array_equal(result[BANDS].ravel(), [1, np.nan, np.nan, 1])


def test_dates_outside_of_a_list_of_periods_are_left_out():
    data = np.arange(5.0).reshape(5, 1, 1, 1)
    result = PeriodCompositeTask(BANDS, ["2020-02-04", "2020-02-14", "2020-02-25"], "mean")(patch_of(data))
    assert_array_equal(result[BANDS].ravel(), [1, 2.5])  # on the 4th; on the 14th and the 24th


def test_observation_without_one_of_its_bands_does_not_count():
    data = np.array([[1.0, 2], [np.nan, 5], [3, np.inf]]).reshape(3, 1, 1, 2)
    result = PeriodCompositeTask(BANDS, "year", "mean")(patch_of(data, datetime(2020, 2, 1)))
    assert_array_equal(result[BANDS].ravel(), [1, 2])
    assert result.mask["VALID_DATES"].item() == 1


@pytest.mark.parametrize("method", ["median", "mean", "medoid", "geometric_median"])
@pytest.mark.parametrize("shape", [(0, 2, 2, 1), (1, 1, 1, 1), (2, 1, 1, 224), (2, 0, 3, 2)])
def test_any_shape_has_composites(method, shape):
    result = PeriodCompositeTask(BANDS, "year", method)(patch_of(np.full(shape, 7, np.uint16)))
    assert result[BANDS].shape == (min(shape[0], 1), *shape[1:])
    assert result[BANDS].dtype == np.float32
    assert (result[BANDS] == 7).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "mode"}, "method must be one of"),
        ({"method": "percentile"}, "percent goes with"),
        ({"percent": 5}, "percent goes with"),
        ({"method": "percentile", "percent": 101}, "between 0 and 100"),
        ({"method": "best"}, "quality goes with"),
        ({"quality": QUALITY}, "quality goes with"),
        ({"period": "week"}, "period must be one of"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        PeriodCompositeTask(BANDS, **{"period": "month", **settings})


def test_quality_of_another_shape_is_refused():
    patch = patch_of(np.ones((2, 1, 1, 1)))
    patch[QUALITY] = np.ones((2, 1, 1, 3))
    with pytest.raises(DataError, match=r"\(2, 1, 1, 3\) must be of shape \(2, 1, 1, 1\)"):
        PeriodCompositeTask(BANDS, "month", "best", quality=QUALITY)(patch)


def test_months_of_a_real_place_hold_all_of_its_valid_dates(real_patch_path):
    feature, mask = (FeatureType.DATA, "NDVI"), (FeatureType.MASK, "IS_VALID")
    patch = EOPatch.load(real_patch_path, features=[feature, mask])
    result = PeriodCompositeTask(feature, "month", mask_feature=mask)(patch)
    valid = patch[mask].astype(bool) & np.isfinite(patch[feature])
    assert_array_equal(result.mask["VALID_DATES"].sum(axis=0), valid.sum(axis=0))
    assert_array_equal(np.isnan(result[feature]), result.mask["VALID_DATES"] == 0)
