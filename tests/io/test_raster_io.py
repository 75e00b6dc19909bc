"""The export of features, read back by rasterio."""

import logging
import pickle
import subprocess
import sys
import warnings
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from rasterio.io import MemoryFile
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.core_tasks import IOTask
from eolearn.core.exceptions import EODeprecationWarning, EORuntimeWarning, TemporalDimensionWarning
from eolearn.core.utils.fs import get_filesystem
from eolearn.io import ExportToTiffTask
from eolearn.io.raster_io import LOGGER, BaseRasterIoTask

BANDS = (FeatureType.DATA, "BANDS")
MASK = (FeatureType.MASK, "MASK")
STATIC = (FeatureType.DATA_TIMELESS, "STATIC")
SCALAR = (FeatureType.SCALAR, "SCALAR")
SCALAR_TIMELESS = (FeatureType.SCALAR_TIMELESS, "SCALAR")
DATES = [datetime(2020, 1, 1 + 5 * index, 10, index) for index in range(4)]
PLACE = BBox((500000, 5100000, 500100, 5100160), CRS.UTM_33N)


FULL_DISK = """
import resource, signal, sys
import numpy as np
from sentinelhub import BBox, CRS
from eolearn.core import EOPatch, FeatureType
from eolearn.io import ExportToTiffTask

patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.UTM_33N))
patch[FeatureType.DATA_TIMELESS, "X"] = np.random.default_rng(0).random((100, 100, 2))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))  # the file needs 160,000
try:
    ExportToTiffTask((FeatureType.DATA_TIMELESS, "X"), sys.argv[1])(patch)
except OSError as error:
    print(error.strerror)
"""


@pytest.fixture
def patch():
    rng = np.random.default_rng(0)
    patch = EOPatch(bbox=PLACE, timestamps=DATES)
    patch[BANDS] = rng.random((4, 8, 10, 3)).astype(np.float32)
    patch[MASK] = rng.integers(0, 200, (4, 8, 10, 1)).astype(np.uint8)
    patch[STATIC] = rng.random((8, 10, 4))
    patch[SCALAR] = rng.random((4, 2))
    patch[SCALAR_TIMELESS] = rng.random(5)
    return patch


def read(path):
    with rasterio.open(path) as source:
        return source.read()


def channels_of(array):
    """Return the channels in their order, by a slow loop."""
    return np.stack([frame[..., band] for frame in array for band in range(array.shape[-1])])


def names_in(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())


