"""What saving and loading Zarr arrays promise: whole patches, some of their dates, and dates that are appended."""

import datetime as dt
import pickle

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentinelhub import CRS, BBox
from shapely.geometry import Point

from eolearn.core import EOPatch, FeatureType, LoadTask, SaveTask
from eolearn.core.eodata_io import FeatureIOTimestamps, FeatureIOZarr, TemporalSelection
from eolearn.core.exceptions import BrokenFile, EODeprecationWarning, EOLearnError, TemporalDimensionWarning
from eolearn.core.utils.fs import get_filesystem

BBOX = BBox((500000, 5100000, 500030, 5100020), CRS.UTM_33N)
TIMES = [dt.datetime(2024, 5, day, 10) for day in (1, 6, 11, 16, 21)]
LATER = [dt.datetime(2024, 6, day, 10) for day in (1, 6)]
BANDS = (FeatureType.DATA, "BANDS")
OVERWRITE = {"overwrite_permission": "OVERWRITE_FEATURES"}


def make_patch(times=TIMES):
    patch = EOPatch(bbox=BBOX, timestamps=times)
    count = len(times)
    patch.data["BANDS"] = np.arange(count * 12, dtype=np.float32).reshape(count, 2, 3, 2)
    patch.mask["VALID"] = np.arange(count * 6).reshape(count, 2, 3, 1) % 3 == 0
    patch.scalar["COVERAGE"] = np.linspace(0, 1, count).reshape(count, 1)
    patch.label["KIND"] = np.arange(count, dtype=np.int16).reshape(count, 1)
    patch.data_timeless["DEM"] = np.arange(6, dtype=np.uint16).reshape(2, 3, 1)
    patch.label_timeless["CROP"] = np.array([7])
    patch.meta_info["made"] = "today"
    return patch


@pytest.fixture
def patch():
    return make_patch()


@pytest.fixture(params=["local", "memory"])
def url(request, tmp_path):
    return str(tmp_path / "patch") if request.param == "local" else f"memory:/{tmp_path}/patch"


def content_of(url):
    filesystem = get_filesystem(url)
    return {path: filesystem.cat_file(path) for path in filesystem.find("")}


# --- whole patches


def test_features_of_every_type_come_back(patch, url):
    patch.save(url, use_zarr=True)
    assert EOPatch.load(url) == patch
    assert EOPatch.load(url, lazy_loading=True) == patch


def test_arrays_lie_in_folders_and_the_rest_as_always(patch, tmp_path):
    patch.save(tmp_path, use_zarr=True)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*")) == [
        "data/BANDS.zarr",
        "data_timeless/DEM.zarr",
        "label/KIND.zarr",
        "label_timeless/CROP.zarr",
        "mask/VALID.zarr",
        "meta_info/made.json.gz",
        "scalar/COVERAGE.zarr",
    ]
    assert sorted(path.name for path in (tmp_path / "data/BANDS.zarr").iterdir()) == [
        *[f"c.{date}.0.0.0" for date in range(5)],
        "zarr.json",
    ]
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["bbox.geojson", "timestamps.json"]


@pytest.mark.parametrize("formats", [(True, True), (True, False), (False, True)])
def test_a_feature_is_replaced_whatever_its_format(patch, url, formats):
    patch.save(url, use_zarr=formats[0])
    patch = make_patch(TIMES[:2])
    patch.save(url, use_zarr=formats[1], **OVERWRITE)
    assert EOPatch.load(url) == patch
    names = {path.split(".", 1)[1].split("/")[0] for path in get_filesystem(url).find("data")}
    assert names == {"zarr" if formats[1] else "npy.gz"}


def test_a_lazy_patch_can_be_saved_over_itself(patch, url):
    patch.save(url, use_zarr=True)
    lazy = EOPatch.load(url, lazy_loading=True)
    lazy.save(url, use_zarr=True, **OVERWRITE)
    assert EOPatch.load(url) == patch
    lazy = EOPatch.load(url, lazy_loading=True)
    with pytest.warns(EODeprecationWarning):
        lazy.save(url, overwrite_permission="OVERWRITE_PATCH")
    assert EOPatch.load(url) == patch


def test_copying_and_pickling_a_lazy_patch_reads_nothing(patch, url):
    patch.save(url, use_zarr=True)
    lazy = EOPatch.load(url, lazy_loading=True, temporal_selection=[1])
    for copied in (lazy.copy(), lazy.copy(deep=True), pickle.loads(pickle.dumps(lazy))):
        assert isinstance(copied.data._get_unloaded("BANDS"), FeatureIOZarr)
        np.testing.assert_array_equal(copied.data["BANDS"], patch.data["BANDS"][1:2])


