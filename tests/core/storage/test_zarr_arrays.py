"""How Zarr arrays are laid out, and what happens to those of others and to broken ones."""

import itertools
import json
import pickle
import tempfile
from pathlib import Path

import numcodecs
import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from eolearn.core.exceptions import BrokenFile, DataError, PathNotFound
from eolearn.core.storage import zarr_pipeline
from eolearn.core.storage.array_part import ArrayPart
from eolearn.core.storage.dates import TemporalSelection
from eolearn.core.storage.zarr_arrays import StoredArray
from eolearn.core.storage.zarr_feature import FeatureIOZarr
from eolearn.core.storage.zarr_layout import describe_array
from eolearn.core.storage.zarr_writing import write_array, write_dates
from eolearn.core.utils.fs import get_filesystem

RNG = np.random.default_rng(0)
CUBE = RNG.integers(0, 1000, (5, 6, 7, 3), dtype=np.uint16)
LARGE = RNG.integers(0, 1000, (2, 1100, 300, 2), dtype=np.uint16)  # is tiled


@pytest.fixture(params=["local", "memory"])
def filesystem(request, tmp_path):
    return get_filesystem(tmp_path if request.param == "local" else f"memory:/{tmp_path}", create=True)


@pytest.fixture(params=["zarrs", "zarr"])
def local(request, tmp_path, monkeypatch):
    if request.param == "zarr":
        monkeypatch.setattr(zarr_pipeline, "find_spec", lambda name: None)
    return get_filesystem(tmp_path)


def saved(array, filesystem):
    return FeatureIOZarr(FeatureIOZarr.save(array, filesystem, "A"), filesystem)


def files_in(filesystem):
    return sorted(path.removeprefix("A.zarr/") for path in filesystem.find("A.zarr"))


# --- the layout


def test_a_date_is_a_file(filesystem):
    saved(CUBE, filesystem)
    assert files_in(filesystem) == [*[f"c.{date}.0.0.0" for date in range(5)], "zarr.json"]


def test_a_large_date_is_a_file_of_tiles(filesystem):
    saved(LARGE, filesystem)
    assert files_in(filesystem) == ["c.0.0.0.0", "c.1.0.0.0", "zarr.json"]


@pytest.mark.parametrize(
    ("shape", "file_shape", "tile"),
    [
        ((68, 1024, 1024, 13), (1, 1024, 1024, 13), None),
        ((68, 1025, 10, 13), (1, 1280, 256, 13), (1, 256, 256, 13)),
        ((10, 1025, 3), (256, 1280, 3), (256, 256, 3)),
        ((2, 10980, 10980, 4), (1, 11008, 11008, 4), (1, 256, 256, 4)),
        ((3, 1024, 1024, 600), (1, 1024, 1024, 600), (1, 256, 256, 600)),  # otherwise more than Blosc can take
        ((1024, 1024, 4), (1024, 1024, 4), None),
        ((68, 2000), (1, 2000), None),
        ((3000,), (3000,), None),
        ((0, 5, 0, 1), (1, 5, 1, 1), None),
    ],
)
def test_chunks_are_dates_and_tiles(shape, file_shape, tile):
    metadata = describe_array(shape, np.dtype(np.uint16))
    assert tuple(metadata["chunk_grid"]["configuration"]["chunk_shape"]) == file_shape
    (sharding, *_) = metadata["codecs"]
    assert sharding["name"] == ("bytes" if tile is None else "sharding_indexed")
    assert tile is None or tuple(sharding["configuration"]["chunk_shape"]) == tile


def test_the_metadata_are_what_zarr_itself_writes(tmp_path):
    blosc = zarr.codecs.BloscCodec(typesize=2, cname="lz4", clevel=1, shuffle="bitshuffle")
    for shape in (CUBE.shape, LARGE.shape):
        ours = describe_array(shape, np.dtype(np.uint16))
        is_tiled = shape == LARGE.shape
        theirs = zarr.create_array(
            tmp_path / str(len(ours["codecs"])) / str(is_tiled),
            shape=shape,
            dtype=np.uint16,
            chunks=(1, 256, 256, 2) if is_tiled else (1, *shape[1:]),
            shards=(1, 1280, 512, 2) if is_tiled else None,
            compressors=[blosc],
            fill_value=0,
            attributes=ours["attributes"],
            chunk_key_encoding={"name": "default", "separator": "."},
        )
        assert json.loads(json.dumps(ours)) == json.loads(json.dumps(theirs.metadata.to_dict()))