class TestContent:
    def test_times_and_bands_become_channels_with_the_place_of_the_patch(self, patch, tmp_path):
        assert ExportToTiffTask(BANDS, tmp_path)(patch, filename="map") is patch
        with rasterio.open(tmp_path / "map.tif") as source:
            np.testing.assert_array_equal(source.read(), channels_of(patch[BANDS]))
            assert source.dtypes == ("float32",) * 12
            assert tuple(source.bounds) == tuple(PLACE)
            assert source.crs.to_epsg() == 32633
            assert source.nodata is None

    def test_timeless_and_non_spatial_features(self, patch, tmp_path):
        for feature in (STATIC, SCALAR, SCALAR_TIMELESS):
            ExportToTiffTask(feature, tmp_path)(patch, filename=feature[0].value)
        np.testing.assert_array_equal(read(tmp_path / "data_timeless.tif"), patch[STATIC].transpose(2, 0, 1))
        np.testing.assert_array_equal(read(tmp_path / "scalar.tif"), patch[SCALAR].reshape(8, 1, 1))
        np.testing.assert_array_equal(read(tmp_path / "scalar_timeless.tif"), patch[SCALAR_TIMELESS].reshape(5, 1, 1))

    def test_one_pixel(self, tmp_path):
        patch = EOPatch(bbox=PLACE)
        patch[STATIC] = np.array([[[7.5]]])
        ExportToTiffTask(STATIC, tmp_path / "pixel")(patch)
        np.testing.assert_array_equal(read(tmp_path / "pixel.tif"), [[[7.5]]])

    def test_dates_and_bands_can_be_selected(self, patch, tmp_path):
        task = ExportToTiffTask(BANDS, tmp_path / "map.tif", date_indices=[2, 0], band_indices=(1, 2))
        task(patch)
        np.testing.assert_array_equal(read(tmp_path / "map.tif"), channels_of(patch[BANDS][[2, 0]][..., 1:]))

    def test_dates_are_no_matter_for_a_timeless_feature(self, patch, tmp_path):
        ExportToTiffTask(STATIC, tmp_path / "map.tif", date_indices=[99])(patch)
        assert read(tmp_path / "map.tif").shape == (4, 8, 10)

    def test_another_coordinate_system(self, patch, tmp_path):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Use `@` matmul", PendingDeprecationWarning)  # of rasterio 1.4 itself
            for crs in (CRS.WGS84, 4326, "EPSG:4326"):
                ExportToTiffTask(MASK, tmp_path / "map.tif", crs=crs, no_data_value=255)(patch)
                with rasterio.open(tmp_path / "map.tif") as source:
                    assert source.crs.to_epsg() == 4326
                    west, south, east, north = PLACE.transform(CRS.WGS84)
                    np.testing.assert_allclose(source.bounds, (west, south, east, north), atol=3e-4)
                    assert set(np.unique(source.read(1))) <= {*np.unique(patch[MASK][0]), 255}

    def test_nodata_and_dtype(self, patch, tmp_path):
        patch[BANDS][0, 0, 0, 0] = np.nan
        ExportToTiffTask(BANDS, tmp_path / "map.tif", no_data_value=-5, image_dtype=np.int16)(patch)
        with rasterio.open(tmp_path / "map.tif") as source:
            assert (source.nodata, source.dtypes[0], source.read(1)[0, 0]) == (-5, "int16", -5)

    @pytest.mark.parametrize(
        ("array", "dtype"),
        [(np.eye(4, dtype=bool), "uint8"), (np.eye(4, dtype=np.int8), "int8"), (np.eye(4, dtype=np.uint64), "uint64")],
    )
    def test_masks_of_small_dtypes_raise_no_warning(self, array, dtype, tmp_path):
        patch = EOPatch(bbox=PLACE)
        patch[FeatureType.MASK_TIMELESS, "M"] = array[..., np.newaxis]
        ExportToTiffTask((FeatureType.MASK_TIMELESS, "M"), tmp_path / "map.tif")(patch)
        with rasterio.open(tmp_path / "map.tif") as source:
            assert source.dtypes == (dtype,)
            np.testing.assert_array_equal(source.read(1), array)

    def test_int64_raises_one_warning(self, patch, tmp_path):
        patch[MASK] = patch[MASK].astype(np.int64)
        with pytest.warns(EORuntimeWarning, match="int64") as warned:
            ExportToTiffTask(MASK, tmp_path / "map.tif")(patch)
        assert [warning.filename for warning in warned] == [__file__]
        np.testing.assert_array_equal(read(tmp_path / "map.tif"), channels_of(patch[MASK]))

    def test_an_array_with_other_times_than_the_patch_goes_into_one_file(self, patch, tmp_path):
        with pytest.warns(TemporalDimensionWarning):
            patch.timestamps = DATES[:3]
        ExportToTiffTask(BANDS, tmp_path / "map.tif")(patch)
        assert read(tmp_path / "map.tif").shape == (12, 8, 10)

    def test_the_patch_that_was_handed_in_is_not_changed(self, patch, tmp_path):
        before = patch.copy(deep=True)
        ExportToTiffTask(BANDS, tmp_path / "map.tif", no_data_value=0, image_dtype=np.uint8)(patch)
        assert patch == before


