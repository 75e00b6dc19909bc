"""Folders of files, compared with what rasterio makes of each file by hand."""

import pickle
import re
from datetime import datetime

import numpy as np
import pytest
import rasterio
from fsspec.implementations.memory import MemoryFileSystem
from rasterio import Affine
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import EOLearnError
from eolearn.core.utils.fs import get_filesystem
from eolearn.io.files import ImportFromFilesTask

BANDS = (FeatureType.DATA, "BANDS")
MASK = (FeatureType.MASK, "MASK")
STATIC = (FeatureType.DATA_TIMELESS, "STATIC")
LANDSAT = "{scene}/LC08_*_{date:%Y%m%d}_{band}.TIF"
NEW_YORK = BBox((550000, 4480000, 640000, 4560000), CRS.UTM_18N)
PLACE = BBox((500000, 5100000, 500120, 5100080), CRS.UTM_33N)  # 12 x 8 pixels of 10 m


@pytest.fixture(scope="module")
def landsat(repository):
    folder = repository.parent / "shared/data/gdalcubes_L8NY18/inst/L8NY18"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/gdalcubes_L8NY18")
    return folder


def write(path, values, *, west=500000, north=5100080, resolution=10, crs="EPSG:32633", **profile):
    """Write an image, of one channel or several."""
    channels = np.asarray(values)
    channels = channels[np.newaxis] if channels.ndim == 2 else channels
    count, height, width = channels.shape
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=count,
        height=height,
        width=width,
        dtype=channels.dtype,
        crs=crs,
        transform=profile.pop("transform", Affine(resolution, 0, west, 0, -resolution, north)),
        **profile,
    ) as target:
        target.write(channels)


def by_hand(path, bbox, size, resampling, no_data):
    """Return a file on a grid by a virtual raster of GDAL, as floats with NaN for no data."""
    width, height = size
    west, south, east, north = bbox
    transform = Affine((east - west) / width, 0, west, 0, (south - north) / height, north)
    options = {"crs": bbox.crs.ogc_string(), "transform": transform, "width": width, "height": height}
    with (
        rasterio.open(path) as source,
        WarpedVRT(source, resampling=resampling, src_nodata=no_data, nodata=no_data, dtype="float64", **options) as vrt,
    ):
        values = vrt.read(1)
    return np.where(values == no_data, np.nan, values)


