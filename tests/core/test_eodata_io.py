"""What saving and loading an EOPatch promise."""

import datetime as dt
import gzip
import json
import os
import pickle
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from fsspec.implementations.local import LocalFileSystem
from sentinelhub import CRS, BBox
from shapely.geometry import Point

from eolearn.core import EOPatch, FeatureType, OverwritePermission
from eolearn.core.eodata_io import FeatureIO, FeatureIOJson, load_eopatch_content, save_eopatch
from eolearn.core.exceptions import (
    BrokenFile,
    DataError,
    EODeprecationWarning,
    FeatureError,
    FeatureExists,
    FeatureMissing,
    FeatureNotStored,
    PathNotFound,
    SettingError,
    StorageError,
)
from eolearn.core.utils.fs import get_filesystem

BBOX = BBox((500000, 5100000, 500030, 5100020), CRS.UTM_33N)
TIMES = [dt.datetime(2024, 5, 1, 10), dt.datetime(2024, 5, 6, 10, 0, 5, 678)]
OVERWRITE = OverwritePermission.OVERWRITE_FEATURES


def make_patch():
    patch = EOPatch(bbox=BBOX, timestamps=TIMES)
    patch.data["BANDS"] = np.arange(24, dtype=np.float32).reshape(2, 2, 3, 2)
    patch.mask["VALID"] = np.arange(12).reshape(2, 2, 3, 1) % 3 == 0
    patch.scalar["COVERAGE"] = np.array([[0.25], [np.nan]])
    patch.label["KIND"] = np.array([[-3], [4]], dtype=np.int16)
    patch.vector["CLOUDS"] = gpd.GeoDataFrame({"TIMESTAMP": [TIMES[0]]}, geometry=[Point(1, 2)], crs=32633)
    patch.data_timeless["DEM"] = np.arange(6, dtype=np.uint16).reshape(2, 3, 1)
    patch.mask_timeless["CLASS"] = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
    patch.scalar_timeless["MEAN"] = np.array([0.5, -0.5])
    patch.label_timeless["CROP"] = np.array([7])
    patch.vector_timeless["FIELDS"] = gpd.GeoDataFrame({"name": ["a"]}, geometry=[Point(1, 2)], crs=32633)
    patch.meta_info["made"] = {"by": ["a", 1, None, 0.5]}
    return patch


@pytest.fixture
def patch():
    return make_patch()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "patch"


@pytest.fixture(params=["local", "memory"])
def url(request, tmp_path):
    return str(tmp_path / "patch") if request.param == "local" else f"memory:/{tmp_path}/patch"


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())


def content_of(folder):
    return {name: (Path(folder) / name).read_bytes() for name in files_in(folder)}


def without_bbox(**features):
    with pytest.warns(EODeprecationWarning):
        return EOPatch(**features)


# --- there and back


def test_features_of_every_type_come_back(patch, url):
    patch.save(url)
    assert EOPatch.load(url) == patch
    assert EOPatch.load(url, lazy_loading=True) == patch


def test_the_files_lie_where_1_x_puts_them(patch, folder):
    patch.save(folder)
    assert files_in(folder) == [
        "bbox.geojson",
        "data/BANDS.npy.gz",
        "data_timeless/DEM.npy.gz",
        "label/KIND.npy.gz",
        "label_timeless/CROP.npy.gz",
        "mask/VALID.npy.gz",
        "mask_timeless/CLASS.npy.gz",
        "meta_info/made.json.gz",
        "scalar/COVERAGE.npy.gz",
        "scalar_timeless/MEAN.npy.gz",
        "timestamps.json",
        "vector/CLOUDS.gpkg.gz",
        "vector_timeless/FIELDS.gpkg.gz",
    ]


@pytest.mark.parametrize("timestamps", [None, [], TIMES])
def test_a_patch_without_features_comes_back(url, timestamps):
    patch = EOPatch(bbox=BBOX, timestamps=timestamps)
    patch.save(url)
    assert EOPatch.load(url) == patch