class TestFiles:
    @pytest.mark.parametrize(
        "name", ["map_*", "map_%Y%m%dT%H%M%S.tif", ["map_20200101T100000", "b", "c.tif", "d.TIFF"]]
    )
    def test_one_file_of_each_date(self, patch, tmp_path, name):
        ExportToTiffTask(BANDS, tmp_path)(patch, filename=name)
        assert len(names_in(tmp_path)) == 4
        np.testing.assert_array_equal(read(tmp_path / "map_20200101T100000.tif"), patch[BANDS][0].transpose(2, 0, 1))

    def test_files_are_those_of_the_selected_dates(self, patch, tmp_path):
        task = ExportToTiffTask(BANDS, tmp_path, date_indices=[3, 1], band_indices=[0])
        task(patch, filename="*")
        task(patch, filename=["third", "first"])
        assert names_in(tmp_path) == ["20200106T100100.tif", "20200116T100300.tif", "first.tif", "third.tif"]
        for name in ("third", "20200116T100300"):
            np.testing.assert_array_equal(read(tmp_path / f"{name}.tif")[0], patch[BANDS][3, ..., 0])

    def test_a_timeless_feature_is_one_file_whatever_the_name(self, patch, tmp_path):
        ExportToTiffTask(STATIC, tmp_path)(patch, filename="map_%Y")
        assert names_in(tmp_path) == ["map_%Y.tif"]

    def test_the_bands_of_a_timeless_feature_are_split_over_a_list(self, patch, tmp_path):
        ExportToTiffTask(STATIC, tmp_path)(patch, filename=["a", "b"])
        np.testing.assert_array_equal(read(tmp_path / "b.tif"), patch[STATIC].transpose(2, 0, 1)[2:])

    def test_a_path_may_be_the_file_itself_and_its_folders_are_made(self, patch, tmp_path):
        ExportToTiffTask(BANDS, str(tmp_path / "deep/er/map_*.tiff"), date_indices=[0])(patch)
        assert names_in(tmp_path) == ["deep/er/map_20200101T100000.tiff"]

    def test_no_name_writes_nothing(self, patch, tmp_path):
        assert ExportToTiffTask(BANDS, tmp_path)(patch, filename=None) is patch
        assert names_in(tmp_path) == []

    def test_paths_are_relative_to_a_filesystem(self, patch, tmp_path):
        ExportToTiffTask(BANDS, "folder", filesystem=get_filesystem(tmp_path))(patch, filename="map")
        ExportToTiffTask(BANDS, f"{tmp_path}/other", filesystem=LocalFileSystem())(patch, filename="map")
        assert names_in(tmp_path) == ["folder/map.tif", "other/map.tif"]

    @pytest.mark.parametrize("is_url", [True, False])
    def test_other_filesystems_get_whole_files(self, patch, tmp_path, is_url):
        name = tmp_path.name
        if is_url:
            task = ExportToTiffTask(BANDS, f"memory://{name}/maps", compress="deflate")
        else:
            filesystem = get_filesystem(f"memory://{name}", create=True)
            task = ExportToTiffTask(BANDS, "maps", compress="deflate", filesystem=filesystem)
        task(patch, filename="*")
        assert len(MemoryFileSystem().ls(f"/{name}/maps")) == 4
        content = MemoryFileSystem().cat_file(f"/{name}/maps/20200106T100100.tif")
        with MemoryFile(content) as file, file.open() as source:
            np.testing.assert_array_equal(source.read(), patch[BANDS][1].transpose(2, 0, 1))

    def test_no_path_leads_out_of_a_filesystem(self, patch, tmp_path):
        (tmp_path / "inside").mkdir()
        with pytest.raises(OSError, match="leads out"):
            ExportToTiffTask(BANDS, "..", filesystem=get_filesystem(tmp_path / "inside"))(patch, filename="map")


class TestSafety:
    def test_a_failed_export_keeps_the_old_file_and_leaves_nothing_else(self, patch, tmp_path):
        (tmp_path / "map.tif").write_bytes(b"old")
        patch[BANDS] = patch[BANDS].astype(np.uint8)
        with pytest.raises(
            OSError, match=r"'BANDS'\), 12 channels of uint8, to .*map\.tif with compress='jpeg': .*max 10"
        ):
            ExportToTiffTask(BANDS, tmp_path / "map.tif", compress="jpeg")(patch)
        assert names_in(tmp_path) == ["map.tif"]
        assert (tmp_path / "map.tif").read_bytes() == b"old"

    def test_a_full_disk_is_an_error_and_keeps_the_old_file(self, tmp_path):
        (tmp_path / "map.tif").write_bytes(b"old")
        answer = subprocess.run(
            [sys.executable, "-c", FULL_DISK, str(tmp_path / "map.tif")], capture_output=True, text=True, check=True
        )
        assert answer.stdout == "File too large\n"
        assert names_in(tmp_path) == ["map.tif"]
        assert (tmp_path / "map.tif").read_bytes() == b"old"

    def test_an_old_file_is_replaced(self, patch, tmp_path):
        for date in (0, 1):
            ExportToTiffTask(BANDS, tmp_path / "map.tif", date_indices=[date])(patch)
        np.testing.assert_array_equal(read(tmp_path / "map.tif"), patch[BANDS][1].transpose(2, 0, 1))
        assert names_in(tmp_path) == ["map.tif"]