def test_adding_refuses_an_array_that_is_there_in_any_format(patch, url):
    patch.save(url, use_zarr=True)
    before = content_of(url)
    for use_zarr in (True, False):
        with pytest.raises(ValueError, match="saved in .* already"):
            patch.save(url, use_zarr=use_zarr)
    assert content_of(url) == before


def test_one_array_that_cannot_be_saved_leaves_all_as_it_was(patch, url):
    patch.save(url, use_zarr=True)
    before = content_of(url)
    patch.data["BANDS"] = patch.data["BANDS"] + 1
    patch.scalar["NAMES"] = np.array([["a"]] * 5)
    with pytest.raises(ValueError, match=r"scalar/NAMES\.zarr can't be saved: The dtype <U1"):
        patch.save(url, use_zarr=True, **OVERWRITE)
    assert content_of(url) == before


@pytest.mark.parametrize("shape", [(0, 2, 3, 1), (2, 0, 0, 1), (2, 2, 3, 0)])
def test_arrays_of_any_size_come_back(url, shape):
    patch = EOPatch(bbox=BBOX, timestamps=TIMES[: shape[0]], data={"A": np.ones(shape)})
    patch.save(url, use_zarr=True)
    assert EOPatch.load(url) == patch


def test_a_real_patch_comes_back(real_patch_path, tmp_path):
    patch = EOPatch.load(real_patch_path)
    patch.save(tmp_path, use_zarr=True)
    assert EOPatch.load(tmp_path) == patch
    days = [3, -1]
    some = EOPatch.load(tmp_path, features=[FeatureType.DATA, FeatureType.MASK], temporal_selection=days)
    for feature_type, name in some.get_features():
        np.testing.assert_array_equal(some[feature_type, name], patch[feature_type, name][days])


def test_tasks_save_and_load_parts(patch, tmp_path):
    SaveTask(tmp_path, use_zarr=True)(patch, eopatch_folder="42")
    changed = patch.temporal_subset([1])
    changed.data["BANDS"] = changed.data["BANDS"] + 1
    SaveTask(tmp_path, features=[BANDS], use_zarr=True, temporal_selection="infer", **OVERWRITE)(
        changed, eopatch_folder="42"
    )
    load = LoadTask(tmp_path, temporal_selection=[1], window=(slice(0, 1), slice(0, 2)), bands={BANDS: [1]})
    np.testing.assert_array_equal(load(eopatch_folder="42").data["BANDS"], changed.data["BANDS"][:, :1, :2, 1:])
    whole = load(eopatch_folder="42", temporal_selection=None, window=None, bands=None)
    assert whole.data["BANDS"].shape == patch.data["BANDS"].shape


# --- some of the dates are loaded


@pytest.mark.parametrize(
    "selection",
    [
        slice(1, 3),
        slice(None, None, 2),
        [2, 0],
        [-1],
        np.array([1, 3]),
        [True, False, False, True, False],
        np.array([True, False, False, True, False]),
        [],
        lambda timestamps: [timestamp.day > 10 for timestamp in timestamps],
        lambda timestamps: [4, 2],
    ],
)
@pytest.mark.parametrize("lazy_loading", [True, False])
def test_data_and_timestamps_are_of_the_selected_dates_in_their_order(patch, url, selection, lazy_loading):
    patch.save(url, use_zarr=True)
    loaded = EOPatch.load(url, temporal_selection=selection, lazy_loading=lazy_loading)
    index = (
        np.array(selection(TIMES) if callable(selection) else selection)
        if not isinstance(selection, slice)
        else selection
    )
    index = index if isinstance(index, slice) or index.dtype == bool else index.astype(int)
    assert loaded.timestamps == list(np.array(TIMES)[index])
    for feature_type, name in patch.get_features():
        expected = patch[feature_type, name]
        np.testing.assert_array_equal(
            loaded[feature_type, name], expected[index] if feature_type.is_temporal() else expected
        )


@settings(max_examples=15)
@given(st.lists(st.integers(-5, 4)))
def test_any_positions_are_loaded(positions):
    url = "memory://test_eodata_io_zarr/any"
    patch = make_patch()
    patch.save(url, use_zarr=True, **OVERWRITE)
    loaded = EOPatch.load(url, features=[BANDS], temporal_selection=positions)
    assert loaded.timestamps == [TIMES[position] for position in positions]
    np.testing.assert_array_equal(loaded.data["BANDS"], patch.data["BANDS"][np.array(positions, dtype=int)])