def test_a_patch_without_anything_makes_a_folder(folder):
    without_bbox().save(folder)
    assert folder.is_dir()
    assert files_in(folder) == []
    assert EOPatch.load(folder).bbox is None


@pytest.mark.parametrize("shape", [(0, 2, 3, 1), (2, 0, 0, 1), (2, 2, 3, 0), (2, 1, 1, 1)])
def test_arrays_of_any_size_come_back(url, shape):
    patch = EOPatch(bbox=BBOX, timestamps=TIMES[: shape[0]])
    patch.data["A"] = np.ones(shape)
    patch.save(url)
    assert EOPatch.load(url) == patch


def test_a_real_patch_comes_back(real_patch_path, tmp_path):
    patch = EOPatch.load(real_patch_path)
    patch.save(tmp_path / "saved")
    assert EOPatch.load(tmp_path / "saved") == patch


def test_names_with_spaces_and_other_letters_come_back(url):
    patch = EOPatch(bbox=BBOX)
    patch.scalar_timeless["Größe (m) - 2"] = np.zeros(2)
    patch.save(url)
    assert EOPatch.load(url) == patch


@pytest.mark.parametrize("as_path", ["p", "/p", "a/b/p"])
def test_a_path_may_be_relative_to_a_filesystem(patch, tmp_path, as_path):
    filesystem = get_filesystem(tmp_path)
    patch.save(as_path, filesystem=filesystem)
    assert (tmp_path / as_path.lstrip("/") / "bbox.geojson").is_file()
    assert EOPatch.load(as_path, filesystem=filesystem) == patch


def test_a_bare_local_filesystem_begins_at_the_working_directory(patch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    patch.save("p", filesystem=LocalFileSystem())
    assert (tmp_path / "p/bbox.geojson").is_file()
    assert EOPatch.load("p", filesystem=LocalFileSystem()) == patch


def test_no_path_leads_out_of_the_filesystem(patch, tmp_path):
    filesystem = get_filesystem(tmp_path / "root", create=True)
    with pytest.raises(StorageError, match="leads out"):
        patch.save("../p", filesystem=filesystem)
    with pytest.raises(StorageError, match="leads out"):
        EOPatch.load("../p", filesystem=filesystem)
    assert not (tmp_path / "p").exists()


# --- what is saved


def test_only_chosen_features_are_saved(patch, folder):
    patch.save(folder, features=[FeatureType.META_INFO, (FeatureType.DATA_TIMELESS, "DEM")])
    assert files_in(folder) == ["bbox.geojson", "data_timeless/DEM.npy.gz", "meta_info/made.json.gz"]


@pytest.mark.parametrize(
    ("features", "setting", "expected"),
    [
        (..., "auto", True),
        ([(FeatureType.DATA, "BANDS")], "auto", True),
        ([FeatureType.DATA_TIMELESS], "auto", False),
        ([FeatureType.VECTOR_TIMELESS, FeatureType.VECTOR], "auto", True),
        ([], "auto", False),
        (..., False, False),
        ([], True, True),
    ],
)
def test_timestamps_are_saved_with_what_has_time(patch, folder, features, setting, expected):
    patch.save(folder, features=features, save_timestamps=setting)
    assert (folder / "timestamps.json").exists() == expected


def test_a_type_that_the_patch_has_nothing_of_brings_no_timestamps(folder):
    EOPatch(bbox=BBOX, timestamps=TIMES).save(folder, features=[FeatureType.VECTOR])
    assert files_in(folder) == ["bbox.geojson"]


def test_a_feature_that_is_not_there_cannot_be_saved(patch, folder):
    with pytest.raises(FeatureMissing, match="'missing'"):
        patch.save(folder, features=[(FeatureType.DATA, "missing")])
    assert files_in(folder) == []


def test_a_feature_named_twice_is_saved_once(patch, folder):
    patch.save(folder, features=[FeatureType.META_INFO, (FeatureType.META_INFO, "made")])
    assert files_in(folder) == ["bbox.geojson", "meta_info/made.json.gz"]


@pytest.mark.parametrize("setting", ["yes", None, 2])
def test_other_settings_for_timestamps_are_refused(patch, folder, setting):
    with pytest.raises(SettingError, match=rf"True, False or 'auto', got {setting!r}"):
        patch.save(folder, save_timestamps=setting)
    patch.save(folder)
    with pytest.raises(SettingError, match="'auto'"):
        EOPatch.load(folder, load_timestamps=setting)


@pytest.mark.parametrize("selection", [slice(0, 1), [0], "infer"])
def test_some_of_the_dates_cannot_be_saved_without_zarr(patch, folder, selection):
    with pytest.raises(SettingError, match="without zarr arrays.*use_zarr=True") as info:
        patch.save(folder, temporal_selection=selection)
    assert isinstance(info.value, ValueError)
    assert files_in(folder) == []


# --- over what is saved already


def test_adding_leaves_what_is_there(patch, url):
    patch.save(url, features=[FeatureType.DATA])
    patch.save(url, features=[FeatureType.MASK], overwrite_permission=OverwritePermission.ADD_ONLY)
    assert EOPatch.load(url) == patch.copy(features=[FeatureType.DATA, FeatureType.MASK])


def test_adding_refuses_what_is_there(patch, folder):
    patch.save(folder, features=[FeatureType.DATA])
    before = content_of(folder)
    with pytest.raises(FeatureExists, match=rf"'BANDS' is saved in {folder} already.*OVERWRITE_FEATURES") as info:
        patch.save(folder)
    assert isinstance(info.value, ValueError)
    assert content_of(folder) == before


@pytest.mark.parametrize("extension", [".npy", ".npy.gz", ".zarr"])
def test_a_feature_is_there_in_whatever_format(patch, folder, extension):
    (folder / "data").mkdir(parents=True)
    (folder / f"data/BANDS{extension}").touch()
    with pytest.raises(FeatureExists):
        patch.save(folder)


def test_place_and_dates_are_replaced_silently(patch, folder):
    patch.save(folder, features=[FeatureType.DATA])
    moved = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=TIMES[:1])
    moved.save(folder, overwrite_permission="add_only")
    loaded = EOPatch.load(folder, features=[], load_timestamps=True)
    assert (loaded.bbox, loaded.timestamps) == (moved.bbox, moved.timestamps)