class TestDescribedFiles:
    def test_names_and_times_are_those_of_the_channels(self, patch, tmp_path):
        names = ["red", "green", "nir"]
        ExportToTiffTask(BANDS, tmp_path / "map", band_names=names, with_times=True)(patch)
        with rasterio.open(tmp_path / "map.tif") as source:
            assert source.descriptions == tuple(f"{date.isoformat()} {name}" for date in DATES for name in names)
            times = [source.tags(index)["TIMESTAMP"] for index in source.indexes]
            assert times == [date.isoformat() for date in DATES for _ in names]
            assert "TIFFTAG_DATETIME" not in source.tags()

    def test_a_file_of_one_date_has_plain_names(self, patch, tmp_path):
        ExportToTiffTask(BANDS, tmp_path, band_names=["red", "nir"], band_indices=[0, 2], cog=True)(patch, filename="*")
        with rasterio.open(tmp_path / "20200106T100100.tif") as source:
            assert source.descriptions == ("red", "nir")
            assert source.tags()["TIFFTAG_DATETIME"] == "2020:01:06 10:01:00"
            assert source.compression.name == "deflate"
            np.testing.assert_array_equal(source.read(), patch[BANDS][1][..., [0, 2]].transpose(2, 0, 1))

    def test_names_of_a_timeless_feature_are_split_with_its_bands(self, patch, tmp_path):
        ExportToTiffTask(STATIC, tmp_path, band_names=list("abcd"))(patch, filename=["first", "second"])
        with rasterio.open(tmp_path / "second.tif") as source:
            assert source.descriptions == ("c", "d")

    def test_without_being_asked_nothing_is_described(self, patch, tmp_path):
        ExportToTiffTask(BANDS, tmp_path / "map")(patch)
        with rasterio.open(tmp_path / "map.tif") as source:
            assert set(source.descriptions) == {None}
            assert source.tags() == {"AREA_OR_POINT": "Area"}
            assert source.tags(1) == {}

    def test_colors_of_classes(self, patch, tmp_path):
        ExportToTiffTask(MASK, tmp_path, colors={1: (255, 0, 0)})(patch, filename="*")
        with rasterio.open(tmp_path / "20200101T100000.tif") as source:
            assert source.colormap(1)[1][:3] == (255, 0, 0)
        with pytest.raises(ValueError, match="Only a single channel.*has 4 of uint8.*a file a date"):
            ExportToTiffTask(MASK, tmp_path, colors={1: (255, 0, 0)})(patch, filename="map")
        with pytest.raises(ValueError, match="Only a single channel.*float32"):
            ExportToTiffTask(BANDS, tmp_path, colors={1: (255, 0, 0)}, band_indices=[0])(patch, filename="*")

    def test_overviews_are_made_as_fits_the_type(self, tmp_path):
        values = np.zeros((1100, 1100, 1), dtype=np.uint8)
        values[::2] = 100
        patch = EOPatch(bbox=PLACE)
        for feature_type, expected in ((FeatureType.MASK_TIMELESS, {0, 100}), (FeatureType.DATA_TIMELESS, {50})):
            patch[feature_type, "X"] = values
            ExportToTiffTask((feature_type, "X"), tmp_path / "map.tif", cog=True)(patch)
            with rasterio.open(tmp_path / "map.tif") as source:
                assert set(np.unique(source.read(1, out_shape=(550, 550)))) <= expected

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"band_names": ["red"]}, "band_names has 1 names, but 3 bands"),
            ({"colors": {1: (0, 0, 256)}}, "colors are"),
            ({"colors": {-1: (0, 0, 0)}}, "colors are"),
            ({"colors": {1: (0, 0)}}, "colors are"),
            ({"overview_resampling": "mode"}, "set cog=True"),
            ({"overview_resampling": "avg", "cog": True}, "'avg' is no resampling"),
            ({"predictor": True}, "predictor=True needs a compress"),
            ({"predictor": True, "compress": "packbits"}, "predictor=True needs a compress"),
        ],
    )
    def test_descriptions_that_do_not_fit(self, patch, tmp_path, settings, message):
        with pytest.raises(ValueError, match=message):
            ExportToTiffTask(BANDS, tmp_path, **settings)(patch, filename="map")
        assert names_in(tmp_path) == []

    def test_no_name_leads_out_of_the_folder(self, patch, tmp_path):
        with pytest.raises(OSError, match="leads out of the folder"):
            ExportToTiffTask(BANDS, tmp_path / "inside")(patch, filename="../map")
        assert names_in(tmp_path) == []