@pytest.mark.parametrize(
    ("selection", "error", "message"),
    [
        ([5], IndexError, "no date at position 5: there are 5 dates"),
        ([-6], IndexError, "position -6"),
        ([True, False], ValueError, "mask of 2 flags doesn't fit 5"),
        (lambda timestamps: [True], ValueError, "mask of 1 flags"),
        ("infer", ValueError, "Can't select"),
        (3, ValueError, "Can't select"),
    ],
)
def test_a_selection_of_what_is_not_there_is_refused(patch, url, selection, error, message):
    patch.save(url, use_zarr=True)
    with pytest.raises(error, match=message) as info:
        EOPatch.load(url, temporal_selection=selection, lazy_loading=True)
    assert isinstance(info.value, EOLearnError)


def test_arrays_that_are_not_zarr_give_all_dates_or_none(patch, url):
    patch.save(url)
    with pytest.raises(OSError, match=r"\.npy\.gz is not a Zarr array.*temporal_subset"):
        EOPatch.load(url, temporal_selection=[0])
    timeless = EOPatch.load(url, features=[FeatureType.DATA_TIMELESS], temporal_selection=[0], load_timestamps=True)
    assert timeless.timestamps == TIMES[:1]


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
def test_without_saved_timestamps_positions_work_and_functions_do_not(patch, url):
    patch.save(url, use_zarr=True, save_timestamps=False)
    loaded = EOPatch.load(url, temporal_selection=[2, 0])
    assert loaded.timestamps is None
    np.testing.assert_array_equal(loaded.data["BANDS"], patch.data["BANDS"][[2, 0]])
    with pytest.raises(OSError, match="no saved timestamps"):
        EOPatch.load(url, temporal_selection=lambda timestamps: [0])
    with pytest.raises(IndexError, match=r"BANDS\.zarr: There is no date at position 7"):
        EOPatch.load(url, features=[BANDS], temporal_selection=[7])


@pytest.mark.parametrize("selection", [None, [1, 0], slice(1, None), [False, True], lambda timestamps: [1]])
def test_timestamps_can_be_selected_by_themselves(tmp_path, selection):
    filesystem = get_filesystem(tmp_path)
    FeatureIOTimestamps.save(TIMES[:2], filesystem, "timestamps")
    loaded = FeatureIOTimestamps("timestamps.json", filesystem, selection).load()
    index = [1] if callable(selection) else selection
    assert loaded == (TIMES[:2] if index is None else list(np.array(TIMES[:2])[index]))


# --- some of the dates are saved


@pytest.mark.parametrize(
    "selection", [slice(1, 5, 2), [1, 3], [3, 1], [-4, -2], [False, True, False, True, False], "infer"]
)
def test_some_dates_are_replaced_and_the_others_stay(patch, url, selection):
    patch.save(url, use_zarr=True)
    part = patch.temporal_subset([1, 3])
    part.data["BANDS"] = part.data["BANDS"] * 100
    part.data_timeless["DEM"] = part.data_timeless["DEM"] + 1
    if selection == [3, 1]:
        part.data["BANDS"] = part.data["BANDS"][::-1]
    part.save(
        url, features=[BANDS, FeatureType.DATA_TIMELESS], use_zarr=True, temporal_selection=selection, **OVERWRITE
    )
    patch.data["BANDS"][[1, 3]] *= 100
    patch.data_timeless["DEM"] += 1  # what has no time is saved whole
    assert EOPatch.load(url) == patch


def test_only_the_files_of_the_selected_dates_are_written(patch, url):
    patch.save(url, use_zarr=True)
    before = content_of(url)
    part = patch.temporal_subset([2])
    part.data["BANDS"] = part.data["BANDS"] + 1
    part.save(url, features=[BANDS], use_zarr=True, temporal_selection=[2], **OVERWRITE)
    after = content_of(url)
    assert [name.lstrip("/") for name in after if after[name] != before[name]] == ["data/BANDS.zarr/c.2.0.0.0"]
    assert after.keys() == before.keys()


