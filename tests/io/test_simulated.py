"""Images of the simulated scene: always the same, without seams, true to their own truth and to some physics."""

import io
import pickle
import subprocess
import sys
import zlib
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from rasterio.features import geometry_mask, rasterize
from rasterio.transform import from_bounds
from sentinelhub import CRS, BBox, DataCollection, Geometry
from shapely import box, transform

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import TimestampsMissing
from eolearn.core.utils.sun import sun_angles
from eolearn.io import SimulatedInputTask
from eolearn.io._kernels.landscape import RESERVOIR_DEPTH_M
from eolearn.io._scene.orbits import HALF_SWATH_M, acquisitions, swath_offset_m
from eolearn.io._scene.tables import BANDS
from eolearn.io._scene.truth import TRUTHS
from eolearn.io._scene.weather import weather_of
from eolearn.io.simulated import _world_key

FEATURE = (FeatureType.DATA, "BANDS")
DATA_MASK = (FeatureType.MASK, "dataMask")
EVERYTHING = [(kind.feature_type, name) for name, kind in TRUTHS.items()]
RASTERS = [(kind, name) for kind, name in EVERYTHING if kind.is_spatial() and not kind.is_vector()]
WEST, SOUTH = 461_130, 5_081_270  # beside a reservoir, no multiples of 60
MAY = ("2018-05-01", "2018-05-31")
YEAR = ("2018-01-01", "2018-12-31")


def place(east=0, north=0, side=640, crs=CRS.UTM_33N):
    west, south = WEST + east, SOUTH + north
    return BBox((west, south, west + side, south + side), crs)


def fill(bbox=None, time_interval=MAY, eopatch=None, geometry=None, **settings):
    if "size" not in settings:
        settings.setdefault("resolution", 10)
    settings.setdefault("bands_feature", FEATURE)
    task = SimulatedInputTask(**settings)
    return task.execute(
        eopatch, bbox=bbox or (None if eopatch else place()), time_interval=time_interval, geometry=geometry
    )


@pytest.fixture(scope="module")
def may():
    return fill(truth=EVERYTHING, additional_data=[DATA_MASK])


@pytest.fixture(scope="module")
def year():
    """A year of 1.28 km with all classes that matter, seen through some clouds."""
    return fill(place(-200, -200, 1280), YEAR, truth=EVERYTHING)


def band(patch, name):
    return patch[FEATURE][..., BANDS.index(name)]


def clear_and_seen(patch):
    hidden = patch.mask["CLOUDS"] | patch.mask["SHADOWS"] | patch.mask["SNOW"]
    return ~hidden[..., 0] & (band(patch, "B04") > 0)


class TestTheSameAgain:
    def test_a_patch_is_the_same_when_it_is_made_again_and_after_others(self, may):
        fill(place(5000, 1000), truth=EVERYTHING, resolution=40)
        assert fill(truth=EVERYTHING, additional_data=[DATA_MASK]) == may

    def test_a_fresh_process_makes_the_same_image(self, may):
        code = (
            "import sys, numpy as np; from sentinelhub import BBox, CRS; from eolearn.core import FeatureType as F;"
            "from eolearn.io import SimulatedInputTask;"
            "task = SimulatedInputTask(bands_feature=(F.DATA, 'BANDS'), resolution=10,"
            "    truth=[(F.MASK_TIMELESS, 'LAND_COVER')]);"
            f"patch = task.execute(bbox=BBox({tuple(place())}, CRS.UTM_33N), time_interval={MAY});"
            "np.savez(sys.stdout.buffer, bands=patch.data['BANDS'], cover=patch.mask_timeless['LAND_COVER'])"
        )
        answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
        other = np.load(io.BytesIO(answer))
        assert_array_equal(other["cover"], may.mask_timeless["LAND_COVER"])
        assert_allclose(other["bands"], may[FEATURE], rtol=0, atol=1e-5)

    @pytest.mark.parametrize(
        ("name", "checksum"), [("LAND_COVER", 183710980), ("CLOUDS", 1642255910), ("WATER", 4232531856)]
    )
    def test_class_rasters_are_those_of_any_machine(self, may, name, checksum):
        """What this expression gave on x86-64, Python 3.11, numba 0.68.1; only a new scene changes it."""
        (raster,) = (may[feature] for feature in RASTERS if feature[1] == name)
        assert np.unique(raster).size > 1
        assert zlib.crc32(raster.astype(np.uint8).tobytes()) == checksum

    def test_another_seed_is_another_world(self, may):
        other = fill(seed=1, truth=EVERYTHING)
        assert (other.mask_timeless["LAND_COVER"] != may.mask_timeless["LAND_COVER"]).any()
        assert np.abs(other.data_timeless["DEM"] - may.data_timeless["DEM"]).mean() > 1