class TestMissingFeature:
    feature = (FeatureType.MASK_TIMELESS, "feature-not-present")
    message = "Feature (<FeatureType.MASK_TIMELESS: 'mask_timeless'>, 'feature-not-present') was not found in EOPatch"

    def test_it_is_logged_and_an_error(self, patch, tmp_path, caplog):
        with caplog.at_level(logging.WARNING), pytest.raises(ValueError, match="'feature-not-present'"):
            ExportToTiffTask(self.feature, tmp_path)(patch, filename="map")
        assert [(record.name, record.msg, record.args) for record in caplog.records] == [
            ("eolearn.io.raster_io", self.message, ())
        ]
        assert LOGGER.name == "eolearn.io.raster_io"

    def test_it_is_only_logged_where_it_may_fail(self, patch, tmp_path, caplog):
        task = ExportToTiffTask(self.feature, tmp_path, fail_on_missing=False)
        assert task(patch, filename="map") is patch
        assert [record.getMessage() for record in caplog.records] == [self.message]
        assert names_in(tmp_path) == []


class TestRefusals:
    def test_a_patch_without_a_place(self, patch, tmp_path):
        with pytest.warns(EODeprecationWarning):
            patch.bbox = None
        with pytest.raises(ValueError, match=r"no bounding box.*'BANDS'"):
            ExportToTiffTask(BANDS, tmp_path)(patch, filename="map")
        assert names_in(tmp_path) == []

    def test_a_temporal_feature_without_timestamps(self, patch, tmp_path):
        with pytest.warns(TemporalDimensionWarning):
            patch.timestamps = None
        with pytest.raises(RuntimeError, match=r"no timestamps.*'BANDS'"):
            ExportToTiffTask(BANDS, tmp_path)(patch, filename="map")

    @pytest.mark.parametrize("settings", [{"date_indices": (0, 1)}, {}])
    def test_an_array_with_other_times_than_the_patch_where_dates_matter(self, patch, tmp_path, settings):
        with pytest.warns(TemporalDimensionWarning):
            patch.timestamps = DATES[:2]  # of four: two frames a file would be possible, but wrong
        with pytest.raises(ValueError, match=r"'BANDS'.* 2"):
            ExportToTiffTask(BANDS, tmp_path, **settings)(patch, filename="*")
        assert names_in(tmp_path) == []

    @pytest.mark.parametrize("shape", [(0, 8, 10, 3), (4, 0, 10, 3), (4, 8, 10, 0)])
    def test_a_feature_without_values(self, tmp_path, shape):
        patch = EOPatch(bbox=PLACE, timestamps=DATES[: shape[0]])
        patch[BANDS] = np.zeros(shape)
        with pytest.raises(ValueError, match=r"'BANDS'.*no values"):
            ExportToTiffTask(BANDS, tmp_path)(patch, filename="map")

    @pytest.mark.parametrize(
        ("settings", "error"),
        [
            ({"band_indices": (0,)}, ValueError),
            ({"band_indices": "x"}, ValueError),
            ({"band_indices": [3]}, IndexError),
            ({"band_indices": (2, 1)}, ValueError),
            ({"date_indices": (0,)}, ValueError),
            ({"date_indices": (DATES[0].date(), DATES[1].date())}, ValueError),
            ({"date_indices": [4]}, IndexError),
            ({"date_indices": ("2021-01-01", "2021-01-02")}, ValueError),
        ],
    )
    def test_dates_and_bands_that_are_not_there_when_the_task_runs(self, patch, tmp_path, settings, error):
        task = ExportToTiffTask(BANDS, tmp_path, **settings)
        (name,) = settings
        with pytest.raises(error, match=name):
            task(patch, filename="map")
        assert names_in(tmp_path) == []

    @pytest.mark.parametrize(
        ("name", "error"), [(5, TypeError), (("a", "b", "c", "d"), TypeError), (["a", "b"], ValueError)]
    )
    def test_names_that_do_not_fit(self, patch, tmp_path, name, error):
        with pytest.raises(error, match="filename"):
            ExportToTiffTask(BANDS, tmp_path)(patch, filename=name)

    def test_bands_that_can_not_be_split(self, patch, tmp_path):
        with pytest.raises(ValueError, match=r"'STATIC'.*\(8, 10, 4\).* 3 files"):
            ExportToTiffTask(STATIC, tmp_path)(patch, filename=["a", "b", "c"])

    @pytest.mark.parametrize(
        ("settings", "error", "message"),
        [
            ({"compress": "zip"}, ValueError, "compress can't be 'zip'"),
            ({"crs": "nowhere"}, ValueError, "nowhere"),
            ({"image_dtype": "number"}, TypeError, "image_dtype.*'number'"),
            ({"path": None}, TypeError, "needs a path"),
            ({"filesystem": "memory://"}, ValueError, "memory://"),
        ],
    )
    def test_settings_that_make_no_sense(self, settings, error, message):
        with pytest.raises(error, match=message):
            ExportToTiffTask(BANDS, **{"path": "maps", **settings})

    @pytest.mark.parametrize("feature", [(FeatureType.VECTOR, "V"), (FeatureType.META_INFO, "M"), [BANDS, MASK]])
    def test_what_is_not_one_array_feature(self, feature):
        with pytest.raises(ValueError, match="eature"):
            ExportToTiffTask(feature, "maps")