def test_overwriting_replaces_only_what_is_saved(patch, url):
    patch.save(url)
    changed = patch.copy(deep=True)
    changed.data["BANDS"][:] = 0
    changed.data_timeless["DEM"][:] = 0
    changed.save(url, features=[FeatureType.DATA], overwrite_permission=OVERWRITE)
    loaded = EOPatch.load(url)
    assert not loaded.data["BANDS"].any()
    np.testing.assert_array_equal(loaded.data_timeless["DEM"], patch.data_timeless["DEM"])


def test_the_same_feature_in_other_formats_is_removed(patch, url):
    filesystem = get_filesystem(url, create=True)
    stale = ["data/BANDS.npy", "data/BANDS.zarr/zarr.json", "bbox.geojson.gz", "timestamp.json", "vector/CLOUDS.gpkg"]
    for name in [*stale, "data/OTHER.npy"]:
        filesystem.makedirs(name.rpartition("/")[0], exist_ok=True)
        filesystem.pipe_file(name, b"")
    patch.save(url, overwrite_permission=OVERWRITE)
    assert not any(map(filesystem.exists, [*stale, "data/BANDS.zarr"]))
    assert filesystem.exists("data/OTHER.npy")
    filesystem.rm("data/OTHER.npy")
    assert EOPatch.load(url) == patch


def test_overwriting_the_patch_removes_everything_else(patch, url):
    patch.save(url)
    filesystem = get_filesystem(url)
    filesystem.makedirs("unrelated")
    filesystem.pipe_file("unrelated/file", b"")
    with pytest.warns(EODeprecationWarning):
        permission = OverwritePermission.OVERWRITE_PATCH
    patch.save(url, features=[FeatureType.MASK], overwrite_permission=permission)
    assert EOPatch.load(url) == patch.copy(features=[FeatureType.MASK])
    assert not filesystem.exists("unrelated")
    assert not filesystem.exists("data")