@pytest.mark.parametrize("array", [CUBE, LARGE])
def test_zarr_itself_reads_them(tmp_path, array):
    write_array(tmp_path / "A.zarr", array)
    np.testing.assert_array_equal(zarr.open_array(tmp_path / "A.zarr", mode="r")[:], array)


@pytest.mark.parametrize("dtype", ["U5", "S3", object, "datetime64[s]", "timedelta64[D]", [("a", int)], np.longdouble])
def test_dtypes_that_zarr_does_not_have_are_refused(tmp_path, dtype):
    with pytest.raises(DataError, match=r"A\.zarr can't be saved: The dtype .*without use_zarr"):
        saved(np.zeros((2, 2), dtype=dtype), get_filesystem(tmp_path))
    assert list(tmp_path.iterdir()) == []


# --- there and back


DTYPES = st.sampled_from([bool, np.int8, np.uint16, np.int64, np.float16, np.float32, float, np.complex64, complex])


@given(st_numpy.arrays(DTYPES, st_numpy.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4)))
def test_any_array_comes_back(array):
    filesystem = get_filesystem("memory://test_zarr_arrays", create=True)
    loaded = FeatureIOZarr(FeatureIOZarr.save(array, filesystem, f"A{array.ndim}"), filesystem).load()
    np.testing.assert_array_equal(loaded, array)
    assert (loaded.dtype, loaded.shape) == (array.dtype, array.shape)


@pytest.mark.parametrize("array", [CUBE, LARGE, CUBE.astype(">u2"), CUBE.T, np.asfortranarray(CUBE), np.zeros((3, 4))])
def test_arrays_of_any_order_come_back(local, array):
    np.testing.assert_array_equal(saved(array, local).load(), array)


@pytest.mark.parametrize("array", [CUBE, LARGE])
@pytest.mark.parametrize("dates", [None, [1], [1, 0], [0, 0, 1], slice(None, None, -1), [], [True] * 2])
@pytest.mark.parametrize("window", [None, (slice(2, 5), slice(0, 7)), (slice(5, 6), slice(5, 6))])
@pytest.mark.parametrize("bands", [None, [1], [1, 0, -1]])
def test_a_part_is_what_is_cut_from_the_whole(local, array, dates, window, bands):
    array = array[:2]
    path = saved(array, local).path
    loaded = FeatureIOZarr(path, local, dates, window=window, bands=bands).load()
    np.testing.assert_array_equal(loaded, ArrayPart(dates, window, bands).cut(array))


def test_a_window_across_tiles_is_read(filesystem):
    path = saved(LARGE, filesystem).path
    window = slice(250, 600), slice(255, 257)
    np.testing.assert_array_equal(
        FeatureIOZarr(path, filesystem, [1], window=window).load(), LARGE[1:, 250:600, 255:257]
    )


def test_only_the_files_of_a_part_are_read(filesystem):
    path = saved(CUBE, filesystem).path
    for date in (0, 2, 3):
        filesystem.rm_file(f"A.zarr/c.{date}.0.0.0")
    np.testing.assert_array_equal(FeatureIOZarr(path, filesystem, [4, 1]).load(), CUBE[[4, 1]])


def test_only_the_tiles_of_a_window_are_read(local, tmp_path):
    feature = saved(LARGE, local)
    chunk = tmp_path / "A.zarr/c.0.0.0.0"
    content = bytearray(chunk.read_bytes())
    content[: len(content) // 4] = bytes(len(content) // 4)  # breaks the first tiles
    chunk.write_bytes(content)
    window = slice(1024, 1100), slice(256, 300)
    loaded = FeatureIOZarr(feature.path, local, window=window).load()
    np.testing.assert_array_equal(loaded, LARGE[:, 1024:, 256:])
    with pytest.raises(BrokenFile):
        feature.load()


# --- lazy


def test_it_holds_a_path_until_it_is_used(filesystem):
    feature = FeatureIOZarr("nowhere/A.zarr", filesystem, [0])
    assert pickle.loads(pickle.dumps(feature)).temporal_selection == [0]
    with pytest.raises(PathNotFound, match=r"nowhere/A\.zarr"):
        feature.load()


def test_it_survives_pickling(filesystem):
    feature = pickle.loads(pickle.dumps(saved(CUBE, filesystem)))
    np.testing.assert_array_equal(feature.load(), CUBE)
    assert repr(feature) == "FeatureIOZarr(A.zarr)"


def test_an_array_that_is_open_survives_pickling(filesystem):
    array = StoredArray(filesystem, saved(CUBE, filesystem).path)
    assert array.shape == CUBE.shape
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(array)).read(ArrayPart(dates=[1])), CUBE[[1]])


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        FeatureIOZarr.save(CUBE, get_filesystem(tmp_path), "missing/A")
    assert list(tmp_path.iterdir()) == []


