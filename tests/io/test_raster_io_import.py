"""The import of GeoTIFF files: what the export wrote, and what others did."""

import pickle
import warnings
from datetime import datetime

import numpy as np
import pytest
import rasterio
from fsspec.implementations.memory import MemoryFileSystem
from rasterio import Affine
from rasterio.errors import NotGeoreferencedWarning
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import (
    EODeprecationWarning,
    EOLearnError,
    EORuntimeWarning,
    TemporalDimensionWarning,
)
from eolearn.core.utils.fs import get_filesystem
from eolearn.io.raster_io import ExportToTiffTask, ImportFromTiffTask

BANDS = (FeatureType.DATA, "BANDS")
MASK = (FeatureType.MASK, "MASK")
STATIC = (FeatureType.DATA_TIMELESS, "STATIC")
SCALAR = (FeatureType.SCALAR, "SCALAR")
LABEL = (FeatureType.LABEL_TIMELESS, "LABEL")
FEATURES = [BANDS, MASK, STATIC, SCALAR, LABEL]
DATES = [datetime(2020, 1, 1 + 5 * index, 10, index) for index in range(4)]
PLACE = BBox((500000, 5100000, 500100, 5100160), CRS.UTM_33N)


@pytest.fixture(scope="module")
def patch():
    rng = np.random.default_rng(0)
    patch = EOPatch(bbox=PLACE, timestamps=DATES)
    patch[BANDS] = rng.random((4, 16, 10, 3)).astype(np.float32)
    patch[MASK] = rng.integers(0, 200, (4, 16, 10, 1)).astype(np.uint8)
    patch[STATIC] = rng.random((16, 10, 4))
    patch[SCALAR] = rng.random((4, 2))
    patch[LABEL] = rng.integers(0, 9, 5).astype(np.int16)
    return patch


@pytest.fixture
def empty():
    return EOPatch(bbox=PLACE, timestamps=DATES)


@pytest.fixture(scope="module")
def folder(patch, tmp_path_factory):
    """Return a folder with each feature in a file of its name, and BANDS in one of each date too."""
    folder = tmp_path_factory.mktemp("maps")
    for feature in FEATURES:
        ExportToTiffTask(feature, folder)(patch, filename=feature[1])
    ExportToTiffTask(BANDS, folder, with_times=True)(patch, filename="*")
    return folder


def write(path, channels, **profile):
    count, height, width = channels.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path, "w", driver="GTiff", count=count, height=height, width=width, dtype=channels.dtype, **profile
        ) as target:
            target.write(channels)


class TestRoundTrip:
    @pytest.mark.parametrize("feature", FEATURES)
    def test_what_was_exported_is_imported_into_a_patch(self, patch, empty, folder, feature):
        assert ImportFromTiffTask(feature, folder)(empty, filename=feature[1]) is empty
        np.testing.assert_array_equal(empty[feature], patch[feature])
        assert empty[feature].dtype == patch[feature].dtype

    @pytest.mark.parametrize("feature", FEATURES)
    @pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
    def test_and_without_a_patch_into_a_new_one(self, patch, folder, feature):
        size = 4 if feature[0].is_temporal() else None
        new = ImportFromTiffTask(feature, folder, timestamp_size=size)(filename=feature[1])
        np.testing.assert_array_equal(new[feature], patch[feature])
        assert (new.bbox, new.timestamps) == (PLACE, None)

    def test_a_temporal_feature_without_times_raises_the_usual_warning(self, folder):
        with pytest.warns(TemporalDimensionWarning):
            new = ImportFromTiffTask(BANDS, folder)(filename="BANDS")
        assert new[BANDS].shape == (1, 16, 10, 12)

    @pytest.mark.parametrize("filename", ["*", "%Y%m%dT%H%M%S", [f"{date:%Y%m%dT%H%M%S}.tif" for date in DATES]])
    def test_one_file_of_each_date(self, patch, empty, folder, filename):
        ImportFromTiffTask(BANDS, folder)(empty, filename=filename)
        np.testing.assert_array_equal(empty[BANDS], patch[BANDS])

    def test_files_follow_each_other_in_the_order_of_the_list(self, patch, folder):
        names = [f"{date:%Y%m%dT%H%M%S}" for date in (DATES[2], DATES[0])]
        new = ImportFromTiffTask(STATIC, folder)(filename=names)
        np.testing.assert_array_equal(new[STATIC], np.concatenate(patch[BANDS][[2, 0]], axis=-1))

    def test_a_timeless_feature_is_one_file_whatever_its_name(self, patch, empty, tmp_path):
        ExportToTiffTask(STATIC, tmp_path)(patch, filename="map_%Y")
        ImportFromTiffTask(STATIC, tmp_path)(empty, filename="map_%Y")
        np.testing.assert_array_equal(empty[STATIC], patch[STATIC])

    def test_no_name_reads_nothing(self, empty):
        assert ImportFromTiffTask(BANDS, "nowhere")(empty, filename=None) is empty
        with pytest.raises(ValueError, match="both a patch and a filename"):
            ImportFromTiffTask(BANDS, "nowhere")(filename=None)

    def test_other_filesystems(self, patch, empty, folder, tmp_path):
        MemoryFileSystem().put_file(f"{folder}/BANDS.tif", f"/{tmp_path.name}/BANDS.tif")
        ImportFromTiffTask(BANDS, f"memory://{tmp_path.name}/BANDS.tif")(empty)
        np.testing.assert_array_equal(empty[BANDS], patch[BANDS])
        task = ImportFromTiffTask(BANDS, "", filesystem=get_filesystem(folder))
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(task))(empty, filename="BANDS")[BANDS], patch[BANDS])

    def test_the_times_can_be_read_back(self, patch, folder):
        names = [f"{date:%Y%m%dT%H%M%S}" for date in DATES]
        new = ImportFromTiffTask(BANDS, folder, read_timestamps=True)(filename=names)
        assert new == EOPatch(bbox=PLACE, timestamps=DATES, data={"BANDS": patch[BANDS]})