class TestTask:
    def test_a_folder_is_the_old_name_of_a_path(self, patch, tmp_path):
        with pytest.warns(EODeprecationWarning, match="folder") as warned:
            task = ExportToTiffTask(BANDS, folder=tmp_path)
        assert [warning.filename for warning in warned] == [__file__]
        task(patch, filename="map")
        assert names_in(tmp_path) == ["map.tif"]

    def test_settings_are_attributes(self):
        task = ExportToTiffTask(
            BANDS, "maps", crs=4326, image_dtype=np.uint8, no_data_value=3, date_indices=[0], compress="lzw"
        )
        assert (task.feature, task.image_dtype, task.no_data_value) == (BANDS, np.uint8, 3)
        assert (task.crs, task.date_indices, task.band_indices, task.compress) == (CRS.WGS84, [0], None, "lzw")
        assert task.path == task.filesystem_path == str(Path("maps").resolve()).lstrip("/")

    def test_it_can_be_pickled(self, patch, tmp_path):
        task = pickle.loads(pickle.dumps(ExportToTiffTask(BANDS, tmp_path, compress="deflate", crs=CRS.UTM_33N)))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Use `@` matmul", PendingDeprecationWarning)  # of rasterio 1.4 itself
            task(patch, filename="map")
        assert names_in(tmp_path) == ["map.tif"]

    def test_the_base_is_abstract(self):
        assert issubclass(ExportToTiffTask, BaseRasterIoTask)
        assert issubclass(BaseRasterIoTask, (IOTask, EOTask))
        with pytest.raises(TypeError, match="abstract"):
            BaseRasterIoTask(BANDS, "maps")