def test_data_are_cast_to_the_dtype_that_is_saved(patch, url):
    patch.save(url, use_zarr=True)
    part = patch.temporal_subset([2])
    part.label["KIND"] = np.array([[77]], dtype=np.int64)
    part.save(url, features=[FeatureType.LABEL], use_zarr=True, temporal_selection=[2], **OVERWRITE)
    loaded = EOPatch.load(url).label["KIND"]
    assert (loaded.dtype, loaded[:, 0].tolist()) == (np.int16, [0, 1, 77, 3, 4])


def test_with_infer_an_array_is_made_of_its_full_length(patch, url):
    patch.save(url, features=[], save_timestamps=True)
    patch.temporal_subset([3, 1]).save(url, features=[BANDS], use_zarr=True, temporal_selection="infer")
    loaded = EOPatch.load(url)
    expected = np.zeros_like(patch.data["BANDS"])
    expected[[1, 3]] = patch.data["BANDS"][[1, 3]]
    np.testing.assert_array_equal(loaded.data["BANDS"], expected)
    assert loaded.data["BANDS"].dtype == np.float32


def test_unordered_timestamps_are_matched_one_by_one(patch, url):
    patch.save(url, use_zarr=True)
    part = EOPatch(bbox=BBOX, timestamps=[TIMES[4], TIMES[0]])
    part.data["BANDS"] = np.stack([np.full((2, 3, 2), 4.0), np.full((2, 3, 2), 0.5)])
    part.save(url, use_zarr=True, temporal_selection="infer", **OVERWRITE)
    patch.data["BANDS"][4], patch.data["BANDS"][0] = 4, 0.5
    assert EOPatch.load(url) == patch


def test_timestamps_are_saved_at_the_selected_dates_if_one_asks_for_it(patch, url):
    patch.save(url, use_zarr=True)
    part = patch.temporal_subset([1, 2])
    part.timestamps = moved = [TIMES[1], TIMES[2] + dt.timedelta(hours=1)]
    part.save(url, features=[BANDS], use_zarr=True, temporal_selection=[1, 2], **OVERWRITE)
    assert EOPatch.load(url).timestamps == TIMES
    part.save(url, features=[BANDS], use_zarr=True, temporal_selection=[1, 2], save_timestamps=True, **OVERWRITE)
    assert EOPatch.load(url).timestamps == [TIMES[0], *moved, *TIMES[3:]]


@pytest.mark.parametrize(
    ("selection", "error", "message"),
    [
        (slice(0, 10, 2), ValueError, r"shape \(2, 2, 3, 2\) doesn't fit 3 selected dates"),
        ([1], ValueError, "doesn't fit 1 selected"),
        ([1, 5], ValueError, "no date at position 5"),
        ([1, 5], IndexError, "no date at position 5"),
        ([1, 1], ValueError, "twice"),
        ([True, True], ValueError, "mask of 2 flags doesn't fit 5"),
        ("guess", ValueError, "Can't select a date by 'guess'"),
    ],
)
def test_a_selection_that_does_not_fit_changes_nothing(patch, url, selection, error, message):
    patch.save(url, use_zarr=True)
    before = content_of(url)
    with pytest.raises(error, match=message) as info:
        patch.temporal_subset([1, 2]).save(
            url, features=[BANDS], use_zarr=True, temporal_selection=selection, **OVERWRITE
        )
    assert "data/BANDS.zarr" in str(info.value)
    assert content_of(url) == before


def test_an_array_of_another_size_does_not_fit(patch, url):
    patch.save(url, use_zarr=True)
    part = EOPatch(bbox=BBOX, timestamps=TIMES[:1], data={"BANDS": np.zeros((1, 2, 2, 2))})
    with pytest.raises(ValueError, match=r"\(1, 2, 2, 2\) doesn't fit .* shape \(5, 2, 3, 2\)"):
        part.save(url, use_zarr=True, temporal_selection=[0], **OVERWRITE)


def test_some_dates_of_an_array_that_is_not_there_are_an_os_error(patch, url):
    with pytest.raises(OSError, match=r"data/BANDS\.zarr can't be saved, since there is no such Zarr array"):
        patch.save(url, features=[BANDS], use_zarr=True, temporal_selection=slice(2, 5))


@pytest.mark.parametrize("selection", [slice(2, 5), "infer"])
def test_some_dates_do_not_replace_all_of_an_array_that_is_not_zarr(patch, url, selection):
    patch.save(url)
    before = content_of(url)
    with pytest.raises(OSError, match=r"data/BANDS\.npy\.gz is not a Zarr array.*use_zarr=True first"):
        patch.save(url, features=[BANDS], use_zarr=True, temporal_selection=selection, **OVERWRITE)
    assert content_of(url) == before


