"""Dates of one day as one, worked out by hand, and with real neighbours of one pass."""

from datetime import UTC, datetime, timedelta

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from rasterio.vrt import WarpedVRT
from sentinelhub import CRS, BBox
from shapely.geometry import Point

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import (
    DataError,
    EODeprecationWarning,
    FeatureError,
    FeatureMissing,
    SettingError,
    TimestampsMissing,
)
from eolearn.io.same_day import MergeSameDayTask

PLACE = BBox((500000, 5100000, 500040, 5100020), CRS.UTM_33N)  # at 15 degrees east, an hour before UTC
BANDS, IS_DATA, CLOUDS = (FeatureType.DATA, "BANDS"), (FeatureType.MASK, "IS_DATA"), (FeatureType.DATA, "CLOUDS")
SCALAR, LABEL, OUTLINES = (FeatureType.SCALAR, "S"), (FeatureType.LABEL, "L"), (FeatureType.VECTOR, "OUTLINES")
DATES = [datetime(2026, 5, 1, 10, 0), datetime(2026, 5, 1, 10, 1), datetime(2026, 5, 6, 10, 0)]
NAN = np.nan


def patch_of_three_dates():
    """Return a patch of 1 x 4 pixels with two dates on the first day: first only, second only, both, none."""
    patch = EOPatch(bbox=PLACE, timestamps=DATES)
    valid = np.array([[[1, 0, 1, 0]], [[0, 1, 1, 0]], [[1, 1, 1, 1]]])[..., np.newaxis]
    patch[IS_DATA] = valid.astype(bool)
    values = np.array([[[1, 2, 3, 4]], [[5, 6, 8, 9]], [[7, 7, 7, 7]]])[..., np.newaxis]
    patch[BANDS] = np.where(valid, values, NAN).astype(np.float32).repeat(2, axis=-1)
    patch[CLOUDS] = np.array([[[0.1, 0.0, 0.8, 0]], [[0.9, 0.1, 0.2, 0]], [[0, 0, 0, 0]]])[..., np.newaxis]
    patch[FeatureType.MASK, "CLASSES"] = values.astype(np.uint8)
    patch[SCALAR], patch[LABEL] = np.array([[1.0], [2.0], [3.0]]), np.array([[1], [2], [3]])
    patch[FeatureType.DATA_TIMELESS, "DEM"] = np.zeros((1, 4, 1))
    patch[OUTLINES] = gpd.GeoDataFrame({"TIMESTAMP": [DATES[1], DATES[2]]}, geometry=[Point(0, 0)] * 2, crs=32633)
    return patch


@pytest.mark.parametrize(
    ("settings", "bands", "classes", "scalar"),
    [
        ({}, [1, 6, 3, NAN], [1, 6, 3, 4], 1),
        ({"rule": "mean"}, [1, 6, 5.5, NAN], [1, 6, 3, 4], 1.5),
        ({"rule": "best", "quality": CLOUDS, "highest": False}, [1, 6, 8, NAN], [1, 6, 8, 4], 1),
        ({"rule": "best", "quality": CLOUDS}, [1, 6, 3, NAN], [1, 6, 3, 4], 1),
    ],
)
def test_each_pixel_is_that_of_the_date_which_counts(settings, bands, classes, scalar):
    merged = MergeSameDayTask(IS_DATA, **settings)(patch_of_three_dates())
    assert merged.timestamps == [DATES[0], DATES[2]]
    assert merged[BANDS].dtype == np.float32
    assert_array_equal(merged[BANDS], np.array([[bands], [[7] * 4]], np.float32)[..., np.newaxis].repeat(2, axis=-1))
    assert_array_equal(merged[FeatureType.MASK, "CLASSES"][..., 0], [[classes], [[7] * 4]])
    assert_array_equal(merged[IS_DATA][..., 0], [[[True, True, True, False]], [[True] * 4]])
    assert_array_equal(merged[SCALAR], [[scalar], [3]])
    assert_array_equal(merged[LABEL], [[1], [3]])
    assert merged[FeatureType.DATA_TIMELESS, "DEM"].shape == (1, 4, 1)


def test_rows_of_tables_get_the_time_of_the_joined_date():
    merged = MergeSameDayTask(IS_DATA, timestamp="mean")(patch_of_three_dates())
    assert merged.timestamps == [datetime(2026, 5, 1, 10, 0, 30), DATES[2]]
    assert list(merged[OUTLINES]["TIMESTAMP"]) == merged.timestamps


