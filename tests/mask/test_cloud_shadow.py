from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureError, SettingError, TimestampsMissing
from eolearn.core.utils.sun import sun_angles
from eolearn.io import SimulatedInputTask
from eolearn.mask._sun import angles_of, computed_sun, shadow_vectors
from eolearn.mask.cloud_shadow import CloudShadowMaskTask

DATA, CLM, OUT, VALID = (FeatureType.DATA, "D"), *((FeatureType.MASK, name) for name in ("CLM", "OUT", "VALID"))
ZENITH, AZIMUTH = (FeatureType.SCALAR, "ZENITH"), (FeatureType.SCALAR, "AZIMUTH")
SETTINGS = {"source": DATA, "clouds": CLM, "target": OUT, "bands": ["nir", "swir1"]}
SUN = {"sun_zenith": ZENITH, "sun_azimuth": AZIMUTH}
MIDDLE = BBox((499500, 5000000, 500500, 5001000), CRS.UTM_33N)  # on the central meridian, where north is up


def make_patch(dates=8, zenith=45.0, azimuth=90.0, bbox=MIDDLE):
    """Return a patch of 100 x 100 pixels with a cloud at 300 m on date 3: its shadow is 30 px west of it."""
    rng = np.random.default_rng(0)
    patch = EOPatch(bbox=bbox, timestamps=[f"2025-06-{day + 1:02d}T10:00:00" for day in range(dates)])
    data = np.full((dates, 100, 100, 2), 0.3, np.float32)
    patch[CLM] = np.zeros((dates, 100, 100, 1), bool)
    if dates > 3:
        data[3, 40:60, 60:80], data[3, 40:60, 30:50] = 0.8, 0.15
        patch[CLM][3, 40:60, 60:80] = True
    patch[DATA] = data + rng.normal(0, 0.002, data.shape).astype(np.float32)
    patch[VALID] = np.ones((dates, 100, 100, 1), bool)
    patch[ZENITH], patch[AZIMUTH] = np.full((dates, 1), zenith), np.full((dates, 1), azimuth)
    return patch


def expected(dates=8):
    result = np.zeros((dates, 100, 100, 1), bool)
    result[3, 40:60, 30:50] = True
    return result


def test_shadow_lies_where_the_sun_throws_it():
    patch = make_patch()
    before = patch[DATA].copy()
    CloudShadowMaskTask(**SETTINGS, **SUN)(patch)
    assert patch[OUT].dtype == bool
    assert_array_equal(patch[OUT], expected())
    assert_array_equal(patch[DATA], before)


def test_dark_ground_in_another_direction_is_no_shadow():
    patch = make_patch(azimuth=270.0)
    CloudShadowMaskTask(**SETTINGS, **SUN, darker_outside=1)(patch)
    assert not patch[OUT].any()


def test_what_is_always_dark_is_no_shadow():
    patch = make_patch()
    patch[DATA][:, 40:60, 30:50] = 0.15
    CloudShadowMaskTask(**SETTINGS, **SUN)(patch)
    assert not patch[OUT].any()


def test_single_date_is_compared_with_its_surroundings():
    patch = make_patch().temporal_subset([3])
    CloudShadowMaskTask(**SETTINGS, **SUN)(patch)
    assert_array_equal(patch[OUT], expected()[3:4])


def test_shadow_of_a_cloud_beyond_the_border_is_found_by_darkness_alone():
    patch = make_patch()
    patch[CLM][3] = False
    patch[DATA][3, 40:60, 60:80] = 0.3
    CloudShadowMaskTask(**SETTINGS, **SUN)(patch)
    assert_array_equal(patch[OUT], expected())
    CloudShadowMaskTask(**SETTINGS, **SUN, darker_outside=1)(patch)
    assert not patch[OUT].any()


def test_shadows_are_widened_by_metres_but_not_over_clouds():
    patch = make_patch()
    CloudShadowMaskTask(**SETTINGS, **SUN, dilation_m=125)(patch)
    assert patch[OUT][3, 40:60, 18:60].all()  # 12 pixels on either side, up to the cloud and not over it
    assert not patch[OUT][3, 40:60, :18].any()
    assert not (patch[OUT] & patch[CLM]).any()


def test_pixels_without_data_show_no_shadow():
    patch = make_patch()
    patch[DATA][3, 45, 35, 1] = np.nan
    patch[VALID][3, 46, 35] = False
    CloudShadowMaskTask(**SETTINGS, **SUN, valid=VALID)(patch)
    assert patch[OUT].sum() == expected().sum() - 2


def test_frames_and_patches_without_anything_have_empty_masks():
    patch = make_patch()
    patch[VALID][5] = False
    CloudShadowMaskTask(**SETTINGS, **SUN, valid=VALID)(patch)
    assert_array_equal(patch[OUT], expected())
    patch = make_patch(0)
    CloudShadowMaskTask(**SETTINGS)(patch)
    assert patch[OUT].shape == (0, 100, 100, 1)