def test_names_that_differ_only_in_case_cannot_be_saved_together(folder):
    patch = EOPatch(bbox=BBOX)
    patch.scalar_timeless["a"] = patch.scalar_timeless["A"] = np.zeros(1)
    patch.label_timeless["A"] = np.zeros(1, dtype=int)  # of another type, so in another folder
    with pytest.raises(StorageError, match=r"'A' and 'a' can't both be saved.*case"):
        patch.save(folder, overwrite_permission=OVERWRITE)
    del patch[FeatureType.SCALAR_TIMELESS, "a"]
    patch.save(folder)


def test_adding_refuses_a_name_that_differs_in_case(folder):
    patch = EOPatch(bbox=BBOX, scalar_timeless={"a": np.zeros(1)})
    patch.save(folder)
    patch.scalar_timeless = {"A": np.zeros(1)}
    with pytest.raises(StorageError, match=r"'A' and 'a' can't both") as info:
        patch.save(folder)
    assert not isinstance(info.value, ValueError)
    patch.save(folder, overwrite_permission=OVERWRITE)
    assert files_in(folder / "scalar_timeless") == ["A.npy.gz", "a.npy.gz"]


def test_overwriting_looks_at_case_where_disks_do_not(folder, monkeypatch):
    EOPatch(bbox=BBOX, scalar_timeless={"a": np.zeros(1)}).save(folder)
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(StorageError, match=r"'A' and 'a' can't both"):
        EOPatch(bbox=BBOX, scalar_timeless={"A": np.zeros(1)}).save(folder, overwrite_permission=OVERWRITE)


# --- all or nothing


@pytest.mark.parametrize(
    ("feature_type", "value", "error"),
    [
        (FeatureType.META_INFO, object(), TypeError),
        (FeatureType.DATA, np.full((2, 1, 1, 1), object()), DataError),
        (FeatureType.VECTOR_TIMELESS, gpd.GeoDataFrame({"x": [[1]]}, geometry=[Point(0, 0)], crs=4326), DataError),
    ],
)
def test_one_feature_that_cannot_be_saved_leaves_all_as_it_was(patch, url, feature_type, value, error):
    patch.save(url)
    filesystem = get_filesystem(url)
    before = {path: filesystem.cat_file(path) for path in filesystem.find("")}
    patch.data["BANDS"] = patch.data["BANDS"] + 1
    patch[feature_type, "NEW"] = value
    with pytest.raises(error, match=rf"{feature_type.value}/NEW\."):
        patch.save(url, overwrite_permission=OVERWRITE)
    assert {path: filesystem.cat_file(path) for path in filesystem.find("")} == before


def test_an_error_of_the_disk_leaves_all_as_it_was(patch, folder):
    patch.save(folder)
    before = content_of(folder)
    lazy = EOPatch.load(folder, lazy_loading=True)
    (folder / "data/BANDS.npy.gz").write_bytes(b"broken")
    with pytest.raises(BrokenFile, match=r"BANDS\.npy\.gz"):
        lazy.save(folder, overwrite_permission=OVERWRITE)
    assert content_of(folder) == {**before, "data/BANDS.npy.gz": b"broken"}


def test_a_lazy_patch_can_be_saved_over_itself(patch, url):
    patch.save(url)
    lazy = EOPatch.load(url, lazy_loading=True)
    lazy.data_timeless["DEM"] = lazy.data_timeless["DEM"] + 1
    lazy.save(url, overwrite_permission=OVERWRITE)
    patch.data_timeless["DEM"] = patch.data_timeless["DEM"] + 1
    assert EOPatch.load(url) == patch == lazy