def test_names_with_spaces_and_other_letters_come_back(url):
    patch = EOPatch(bbox=BBOX, scalar_timeless={"Größe (m) [1] - 2 %20*": np.zeros(2)})
    patch.save(url, use_zarr=True)
    patch.save(url, use_zarr=True, **OVERWRITE)
    assert EOPatch.load(url) == patch


def test_some_dates_need_leave_to_overwrite(patch, url):
    patch.save(url, use_zarr=True)
    with pytest.raises(ValueError, match="OVERWRITE_FEATURES"):
        patch.save(url, use_zarr=True, temporal_selection="infer")


def test_some_dates_cannot_replace_a_whole_patch(patch, url):
    patch.save(url, use_zarr=True)
    before = content_of(url)
    with pytest.warns(EODeprecationWarning), pytest.raises(OSError, match="OVERWRITE_FEATURES"):
        patch.save(url, use_zarr=True, temporal_selection=[0], overwrite_permission="OVERWRITE_PATCH")
    assert content_of(url) == before


def test_what_cannot_be_inferred_is_an_error_even_without_features(patch, url):
    infer = {"features": [], "use_zarr": True, "temporal_selection": "infer"}
    with pytest.raises(OSError, match="Saved EOPatch does not have timestamps"):
        patch.save(url, **infer)
    patch.save(url, use_zarr=True)
    with pytest.raises(RuntimeError, match="Cannot infer temporal selection.*?has no timestamps"):
        EOPatch(bbox=BBOX).save(url, **infer)
    with pytest.raises(ValueError, match="Cannot infer temporal selection.*?subset"):
        EOPatch(bbox=BBOX, timestamps=LATER).save(url, **infer)


def test_a_feature_io_saves_dates_as_well(tmp_path):
    filesystem, array = get_filesystem(tmp_path), np.arange(8).reshape(4, 2)
    path = FeatureIOZarr.save(array, filesystem, "A", temporal_selection=TemporalSelection([2, 0, 1, 3], 4))
    np.testing.assert_array_equal(FeatureIOZarr(path, filesystem).load(), array[[1, 2, 0, 3]])
    FeatureIOZarr.save(array[:1], filesystem, "A", temporal_selection=TemporalSelection([-1]))
    np.testing.assert_array_equal(FeatureIOZarr(path, filesystem, [3]).load(), array[:1])


# --- dates are appended


@pytest.mark.parametrize("use_zarr", [True, False])
def test_later_dates_are_appended_and_the_others_stay(patch, url, use_zarr):
    patch.save(url, use_zarr=use_zarr)
    later = make_patch(LATER)
    later.save(url, temporal_selection="append")
    loaded = EOPatch.load(url)
    assert loaded.timestamps == TIMES + LATER
    for feature_type, name in patch.get_features():
        expected = patch[feature_type, name]
        if feature_type.is_temporal():
            expected = np.concatenate([expected, later[feature_type, name]])
        np.testing.assert_array_equal(loaded[feature_type, name], expected)
    more = make_patch([dt.datetime(2025, 1, 1)])
    more.save(url, temporal_selection="append")
    assert len(EOPatch.load(url).timestamps) == len(EOPatch.load(url).data["BANDS"]) == 8


def test_appending_writes_no_date_that_is_there(patch, url):
    patch.save(url, use_zarr=True)
    before = content_of(url)
    make_patch(LATER).save(url, temporal_selection="append")
    after = content_of(url)
    changed = {name.rpartition("/")[2] for name in before if after[name] != before[name]}
    assert changed == {"zarr.json", "timestamps.json"}
    assert {name.lstrip("/") for name in after.keys() - before.keys() if "BANDS" in name} == {
        "data/BANDS.zarr/c.5.0.0.0",
        "data/BANDS.zarr/c.6.0.0.0",
    }


def test_tables_get_rows(patch, url):
    rows = gpd.GeoDataFrame({"TIMESTAMP": TIMES[:1], "n": [1]}, geometry=[Point(1, 2)], crs=32633)
    patch.vector["CLOUDS"] = rows
    patch.vector["NONE"] = rows[:0]
    patch.save(url, use_zarr=True)
    later = make_patch(LATER)
    later.vector["CLOUDS"] = rows.assign(TIMESTAMP=LATER[:1], n=[2])
    later.save(url, temporal_selection="append")
    loaded = EOPatch.load(url).vector["CLOUDS"]
    assert loaded.TIMESTAMP.tolist() == [TIMES[0], LATER[0]]
    assert loaded.n.tolist() == [1, 2]