class TestPlace:
    def test_the_part_that_covers_the_patch_is_read(self, patch, folder):
        part = EOPatch(bbox=BBox((500020, 5100030, 500070, 5100100), CRS.UTM_33N), timestamps=DATES)
        ImportFromTiffTask(BANDS, folder)(part, filename="BANDS")
        np.testing.assert_array_equal(part[BANDS], patch[BANDS][:, 6:13, 2:7])

    def test_what_is_not_spatial_is_read_whole(self, patch, folder):
        part = EOPatch(bbox=BBox((500020, 5100030, 500070, 5100100), CRS.UTM_33N), timestamps=DATES)
        ImportFromTiffTask(SCALAR, folder)(part, filename="SCALAR")
        np.testing.assert_array_equal(part[SCALAR], patch[SCALAR])

    def test_outside_of_the_image_is_no_data(self, folder):
        part = EOPatch(bbox=BBox((400000, 5100000, 400030, 5100020), CRS.UTM_33N))
        ImportFromTiffTask(STATIC, folder, no_data_value=-9)(part, filename="STATIC")
        np.testing.assert_array_equal(part[STATIC], np.full((2, 3, 4), -9.0))

    def test_a_patch_without_a_place_receives_that_of_the_image(self, patch, folder):
        with pytest.warns(EODeprecationWarning):
            new = EOPatch()
        ImportFromTiffTask(STATIC, folder)(new, filename="STATIC")
        assert new.bbox == PLACE
        np.testing.assert_array_equal(new[STATIC], patch[STATIC])

    def test_another_resolution(self, patch, empty, folder):
        ImportFromTiffTask(BANDS, folder, resolution=20)(empty, filename="BANDS")
        expected = patch[BANDS].reshape(4, 8, 2, 5, 2, 3).mean(axis=(2, 4))
        np.testing.assert_allclose(empty[BANDS], expected, rtol=1e-6)
        ImportFromTiffTask(MASK, folder, resolution=(20, 40))(empty, filename="MASK")
        assert empty[MASK].shape == (4, 4, 5, 1)
        assert set(np.unique(empty[MASK])) <= set(np.unique(patch[MASK]))  # classes are not averaged

    def test_the_type_can_be_another_one(self, patch, empty, folder):
        ImportFromTiffTask(MASK, folder, image_dtype=bool)(empty, filename="MASK")
        np.testing.assert_array_equal(empty[MASK], patch[MASK] != 0)


class TestWithoutCoordinateSystem:
    @pytest.fixture
    def path(self, tmp_path):
        write(tmp_path / "plain.tif", np.ones((1, 16, 10), dtype=np.uint8))
        return tmp_path / "plain.tif"

    def test_it_is_read_whole_where_its_size_is_that_of_the_patch(self, patch, path):
        result = ImportFromTiffTask((FeatureType.MASK_TIMELESS, "M"), path)(patch.copy())
        assert (result[FeatureType.MASK_TIMELESS, "M"].shape, result.bbox) == ((16, 10, 1), PLACE)

    def test_where_nothing_tells_the_size_there_is_a_warning(self, empty, path):
        with pytest.warns(EORuntimeWarning, match=r"plain\.tif.*no coordinate system"):
            ImportFromTiffTask((FeatureType.MASK_TIMELESS, "M"), path)(empty)
        assert empty.bbox == PLACE

    def test_another_size_than_that_of_the_patch_is_refused(self, patch, path):
        write(path, np.ones((1, 15, 10), dtype=np.uint8))
        copied = patch.copy()
        with pytest.raises(ValueError, match=r"plain\.tif.*no coordinate system, and 15 rows and 10 columns"):
            ImportFromTiffTask((FeatureType.MASK_TIMELESS, "M"), path)(copied)
        assert copied == patch

    def test_a_new_patch_gets_no_place(self, path):
        with pytest.warns(EODeprecationWarning):
            new = ImportFromTiffTask((FeatureType.MASK_TIMELESS, "M"), path)()
        assert new.bbox is None