def test_a_lazy_patch_can_be_saved_over_all_of_its_folder(patch, url):
    patch.save(url)
    lazy = EOPatch.load(url, lazy_loading=True)
    with pytest.warns(EODeprecationWarning):
        lazy.save(url, overwrite_permission="OVERWRITE_PATCH")
    assert EOPatch.load(url) == patch


def test_a_lazy_patch_can_be_saved_elsewhere(patch, url, tmp_path):
    patch.save(url)
    EOPatch.load(url, lazy_loading=True).save(tmp_path / "elsewhere")
    assert EOPatch.load(tmp_path / "elsewhere") == patch


def test_a_lazy_patch_survives_pickling(patch, folder):
    patch.save(folder)
    assert pickle.loads(pickle.dumps(EOPatch.load(folder, lazy_loading=True))) == patch


def test_saving_changes_nothing_in_the_patch(patch, url):
    before = patch.copy(deep=True)
    patch.save(url)
    assert patch == before


# --- what is loaded


def test_lazy_features_are_read_when_they_are_used(patch, url):
    patch.save(url)
    lazy = EOPatch.load(url, lazy_loading=True)
    assert all(isinstance(lazy[kind]._get_unloaded(name), FeatureIO) for kind, name in lazy.get_features())
    np.testing.assert_array_equal(lazy.data["BANDS"], patch.data["BANDS"])
    assert isinstance(lazy.data._get_unloaded("BANDS"), np.ndarray)
    assert isinstance(lazy.mask._get_unloaded("VALID"), FeatureIO)


def test_only_chosen_features_are_loaded(patch, url):
    patch.save(url)
    loaded = EOPatch.load(url, features=[FeatureType.META_INFO, (FeatureType.DATA, "BANDS")])
    assert loaded == patch.copy(features=[FeatureType.META_INFO, (FeatureType.DATA, "BANDS")])


@pytest.mark.parametrize(
    ("features", "setting", "expected"),
    [
        (..., "auto", TIMES),
        ([(FeatureType.DATA, "BANDS")], "auto", TIMES),
        ([FeatureType.DATA_TIMELESS], "auto", None),
        ([FeatureType.LABEL_TIMELESS, FeatureType.VECTOR], "auto", TIMES),
        ([], "auto", None),
        (..., False, None),
        ([], True, TIMES),
    ],
)
@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
def test_timestamps_are_loaded_with_what_has_time(patch, folder, features, setting, expected):
    patch.save(folder)
    assert EOPatch.load(folder, features=features, load_timestamps=setting).timestamps == expected


def test_timestamps_that_must_be_loaded_must_be_there(folder):
    EOPatch(bbox=BBOX).save(folder)
    assert EOPatch.load(folder).timestamps is None
    with pytest.raises(StorageError, match=rf"no timestamps in {folder}"):
        EOPatch.load(folder, load_timestamps=True)


def test_a_feature_that_is_not_saved_is_an_error_that_names_it(patch, folder):
    patch.save(folder)
    with pytest.raises(FeatureNotStored, match=rf"'missing' in {folder}.*type: 'BANDS'") as info:
        EOPatch.load(folder, features=[(FeatureType.DATA, "missing")])
    assert isinstance(info.value, OSError)


def test_all_of_a_type_may_be_none(folder):
    EOPatch(bbox=BBOX).save(folder)
    assert EOPatch.load(folder, features=[FeatureType.DATA, (FeatureType.MASK, ...)]).get_features() == []


def test_a_missing_folder_is_an_error_that_names_it(tmp_path):
    with pytest.raises(PathNotFound, match="missing") as info:
        EOPatch.load(tmp_path / "missing")
    assert isinstance(info.value, FileNotFoundError)
    with pytest.raises(FileNotFoundError, match="missing"):
        EOPatch.load("missing", filesystem=get_filesystem(tmp_path))
    with pytest.raises(FileNotFoundError, match="missing"):
        EOPatch.load("memory://test_eodata_io/missing")