# --- holes and damage


@pytest.mark.parametrize("array", [CUBE, LARGE])
def test_a_missing_chunk_is_not_taken_for_data(filesystem, array):
    feature = saved(array, filesystem)
    filesystem.rm_file("A.zarr/c.1.0.0.0")
    with pytest.raises(BrokenFile, match=r"A\.zarr is broken: the chunk c\.1\.0\.0\.0 is missing"):
        feature.load()


def test_chunks_of_zeros_are_written(filesystem):
    saved(np.zeros_like(CUBE), filesystem)
    assert len(files_in(filesystem)) == 6


@pytest.mark.parametrize("array", [CUBE, LARGE])
@pytest.mark.parametrize("damage", [lambda chunk: b"", lambda chunk: chunk[:-9], lambda chunk: b"x" * len(chunk)])
def test_a_broken_chunk_is_an_error_that_names_the_array(filesystem, array, damage):
    feature = saved(array, filesystem)
    chunk = "A.zarr/c.0.0.0.0"
    filesystem.pipe_file(chunk, damage(filesystem.cat_file(chunk)))
    with pytest.raises(BrokenFile, match=r"A\.zarr is broken"):
        feature.load()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"zarr_format": 3, "node_type": "group"}',
        b'{"zarr_format": 3, "node_type": "array"}',
        b'{"zarr_format": 9}',
        json.dumps({**describe_array((2, 2), np.dtype(int)), "data_type": "nonsense"}).encode(),
        json.dumps({**describe_array((2, 2), np.dtype(int)), "codecs": [{"name": "nonsense"}]}).encode(),
    ],
)
def test_broken_metadata_are_an_error_that_names_the_array(filesystem, content):
    feature = saved(CUBE, filesystem)
    filesystem.pipe_file("A.zarr/zarr.json", content)
    with pytest.raises(BrokenFile, match=r"A\.zarr is broken"):
        feature.load()


def test_a_folder_without_metadata_is_broken(filesystem):
    feature = saved(CUBE, filesystem)
    filesystem.rm_file("A.zarr/zarr.json")
    with pytest.raises(BrokenFile, match=r"neither zarr\.json nor \.zarray"):
        feature.load()


def test_a_date_that_is_not_there_names_the_array(filesystem):
    with pytest.raises(IndexError, match=r"A\.zarr: There is no date at position 5: there are 5"):
        FeatureIOZarr(saved(CUBE, filesystem).path, filesystem, [5]).load()


# --- arrays of others


@pytest.mark.parametrize(
    "settings",
    [
        {"zarr_format": 2, "compressors": numcodecs.Blosc("lz4", 5, 1)},
        {"zarr_format": 2, "compressors": numcodecs.Zlib(1), "filters": [numcodecs.Delta("u2")]},
        {"zarr_format": 2, "compressors": None, "order": "F"},
        {"zarr_format": 2, "dtype": ">u2"},
        {"zarr_format": 2, "compressors": numcodecs.LZ4()},
        {"zarr_format": 3, "chunks": (2, 4, 3, 2)},
        {"zarr_format": 3, "compressors": [zarr.codecs.GzipCodec()], "chunk_key_encoding": {"name": "v2"}},
    ],
)
def test_arrays_that_others_wrote_are_read_and_changed(local, tmp_path, settings):
    settings = {"dtype": "u2", "chunks": (2, 6, 7, 3), **settings}
    zarr.create_array(tmp_path / "A.zarr", shape=CUBE.shape, **settings)[:] = CUBE
    np.testing.assert_array_equal(FeatureIOZarr("A.zarr", local).load(), CUBE)
    np.testing.assert_array_equal(FeatureIOZarr("A.zarr", local, [3, 1]).load(), CUBE[[3, 1]])

    write_dates(tmp_path / "new", CUBE[:2] + 1, [4, 1], StoredArray(local, "A.zarr"), 5)
    for path in (tmp_path / "new").rglob("*"):
        if path.is_file():
            path.replace(tmp_path / "A.zarr" / path.relative_to(tmp_path / "new"))
    expected = CUBE.copy()
    expected[[4, 1]] = CUBE[:2] + 1
    np.testing.assert_array_equal(zarr.open_array(tmp_path / "A.zarr", mode="r")[:], expected)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_in_arrays_that_others_wrote_a_missing_chunk_is_the_fill_value(filesystem, zarr_format, tmp_path):
    zarr.create_array(
        tmp_path / "x.zarr", shape=(3, 2), chunks=(1, 2), dtype=int, fill_value=7, zarr_format=zarr_format
    )
    for path in (tmp_path / "x.zarr").iterdir():
        filesystem.makedirs("A.zarr", exist_ok=True)
        filesystem.pipe_file(f"A.zarr/{path.name}", path.read_bytes())
    np.testing.assert_array_equal(FeatureIOZarr("A.zarr", filesystem).load(), np.full((3, 2), 7))