def test_angles_come_from_images_numbers_and_notes():
    patch = make_patch(3)
    image = np.full((3, 100, 100, 1), 40.0)
    image[1, :50] = np.nan
    patch[FeatureType.DATA, "Z"], patch[FeatureType.META_INFO, "Z"] = image, [10, 20, 30]
    patch[FeatureType.META_INFO, "ONE"] = 50
    assert_allclose(angles_of(patch, ZENITH, 3), 45)
    assert_allclose(angles_of(patch, (FeatureType.DATA, "Z"), 3), 40)
    assert_allclose(angles_of(patch, (FeatureType.META_INFO, "Z"), 3), [10, 20, 30])
    assert_allclose(angles_of(patch, (FeatureType.META_INFO, "ONE"), 3), 50)


def test_without_features_the_sun_is_computed_from_date_and_place():
    patch = make_patch(2)
    longitude, latitude = patch.bbox.transform(CRS.WGS84).middle
    for ours, theirs in zip(computed_sun(patch, 2), sun_angles(patch.timestamps, longitude, latitude), strict=True):
        assert_allclose(ours, theirs)


def test_shadows_fall_away_from_the_sun_and_clouds_are_seen_away_from_the_satellite():
    patch, one = EOPatch(bbox=MIDDLE), np.array([45.0])
    sun = one, np.array([180.0])  # in the south
    assert_allclose(shadow_vectors(patch, sun, None), [[0, 1]], atol=1e-3)
    # a satellite in the east shows the cloud a metre too far west, so that its shadow lies a metre east of it
    view = one, np.array([90.0])
    assert_allclose(shadow_vectors(patch, sun, view), [[1, 1]], atol=1e-3)


def test_directions_are_turned_into_the_axes_of_the_map():
    # at 3 degrees east of the central meridian and 45 north, the convergence of UTM is 3 * sin(45) = 2.12 degrees
    box = BBox((17.99, 44.99, 18.01, 45.01), CRS.WGS84).transform(CRS.UTM_33N)
    patch = EOPatch(bbox=box)
    east, north = shadow_vectors(patch, (np.array([45.0]), np.array([180.0])), None)[0]
    # true north lies to the left of the map's north there
    assert np.degrees(np.arctan2(east, north)) == pytest.approx(-2.12, abs=0.02)


def test_simulated_scene_of_summer_is_masked_well():
    task = SimulatedInputTask(
        bands_feature=DATA,
        bands=["B08", "B11"],
        resolution=20,
        seed=1,
        additional_data=[(FeatureType.MASK, "dataMask", "VALID")],
        truth=[(FeatureType.MASK, "CLOUDS", "CLM"), (FeatureType.MASK, "SHADOWS")],
    )
    place = BBox((460000, 5080000, 462000, 5082000), CRS.UTM_33N)
    patch = task.execute(bbox=place, time_interval=("2018-05-01", "2018-07-31"))
    CloudShadowMaskTask(**SETTINGS, valid=VALID)(patch)
    true, found = patch.mask["SHADOWS"], patch[OUT]
    assert true.mean() > 0.02
    assert (true & found).sum() / found.sum() > 0.9
    assert (true & found).sum() / true.sum() > 0.85


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.EODeprecationWarning")
@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
def test_bad_input_is_refused():
    patch = make_patch()
    numbers, short, gap = patch.copy(), patch.copy(), patch.copy()
    short[FeatureType.META_INFO, "Z"] = [1, 2]
    gap[ZENITH] = np.where(np.arange(8) == 2, np.nan, 45.0)[:, None]
    numbers[DATA] = patch[DATA] * 10_000
    with pytest.raises(DataError, match="angle for each of the 8 dates"):
        CloudShadowMaskTask(**SETTINGS, sun_zenith=(FeatureType.META_INFO, "Z"), sun_azimuth=AZIMUTH)(short)
    with pytest.raises(DataError, match=r"no angle for the dates \[2\]"):
        CloudShadowMaskTask(**SETTINGS, **SUN)(gap)
    with pytest.raises(DataError, match="divide it by 10,000"):
        CloudShadowMaskTask(**SETTINGS)(numbers)
    bare = EOPatch(bbox=MIDDLE)
    bare[DATA], bare[CLM] = patch[DATA], patch[CLM]
    with pytest.raises(TimestampsMissing, match="sun_zenith, sun_azimuth"):
        CloudShadowMaskTask(**SETTINGS)(bare)
    nowhere = EOPatch(timestamps=patch.timestamps)
    nowhere[DATA], nowhere[CLM] = patch[DATA], patch[CLM]
    with pytest.raises(DataError, match="no bounding box"):
        CloudShadowMaskTask(**SETTINGS)(nowhere)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"sun_zenith": ZENITH}, SettingError, "both sun_zenith and sun_azimuth"),
        ({"view_azimuth": AZIMUTH}, SettingError, "both view_zenith"),
        ({"heights_m": (500, 100)}, SettingError, "heights_m"),
        ({"bands": ["red"]}, SettingError, "nir is missing"),
        ({"sun_zenith": CLM, "sun_azimuth": CLM}, FeatureError, "sun_zenith of CloudShadowMaskTask"),
    ],
)
def test_bad_settings_are_refused(settings, error, message):
    with pytest.raises(error, match=message):
        CloudShadowMaskTask(**SETTINGS | settings)