def test_a_file_is_no_patch(tmp_path):
    (tmp_path / "file").touch()
    filesystem = get_filesystem(tmp_path)
    with pytest.raises(PathNotFound, match="file is a file"):
        EOPatch.load("file", filesystem=filesystem)
    with pytest.raises(PathNotFound, match="file is a file"):
        EOPatch(bbox=BBOX).save("file", filesystem=filesystem)
    with pytest.raises(OSError, match="file"):
        EOPatch.load(tmp_path / "file")
    with pytest.raises(OSError, match="file"):
        EOPatch(bbox=BBOX).save(tmp_path / "file")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="every folder can be read")
def test_an_unreadable_folder_is_an_error_that_names_it(patch, folder):
    patch.save(folder)
    folder.chmod(0)
    with pytest.raises(OSError, match="patch"):
        EOPatch.load(folder)
    folder.chmod(0o700)


@pytest.mark.parametrize(
    ("name", "content"),
    [("bbox.geojson", b"{"), ("timestamps.json", b"[1]"), ("data/BANDS.npy.gz", b""), ("vector/CLOUDS.gpkg.gz", b"x")],
)
def test_a_broken_file_is_an_error_that_names_it(patch, folder, name, content):
    patch.save(folder)
    (folder / name).write_bytes(content)
    with pytest.raises(BrokenFile, match=rf"{folder / name} is broken"):
        EOPatch.load(folder)


@pytest.mark.parametrize("name", ["x.pkl", "x.json", "x.npy.zip"])
def test_a_file_of_an_unknown_format_is_refused_when_it_is_loaded(patch, folder, name):
    patch.save(folder)
    (folder / "data" / name).touch()
    with pytest.raises(ValueError, match=rf"/data/{name}"):
        EOPatch.load(folder, lazy_loading=True)
    assert EOPatch.load(folder, features=[(FeatureType.DATA, "BANDS")], lazy_loading=True).get_features()


def test_a_hidden_array_has_no_valid_name(patch, folder):
    patch.save(folder)
    (folder / "data/.hidden.npy").touch()
    with pytest.raises(FeatureError, match=r"'\.hidden'"):
        EOPatch.load(folder, lazy_loading=True)


def test_other_files_are_ignored(patch, folder):
    patch.save(folder)
    for name in ("README.md", "data/.DS_Store", "data/notes"):
        (folder / name).touch()
    for name in ("data/folder", "unknown", ".git"):
        (folder / name).mkdir()
    assert EOPatch.load(folder) == patch


def test_content_is_loaded_as_lazy_features(patch, tmp_path):
    patch.save(tmp_path / "p")
    bbox, timestamps, features = load_eopatch_content(
        get_filesystem(tmp_path), "p", features=[FeatureType.DATA], load_timestamps="auto", temporal_selection=None
    )
    assert (bbox, timestamps) == (BBOX, TIMES)
    assert repr(features) == "{(<FeatureType.DATA: 'data'>, 'BANDS'): FeatureIONumpy(p/data/BANDS.npy.gz)}"


def test_functions_take_only_fsspec_filesystems(patch, tmp_path):
    settings = {"features": ..., "temporal_selection": None}
    with pytest.raises(SettingError, match="fsspec"):
        load_eopatch_content(tmp_path, "p", load_timestamps="auto", **settings)
    settings.update(use_zarr=False, overwrite_permission=OVERWRITE)
    with pytest.raises(SettingError, match="fsspec"):
        save_eopatch(patch, tmp_path, "p", save_timestamps="auto", **settings)


# --- files of older releases


def write_json(path, value):
    text = json.dumps(value).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)


@pytest.mark.parametrize("name", ["timestamp.json", "timestamp.json.gz"])
def test_timestamps_under_their_old_name_are_loaded_with_a_warning(folder, name):
    EOPatch(bbox=BBOX).save(folder)
    write_json(folder / name, ["2024-05-01T10:00:00"])
    with pytest.warns(EODeprecationWarning, match=rf"{folder / name} is a file of an older release") as warnings:
        patch = EOPatch.load(folder)
    assert warnings[0].filename == __file__
    assert patch.timestamps == TIMES[:1]
    patch.save(folder)
    assert files_in(folder) == ["bbox.geojson", "timestamps.json"]


