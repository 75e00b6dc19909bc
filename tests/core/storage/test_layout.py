"""What is found where in the folder of a patch."""

import pytest
from fsspec.implementations.local import LocalFileSystem

from eolearn.core.constants import FeatureType
from eolearn.core.eodata_io import get_filesystem_data_info, walk_feature_type_folder
from eolearn.core.exceptions import PathNotFound
from eolearn.core.storage.layout import FilesystemDataInfo, find_others, find_replaced, list_patch
from eolearn.core.utils.fs import get_filesystem

FILES = [
    "bbox.geojson",
    "timestamps.json",
    "data/A.npy.gz",
    "data/B.npy",
    "data/C.zarr/zarr.json",
    "data/no_extension",
    "data/.DS_Store",
    "data/folder/D.npy",
    "vector/V.gpkg.gz",
    "meta_info/m.json",
    "README.md",
    "unknown/E.npy",
]


@pytest.fixture(params=["local", "memory"])
def filesystem(request, tmp_path):
    return get_filesystem(tmp_path if request.param == "local" else f"memory:/{tmp_path}", create=True)


def put(filesystem, folder, *names):
    for name in names:
        path = f"{folder}/{name}"
        filesystem.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        filesystem.pipe_file(path, b"")


@pytest.mark.parametrize("location", ["p", "/p", "p/", "a/p"])
def test_features_are_found_by_type_and_name(filesystem, location):
    put(filesystem, location, *FILES)
    info = get_filesystem_data_info(filesystem, location)
    root = location.rstrip("/")
    assert info.bbox == f"{root}/bbox.geojson"
    assert info.timestamps == f"{root}/timestamps.json"
    assert info.old_meta_info is None
    assert info.features == {
        FeatureType.DATA: {"A": f"{root}/data/A.npy.gz", "B": f"{root}/data/B.npy", "C": f"{root}/data/C.zarr"},
        FeatureType.VECTOR: {"V": f"{root}/vector/V.gpkg.gz"},
        FeatureType.META_INFO: {"m": f"{root}/meta_info/m.json"},
    }
    assert dict(info.iterate_features())[FeatureType.VECTOR, "V"] == f"{root}/vector/V.gpkg.gz"


@pytest.mark.parametrize(("location", "path"), [("/", "/data/A.npy"), ("", "data/A.npy")])
def test_a_patch_can_lie_at_the_root(filesystem, location, path):
    put(filesystem, "", "data/A.npy")
    assert get_filesystem_data_info(filesystem, location).features[FeatureType.DATA] == {"A": path}


def test_a_relative_path_works_with_a_bare_local_filesystem(tmp_path, monkeypatch):
    put(get_filesystem(tmp_path), "p", "data/A.npy")
    monkeypatch.chdir(tmp_path)
    info = get_filesystem_data_info(LocalFileSystem(), "p")
    assert info.features[FeatureType.DATA] == {"A": "p/data/A.npy"}


def test_only_types_that_are_asked_for_are_listed(filesystem):
    put(filesystem, "p", *FILES)
    info = get_filesystem_data_info(filesystem, "p", [(FeatureType.DATA, "not there"), FeatureType.MASK])
    assert set(info.features) == {FeatureType.DATA}
    assert set(info.features[FeatureType.DATA]) == {"A", "B", "C"}


def test_an_empty_folder_holds_nothing(filesystem):
    filesystem.makedirs("p")
    assert get_filesystem_data_info(filesystem, "p") == FilesystemDataInfo()


def test_a_missing_folder_is_an_error_that_names_it(filesystem):
    with pytest.raises(PathNotFound, match="missing"):
        get_filesystem_data_info(filesystem, "missing")
    with pytest.raises(FileNotFoundError, match="missing"):
        list(walk_feature_type_folder(filesystem, "missing"))


def test_old_names_are_found(filesystem):
    put(filesystem, "p", "timestamp.json.gz", "meta_info.json", "bbox.geojson.gz")
    info = get_filesystem_data_info(filesystem, "p")
    assert (info.timestamps, info.old_meta_info, info.bbox) == (
        "p/timestamp.json.gz",
        "p/meta_info.json",
        "p/bbox.geojson.gz",
    )


def test_new_timestamps_win_over_old_ones(filesystem):
    put(filesystem, "p", "timestamps.json", "timestamp.json")
    assert get_filesystem_data_info(filesystem, "p").timestamps == "p/timestamps.json"


def test_a_folder_of_a_type_is_walked(filesystem):
    put(filesystem, "p", *FILES)
    assert dict(walk_feature_type_folder(filesystem, "/p/data")) == {
        "A": "/p/data/A.npy.gz",
        "B": "/p/data/B.npy",
        "C": "/p/data/C.zarr",
    }


def test_files_that_appear_later_are_seen(filesystem):
    put(filesystem, "p", "data/A.npy")
    get_filesystem_data_info(filesystem, "p")
    put(filesystem, "p", "data/B.npy", "mask/M.npy")
    assert len(list(get_filesystem_data_info(filesystem, "p").iterate_features())) == 3


def test_unfinished_saves_are_not_listed(filesystem):
    put(filesystem, "p", ".eolearn-save-1-abc-elsewhere/data/A.npy", "bbox.geojson")
    assert list_patch(filesystem, "p", []).entries == {"": ["bbox.geojson"]}


# --- what a save replaces

SAVED = {"bbox.geojson", "timestamps.json", "data/A.npy.gz", "meta_info/m.json.gz"}


def test_the_same_content_in_another_format_is_replaced(filesystem):
    replaced = ["bbox.geojson.gz", "timestamp.json", "timestamps.json.gz", "data/A.npy", "meta_info.json.gz"]
    kept = [
        "data/B.npy",
        "data/A",
        "mask/A.npy",
        "A.npy",
        "meta_info/n.json",
        "bbox",
        "data/timestamp.json",
        "README.md",
    ]
    put(filesystem, "p", *replaced, *kept, *SAVED, "data/A.zarr/zarr.json")
    assert sorted(find_replaced(list_patch(filesystem, "p", FeatureType), SAVED)) == sorted([*replaced, "data/A.zarr"])


def test_old_meta_info_stays_while_none_is_saved(filesystem):
    put(filesystem, "p", "meta_info.json", "data/A.npy")
    assert find_replaced(list_patch(filesystem, "p", FeatureType), {"data/A.npy.gz"}) == ["data/A.npy"]


def test_all_others_are_what_is_not_saved(filesystem):
    put(filesystem, "p", *FILES, *SAVED)
    assert sorted(find_others(list_patch(filesystem, "p", FeatureType), SAVED)) == [
        "README.md",
        "data/.DS_Store",
        "data/B.npy",
        "data/C.zarr",
        "data/folder",
        "data/no_extension",
        "meta_info/m.json",
        "unknown",
        "vector",
    ]