@pytest.mark.parametrize("no_data", [None, -9])
def test_data_tell_themselves_where_they_are(no_data):
    patch = patch_of_three_dates()
    bands = patch[BANDS].copy()
    bands[0, 0, 2, 0] = NAN  # one band is left, so the pixel has data
    patch[BANDS] = bands if no_data is None else np.nan_to_num(bands, nan=no_data).astype(np.int16)
    merged = MergeSameDayTask(BANDS, no_data_value=no_data)(patch)
    fill = NAN if no_data is None else no_data
    assert_array_equal(merged[BANDS][0, 0], [[1, 1], [6, 6], [fill, 3], [fill, fill]])
    mean = MergeSameDayTask(BANDS, "mean", no_data_value=no_data)
    assert_array_equal(mean(patch_with(patch, bands, no_data))[BANDS][0, 0, 2], [8, 5.5 if no_data is None else 6])


def patch_with(patch, bands, no_data):
    new = patch_of_three_dates()
    new[BANDS] = bands if no_data is None else np.nan_to_num(bands, nan=no_data).astype(np.int16)
    return new


def test_nothing_changes_where_no_day_has_two_dates():
    patch = patch_of_three_dates().temporal_subset([1, 2])
    arrays = {feature: patch[feature] for feature in patch.get_features()}
    merged = MergeSameDayTask(IS_DATA)(patch)
    assert all(merged[feature] is array for feature, array in arrays.items())


def test_patch_without_dates_stays_without():
    patch = EOPatch(bbox=PLACE, timestamps=[], mask={"IS_DATA": np.zeros((0, 1, 4, 1), bool)})
    assert MergeSameDayTask(IS_DATA)(patch).timestamps == []


@pytest.mark.parametrize(
    ("west", "times", "day", "count"),
    [
        (170, ["2026-05-01T23:50", "2026-05-02T00:10"], "solar", 1),  # about noon in the Pacific
        (170, ["2026-05-01T23:50", "2026-05-02T00:10"], "utc", 2),
        (170, ["2026-05-01T12:30", "2026-05-01T12:50"], "solar", 2),  # either side of midnight, 40 minutes to 11 hours
        (0, ["2026-05-01T00:00", "2026-05-01T23:59"], "solar", 1),
        (0, ["2026-05-01T00:00+05:00", "2026-05-01T02:00+05:00"], "utc", 1),
    ],
)
def test_day_is_that_of_the_sun_or_of_utc(west, times, day, count):
    patch = EOPatch(bbox=BBox((west, 10, west + 0.1, 10.1), CRS.WGS84), timestamps=times)
    patch[IS_DATA] = np.ones((2, 1, 1, 1), bool)
    assert len(MergeSameDayTask(IS_DATA, day=day)(patch).timestamps) == count


def test_time_zones_stay():
    times = [datetime(2026, 5, 1, 10, tzinfo=UTC), datetime(2026, 5, 1, 10, 2, tzinfo=UTC)]
    patch = EOPatch(bbox=PLACE, timestamps=times, mask={"IS_DATA": np.ones((2, 1, 1, 1), bool)})
    assert MergeSameDayTask(IS_DATA, timestamp="mean")(patch).timestamps == [times[0] + timedelta(minutes=1)]


@given(seed=st.integers(0, 500), counts=st.lists(st.integers(1, 3), min_size=1, max_size=3))
def test_first_valid_date_wins_as_in_a_loop(seed, counts):
    rng = np.random.default_rng(seed)
    times = [datetime(2026, 5, 1 + day, 10, minute) for day, count in enumerate(counts) for minute in range(count)]
    valid, values = rng.random((len(times), 3, 3, 1)) > 0.5, rng.integers(0, 99, (len(times), 3, 3, 2))
    patch = EOPatch(bbox=PLACE, timestamps=times, mask={"IS_DATA": valid}, data={"BANDS": values})
    merged = MergeSameDayTask(IS_DATA)(patch)[BANDS]
    starts = np.cumsum([0, *counts])
    for day, row, column in np.ndindex(len(counts), 3, 3):
        dates = range(starts[day], starts[day + 1])
        date = next((date for date in dates if valid[date, row, column, 0]), dates[0])
        assert_array_equal(merged[day, row, column], values[date, row, column])