def test_strings_of_1_x_are_read(local, tmp_path):
    array = np.array([["a", "bcd"]])
    zarr.create_array(tmp_path / "A.zarr", data=array, zarr_format=2)
    np.testing.assert_array_equal(FeatureIOZarr("A.zarr", local).load(), array)


def test_an_array_of_pickles_is_refused(local, tmp_path):
    class Evil:
        def __reduce__(self):
            return Path.touch, (tmp_path / "was run",)

    array = np.array([Evil()], dtype=object)
    metadata = {"zarr_format": 2, "shape": [1], "chunks": [1], "fill_value": None, "order": "C", "compressor": None}
    (tmp_path / "A.zarr").mkdir()
    for dtype, name in itertools.product(["|O", "|O8", "<i8"], ["pickle", r"\u0070ickle"]):
        text = json.dumps({**metadata, "dtype": dtype, "filters": [{"id": "NAME"}]})
        (tmp_path / "A.zarr/.zarray").write_text(text.replace("NAME", name))
        (tmp_path / "A.zarr/0").write_bytes(numcodecs.Pickle().encode(array))
        with pytest.raises(BrokenFile, match="run code"):
            FeatureIOZarr("A.zarr", local).load()
    assert not (tmp_path / "was run").exists()


# --- some of the dates


@given(st.permutations(range(5)), st.integers(1, 5), st.integers(1, 3), st.integers(5, 9))
def test_dates_are_written_among_others_whatever_the_chunks(order, count, depth, size):
    dates = order[:count]
    with tempfile.TemporaryDirectory() as folder:
        array, new = Path(folder, "A.zarr"), Path(folder, "new")
        zarr.create_array(array, shape=CUBE.shape, chunks=(depth, 6, 7, 3), dtype="u2")[:] = CUBE
        write_dates(new, CUBE[:count] + 1, dates, StoredArray(get_filesystem(folder), "A.zarr"), size)
        chunks = [path.relative_to(new) for path in new.glob("c/*/0/0/0")]
        assert {int(chunk.parts[1]) for chunk in chunks} == {date // depth for date in dates}
        for path in [*chunks, *([Path("zarr.json")] if size > 5 else [])]:
            (new / path).replace(array / path)
        expected = np.zeros((size, *CUBE.shape[1:]), dtype="u2")
        expected[:5] = CUBE
        expected[dates] = CUBE[:count] + 1
        np.testing.assert_array_equal(zarr.open_array(array, mode="r")[:], expected)


def test_dates_that_become_zeros_are_written(local):
    saved(CUBE, local)
    FeatureIOZarr.save(np.zeros_like(CUBE[:2]), local, "A", temporal_selection=TemporalSelection([1, 3]))
    expected = CUBE.copy()
    expected[[1, 3]] = 0
    np.testing.assert_array_equal(FeatureIOZarr("A.zarr", local).load(), expected)


def test_fewer_dates_leave_no_chunks_behind(filesystem):
    saved(CUBE, filesystem)
    saved(CUBE[:2], filesystem)
    assert files_in(filesystem) == ["c.0.0.0.0", "c.1.0.0.0", "zarr.json"]
