"""What a lazy feature promises, whatever its format."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fsspec.implementations.local import LocalFileSystem

from eolearn.core.eodata_io import FeatureIO, FeatureIOBBox, FeatureIOGeoDf, FeatureIOJson, FeatureIONumpy
from eolearn.core.exceptions import BrokenFile, PathNotFound, SettingError
from eolearn.core.storage.text import FeatureIOTimestamps
from eolearn.core.utils.fs import get_filesystem

ARRAY = np.arange(6, dtype=np.int16).reshape(1, 2, 3)


@pytest.fixture(params=["local", "memory"])
def filesystem(request, tmp_path):
    return get_filesystem(tmp_path if request.param == "local" else f"memory:/{tmp_path}", create=True)


@pytest.mark.parametrize("compress_level", [0, 1, 3, 9])
def test_saving_returns_the_path_with_its_extension(filesystem, compress_level):
    path = FeatureIONumpy.save(ARRAY, filesystem, "/feature", compress_level)
    assert path == ("/feature.npy.gz" if compress_level else "/feature.npy")
    assert path.endswith(FeatureIONumpy.get_file_extension(compress_level=compress_level))
    np.testing.assert_array_equal(FeatureIONumpy(path, filesystem).load(), ARRAY)


def test_a_bare_local_filesystem_works(tmp_path):
    path = FeatureIONumpy.save(ARRAY, LocalFileSystem(), str(tmp_path / "feature"), 1)
    np.testing.assert_array_equal(FeatureIONumpy(path, LocalFileSystem()).load(), ARRAY)


def test_saving_makes_no_folders(tmp_path):
    with pytest.raises(FileNotFoundError):
        FeatureIONumpy.save(ARRAY, get_filesystem(tmp_path), "missing/feature", 1)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_saved_leaves_the_old_file(filesystem):
    path = FeatureIOJson.save({"a": 1}, filesystem, "meta", 1)
    with pytest.raises(TypeError, match=r"meta\.json\.gz"):
        FeatureIOJson.save({"a": object()}, filesystem, "meta", 1)
    assert FeatureIOJson(path, filesystem).load() == {"a": 1}


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (FeatureIONumpy, "data/A.json"),
        (FeatureIONumpy, "data/A.npy.zip"),
        (FeatureIOGeoDf, "vector/A.npy.gz"),
        (FeatureIOJson, "meta_info/A"),
        (FeatureIOTimestamps, "timestamps.geojson"),
        (FeatureIOBBox, "bbox.json"),
    ],
)
def test_a_path_of_another_format_is_refused(filesystem, kind, path):
    with pytest.raises(SettingError, match=rf"{kind.__name__} reads files that end in \{kind.extension}") as info:
        kind(path, filesystem)
    assert repr(path) in str(info.value)
    assert isinstance(info.value, ValueError)


def test_a_filesystem_of_another_kind_is_refused():
    with pytest.raises(SettingError, match="fsspec"):
        FeatureIONumpy("a.npy", "/tmp")


def test_an_extension_may_stand_twice(filesystem):
    assert FeatureIONumpy("a.npy.npy", filesystem).path == "a.npy.npy"


def test_repr_names_class_and_path_and_loads_nothing(filesystem):
    assert repr(FeatureIONumpy("/data/a.npy.gz", filesystem)) == "FeatureIONumpy(/data/a.npy.gz)"


def test_a_missing_file_is_an_error_that_names_it(filesystem):
    with pytest.raises(PathNotFound, match=r"no file .*a\.npy"):
        FeatureIONumpy("a.npy", filesystem).load()


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "a.npy").mkdir()
    with pytest.raises(OSError, match=r"a\.npy"):
        FeatureIONumpy("a.npy", get_filesystem(tmp_path)).load()


def test_the_file_is_read_once(filesystem):
    feature_io = FeatureIONumpy(FeatureIONumpy.save(ARRAY, filesystem, "a"), filesystem)
    assert feature_io.loaded_value is None
    value = feature_io.load()
    filesystem.rm("a.npy")
    assert feature_io.load() is value
    assert feature_io.loaded_value is value


def test_a_value_of_none_is_read_once(filesystem):
    feature_io = FeatureIOJson(FeatureIOJson.save(None, filesystem, "a"), filesystem)
    assert feature_io.load() is None
    filesystem.rm("a.json")
    assert feature_io.load() is None


def test_a_preloaded_value_needs_no_file(filesystem):
    assert FeatureIOJson.preloaded("a.json", filesystem, {"b": 1}).load() == {"b": 1}


class CountingIO(FeatureIO):
    """Counts how often it is read."""

    extension = ".count"
    reads = 0

    @classmethod
    def save(cls, data, filesystem, feature_path, compress_level=0):
        return feature_path

    def _load(self):
        CountingIO.reads += 1
        return object()


def test_threads_share_one_read(filesystem):
    CountingIO.reads = 0
    feature_io = CountingIO("a.count", filesystem)
    with ThreadPoolExecutor(16) as pool:
        values = set(pool.map(lambda _: feature_io.load(), range(200)))
    assert len(values) == CountingIO.reads == 1


def test_a_copy_shares_the_loaded_value(filesystem):
    feature_io = FeatureIONumpy(FeatureIONumpy.save(ARRAY, filesystem, "a"), filesystem)
    value = feature_io.load()
    assert copy.copy(feature_io).load() is value


def test_a_deep_copy_has_a_value_of_its_own(filesystem):
    feature_io = FeatureIONumpy(FeatureIONumpy.save(ARRAY, filesystem, "a"), filesystem)
    feature_io.load()
    copied = copy.deepcopy(feature_io)
    copied.load()[:] = 0
    np.testing.assert_array_equal(feature_io.load(), ARRAY)


@pytest.mark.parametrize("make_copy", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_copies_read_nothing_and_can_read_later(filesystem, make_copy):
    feature_io = FeatureIONumpy(FeatureIONumpy.save(ARRAY, filesystem, "a"), filesystem)
    copied = make_copy(feature_io)
    assert feature_io.loaded_value is copied.loaded_value is None
    np.testing.assert_array_equal(copied.load(), ARRAY)
    assert feature_io.loaded_value is None


def test_pickling_keeps_a_loaded_value(filesystem):
    feature_io = FeatureIONumpy(FeatureIONumpy.save(ARRAY, filesystem, "a"), filesystem)
    feature_io.load()
    filesystem.rm("a.npy")
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(feature_io)).load(), ARRAY)


def flipped(content: bytes, position: int) -> bytes:
    changed = bytearray(content)
    changed[position] ^= 0xFF
    return bytes(changed)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: content[: len(content) // 2], id="cut in the middle"),
        pytest.param(lambda content: content[:-8], id="cut before the checksum"),
        pytest.param(lambda content: content[:-3], id="cut in the length"),
        pytest.param(lambda content: content[:5], id="cut in the header"),
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: flipped(content, -6), id="wrong checksum"),
        pytest.param(lambda content: flipped(content, -2), id="wrong length"),
        pytest.param(lambda content: flipped(content, 0), id="not gzip"),
        pytest.param(lambda content: content + content, id="written twice"),
        pytest.param(lambda content: content + b"more", id="more bytes"),
    ],
)
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (FeatureIONumpy, np.random.default_rng(1).normal(size=(3, 30, 30, 2))),
        (FeatureIOJson, {"a": list(range(100))}),
    ],
)
def test_a_damaged_file_is_an_error_that_names_it(tmp_path, damage, kind, value):
    filesystem = get_filesystem(tmp_path)
    path = Path(tmp_path / kind.save(value, filesystem, "feature", 1))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BrokenFile, match=rf"{path} is broken") as info:
        kind(path.name, filesystem).load()
    assert isinstance(info.value, OSError)
    assert isinstance(info.value, ValueError)