def test_arrays_that_were_handed_in_are_not_written_to():
    patch = patch_of_three_dates()
    arrays = {feature: patch[feature] for feature in patch.get_features()}
    MergeSameDayTask(IS_DATA, "mean")(patch.copy())
    again = patch_of_three_dates()
    assert list(arrays[OUTLINES]["TIMESTAMP"]) == list(again[OUTLINES]["TIMESTAMP"])
    for feature in (BANDS, IS_DATA, SCALAR):
        assert_array_equal(arrays[feature], again[feature])


def test_dates_that_are_not_sorted_are_refused():
    patch = EOPatch(bbox=PLACE, timestamps=DATES[::-1], mask={"IS_DATA": np.ones((3, 1, 1, 1), bool)})
    with pytest.raises(DataError, match="aren't sorted: 2026-05-01 10:01:00 comes after 2026-05-06"):
        MergeSameDayTask(IS_DATA)(patch)


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
def test_features_of_other_sizes_are_refused_and_the_patch_stays():
    patch = patch_of_three_dates()
    for shape, message in (
        ((3, 2, 8, 1), "bring them onto one grid first"),
        ((2, 1, 4, 1), "has 2 dates, but the EOPatch 3"),
    ):
        patch[FeatureType.DATA, "B05"] = np.zeros(shape)
        with pytest.raises(DataError, match=message):
            MergeSameDayTask(IS_DATA)(patch)
    assert patch.timestamps == DATES


def test_what_is_missing_is_named():
    with pytest.raises(FeatureMissing):
        MergeSameDayTask((FeatureType.MASK, "NONE"))(patch_of_three_dates())
    with pytest.raises(TimestampsMissing):
        MergeSameDayTask(IS_DATA)(EOPatch(bbox=PLACE))
    with pytest.raises(DataError, match="BANDS'\\) has 2 bands, but quality is one"):
        MergeSameDayTask(IS_DATA, "best", quality=BANDS)(patch_of_three_dates())
    with pytest.warns(EODeprecationWarning):
        nowhere = EOPatch(timestamps=DATES, mask={"IS_DATA": np.ones((3, 1, 1, 1), bool)})
    with pytest.raises(DataError, match="take day='utc'"):
        MergeSameDayTask(IS_DATA)(nowhere)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rule": "last"}, "rule is one of first, mean, best, got 'last'"),
        ({"rule": "best"}, "rule='best' needs a quality"),
        ({"quality": CLOUDS}, "and the others none"),
        ({"timestamp": "last"}, "timestamp is one of first, mean"),
        ({"day": "local"}, "day is one of solar, utc"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        MergeSameDayTask(IS_DATA, **settings)
    with pytest.raises(FeatureError):
        MergeSameDayTask(SCALAR)


def test_landsat_rows_of_one_pass_become_one_image(repository):
    folder = repository.parent / "shared/data/gdalcubes_L8NY18/inst/L8NY18"
    if not folder.is_dir():
        pytest.skip("needs the Landsat scenes in ../shared/data/gdalcubes_L8NY18")
    rows = [next(folder.glob(f"LC08_L1TP_0140{row}_20180428*")) for row in (31, 32)]
    bbox = BBox((500000, 4400000, 700000, 4700000), CRS.UTM_18N)
    place = {
        "crs": "EPSG:32618",
        "transform": rasterio.transform.from_bounds(*bbox, 100, 150),
        "width": 100,
        "height": 150,
    }
    images = []
    for scene in rows:
        with rasterio.open(next(scene.glob("*_B4.TIF"))) as source, WarpedVRT(source, src_nodata=0, **place) as warped:
            images.append(warped.read(1))
    seen = [image > 0 for image in images]
    assert all(0.2 < mask.mean() < 0.9 for mask in seen)
    assert (seen[0] & seen[1]).any()
    assert (seen[0] ^ seen[1]).any()
    patch = EOPatch(bbox=bbox, timestamps=[datetime(2018, 4, 28, 15, 33, 20), datetime(2018, 4, 28, 15, 33, 44)])
    patch[BANDS] = np.stack(images)[..., np.newaxis]
    merged = MergeSameDayTask(BANDS, no_data_value=0)(patch)[BANDS]
    assert merged.dtype == np.uint16
    assert_array_equal(merged[0, ..., 0], np.where(seen[0], images[0], images[1]))
    assert (merged > 0).mean() == (seen[0] | seen[1]).mean()