def test_data_are_cast_to_the_dtype_that_they_are_appended_to(patch, url):
    patch.save(url, use_zarr=True)
    later = make_patch(LATER)
    later.label["KIND"] = later.label["KIND"].astype(np.int64) + 100
    later.save(url, temporal_selection="append")
    loaded = EOPatch.load(url).label["KIND"]
    assert (loaded.dtype, loaded[5:, 0].tolist()) == (np.int16, [100, 101])


@pytest.mark.parametrize("use_zarr", [True, False])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda later: setattr(later, "timestamps", [TIMES[4], LATER[0]]), "saved already: 2024-05-21 10:00:00"),
        (lambda later: setattr(later, "timestamps", [TIMES[0] - dt.timedelta(1), LATER[0]]), "precede .*2024-04-30"),
        (lambda later: setattr(later, "timestamps", LATER[::-1]), "in their order"),
        (lambda later: later.data.pop("BANDS"), r"without those of .*'BANDS'"),
        (lambda later: later.data.update(NEW=later.data["BANDS"]), r"'NEW' can't be appended"),
        (lambda later: setattr(later, "bbox", BBox((0, 0, 1, 1), CRS.WGS84)), "only at the same place"),
        (lambda later: later.data.update(BANDS=later.data["BANDS"][:, :1]), r"shape \(2, 1, 3, 2\)"),
    ],
)
def test_what_does_not_fit_is_not_appended(patch, url, use_zarr, change, message):
    patch.save(url, use_zarr=use_zarr)
    before = content_of(url)
    later = make_patch(LATER)
    change(later)
    with pytest.raises(ValueError, match=message) as info:
        later.save(url, temporal_selection="append")
    assert isinstance(info.value, EOLearnError)
    assert content_of(url) == before


def test_there_must_be_something_to_append_to(patch, url):
    with pytest.raises(OSError, match="no timestamps in .*patch to append to"):
        patch.save(url, temporal_selection="append")


def test_dates_of_an_append_that_was_not_finished_are_not_loaded(patch, url):
    patch.save(url, use_zarr=True)
    make_patch(LATER).save(url, temporal_selection="append")
    patch.save(url, features=[], save_timestamps=True)  # as if these had not been written yet
    with pytest.warns(TemporalDimensionWarning, match=r"zarr has 7 dates, but 5 timestamps"):
        assert EOPatch.load(url) == patch
    with pytest.warns(TemporalDimensionWarning):
        last = EOPatch.load(url, temporal_selection=[-1])
    assert last.data["BANDS"].tolist() == patch.data["BANDS"][-1:].tolist()
    make_patch(LATER).save(url, temporal_selection="append")
    loaded = EOPatch.load(url)
    assert (loaded.timestamps, len(loaded.data["BANDS"])) == (TIMES + LATER, 7)


def test_an_array_with_fewer_dates_than_timestamps_is_loaded_and_not_appended_to(patch, url):
    with pytest.warns(TemporalDimensionWarning):
        patch.timestamps = [*TIMES, *LATER]
    patch.save(url, use_zarr=True)
    with pytest.warns(TemporalDimensionWarning, match=r"zarr has 5 dates, but 7 timestamps"):
        assert EOPatch.load(url).data["BANDS"].shape == (5, 2, 3, 2)
    with pytest.raises(ValueError, match="5 dates, but 7 timestamps"):
        make_patch([dt.datetime(2025, 1, 1)]).save(url, temporal_selection="append")


# --- damage


def test_a_missing_date_is_an_error_when_it_is_used(patch, url):
    patch.save(url, use_zarr=True)
    get_filesystem(url).rm_file("data/BANDS.zarr/c.3.0.0.0")
    with pytest.raises(BrokenFile, match=r"data/BANDS\.zarr is broken: the chunk c\.3\.0\.0\.0 is missing"):
        EOPatch.load(url)
    assert EOPatch.load(url, temporal_selection=[0, 4]).data["BANDS"].shape[0] == 2


def test_a_folder_that_is_no_array_is_an_error(patch, tmp_path):
    patch.save(tmp_path)
    (tmp_path / "data/CUBE.zarr").mkdir()
    with pytest.raises(BrokenFile, match=r"data/CUBE\.zarr is broken: there is neither"):
        EOPatch.load(tmp_path)
    assert EOPatch.load(tmp_path, features=[BANDS]).data["BANDS"].size
