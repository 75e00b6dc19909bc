"""Tasks that save and load patches."""

import pickle
from pathlib import Path

import fsspec
import numpy as np
import pytest
from fsspec.implementations.dirfs import DirFileSystem
from sentinelhub import CRS, BBox, SHConfig

from eolearn.core import EOPatch, FeatureType, LoadTask, OverwritePermission, SaveTask
from eolearn.core.exceptions import EODeprecationWarning, EOLearnError
from eolearn.core.storage.feature_io import FeatureIO

BANDS = (FeatureType.DATA, "BANDS")
DEM = (FeatureType.DATA_TIMELESS, "DEM")


@pytest.fixture
def patch():
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2017-06-01", "2017-06-11"])
    patch[BANDS] = np.arange(2.0).reshape(2, 1, 1, 1)
    patch[DEM] = np.zeros((1, 1, 1))
    return patch


class TestBoth:
    @pytest.mark.parametrize("kind", [str, Path])
    def test_what_is_saved_can_be_loaded(self, patch, tmp_path, kind):
        folder = kind(tmp_path / "new" / "patches")
        assert SaveTask(folder)(patch, eopatch_folder="42") is patch
        assert LoadTask(folder)(eopatch_folder="42") == patch
        assert (tmp_path / "new/patches/42/data/BANDS.npy.gz").is_file()

    def test_without_a_folder_the_path_is_that_of_the_patch(self, patch, tmp_path):
        SaveTask(tmp_path / "42")(patch)
        assert EOPatch.load(tmp_path / "42") == LoadTask(tmp_path / "42")() == patch

    def test_making_a_task_touches_no_storage(self, tmp_path):
        for task_class in (SaveTask, LoadTask):
            task = task_class(tmp_path / "nowhere", config=SHConfig())
            assert task.path == str(tmp_path / "nowhere")
            assert task.filesystem_path == "/"
        assert list(tmp_path.iterdir()) == []

    def test_a_path_is_within_a_given_filesystem(self, patch, tmp_path):
        filesystem = DirFileSystem(str(tmp_path), fsspec.filesystem("file"))
        task = SaveTask("patches", filesystem=filesystem)
        task(patch, eopatch_folder="42")
        assert task.filesystem_path == task.path == "patches"
        assert LoadTask("patches", filesystem=filesystem)(eopatch_folder="/42") == patch
        assert EOPatch.load(tmp_path / "patches" / "42") == patch

    def test_memory_is_a_filesystem(self, patch):
        SaveTask("memory://test_io_tasks")(patch, eopatch_folder="42")
        assert LoadTask("memory://test_io_tasks")(eopatch_folder="42") == patch
        fsspec.filesystem("memory").rm("/test_io_tasks", recursive=True)

    def test_a_pickled_task_works_as_before_and_after_its_first_use(self, patch, tmp_path):
        save, load = (pickle.loads(pickle.dumps(task)) for task in (SaveTask(tmp_path), LoadTask(tmp_path)))
        save(patch, eopatch_folder="42")
        assert load(eopatch_folder="42") == patch
        filesystem = fsspec.filesystem("file")
        for used in (load, LoadTask(tmp_path, filesystem=filesystem)):
            assert pickle.loads(pickle.dumps(used))(eopatch_folder="42") == patch

    @pytest.mark.parametrize("task_class", [SaveTask, LoadTask])
    def test_a_folder_can_not_lead_out_of_the_path(self, patch, tmp_path, task_class):
        patch.save(tmp_path / "secret")
        (tmp_path / "patches").mkdir()
        arguments = [patch] if task_class is SaveTask else []
        with pytest.raises(OSError, match=r"\.\./secret"):
            task_class(tmp_path / "patches")(*arguments, eopatch_folder="../secret")

    @pytest.mark.parametrize("task_class", [SaveTask, LoadTask])
    def test_bad_settings_are_refused_before_anything_runs(self, task_class):
        with pytest.raises(ValueError, match="nonsense"):
            task_class("x", features="nonsense")
        with pytest.raises(ValueError, match="fsspec"):
            task_class("x", filesystem="nonsense")