class TestSeams:
    def test_a_patch_is_the_union_of_its_quarters(self, may):
        for east, columns in ((0, slice(0, 32)), (320, slice(32, 64))):
            for north, rows in ((0, slice(32, 64)), (320, slice(0, 32))):
                quarter = fill(place(east, north, 320), truth=RASTERS)
                assert quarter.timestamps == may.timestamps
                for feature in [FEATURE, *RASTERS]:
                    assert_array_equal(quarter[feature], may[feature][..., rows, columns, :])

    @pytest.mark.parametrize(("east", "north"), [(70, 130), (-190, 350), (330, -10)])
    def test_patches_agree_where_they_overlap(self, may, east, north):
        other = fill(place(east, north), truth=RASTERS)
        (right, up) = (east // 10, north // 10)
        here = slice(max(0, -up), 64 - max(0, up)), slice(max(0, right), 64 + min(0, right))
        there = slice(max(0, up), 64 + min(0, up)), slice(max(0, -right), 64 - max(0, right))
        for feature in [FEATURE, *RASTERS]:
            assert_array_equal(other[feature][(..., *there, slice(None))], may[feature][(..., *here, slice(None))])

    @pytest.mark.parametrize("edge", [(480_000, 5_080_000), (456_000, 5_088_000)])
    def test_no_seam_where_the_grids_of_the_sun_and_of_reservoirs_change(self, edge):
        whole = fill(BBox((edge[0] - 320, edge[1] - 320, edge[0] + 320, edge[1] + 320), CRS.UTM_33N), truth=RASTERS)
        part = fill(BBox((edge[0], edge[1], edge[0] + 320, edge[1] + 320), CRS.UTM_33N), truth=RASTERS)
        for feature in [FEATURE, *RASTERS]:
            assert_array_equal(part[feature], whole[feature][..., :32, 32:, :])

    @pytest.mark.parametrize("crs", [CRS.WGS84, CRS.POP_WEB])
    def test_patches_in_other_systems_show_the_pixels_of_the_zone(self, may, crs):
        inner = BBox((WEST + 150, SOUTH + 150, WEST + 450, SOUTH + 450), CRS.UTM_33N).transform(crs)
        other = fill(inner, size=(30, 25), truth=RASTERS)
        west, south, east, north = inner
        x = west + (np.arange(30) + 0.5) * (east - west) / 30
        y = north - (np.arange(25) + 0.5) * (north - south) / 25
        eastings, northings = crs.get_transform_function(CRS.UTM_33N)(*np.meshgrid(x, y))
        column = ((np.asarray(eastings) - WEST) // 10).astype(int)
        row = 63 - ((np.asarray(northings) - SOUTH) // 10).astype(int)
        assert other.timestamps == may.timestamps
        for feature in RASTERS:
            assert_array_equal(other[feature], may[feature][..., row, column, :])
        for name in ("B02", "B03", "B04", "B08"):  # the other bands have larger pixels, see _scene/test_view.py
            assert_array_equal(band(other, name), band(may, name)[:, row, column])

    def test_coarse_images_show_some_of_the_fine_pixels(self, may):
        coarse = fill(resolution=20, truth=RASTERS)
        for feature in RASTERS:  # the middle is a corner of four 10 m pixels, the north-eastern one is shown
            assert_array_equal(coarse[feature], may[feature][..., 0::2, 1::2, :])


class TestPhysics:
    def test_the_edge_of_the_swath_is_where_the_orbit_says_and_beyond_there_are_no_data(self):
        area = BBox((498_000, 5_080_000, 502_800, 5_084_800), CRS.UTM_33N)
        patch = fill(area, MAY, resolution=75, additional_data=[DATA_MASK, (FeatureType.MASK, "CLM")], truth=RASTERS)
        x = 498_000 + 75 * (np.arange(64) + 0.5)
        y = 5_084_800 - 75 * (np.arange(64) + 0.5)
        longitudes, latitudes = CRS.UTM_33N.get_transform_function(CRS.WGS84)(*np.meshgrid(x, y))
        passes = {
            each.timestamp: each
            for each in acquisitions(longitudes, latitudes, datetime(2018, 5, 1), datetime(2018, 6, 1))
        }
        shares = []
        for date, time in enumerate(patch.timestamps):
            offsets = np.abs(swath_offset_m(passes[time].relative_orbit, longitudes, latitudes)) - HALF_SWATH_M
            seen = patch[DATA_MASK][date, ..., 0]
            assert seen[offsets < -10].all()
            assert not seen[offsets > 10].any()
            assert not patch[FEATURE][date][~seen].any()
            assert (patch[FEATURE][date][seen] > 0).all()
            assert (patch.mask["CLM"][date, ..., 0][~seen] == 255).all()
            for name in ("CLOUDS", "SHADOWS", "SNOW", "WATER"):
                assert not patch.mask[name][date][~seen].any()
            shares.append(seen.mean())
        assert any(0.1 < share < 0.9 for share in shares)
        assert 1 in shares

    def test_snow_lies_in_winter_only_and_more_of_it_higher_up(self):
        """A mountain of 1200 m and its foot, every 500 m."""
        area = BBox((480_000, 5_100_000, 512_000, 5_132_000), CRS.UTM_33N)
        truth = [each for each in RASTERS if each[1] in ("SNOW", "DEM", "LAND_COVER")]
        patch = fill(area, YEAR, resolution=500, bands_feature=None, truth=truth)
        months = np.array([time.month for time in patch.timestamps])
        snow, heights = patch.mask["SNOW"][..., 0], patch.data_timeless["DEM"][..., 0]
        open_land = patch.mask_timeless["LAND_COVER"][..., 0] == 3
        assert not snow[(months > 5) & (months < 10)].any()
        assert snow[months <= 2].any()
        low, high = heights < np.median(heights[open_land]), heights > np.percentile(heights[open_land], 75)
        for date in snow[snow.any(axis=(1, 2))]:
            assert date[high & open_land].mean() >= date[low & open_land].mean()

    def test_only_cirrus_is_seen_in_b10(self, year):
        passes = _weathers(year)
        cloudy = year.mask["CLOUDS"][..., 0]
        assert any(weather.sky.cirrus == 0 and cloudy[date].any() for date, weather in enumerate(passes))
        for date, weather in enumerate(passes):
            if weather.sky.cirrus == 0:
                assert band(year, "B10")[date].max() < 0.006  # noise of five deviations of 0.00027, over 0.0024
        assert band(year, "B10").max() > 0.015
        assert band(year, "B02")[cloudy].mean() > 1.5 * band(year, "B02")[clear_and_seen(year)].mean()

    def test_shadows_lie_away_from_the_sun_at_the_height_times_the_tangent_of_the_zenith_angle(self):
        """Where there is shadow, there is cloud in the direction of the sun; the other way there needn't be."""
        area = place(-4000, -4000, 10_240)
        patch = fill(area, ("2018-01-01", "2018-06-30"), resolution=40, bands_feature=None, truth=RASTERS)
        towards, away = [], []
        rows, columns = np.mgrid[0:256, 0:256]
        for date, weather in enumerate(_weathers(patch)):
            clouds, shadows = patch.mask["CLOUDS"][date, ..., 0], patch.mask["SHADOWS"][date, ..., 0]
            if weather.sky.cirrus > 0 or not 0.02 < shadows.mean() < 0.5:
                continue
            zenith, azimuth = np.radians(sun_angles([patch.timestamps[date]], 14.51, 45.88)).ravel()
            reach = (weather.sky.cloud_height_m - patch.data_timeless["DEM"][..., 0]) * np.tan(zenith) / 40
            for sign, found in ((1, towards), (-1, away)):
                column = np.round(columns + sign * reach * np.sin(azimuth)).astype(int)
                row = np.round(rows - sign * reach * np.cos(azimuth)).astype(int)
                inside = shadows & (column >= 0) & (column < 256) & (row >= 0) & (row < 256)
                found.append(clouds[row[inside], column[inside]])
        assert len(towards) >= 3
        assert np.concatenate(towards).mean() > 0.97
        assert np.concatenate(away).mean() < 0.7

    def test_slopes_that_face_the_sun_are_brighter(self):
        """The lower the sun, the more: of forest in the hills, in autumn and winter."""
        area = BBox((496_000, 5_116_000, 498_560, 5_118_560), CRS.UTM_33N)
        patch = fill(area, ("2018-08-20", "2018-11-10"), resolution=40, truth=RASTERS)
        north, east = np.gradient(patch.data_timeless["DEM"][..., 0].astype(float), 40)
        correlations = []
        forest = patch.mask_timeless["LAND_COVER"][..., 0] == 2
        for date, time in enumerate(patch.timestamps):
            zenith, azimuth = np.radians(sun_angles([time], 15.0, 46.2)).ravel()
            facing = np.sin(zenith) * (-east * np.sin(azimuth) + north * np.cos(azimuth))  # rows run to the south
            use = forest & clear_and_seen(patch)[date]
            if use.sum() > 500:
                correlations.append(np.corrcoef(facing[use], band(patch, "B8A")[date][use])[0, 1])
        assert len(correlations) >= 3
        assert min(correlations) > 0.1

    def test_what_grows_is_greener_in_summer(self, year):
        months = np.array([time.month for time in year.timestamps])
        red, infrared = band(year, "B04"), band(year, "B08")
        ndvi = (infrared - red) / np.where(red > 0, infrared + red, 1)
        cover = year.mask_timeless["LAND_COVER"][..., 0]
        for number in (2, 3):
            use = clear_and_seen(year) & (cover == number)
            summer, winter = use[months == 7], use[np.isin(months, [12, 1, 2])]
            assert ndvi[months == 7][summer].mean() > ndvi[np.isin(months, [12, 1, 2])][winter].mean() + 0.15

    def test_water_is_dark_in_the_short_wave_infrared(self, year):
        clear = clear_and_seen(year)
        water = year.mask["WATER"][..., 0] & clear
        land = (year.mask_timeless["LAND_COVER"][..., 0] != 5) & clear
        assert band(year, "B11")[water].mean() < 0.05
        assert band(year, "B11")[water].mean() < 0.4 * band(year, "B11")[land].mean()

    def test_the_area_of_water_follows_from_the_level_of_the_reservoir(self, year):
        """The bed is a cone with the shore for its base: the part that is wet shrinks with the square."""
        (shore,) = year.vector_timeless["RESERVOIRS"].itertuples()
        west, south, east, north = np.array(shore.geometry.bounds) // 20 * 20 + [-20, -20, 40, 40]
        patch = fill(
            BBox((west, south, east, north), CRS.UTM_33N), ("2016-01-01", "2018-12-31"), resolution=20,
            bands_feature=None, truth=EVERYTHING,
        )  # fmt: skip
        levels, full = patch.scalar["WATER_LEVEL"][:, 0], shore.FULL_LEVEL
        assert ((full - 0.7 * RESERVOIR_DEPTH_M - 0.01 <= levels) & (levels <= full)).all()
        assert np.ptp(levels) > 1
        expected = (1 - (full - levels) / shore.DEPTH) ** 2 * shore.FULL_AREA
        assert_allclose(patch.mask["WATER"].sum(axis=(1, 2, 3)) * 400, expected, rtol=0.02)


def _weathers(patch):
    """Return the weather of each date of a patch near (WEST, SOUTH)."""
    passes = {each.timestamp: each for each in acquisitions(14.51, 45.88, datetime(2018, 1, 1), datetime(2018, 12, 31))}
    return [weather_of(_world_key(0, 32633), passes[time], 45.88) for time in patch.timestamps]


class TestTruth:
    def test_parcels_burnt_into_a_raster_are_the_land_cover(self, year):
        cover = year.mask_timeless["LAND_COVER"][..., 0]
        parcels = year.vector_timeless["PARCELS"]
        burnt = rasterize(
            zip(parcels.geometry, parcels.LULC_ID, strict=True),
            cover.shape,
            transform=from_bounds(*year.bbox, 128, 128),
        )
        assert (burnt == cover).mean() > 0.995
        assert len(np.unique(cover)) >= 3

    def test_parcels_cover_the_box_once(self, year):
        area = box(*year.bbox)
        pieces = year.vector_timeless["PARCELS"].intersection(area)
        assert_allclose(pieces.area.sum(), area.area, rtol=1e-3)
        assert_allclose(pieces.union_all().area, area.area, rtol=1e-3)

    def test_neighbours_have_the_same_parcels(self, may):
        here = may.vector_timeless["PARCELS"].set_index("PARCEL_ID")
        there = fill(place(640, 0), truth=EVERYTHING).vector_timeless["PARCELS"].set_index("PARCEL_ID")
        shared = here.index.intersection(there.index)
        assert len(shared) > 1
        assert here.geometry[shared].geom_equals(there.geometry[shared]).all()
        assert here.drop(columns="geometry").loc[shared].equals(there.drop(columns="geometry").loc[shared])

    def test_crops_are_listed_for_each_year_of_the_images(self):
        patch = fill(time_interval=("2017-12-01", "2018-01-31"), truth=EVERYTHING)
        assert {"CROP_2017", "CROP_2018"} <= set(patch.vector_timeless["PARCELS"].columns)

    def test_truth_may_be_renamed(self):
        patch = fill(truth=[(FeatureType.MASK_TIMELESS, "LAND_COVER", "LULC")])
        assert (FeatureType.MASK_TIMELESS, "LULC") in patch
        assert (FeatureType.MASK_TIMELESS, "LAND_COVER") not in patch

    def test_shifts_have_the_deviation_that_is_asked_for(self):
        patch = fill(
            place(side=10), ("2016-01-01", "2025-12-31"), bands_feature=None, misregistration_m=6.0,
            truth=[(FeatureType.SCALAR, "SHIFTS")],
        )  # fmt: skip
        shifts = patch.scalar["SHIFTS"]
        assert shifts.shape == (len(patch.timestamps), 2)
        assert len(shifts) > 400
        assert_allclose(shifts.std(axis=0), 6, rtol=4 / np.sqrt(2 * len(shifts)))
        assert not fill(truth=[(FeatureType.SCALAR, "SHIFTS")]).scalar["SHIFTS"].any()

    def test_the_image_moves_but_what_does_not_depend_on_dates_stays(self, may):
        moved = fill(misregistration_m=8.0, truth=EVERYTHING)
        assert (moved[FEATURE] != may[FEATURE]).mean() > 0.5
        for name in ("LAND_COVER", "DEM"):
            (feature,) = (each for each in RASTERS if each[1] == name)
            assert_array_equal(moved[feature], may[feature])


class TestArguments:
    def test_all_13_bands_come_in_the_order_of_the_sensor_and_others_as_asked(self, may):
        assert may[FEATURE].shape == (len(may.timestamps), 64, 64, 13)
        assert may[FEATURE].dtype == np.float32
        some = fill(bands=["B11", "B02", "B8A"])
        assert_array_equal(some[FEATURE], np.stack([band(may, name) for name in ("B11", "B02", "B8A")], axis=-1))

    def test_digital_numbers_are_ten_thousand_times_the_reflectance(self, may):
        numbers = fill(bands_dtype=np.uint16)[FEATURE]
        assert numbers.dtype == np.uint16
        assert np.abs(numbers - np.round(1e4 * may[FEATURE].astype(float))).max() <= 1
        assert_array_equal(fill(bands_dtype=np.float64)[FEATURE], may[FEATURE])

    def test_maxcc_keeps_dates_with_less_cloud_over_the_scene(self):
        whole, some = (fill(time_interval=YEAR, size=(1, 1), maxcc=maxcc) for maxcc in (None, 0.3))
        shares = dict(zip(whole.timestamps, (weather.cloud_share for weather in _weathers(whole)), strict=True))
        assert some.timestamps == [time for time in whole.timestamps if shares[time] <= 0.3]
        assert 0 < len(some.timestamps) < len(whole.timestamps)

    def test_size_and_resolution_say_the_same(self, may):
        assert_array_equal(fill(size=(64, 64))[FEATURE], may[FEATURE])
        assert fill(resolution=(10, 20), bands=["B02"])[FEATURE].shape[1:] == (32, 64, 1)
        assert fill(size=(12, 7), bands=["B02"])[FEATURE].shape[1:] == (7, 12, 1)

    def test_the_timestamps_of_a_patch_are_used(self, may):
        patch = EOPatch(bbox=place(), timestamps=may.timestamps[1:3])
        assert_array_equal(fill(eopatch=patch, time_interval=None)[FEATURE], may[FEATURE][1:3])
        assert patch.timestamps == may.timestamps[1:3]

    def test_timestamps_without_an_image_are_refused(self, may):
        patch = EOPatch(bbox=place(), timestamps=[may.timestamps[0] + timedelta(days=1)])
        with pytest.raises(ValueError, match=r"no image at 2018-05-0.*nearest image is of 2018-05"):
            fill(eopatch=patch, time_interval=None)
        with pytest.raises(ValueError, match=r"1 timestamps, the interval \d+ images"):
            fill(eopatch=patch)

    def test_a_patch_that_has_the_timestamps_of_the_interval_gets_more_features(self, may):
        patch = fill(bands=["B02"])
        fill(eopatch=patch, bands_feature=(FeatureType.DATA, "MORE"), bands=["B03"])
        assert_array_equal(patch.data["MORE"][..., 0], band(may, "B03"))

    def test_intervals_hold_both_ends_and_a_day_is_one(self, may):
        first, last = may.timestamps[0], may.timestamps[-1]
        assert fill(time_interval=(first, last), bands=["B02"]).timestamps == may.timestamps
        second = timedelta(seconds=1)
        assert fill(time_interval=(first + second, last - second), bands=["B02"]).timestamps == may.timestamps[1:-1]
        day = first.date().isoformat()
        for interval in (day, (day, day)):
            assert fill(time_interval=interval, bands=["B02"]).timestamps == [first]

    def test_an_interval_without_images_gives_arrays_without_dates(self):
        patch = fill(time_interval=("2010-01-01", "2010-12-31"), truth=EVERYTHING, additional_data=[DATA_MASK])
        assert patch.timestamps == []
        assert patch[FEATURE].shape == (0, 64, 64, 13)
        for feature in [DATA_MASK, *RASTERS]:
            if feature[0].is_temporal():
                assert patch[feature].shape == (0, 64, 64, 1)
        assert patch.scalar["SHIFTS"].shape == (0, 2)
        assert patch.scalar["WATER_LEVEL"].shape == (0, 1)
        assert patch.mask_timeless["LAND_COVER"].shape == (64, 64, 1)

    def test_time_difference_and_timestamp_filter_choose_among_the_dates(self, may):
        wide = fill(time_difference=timedelta(days=8), bands=["B02"]).timestamps
        assert all(later - earlier > timedelta(days=8) for earlier, later in pairwise(wide))
        seen = []

        def last_two(times, difference):
            seen.append((times, difference))
            return times[-2:]

        kept = fill(timestamp_filter=last_two, time_difference=timedelta(hours=2), bands=["B02"]).timestamps
        assert seen == [(may.timestamps, timedelta(hours=2))]
        assert kept == may.timestamps[-2:]

    @pytest.mark.parametrize("crs", [CRS.UTM_33N, CRS.WGS84])
    def test_pixels_outside_of_a_geometry_have_no_data(self, may, crs):
        shape = box(*place(91, 91, 301)).union(box(*place(301, 1, 201)))
        to_crs = CRS.UTM_33N.get_transform_function(crs)
        shown = Geometry(transform(shape, lambda points: np.column_stack(to_crs(*points.T))), crs)
        patch = fill(geometry=shown, additional_data=[DATA_MASK])
        outside = geometry_mask([shape], (64, 64), from_bounds(*place(), 64, 64))
        assert 0.3 < outside.mean() < 0.95
        assert not patch[FEATURE][:, outside].any()
        assert not patch[DATA_MASK][:, outside].any()
        assert_array_equal(patch[FEATURE][:, ~outside], may[FEATURE][:, ~outside])

    def test_layers_come_under_their_names_and_types(self):
        layers = [(FeatureType.DATA, "sunZenithAngles", "SUN"), (FeatureType.MASK, "CLM"), (FeatureType.DATA, "CLP")]
        patch = fill(bands_feature=None, additional_data=layers)
        shape = (len(patch.timestamps), 64, 64, 1)
        found = {name: patch[kind, name] for kind, name in patch.get_features()}
        assert {array.shape for array in found.values()} == {shape}
        dtypes = {name: array.dtype.name for name, array in found.items()}
        assert dtypes == {"SUN": "float32", "CLM": "uint8", "CLP": "uint8"}

    def test_l1c_may_be_named(self, may):
        assert_array_equal(fill(data_collection=DataCollection.SENTINEL2_L1C)[FEATURE], may[FEATURE])


class TestBadInput:
    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({}, "exactly one of size and resolution, got size=None and resolution=None"),
            ({"size": (5, 5), "resolution": 10}, r"got size=\(5, 5\) and resolution=10"),
            ({"size": (0, 5)}, r"at least one pixel, got \(0, 5\)"),
            ({"size": (5, -1)}, r"got \(5, -1\)"),
            ({"size": (5, 5, 5)}, r"got \(5, 5, 5\)"),
            ({"resolution": 0}, "above 0, got 0"),
            ({"resolution": (10, -10)}, r"got \(10, -10\)"),
            ({"resolution": 10, "bands": ["B02", "B8"]}, "no band 'B8'. Did you mean .*B08"),
            ({"resolution": 10, "bands": ["nir"]}, "no band 'nir'. There are B01, B02"),
            ({"resolution": 10, "maxcc": 2}, "between 0 and 1, got 2"),
            ({"resolution": 10, "misregistration_m": -3}, "can't be negative: -3"),
            ({"resolution": 10, "misregistration_m": np.nan}, "can't be negative: nan"),
            ({"resolution": 10, "truth": [(FeatureType.MASK, "CLOUD")]}, "no truth 'CLOUD'. Did you mean CLOUDS"),
            ({"resolution": 10, "truth": [(FeatureType.MASK, "DEM")]}, "DEM belongs into .*DATA_TIMELESS"),
            ({"resolution": 10, "additional_data": [(FeatureType.MASK, "CLD")]}, "no layer 'CLD'. Did you mean .*CL"),
            ({"resolution": 10, "additional_data": [(FeatureType.MASK_TIMELESS, "CLM")]}, "DATA or MASK, not"),
            ({"resolution": 10, "data_collection": DataCollection.SENTINEL2_L2A}, "Only .*L1C is simulated, not .*L2A"),
            ({"resolution": 10, "bands_feature": (FeatureType.MASK, "BANDS")}, "mask"),
        ],
    )
    def test_settings_that_can_not_be_met_are_refused_at_construction(self, settings, message):
        with pytest.raises(ValueError, match=f"(?i){message}"):
            SimulatedInputTask(**settings)

    @pytest.mark.parametrize("size_of", [{"resolution": 10}, {"size": (4, 4)}])
    def test_a_box_without_area_is_refused(self, size_of):
        with pytest.raises(ValueError, match=r"461130.*has no area"):
            fill(BBox((WEST, SOUTH, WEST, SOUTH + 100), CRS.UTM_33N), **size_of)

    def test_a_box_smaller_than_a_pixel_is_refused(self):
        with pytest.raises(ValueError, match="smaller than a pixel of 10 m"):
            fill(place(side=2))

    def test_a_box_across_zones_is_refused(self):
        with pytest.raises(ValueError, match="across UTM_32N and UTM_33N"):
            fill(BBox((11.99, 45, 12.01, 45.01), CRS.WGS84))

    def test_dates_backwards_are_refused(self):
        with pytest.raises(ValueError, match="backwards: 2018-06-30.* is after 2018-05-01"):
            fill(time_interval=("2018-06-30", "2018-05-01"))

    def test_a_missing_place_or_time_and_two_places_are_refused(self):
        with pytest.raises(ValueError, match="no place: pass bbox="):
            SimulatedInputTask(resolution=10).execute(time_interval=MAY)
        with pytest.raises(ValueError, match="The EOPatch lies at .*461130.*, and bbox= is .*461140"):
            fill(place(10), eopatch=EOPatch(bbox=place()))
        with pytest.raises(TimestampsMissing, match="contains no timestamps. Pass time_interval="):
            fill(time_interval=None)

    def test_a_dtype_that_can_not_hold_reflectances_is_refused(self):
        with pytest.raises(ValueError, match="float32, float64 or uint16, got int16"):
            fill(bands_dtype=np.int16)


class TestTask:
    def test_a_task_can_be_pickled(self, may):
        task = SimulatedInputTask(bands_feature=FEATURE, resolution=10)
        assert_array_equal(
            pickle.loads(pickle.dumps(task)).execute(bbox=place(), time_interval=MAY)[FEATURE], may[FEATURE]
        )

    def test_inputs_are_not_changed(self):
        bands, truth = ["B03", "B02"], [(FeatureType.MASK, "CLOUDS")]
        patch = EOPatch(bbox=place())
        patch.data_timeless["OWN"] = own = np.ones((64, 64, 1))
        fill(eopatch=patch, bands=bands, truth=truth)
        assert (bands, truth) == (["B03", "B02"], [(FeatureType.MASK, "CLOUDS")])
        assert patch.data_timeless["OWN"] is own
        assert (own == 1).all()

    def test_a_result_does_not_share_memory_with_the_next(self, may):
        task = SimulatedInputTask(bands_feature=FEATURE, resolution=10, truth=RASTERS)
        first = task.execute(bbox=place(), time_interval=MAY)
        for feature in [FEATURE, *RASTERS]:
            first[feature][:] = 0
        second = task.execute(bbox=place(), time_interval=MAY)
        for feature in [FEATURE, *RASTERS]:
            assert_array_equal(second[feature], may[feature])

    def test_the_settings_are_recorded(self):
        task = SimulatedInputTask(resolution=10, seed=7, maxcc=0.4, bands=["B02"])
        recorded = task.private_task_config.init_args
        assert (recorded["seed"], recorded["maxcc"], recorded["bands"]) == ("7", "0.4", "['B02']")


def test_estimate_is_the_size_of_bands_and_layers():
    bands, layers = (FeatureType.DATA, "BANDS"), [(FeatureType.MASK, "dataMask"), (FeatureType.DATA, "sunZenithAngles")]
    task = SimulatedInputTask(bands_feature=bands, bands=["B04", "B08"], additional_data=layers, size=(20, 10))
    place = BBox((500_000, 5_100_000, 500_200, 5_100_100), CRS.UTM_33N)
    patch = task.execute(bbox=place, time_interval=("2018-05-01", "2018-06-30"))
    size = sum(patch[feature].nbytes for feature in (bands, *layers))
    assert task.estimate([place], ("2018-05-01", "2018-06-30")).memory_bytes == size
    assert task.estimate([patch, patch]).disk_bytes == 2 * size
    assert task.estimate([place], dates=1).memory_bytes == size / len(patch.timestamps)
