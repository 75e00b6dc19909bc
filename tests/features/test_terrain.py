from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, SettingError, TimestampsMissing
from eolearn.core.utils.sun import sun_angles
from eolearn.features.terrain import HillshadeTask, IlluminationTask, SlopeAspectTask

DEM, LIGHT = (FeatureType.DATA_TIMELESS, "DEM"), (FeatureType.DATA, "ILLUMINATION")
SLOPE, ASPECT = (FeatureType.DATA_TIMELESS, "SLOPE"), (FeatureType.DATA_TIMELESS, "ASPECT")
SHADE = (FeatureType.DATA_TIMELESS, "HILLSHADE")
TIMES = [datetime(2020, 6, 21, 10), datetime(2020, 12, 21, 10)]
UTM = BBox((500000, 5100000, 500080, 5100060), CRS.UTM_33N)  # 8 x 6 pixels of 10 m


def patch_of(heights, box=UTM, timestamps=TIMES):
    patch = EOPatch(bbox=box, timestamps=timestamps)
    patch[DEM] = heights[..., np.newaxis]
    return patch


def roof(per_pixel_m=10.0, dtype=float):
    """Ground that rises to the north, so its slope faces south."""
    return ((np.arange(6)[::-1, None] * per_pixel_m) * np.ones(8)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, np.uint16])
def test_slope_is_measured_in_metres(dtype):
    patch = SlopeAspectTask(DEM)(patch_of(roof(dtype=dtype)))
    assert patch[SLOPE].dtype == patch[ASPECT].dtype == np.float32
    assert_allclose(patch[SLOPE], np.full((6, 8, 1), 45), rtol=1e-6)
    assert_allclose(patch[ASPECT], np.full((6, 8, 1), 180), rtol=1e-6)


def test_geographic_grids_have_the_slopes_of_metric_ones():
    box = BBox((14, 60, 14.001, 60.001), CRS.WGS84)
    across = np.arange(8) * np.ones((6, 1)) * 0.000125 * 111_320 * np.cos(np.radians(60.0005))
    patch = SlopeAspectTask(DEM)(patch_of(across, box))
    assert_allclose(patch[SLOPE], 45, rtol=2e-3)  # the sphere is not the ellipsoid
    assert_allclose(patch[ASPECT], 270, rtol=1e-6)


def test_hillshade_is_brightest_where_the_ground_faces_the_light():
    facing = HillshadeTask(DEM, azimuth_deg=180)(patch_of(roof()))[SHADE]
    away = HillshadeTask(DEM, azimuth_deg=0)(patch_of(roof()))[SHADE]
    level = HillshadeTask(DEM, altitude_deg=30)(patch_of(np.zeros((6, 8))))[SHADE]
    assert_allclose(facing, 1, rtol=1e-6)
    assert_allclose(away, 0, atol=1e-6)
    assert_allclose(level, 0.5, rtol=1e-6)
    twice = HillshadeTask(DEM, altitude_deg=90, exaggeration=2)(patch_of(roof()))[SHADE]
    assert_allclose(twice, 1 / np.sqrt(5), rtol=1e-6)  # the slope is 2 in 1


def test_sun_stands_over_the_middle_of_the_patch():
    patch = IlluminationTask(DEM)(patch_of(np.zeros((6, 8))))
    longitude, latitude = UTM.transform(CRS.WGS84).middle
    zenith, _ = sun_angles(TIMES, longitude, latitude)
    assert patch[LIGHT].shape == (2, 6, 8, 1)
    assert_allclose(patch[LIGHT][:, 0, 0, 0], np.cos(np.radians(zenith)), rtol=1e-6)


def test_slope_to_the_south_gets_more_of_the_low_sun():
    lit = [IlluminationTask(DEM)(patch_of(heights))[LIGHT][1] for heights in (roof(5), roof(5)[::-1])]
    assert (lit[0] > lit[1]).all()


@pytest.mark.parametrize(("feature_type", "shape"), [(FeatureType.DATA, (2, 6, 8, 1)), (FeatureType.SCALAR, (2, 1))])
def test_angles_of_the_sun_can_be_given(feature_type, shape):
    patch = patch_of(roof())
    patch[feature_type, "ZENITH"] = np.full(shape, 45.0)
    patch[feature_type, "AZIMUTH"] = np.full(shape, 180, np.int16)
    task = IlluminationTask(DEM, sun_zenith=(feature_type, "ZENITH"), sun_azimuth=(feature_type, "AZIMUTH"))
    assert_allclose(task(patch)[LIGHT], 1, rtol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (0, 3), (3, 0), (1, 5)])
def test_any_shape_has_a_slope(shape):
    patch = patch_of(np.ones(shape))
    for task in (SlopeAspectTask(DEM), HillshadeTask(DEM), IlluminationTask(DEM)):
        patch = task(patch)
    assert_array_equal(patch[SLOPE], np.zeros((*shape, 1)))
    assert patch[LIGHT].shape == (2, *shape, 1)


def test_missing_heights_have_no_slope_and_no_light():
    patch = IlluminationTask(DEM)(SlopeAspectTask(DEM)(patch_of(np.full((6, 8), np.nan))))
    for feature in (SLOPE, ASPECT, LIGHT):
        assert np.isnan(patch[feature]).all()


def test_no_dates_give_no_light():
    assert IlluminationTask(DEM)(patch_of(roof(), timestamps=[]))[LIGHT].shape == (0, 6, 8, 1)


def test_what_does_not_fit_is_refused():
    with pytest.raises(SettingError, match="altitude_deg"):
        HillshadeTask(DEM, altitude_deg=91)
    with pytest.raises(SettingError, match="exaggeration"):
        HillshadeTask(DEM, exaggeration=0)
    with pytest.raises(SettingError, match="both sun_zenith and sun_azimuth"):
        IlluminationTask(DEM, sun_zenith=LIGHT)
    patch = patch_of(roof())
    patch[FeatureType.SCALAR, "A"] = np.ones((2, 3))
    with pytest.raises(DataError, match=r"\(2, 3\) must be of shape \(2, 1\)"):
        IlluminationTask(DEM, sun_zenith=(FeatureType.SCALAR, "A"), sun_azimuth=(FeatureType.SCALAR, "A"))(patch)
    patch[DEM] = np.ones((6, 8, 2))
    with pytest.raises(DataError, match="one band, but it has 2"):
        SlopeAspectTask(DEM)(patch)
    with pytest.raises(DataError, match="no bbox"), pytest.warns(match="bbox"):
        SlopeAspectTask(DEM)(patch_of(roof(), box=None))
    with pytest.raises(TimestampsMissing):
        IlluminationTask(DEM)(patch_of(roof(), timestamps=None))