class TestLandsat:
    """Nineteen scenes of three footprints, each band on a pixel grid of its own, onto one place."""

    def test_each_file_is_resampled_once_and_neighbours_of_a_day_are_joined(self, landsat):
        bands, size = ["B4", "B8"], (90, 80)  # of 1000 m, finer than the files: coarser, GDAL has two ways
        task = ImportFromFilesTask(BANDS, landsat, LANDSAT, bands=bands, size=size, file_no_data=0)
        patch = task(bbox=NEW_YORK)
        days = sorted({path.name.split("_")[3] for path in landsat.iterdir()})
        assert [f"{time:%Y%m%d}" for time in patch.timestamps] == days
        assert len(days) == 17  # two days have two scenes
        assert (patch[BANDS].shape, patch[BANDS].dtype) == ((17, 80, 90, 2), np.uint16)
        for time, day in enumerate(days):
            for band, name in enumerate(bands):
                merged = np.full((80, 90), np.nan)
                for path in sorted(landsat.glob(f"*/*_{day}_{name}.TIF")):
                    values = by_hand(path, NEW_YORK, size, Resampling.bilinear, 0)
                    merged = np.where(np.isnan(merged), values, merged)
                expected = np.where(np.isnan(merged), 0, np.floor(merged + 0.5)).astype(np.uint16)
                np.testing.assert_array_equal(patch[BANDS][time, ..., band], expected)

    def test_quality_bits_are_never_averaged(self, landsat):
        settings = {"bands": ["BQA"], "size": (90, 80), "file_no_data": 1}
        patch = ImportFromFilesTask(MASK, landsat, LANDSAT, **settings)(bbox=NEW_YORK)
        as_data = ImportFromFilesTask(BANDS, landsat, LANDSAT, **settings)(bbox=NEW_YORK)
        np.testing.assert_array_equal(as_data[BANDS], patch[MASK])
        known = set()
        for path in landsat.glob("*/*_BQA.TIF"):
            with rasterio.open(path) as source:
                known |= set(np.unique(source.read()))
        assert set(np.unique(patch[MASK])) <= known

    def test_scenes_elsewhere_are_left_out(self, landsat):
        north = BBox((500000, 4650000, 560000, 4700000), CRS.UTM_18N)  # only footprint 014031 reaches it
        patch = ImportFromFilesTask(BANDS, landsat, LANDSAT, bands=["B4"], resolution=3000, file_no_data=0)(bbox=north)
        days = sorted({path.name.split("_")[3] for path in landsat.glob("*_014031_*")})
        assert [f"{time:%Y%m%d}" for time in patch.timestamps] == days
        assert patch[BANDS].shape == (len(days), 17, 20, 1)

    def test_a_second_feature_goes_onto_the_grid_of_the_first(self, landsat):
        patch = ImportFromFilesTask(BANDS, landsat, LANDSAT, bands=["B5"], size=(30, 20))(bbox=NEW_YORK)
        assert ImportFromFilesTask(MASK, landsat, LANDSAT, bands=["BQA"])(patch) is patch
        assert patch[MASK].shape == (17, 20, 30, 1)

    def test_all_bands_come_in_the_order_of_people_and_some_dates_by_an_interval(self, landsat):
        task = ImportFromFilesTask(BANDS, landsat, LANDSAT, size=(9, 8))
        patch = task(bbox=NEW_YORK, time_interval=("2018-04-01", "2018-04-30"))
        assert patch.timestamps == [datetime(2018, 4, 5), datetime(2018, 4, 21), datetime(2018, 4, 28)]
        bands = [f"B{index}" for index in range(1, 12)] + ["BQA"]
        assert task(bbox=NEW_YORK, time_interval="2018-04-21").timestamps == patch.timestamps[1:2]
        named = ImportFromFilesTask(BANDS, landsat, LANDSAT, size=(9, 8), bands=bands)
        np.testing.assert_array_equal(
            named(bbox=NEW_YORK, time_interval=("2018-04-01", "2018-04-30"))[BANDS], patch[BANDS]
        )

    def test_an_unknown_band_is_told_with_those_alike(self, landsat):
        with pytest.raises(ValueError, match="no band 'B12'. Did you mean B2.*There are: B1, B2, .*, B11, BQA"):
            ImportFromFilesTask(BANDS, landsat, LANDSAT, bands=["B12"], size=(9, 8))(bbox=NEW_YORK)