class TestRefusals:
    @pytest.mark.parametrize(
        ("feature", "settings", "filename", "error", "message"),
        [
            (BANDS, {"timestamp_size": 5}, "BANDS", ValueError, "12 channels .* among 5 dates"),
            (BANDS, {"image_dtype": np.uint8, "no_data_value": 0}, ["BANDS", "nope", "x", "y"], OSError, "no file"),
            (MASK, {}, "BANDS", ValueError, "integer or bool.*float32: set image_dtype"),
            (STATIC, {"image_dtype": np.int8}, "MASK", ValueError, "beyond the range of image_dtype=int8"),
            (STATIC, {}, ["STATIC", "SCALAR"], ValueError, "different sizes"),
            (BANDS, {"read_timestamps": True}, "BANDS", ValueError, r"tags of .*BANDS\.tif.* don't tell times"),
            (BANDS, {}, "../BANDS", OSError, "leads out of the folder"),
        ],
    )
    def test_the_patch_stays_as_it_was(self, folder, feature, settings, filename, error, message):
        patch = EOPatch(bbox=PLACE, timestamps=DATES)
        before = patch.copy(deep=True)
        with pytest.raises(error, match=message) as caught:
            ImportFromTiffTask(feature, folder, **settings)(patch, filename=filename)
        assert isinstance(caught.value, EOLearnError)
        assert patch == before

    def test_images_of_different_places_without_a_place(self, folder, tmp_path, patch):
        elsewhere = patch.copy()
        elsewhere.bbox = BBox((0, 0, 100, 160), CRS.UTM_33N)
        ExportToTiffTask(STATIC, tmp_path / "a")(elsewhere)
        ExportToTiffTask(STATIC, tmp_path / "b")(patch)
        with pytest.raises(RuntimeError, match="different places") as caught:
            ImportFromTiffTask(STATIC, tmp_path)(filename=["a", "b"])
        assert isinstance(caught.value, EOLearnError)

    def test_times_that_are_not_those_of_the_patch(self, folder):
        patch = EOPatch(bbox=PLACE, timestamps=DATES[:1])
        with pytest.raises(ValueError, match="The tags tell the times"):
            ImportFromTiffTask(BANDS, folder, read_timestamps=True)(patch, filename=f"{DATES[1]:%Y%m%dT%H%M%S}")

    @pytest.mark.parametrize(
        ("settings", "error", "message"),
        [
            ({"path": None}, TypeError, "needs a path"),
            ({"timestamp_size": 0}, ValueError, "timestamp_size must be 1 or more"),
            ({"resolution": -1}, ValueError, "resolution must be"),
            ({"resolution": (1, 2, 3)}, ValueError, "resolution must be"),
            ({"resampling": "mode"}, ValueError, "resampling='mode' needs a resolution"),
            ({"resolution": 10, "resampling": "averag"}, ValueError, "Did you mean average"),
            ({"feature": STATIC, "read_timestamps": True}, ValueError, "no time axis"),
            ({"image_dtype": "number"}, TypeError, "image_dtype"),
        ],
    )
    def test_settings_that_make_no_sense(self, settings, error, message):
        with pytest.raises(error, match=message):
            ImportFromTiffTask(**{"feature": BANDS, "path": "maps", **settings})

    def test_old_settings_are_warned_of(self):
        with pytest.warns(EODeprecationWarning, match="use_vsi"):
            ImportFromTiffTask(BANDS, "maps", use_vsi=True)
        with pytest.warns(EODeprecationWarning, match="folder"):
            assert ImportFromTiffTask(BANDS, folder="/maps").path == "maps"


def test_a_rotated_image_is_refused(tmp_path):
    transform = Affine(10, 0, 500000, 0, -10, 5100160) @ Affine.rotation(3)
    write(tmp_path / "turned.tif", np.ones((1, 16, 10), np.uint8), crs="EPSG:32633", transform=transform)
    patch = EOPatch(bbox=PLACE)
    with pytest.raises(ValueError, match=r"turned\.tif is rotated"):
        ImportFromTiffTask(STATIC, tmp_path)(patch, filename="turned")
    assert patch == EOPatch(bbox=PLACE)