def test_compressed_place_and_dates_are_loaded(patch, folder):
    patch.save(folder)
    for name in ("bbox.geojson", "timestamps.json"):
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))
        (folder / name).unlink()
    assert EOPatch.load(folder) == patch


def test_files_without_compression_are_loaded(patch, folder):
    patch.save(folder)
    for path in folder.rglob("*.gz"):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert EOPatch.load(folder) == patch


@pytest.mark.parametrize("name", ["meta_info.json", "meta_info.json.gz"])
class TestOldMetaInfo:
    """All of the meta-info in one file."""

    @pytest.fixture
    def old(self, folder, name):
        EOPatch(bbox=BBOX, meta_info={"b": "new"}).save(folder)
        write_json(folder / name, {"a": 1, "b": "old", "c": None})
        return folder

    @pytest.mark.parametrize("features", [..., FeatureType.META_INFO, [(FeatureType.META_INFO, "b"), FeatureType.DATA]])
    @pytest.mark.parametrize("lazy_loading", [True, False])
    def test_it_is_loaded_with_a_warning(self, old, features, lazy_loading):
        with pytest.warns(EODeprecationWarning, match=r"meta_info\.json.* older release"):
            patch = EOPatch.load(old, features=features, lazy_loading=lazy_loading)
        assert dict(patch.meta_info) == {"a": 1, "b": "new", "c": None}

    def test_a_name_in_it_counts_as_saved(self, old):
        with pytest.warns(EODeprecationWarning):
            patch = EOPatch.load(old, features=[(FeatureType.META_INFO, "a")])
        assert dict(patch.meta_info) == {"a": 1, "b": "old", "c": None}
        with pytest.warns(EODeprecationWarning), pytest.raises(FeatureNotStored, match="'d'"):
            EOPatch.load(old, features=[(FeatureType.META_INFO, "d")])

    def test_it_is_not_read_for_other_features(self, old):
        assert EOPatch.load(old, features=[FeatureType.DATA]).get_features() == []

    def test_saving_meta_info_replaces_it(self, old, name):
        with pytest.warns(EODeprecationWarning):
            patch = EOPatch.load(old, lazy_loading=True)
        patch.save(old, overwrite_permission=OVERWRITE)
        assert not (old / name).exists()
        assert dict(EOPatch.load(old).meta_info) == {"a": 1, "b": "new", "c": None}

    @pytest.mark.parametrize("content", [[1], "text", None])
    def test_it_must_hold_names(self, old, name, content):
        write_json(old / name, content)
        with pytest.warns(EODeprecationWarning), pytest.raises(BrokenFile, match=r"meta_info\.json"):
            EOPatch.load(old)

    def test_a_name_in_it_cannot_lead_out_of_the_folder(self, old, name):
        write_json(old / name, {"../../evil": 1})
        with pytest.warns(EODeprecationWarning), pytest.raises(FeatureError, match=r"'\.\./\.\./evil'"):
            EOPatch.load(old)


def test_a_feature_io_can_be_read_by_itself(patch, folder):
    patch.save(folder)
    assert FeatureIOJson("/meta_info/made.json.gz", get_filesystem(folder)).load() == patch.meta_info["made"]


@pytest.mark.parametrize("settings", [{}, {"use_zarr": True}, {"overwrite_permission": "maybe"}])
def test_a_save_that_is_refused_leaves_no_folder_behind(patch, tmp_path, settings):
    patch.meta_info["what"] = object()
    with pytest.raises((DataError, SettingError, TypeError)):
        patch.save(tmp_path / "new/patch", **settings)
    assert not (tmp_path / "new").exists()


def test_a_place_that_cannot_be_written_to_is_named(patch, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="file/patch"):
        patch.save(tmp_path / "file/patch")
    assert files_in(tmp_path) == ["file"]