class TestValues:
    def test_a_file_on_the_grid_is_taken_as_it_is(self, tmp_path):
        values = np.arange(96, dtype=np.float32).reshape(8, 12)
        write(tmp_path / "20200101_B1.tif", values)
        patch = ImportFromFilesTask(BANDS, tmp_path, "{date}_{band}.tif", resolution=10)(bbox=PLACE)
        assert (patch.bbox, patch.timestamps) == (PLACE, [datetime(2020, 1, 1)])
        np.testing.assert_array_equal(patch[BANDS][0, ..., 0], values)
        assert patch[BANDS].dtype == np.float32

    def test_the_first_file_with_a_value_wins(self, tmp_path):
        first, second = (np.full((8, 12), value, dtype=np.int16) for value in (1, 2))
        first[:, 6:] = -1
        second[:, :3] = second[4:] = -1
        write(tmp_path / "a_20200101T100000.tif", first, nodata=-1)
        write(tmp_path / "b_20200101T090000.tif", second, nodata=-1)
        task = ImportFromFilesTask(BANDS, tmp_path, "{tile}_{date:%Y%m%dT%H%M%S}.tif", resolution=10)
        patch = task(bbox=PLACE)
        assert patch.timestamps == [datetime(2020, 1, 1, 9)]  # the earliest of the day
        expected = np.full((8, 12), -1)
        expected[:4, 6:], expected[:, :6] = 2, 1
        np.testing.assert_array_equal(patch[BANDS][0, ..., 0], expected)
        apart = ImportFromFilesTask(BANDS, tmp_path, "{tile}_{date:%Y%m%dT%H%M%S}.tif", resolution=10, group_by="time")(
            bbox=PLACE
        )
        np.testing.assert_array_equal(apart[BANDS][..., 0], [second, first])

    @pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64])
    def test_files_without_a_value_for_no_data_are_valid_as_far_as_they_reach(self, tmp_path, dtype):
        write(tmp_path / "west_20200101.tif", np.zeros((8, 5), dtype))
        write(tmp_path / "all_20200101.tif", np.full((8, 8), 7, dtype))
        write(tmp_path / "a_20200101.tif", np.zeros((2, 3), dtype))
        task = ImportFromFilesTask(BANDS, tmp_path, "{name}_{date}.tif", resolution=10, no_data_value=99)
        image = task(bbox=PLACE)[BANDS][0, ..., 0]
        expected = np.full((8, 12), 99)
        expected[:, :8] = 7
        expected[:2, :3] = 0  # a comes before all, and all before west
        np.testing.assert_array_equal(image, expected)

    def test_nan_is_no_data_among_floats_and_does_not_spread(self, tmp_path):
        values = np.ones((4, 6), dtype=np.float32)
        values[1, 2] = np.nan
        write(tmp_path / "20200101.tif", values, resolution=20)
        patch = ImportFromFilesTask(BANDS, tmp_path, "{date}.tif", resolution=10)(bbox=PLACE)
        image = patch[BANDS][0, ..., 0]
        assert np.isnan(image[2:4, 4:6]).all()
        assert np.isnan(image).sum() == 4
        assert (image[~np.isnan(image)] == 1).all()

    def test_classes_keep_their_values_and_data_are_interpolated(self, tmp_path):
        values = np.tile(np.array([[0, 100]], dtype=np.uint8), (4, 3))
        for band in ("B1", "SCL", "x_mask"):
            write(tmp_path / f"20200101_{band}.tif", values, resolution=20)
        settings = {"resolution": 10, "bands": ["B1", "SCL", "x_mask"]}
        image = ImportFromFilesTask(BANDS, tmp_path, "{date}_{band}.tif", **settings)(bbox=PLACE)[BANDS]
        assert len(np.unique(image[..., 0])) > 2
        for band in (1, 2):
            np.testing.assert_array_equal(image[0, ..., band], values.repeat(2, 0).repeat(2, 1))
        settings["resampling"] = {"B1": "nearest"}
        image = ImportFromFilesTask(BANDS, tmp_path, "{date}_{band}.tif", **settings)(bbox=PLACE)[BANDS]
        np.testing.assert_array_equal(image[0, ..., 0], values.repeat(2, 0).repeat(2, 1))

    @pytest.mark.parametrize("crs", ["EPSG:32632", "EPSG:4326", "EPSG:3035"])
    def test_another_coordinate_system_is_resampled_as_by_hand(self, tmp_path, crs):
        values = np.random.default_rng(0).integers(1, 9999, (40, 60)).astype(np.uint16)
        west, _, _, north = PLACE.transform(CRS(crs.removeprefix("EPSG:")))
        step = 3e-4 if crs == "EPSG:4326" else 25
        write(
            tmp_path / "20200101.tif",
            values,
            crs=crs,
            transform=Affine(step, 0, west - 9 * step, 0, -step, north + 9 * step),
            nodata=0,
        )
        patch = ImportFromFilesTask(BANDS, tmp_path, "{date}.tif", resolution=10)(bbox=PLACE)
        expected = by_hand(tmp_path / "20200101.tif", PLACE, (12, 8), Resampling.bilinear, 0)
        expected = np.where(np.isnan(expected), 0, np.floor(expected + 0.5))
        np.testing.assert_array_equal(patch[BANDS][0, ..., 0], expected)
        assert (patch[BANDS] > 0).mean() > 0.5

    def test_a_coarser_grid_has_means_of_the_files(self, tmp_path):
        rows, columns = np.mgrid[:32, :48] + 0.5
        write(tmp_path / "20200101.tif", 3 * rows + 2 * columns, resolution=5, west=499940, north=5100120)
        patch = ImportFromFilesTask(BANDS, tmp_path, "{date}.tif", resolution=20)(bbox=PLACE)
        rows, columns = np.mgrid[:4, :6] + 0.5  # the mean of a ramp is its value in the middle of the pixel
        expected = 3 * (4 * rows + 8) + 2 * (4 * columns + 12)
        np.testing.assert_allclose(patch[BANDS][0, ..., 0], expected, rtol=1e-12)

    def test_a_rotated_file_is_put_straight(self, tmp_path):
        turned = Affine(10, 0, 500020, 0, -10, 5100100) @ Affine.rotation(10)
        write(tmp_path / "20200101.tif", np.full((40, 40), 5, np.uint8), transform=turned, nodata=0)
        image = ImportFromFilesTask(BANDS, tmp_path, "{date}.tif", resolution=10)(bbox=PLACE)[BANDS][0, ..., 0]
        assert set(np.unique(image)) == {0, 5}

    def test_the_dtype_can_hold_more_and_halves_go_up(self, tmp_path):
        write(tmp_path / "20200101_B1.tif", np.full((8, 12), 200, np.uint8), nodata=0)
        write(tmp_path / "20200101_B2.tif", np.full((8, 12), 0.5, np.float32))
        pattern = "{date}_{band}.tif"
        image = ImportFromFilesTask(BANDS, tmp_path, pattern, resolution=10, dtype=np.float32)(bbox=PLACE)[BANDS]
        np.testing.assert_array_equal(image[0, 0, 0], [200, 0.5])
        with pytest.raises(ValueError, match="but other files"):
            ImportFromFilesTask(BANDS, tmp_path, pattern, resolution=10)(bbox=PLACE)
        image = ImportFromFilesTask(BANDS, tmp_path, pattern, resolution=10, dtype=np.int16)(bbox=PLACE)[BANDS]
        np.testing.assert_array_equal(image[0, 0, 0], [200, 1])
        with pytest.raises(ValueError, match=r"20200101_B1\.tif has values beyond the range of int8"):
            ImportFromFilesTask(BANDS, tmp_path, pattern, resolution=10, dtype=np.int8)(bbox=PLACE)

    def test_masks_can_be_bool(self, tmp_path):
        write(tmp_path / "20200101.tif", np.tile(np.array([[0, 5, 255]], np.uint8), (8, 4)), nodata=255)
        task = ImportFromFilesTask(MASK, tmp_path, "{date}.tif", resolution=10, dtype=bool)
        np.testing.assert_array_equal(task(bbox=PLACE)[MASK][0, 0, :3, 0], [False, True, False])

    def test_the_dtype_and_no_data_are_those_of_the_chosen_bands(self, tmp_path):
        write(tmp_path / "20200101_A.tif", np.ones((8, 12), np.float32))
        write(tmp_path / "20200101_B.tif", np.full((4, 12), 3, np.uint8), nodata=255)
        patch = ImportFromFilesTask(MASK, tmp_path, "{date}_{band}.tif", bands=["B"], resolution=10)(bbox=PLACE)
        np.testing.assert_array_equal(np.unique(patch[MASK]), [3, 255])