class TestSave:
    def test_features_may_be_chosen(self, patch, tmp_path):
        SaveTask(tmp_path, features=[DEM])(patch)
        assert EOPatch.load(tmp_path).get_features() == [DEM]
        assert EOPatch.load(tmp_path).timestamps is None

    def test_timestamps_are_saved_as_told(self, patch, tmp_path):
        SaveTask(tmp_path, features=[DEM], save_timestamps=True)(patch)
        assert EOPatch.load(tmp_path).timestamps == patch.timestamps

    def test_features_are_overwritten_only_with_permission(self, patch, tmp_path):
        SaveTask(tmp_path)(patch)
        patch[BANDS] = patch[BANDS] + 1
        with pytest.raises(ValueError, match="BANDS"):
            SaveTask(tmp_path)(patch)
        SaveTask(tmp_path, overwrite_permission="overwrite_features")(patch)
        assert EOPatch.load(tmp_path) == patch

    def test_a_permission_that_is_not_known_is_refused(self):
        with pytest.raises(ValueError, match="MAYBE"):
            SaveTask("x", overwrite_permission="maybe")
        assert SaveTask("x", overwrite_permission="add_only").overwrite_permission is OverwritePermission.ADD_ONLY

    def test_a_missing_feature_is_refused(self, patch, tmp_path):
        with pytest.raises(ValueError, match="CLOUDS"):
            SaveTask(tmp_path, features=[(FeatureType.MASK, "CLOUDS")])(patch)

    def test_the_level_of_compression_is_deprecated(self):
        with pytest.warns(EODeprecationWarning, match="compress_level"):
            SaveTask("x", compress_level=1)


class TestLoad:
    @pytest.fixture
    def folder(self, patch, tmp_path):
        patch.save(tmp_path / "42")
        return tmp_path

    def test_a_missing_path_is_found_out_when_the_task_runs(self, tmp_path):
        task = LoadTask(tmp_path / "nowhere")
        with pytest.raises(FileNotFoundError, match="nowhere") as caught:
            task()
        assert isinstance(caught.value, EOLearnError)

    def test_a_missing_folder_is_named(self, folder):
        with pytest.raises(FileNotFoundError, match="43"):
            LoadTask(folder)(eopatch_folder="43")

    def test_features_and_timestamps_may_be_chosen(self, patch, folder):
        assert LoadTask(folder, features=[DEM])(eopatch_folder="42").timestamps is None
        loaded = LoadTask(folder, features=[DEM], load_timestamps=True)(eopatch_folder="42")
        assert loaded.get_features() == [DEM]
        assert loaded.timestamps == patch.timestamps

    def test_a_missing_feature_is_refused(self, folder):
        with pytest.raises(OSError, match="CLOUDS"):
            LoadTask(folder, features=[(FeatureType.MASK, "CLOUDS")])(eopatch_folder="42")

    @pytest.mark.parametrize("lazy", [False, True])
    def test_features_may_be_lazy(self, folder, lazy):
        loaded = LoadTask(folder, lazy_loading=lazy)(eopatch_folder="42")
        assert isinstance(loaded.data._get_unloaded("BANDS"), FeatureIO) is lazy

    def test_loaded_features_are_merged_into_a_given_patch(self, patch, folder):
        given = EOPatch(bbox=patch.bbox, timestamps=patch.timestamps[:1], meta_info={"origin": "S2"})
        merged = LoadTask(folder)(given, eopatch_folder="42")
        assert merged is not given
        assert given.get_features() == [(FeatureType.META_INFO, "origin")]
        assert merged.timestamps == patch.timestamps
        assert merged.get_features() == [BANDS, DEM, (FeatureType.META_INFO, "origin")]
