"""What damages a saved patch is found out when it is read, and the error says where it is."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import zarr
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType, LoadTask, get_filesystem
from eolearn.core.exceptions import BrokenFile, EOLearnError, TemporalDimensionWarning
from eolearn.core.storage import zarr_pipeline

RNG = np.random.default_rng(0)
DATES = ["2026-05-01", "2026-05-06", "2026-05-11"]
BANDS = (FeatureType.DATA, "BANDS")


@pytest.fixture(params=["zarrs", "zarr"])
def pipeline(request, monkeypatch):
    """Chunks are decoded by either program."""
    if request.param == "zarr":
        monkeypatch.setattr(zarr_pipeline, "find_spec", lambda name: None)


@pytest.fixture(params=["local", "memory"])
def url(request, tmp_path):
    return str(tmp_path / "patch") if request.param == "local" else f"memory:/{tmp_path}/patch"


def patch_of(shape):
    return EOPatch(
        bbox=BBox((0, 0, 1, 1), CRS.WGS84),
        timestamps=DATES,
        data={"BANDS": RNG.integers(0, 9999, (3, *shape), dtype=np.uint16)},
    )


SMALL, TILED = patch_of((30, 20, 2)), patch_of((1100, 300, 2))
PARTS = [{}, {"temporal_selection": [1]}, {"window": (slice(2, 5), slice(3, 4))}, {"bands": {BANDS: [0]}}]


# --- chunks


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize("patch", [SMALL, TILED], ids=["a chunk", "a shard"])
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("lazy_loading", [False, True])
def test_a_missing_chunk_is_named_whatever_part_is_read(url, patch, part, lazy_loading):
    patch.save(url, use_zarr=True)
    get_filesystem(url).rm_file("data/BANDS.zarr/c.1.0.0.0")
    with pytest.raises(BrokenFile, match=r"patch/data/BANDS\.zarr is broken: the chunk c\.1\.0\.0\.0 is missing"):
        _ = EOPatch.load(url, lazy_loading=lazy_loading, **part)[BANDS]


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize("patch", [SMALL, TILED], ids=["a chunk", "a shard"])
@pytest.mark.parametrize("left", [0.0, 0.3, 0.999])
@pytest.mark.parametrize("part", PARTS)
def test_a_cut_chunk_is_an_error_wherever_it_is_cut(url, patch, left, part):
    patch.save(url, use_zarr=True)
    filesystem, chunk = get_filesystem(url), "data/BANDS.zarr/c.1.0.0.0"
    content = filesystem.cat_file(chunk)
    filesystem.pipe_file(chunk, content[: int(left * len(content))])
    with pytest.raises(BrokenFile, match=r"patch/data/BANDS\.zarr is broken: .*Save it again, or delete it"):
        EOPatch.load(url, **part)
    with pytest.raises(BrokenFile, match=r"BANDS\.zarr is broken"):
        LoadTask(url)(**part)
    assert EOPatch.load(url, temporal_selection=[0, 2]).data["BANDS"].shape[0] == 2, "other dates are there"


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize("patch", [SMALL, TILED], ids=["a chunk", "a shard"])
def test_a_chunk_of_another_array_is_an_error(url, patch):
    patch.save(url, use_zarr=True)
    chunk = "data/BANDS.zarr/c.1.0.0.0"
    for other in (patch_of((10, 10, 1)), patch_of((1300, 1300, 1))):
        other.save(f"{url}-other", use_zarr=True, overwrite_permission="OVERWRITE_FEATURES")
        get_filesystem(url).pipe_file(chunk, get_filesystem(f"{url}-other").cat_file(chunk))
        with pytest.raises(BrokenFile, match=r"BANDS\.zarr is broken"):
            EOPatch.load(url)


def test_a_broken_array_is_replaced_by_a_save(url):
    SMALL.save(url, use_zarr=True)
    filesystem = get_filesystem(url)
    for name, content in (("zarr.json", b"{"), ("c.0.0.0.0", b"")):
        filesystem.pipe_file(f"data/BANDS.zarr/{name}", content)
    SMALL.save(url, use_zarr=True, overwrite_permission="OVERWRITE_FEATURES")
    assert EOPatch.load(url) == SMALL


@pytest.mark.parametrize("selection", ["infer", "append"])
def test_a_broken_array_is_not_written_into(url, selection):
    SMALL.save(url, use_zarr=True)
    get_filesystem(url).pipe_file("data/BANDS.zarr/zarr.json", b"{")
    before = contents(url)
    patch = SMALL.copy()
    if selection == "append":
        patch.timestamps = ["2026-06-01", "2026-06-02", "2026-06-03"]
    with pytest.raises(BrokenFile, match=r"patch/data/BANDS\.zarr is broken"):
        patch.save(url, use_zarr=True, overwrite_permission="OVERWRITE_FEATURES", temporal_selection=selection)
    assert contents(url) == before


# --- parts that aren't there


@pytest.mark.parametrize("use_zarr", [False, True])
@pytest.mark.parametrize("lazy_loading", [False, True])
@pytest.mark.parametrize(
    ("part", "error", "message"),
    [
        (
            {"window": BBox((2, 2, 3, 3), CRS.WGS84)},
            IndexError,
            r"BBox\(\(\(2\.0.*reaches out of the patch, BBox\(\(\(0",
        ),
        ({"window": (slice(0, 31), slice(0, 5))}, IndexError, "rows slice.0, 31, None., but there are 30 rows"),
        ({"window": (slice(0, 5), slice(0, 21))}, IndexError, "columns slice.0, 21, None., but there are 20 columns"),
        ({"bands": {BANDS: [2]}}, IndexError, r"BANDS\.\w+.*There is no band at position 2: there are 2 bands"),
        ({"bands": {("data", "OTHER"): [0]}}, ValueError, "'OTHER'. Loaded are: .*'BANDS'"),
    ],
)
def test_a_window_or_band_that_is_not_there_is_refused(url, use_zarr, lazy_loading, part, error, message):
    SMALL.save(url, use_zarr=use_zarr)
    with pytest.raises(error, match=message) as info:
        _ = EOPatch.load(url, lazy_loading=lazy_loading, **part)[BANDS]
    assert isinstance(info.value, EOLearnError)


@pytest.mark.parametrize("lazy_loading", [False, True])
@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ([3], "no date at position 3: there are 3 dates"),
        ([-4], "no date at position -4"),
        ([True, False], "2 flags doesn't fit 3 dates"),
        (lambda dates: [len(dates)], "no date at position 3"),
    ],
)
def test_a_date_that_is_not_there_is_refused_at_once(url, lazy_loading, selection, message):
    SMALL.save(url, use_zarr=True)
    with pytest.raises(ValueError, match=message):
        EOPatch.load(url, lazy_loading=lazy_loading, temporal_selection=selection)


@pytest.mark.parametrize("use_zarr", [False, True])
@pytest.mark.parametrize(
    ("dates", "message"),
    [
        (["2026-05-11", "2026-06-01", "2026-06-02"], "saved already: 2026-05-11 00:00:00. Leave them out"),
        (["2026-05-10", "2026-06-01", "2026-06-02"], "These precede 2026-05-11 .*: 2026-05-10"),
        (["2026-06-02", "2026-06-01", "2026-06-03"], "appended in their order"),
    ],
)
def test_dates_that_clash_are_not_appended_and_nothing_changes(url, use_zarr, dates, message):
    SMALL.save(url, use_zarr=use_zarr)
    before = contents(url)
    later = SMALL.copy()
    later.timestamps = dates
    with pytest.raises(ValueError, match=message):
        later.save(url, temporal_selection="append")
    assert contents(url) == before


def contents(url):
    filesystem = get_filesystem(url)
    return {path: filesystem.cat_file(path) for path in filesystem.find("")}


# --- as many dates as timestamps


@pytest.mark.parametrize("use_zarr", [False, True])
@pytest.mark.parametrize("lazy_loading", [False, True])
@pytest.mark.parametrize("count", [2, 4])
def test_more_or_fewer_timestamps_than_dates_are_warned_of(url, use_zarr, lazy_loading, count):
    SMALL.save(url, use_zarr=use_zarr)
    timestamps = [f"2026-05-{day + 1:02}" for day in range(count)]
    get_filesystem(url).pipe_file("timestamps.json", json.dumps(timestamps).encode())
    said = rf"patch/data/BANDS\.\S+ has 3 dates, but {count} timestamps are saved with it"
    with pytest.warns(TemporalDimensionWarning, match=said):
        loaded = EOPatch.load(url, lazy_loading=lazy_loading)[BANDS]
    np.testing.assert_array_equal(loaded, SMALL[BANDS][:count] if use_zarr else SMALL[BANDS])


def test_a_date_with_a_timestamp_alone_is_an_error(url):
    SMALL.save(url, use_zarr=True)
    get_filesystem(url).pipe_file("timestamps.json", json.dumps([*DATES, "2026-07-01"]).encode())
    with (
        pytest.warns(TemporalDimensionWarning),
        pytest.raises(IndexError, match=r"data/BANDS\.zarr: There is no date at position 3: there are 3 dates"),
    ):
        EOPatch.load(url, temporal_selection=[-1])


def test_arrays_without_a_time_axis_need_no_timestamps(url):
    patch = EOPatch(bbox=SMALL.bbox, data_timeless={"DEM": SMALL.data["BANDS"][0]})
    patch.timestamps = DATES
    patch.save(url, save_timestamps=True, use_zarr=True)
    assert EOPatch.load(url, load_timestamps=True) == patch


# --- arrays that others read and wrote


@pytest.mark.parametrize("patch", [SMALL, TILED], ids=["chunks", "shards"])
def test_zarr_alone_reads_what_is_saved(tmp_path, patch):
    patch.save(tmp_path, use_zarr=True)
    later = patch.copy()
    later.timestamps = ["2026-06-01", "2026-06-02", "2026-06-03"]
    later.save(tmp_path, temporal_selection="append")
    changed = patch.temporal_subset([1])
    changed.data["BANDS"] = changed.data["BANDS"] + 1
    changed.save(tmp_path, use_zarr=True, temporal_selection="infer", overwrite_permission="OVERWRITE_FEATURES")
    expected = np.concatenate([patch[BANDS][:1], changed[BANDS], patch[BANDS][2:], later[BANDS]])
    assert zarr.config.get("codec_pipeline.path") == "zarr.core.codec_pipeline.BatchedCodecPipeline"
    array = zarr.open_array(tmp_path / "data/BANDS.zarr", mode="r")
    np.testing.assert_array_equal(array[:], expected)
    np.testing.assert_array_equal(array[4, 2:5, 7:9], expected[4, 2:5, 7:9])


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize("memory", [False, True])
@pytest.mark.parametrize("selection", [[0], [1], [1, 0], slice(1, 2), [True, False]])
def test_windows_of_dates_of_arrays_of_1_5_6_are_read(tmp_path, memory, selection):
    """It wrote a chunk a date, in version 2, with Blosc as zarr chose it then."""
    folder = Path(__file__).parents[2] / "data/patch_zarr_1_5_6"
    assert json.loads((folder / "data/BANDS.zarr/.zarray").read_text())["chunks"][0] == 1
    shutil.copytree(folder, tmp_path / "patch")
    place = tmp_path / "patch"
    if memory:
        place = f"memory:/{tmp_path}/patch"
        get_filesystem(place, create=True).put(f"{tmp_path}/patch/", "/", recursive=True)
    array = zarr.open_array(folder / "data/BANDS.zarr", mode="r")[:]
    part = EOPatch.load(
        place,
        features=[BANDS],
        temporal_selection=selection,
        window=(slice(0, 1), slice(1, 3)),
        bands={BANDS: [1]},
        lazy_loading=True,
    )
    np.testing.assert_array_equal(part[BANDS], array[selection][:, :1, 1:3, 1:])
    whole = EOPatch.load(place, features=[(FeatureType.MASK_TIMELESS, "CLASS")], window=(slice(0, 1), slice(1, 3)))
    np.testing.assert_array_equal(whole.mask_timeless["CLASS"], np.arange(6).reshape(2, 3, 1)[:1, 1:])