class TestFiles:
    def test_bands_can_be_the_channels_of_a_file(self, tmp_path):
        values = np.arange(2 * 96, dtype=np.int16).reshape(2, 8, 12)
        write(tmp_path / "20200101.tif", values)
        settings = {"pattern": "{date}.tif", "resolution": 10}
        patch = ImportFromFilesTask(BANDS, tmp_path, **settings)(bbox=PLACE)
        np.testing.assert_array_equal(patch[BANDS][0].transpose(2, 0, 1), values)
        patch = ImportFromFilesTask(BANDS, tmp_path, bands=["2"], **settings)(bbox=PLACE)
        np.testing.assert_array_equal(patch[BANDS][0, ..., 0], values[1])
        with rasterio.open(tmp_path / "20200101.tif", "r+") as target:
            target.descriptions = ("red", "nir")
        patch = ImportFromFilesTask(BANDS, tmp_path, bands=["nir", "red"], **settings)(bbox=PLACE)
        np.testing.assert_array_equal(patch[BANDS][0].transpose(2, 0, 1), values[::-1])
        with pytest.raises(ValueError, match="no band 'rad'. Did you mean red"):
            ImportFromFilesTask(BANDS, tmp_path, bands=["rad"], **settings)(bbox=PLACE)

    def test_without_a_date_all_files_are_merged_into_a_timeless_feature(self, tmp_path):
        write(tmp_path / "tiles/a.tif", np.full((8, 6), 1, np.uint8))
        write(tmp_path / "tiles/b.tif", np.full((8, 6), 2, np.uint8), west=500060)
        patch = ImportFromFilesTask(STATIC, tmp_path, "**/*.tif", resolution=10)(bbox=PLACE)
        np.testing.assert_array_equal(patch[STATIC][..., 0], np.repeat([1, 2], 6) * np.ones((8, 1)))
        assert patch.timestamps is None

    @pytest.mark.parametrize("threads", [1, 4])
    def test_other_filesystems_and_expressions(self, tmp_path, threads):
        values = np.ones((8, 12), dtype=np.uint8)
        for day in ("20200101", "20200105"):
            write(tmp_path / f"{day}/B1.tif", values)
            MemoryFileSystem().put_file(f"{tmp_path}/{day}/B1.tif", f"/{tmp_path.name}/{day}/B1.tif")
        expression = re.compile(r"(?P<date>\d{8})/(?P<band>B\d)\.tif")
        for place in (
            {"path": f"memory://{tmp_path.name}"},
            {"path": "", "filesystem": get_filesystem(f"memory://{tmp_path.name}")},
            {"path": tmp_path.name, "filesystem": MemoryFileSystem()},
            {"path": tmp_path},
        ):
            task = ImportFromFilesTask(BANDS, pattern=expression, resolution=10, max_threads=threads, **place)
            patch = pickle.loads(pickle.dumps(task))(bbox=PLACE) if "filesystem" not in place else task(bbox=PLACE)
            assert patch.timestamps == [datetime(2020, 1, 1), datetime(2020, 1, 5)]
            np.testing.assert_array_equal(patch[BANDS], np.ones((2, 8, 12, 1)))

    def test_a_band_that_a_date_lacks_is_an_error_unless_it_may(self, tmp_path):
        write(tmp_path / "20200101_B1.tif", np.ones((8, 12), np.uint8))
        write(tmp_path / "20200101_B2.tif", np.ones((8, 12), np.uint8))
        write(tmp_path / "20200105_B1.tif", np.ones((8, 12), np.uint8))
        settings = {"pattern": "{date}_{band}.tif", "resolution": 10}
        with pytest.raises(ValueError, match="no file of B2 of 2020-01-05.*fail_on_missing=False"):
            ImportFromFilesTask(BANDS, tmp_path, **settings)(bbox=PLACE)
        task = ImportFromFilesTask(BANDS, tmp_path, fail_on_missing=False, no_data_value=9, **settings)
        assert (task(bbox=PLACE)[BANDS][1, ..., 1] == 9).all()


class TestRefusals:
    @pytest.fixture
    def folder(self, tmp_path):
        write(tmp_path / "20200101_B1.tif", np.ones((8, 12), np.uint8))
        return tmp_path

    def refused(self, folder, error, message, patch=None, bbox=PLACE, **settings):
        settings = {"feature": BANDS, "pattern": "{date}_{band}.tif", "resolution": 10, **settings}
        before = None if patch is None else patch.copy(deep=True)
        with pytest.raises(error, match=message) as caught:
            ImportFromFilesTask(path=folder, **settings)(patch, bbox=bbox)
        assert isinstance(caught.value, EOLearnError)
        assert patch == before

    def test_names_that_do_not_match(self, folder):
        self.refused(
            folder, FileNotFoundError, r"No file in .* matches .*20200101_B1\.tif", pattern="{date}.{band}.jp2"
        )
        self.refused(folder / "none", FileNotFoundError, "no folder")
        (folder / "empty").mkdir()
        self.refused(folder / "empty", FileNotFoundError, "no file at all")

    def test_no_pattern_leads_out_of_the_folder(self, folder):
        (folder / "inside").mkdir()
        self.refused(folder / "inside", OSError, "leads out", pattern="../{date}_{band}.tif")

    def test_a_broken_file_among_good_ones(self, folder):
        (folder / "20200105_B1.tif").write_bytes(b"broken")
        self.refused(folder, OSError, r"20200105_B1\.tif can't be read", patch=EOPatch(bbox=PLACE), bbox=None)

    def test_a_file_without_a_coordinate_system(self, folder):
        write(folder / "20200105_B1.tif", np.ones((8, 12), np.uint8), crs=None)
        self.refused(folder, ValueError, r"20200105_B1\.tif has no coordinate system")

    def test_complex_numbers(self, folder):
        write(folder / "20200105_B1.tif", np.ones((8, 12), np.complex64))
        self.refused(folder, ValueError, r"20200105_B1\.tif holds complex64")

    def test_a_file_of_several_channels_with_one_band_in_its_name(self, folder):
        write(folder / "20200105_B1.tif", np.ones((2, 8, 12), np.uint8))
        self.refused(folder, ValueError, r"20200105_B1\.tif has 2 channels, but one band in its name")

    def test_places_that_do_not_fit(self, folder):
        elsewhere = BBox((0, 5100000, 120, 5100080), CRS.UTM_33N)
        self.refused(folder, ValueError, "None of the files lies at", bbox=elsewhere)
        self.refused(folder, ValueError, "no place to read", bbox=None)
        self.refused(folder, ValueError, "another one than was given", patch=EOPatch(bbox=elsewhere))

    def test_sizes_that_are_not_known(self, folder):
        self.refused(folder, ValueError, "size of the image is not known", resolution=None)
        patch = EOPatch(bbox=PLACE, data_timeless={"A": np.ones((2, 3, 1)), "B": np.ones((3, 3, 1))})
        self.refused(folder, ValueError, "different sizes", patch=patch, resolution=None)

    def test_dates_that_are_not_those_of_the_patch(self, folder):
        patch = EOPatch(bbox=PLACE, timestamps=["2021-01-01"])
        self.refused(folder, ValueError, "1 dates, the files at this place 1 others", patch=patch)
        with pytest.raises(ValueError, match="the dates go from 2020-01-01"):
            ImportFromFilesTask(BANDS, folder, "{date}_{band}.tif", resolution=10)(
                bbox=PLACE, time_interval=("2021-01-01", None)
            )

    def test_numbers_that_do_not_fit(self, folder):
        self.refused(folder, ValueError, "300 can't stand for no data", file_no_data=300)
        self.refused(folder, ValueError, "uint8 can't hold no_data_value=nan", no_data_value=np.nan)
        write(folder / "20200101_B1.tif", np.ones((8, 12), np.float32))
        self.refused(folder, ValueError, "integer or bool, but the files hold float32", feature=MASK)

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"feature": STATIC}, "tells a date or none"),
            ({"pattern": "{band}.tif"}, "tells a date or none"),
            ({"feature": (FeatureType.SCALAR, "S")}, "SCALAR can't be used here"),
            ({"size": (3, 3)}, "Only one of size and resolution"),
            ({"size": (0, 3), "resolution": None}, "size is"),
            ({"resolution": 0}, "resolution must be"),
            ({"group_by": "month"}, "group_by can be"),
            ({"bands": "B1"}, "bands must be"),
            ({"bands": ["B1", "B1"]}, "bands must be"),
            ({"resampling": "nearset"}, "Did you mean nearest"),
            ({"resampling": {"B1": "linear"}}, "'linear' is no resampling"),
        ],
    )
    def test_settings_that_make_no_sense(self, settings, message):
        settings = {"feature": BANDS, "pattern": "{date}_{band}.tif", "resolution": 10, **settings}
        with pytest.raises(ValueError, match=message):
            ImportFromFilesTask(path="folder", **settings)
