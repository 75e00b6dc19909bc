"""Which record holds for which feature, whatever is saved over it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, EOWorkflow, FeatureType, LoadTask, SaveTask, get_filesystem, linearly_connect_tasks
from eolearn.core.exceptions import BrokenFile, EODeprecationWarning, StorageError
from eolearn.core.provenance import Provenance, load_provenance
from eolearn.core.types import Feature

A, B = (FeatureType.DATA, "A"), (FeatureType.DATA, "B")
OVERWRITE = "OVERWRITE_FEATURES"
DATES = ["2026-01-01", "2026-01-02", "2026-01-03"]


def patch_of(features: Iterable[Feature] = (), timestamps: Sequence[str] = DATES) -> EOPatch:
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=timestamps)
    for feature in features:
        patch[feature] = np.zeros((len(timestamps), 2, 2, 1), dtype=np.uint8)
    return patch


def save(folder: Path, features: list, provenance: bool = True, **settings: object) -> None:
    patch = patch_of(features)
    SaveTask(folder, overwrite_permission=OVERWRITE, provenance=provenance, **settings)(patch)


def features_of(folder: Path) -> list[tuple[str, ...]]:
    return [tuple(name for _, name in record.features) for record in load_provenance(folder).records]


def test_each_save_adds_a_record_of_its_features(tmp_path: Path) -> None:
    save(tmp_path, [A])
    save(tmp_path, [B])
    assert features_of(tmp_path) == [("A",), ("B",)]
    assert load_provenance(tmp_path).of(B) == load_provenance(tmp_path).records[1:]


def test_record_of_which_nothing_is_left_goes(tmp_path: Path) -> None:
    save(tmp_path, [A])
    save(tmp_path, [A, B])
    assert features_of(tmp_path) == [("A", "B")]
    save(tmp_path, [A])
    assert features_of(tmp_path) == [("B",), ("A",)]


def test_feature_that_is_saved_without_a_record_has_none(tmp_path: Path) -> None:
    save(tmp_path, [A, B])
    save(tmp_path, [B], provenance=False)
    assert features_of(tmp_path) == [("A",)]
    save(tmp_path, [A], provenance=False)
    assert not (tmp_path / "provenance.json").exists()


def test_save_of_a_patch_by_itself_ends_records_too(tmp_path: Path) -> None:
    save(tmp_path, [A, B])
    patch_of([A]).save(tmp_path, overwrite_permission=OVERWRITE)
    assert features_of(tmp_path) == [("B",)]


def test_saving_over_the_whole_patch_leaves_only_its_own_record(tmp_path: Path) -> None:
    save(tmp_path, [A])
    with pytest.warns(EODeprecationWarning):
        task = SaveTask(tmp_path, overwrite_permission="OVERWRITE_PATCH", provenance=True)
    task(patch_of([B]))
    assert features_of(tmp_path) == [("B",)]
    with pytest.warns(EODeprecationWarning):
        patch_of([A]).save(tmp_path, overwrite_permission="OVERWRITE_PATCH")
    assert not (tmp_path / "provenance.json").exists()


@pytest.mark.parametrize("use_zarr", [True, False])
def test_appended_dates_come_from_several_records(use_zarr: bool, tmp_path: Path) -> None:
    save(tmp_path, [A], use_zarr=use_zarr)
    patch = patch_of([A], ["2026-02-01"])
    SaveTask(tmp_path, temporal_selection="append", provenance=True)(patch)
    first, second = load_provenance(tmp_path).records
    assert (first.features, first.partly) == ((), (A,))
    assert (second.features, second.partly) == ((), (A,))
    save(tmp_path, [A])
    assert features_of(tmp_path) == [("A",)]


def test_changed_dates_without_a_record_leave_the_others_to_the_old_one(tmp_path: Path) -> None:
    save(tmp_path, [A, B], use_zarr=True)
    save(tmp_path, [A], provenance=False, use_zarr=True, temporal_selection=slice(0, 3))
    (record,) = load_provenance(tmp_path).records
    assert (record.features, record.partly) == ((B,), (A,))


saves = st.lists(
    st.tuples(st.sets(st.sampled_from("ABC"), min_size=1), st.booleans(), st.booleans()), min_size=1, max_size=6
)


@given(saves)
@hypothesis_settings(max_examples=25)
def test_records_tell_of_each_feature_which_save_it_is_from(history: list[tuple[set[str], bool, bool]]) -> None:
    """Compare with a table of features and the numbers of saves that each is from."""
    folder = f"memory://{id(history)}"
    filesystem = get_filesystem(folder, create=True)
    table: dict[str, list[int]] = {}
    for number, (names, provenance, partly) in enumerate(history):
        patch = patch_of([(FeatureType.DATA, name) for name in sorted(names)])
        partly = partly and all(name in table for name in names)
        for name in names:
            table[name] = (table[name] if partly else []) + ([number] if provenance else [])
        task = SaveTask(
            "p",
            filesystem=filesystem,
            overwrite_permission=OVERWRITE,
            provenance=provenance,
            use_zarr=True,
            temporal_selection=slice(0, 3) if partly else None,
        )
        task(patch)
    expected = {name: len(numbers) for name, numbers in table.items() if numbers}
    provenance_of = load_provenance("p", filesystem) if expected else Provenance(())
    assert {name: len(provenance_of.of((FeatureType.DATA, name))) for name in expected} == expected
    assert filesystem.exists("p/provenance.json") == bool(expected)


def test_record_of_what_was_loaded_and_replaced_is_kept_as_long_as_it_is_needed(tmp_path: Path) -> None:
    save(tmp_path, [A])
    nodes = linearly_connect_tasks(
        LoadTask(tmp_path, features=[A]), SaveTask(tmp_path, overwrite_permission=OVERWRITE, provenance=True)
    )
    EOWorkflow(nodes).execute()
    assert features_of(tmp_path) == [(), ("A",)]
    first, second = load_provenance(tmp_path).records
    assert second.after == (first.id,)
    save(tmp_path, [B])
    assert features_of(tmp_path) == [(), ("A",), ("B",)]
    save(tmp_path, [A])
    assert features_of(tmp_path) == [("B",), ("A",)]


def test_patch_and_record_are_old_or_new_together(tmp_path: Path) -> None:
    save(tmp_path, [A])
    before = (tmp_path / "provenance.json").read_bytes()
    patch = patch_of([A])
    patch.meta_info["bad"] = object()
    with pytest.raises(TypeError):
        SaveTask(tmp_path, overwrite_permission=OVERWRITE, provenance=True)(patch)
    assert (tmp_path / "provenance.json").read_bytes() == before


def test_save_that_fails_in_a_new_folder_leaves_no_folder(tmp_path: Path) -> None:
    patch = EOPatch(bbox=patch_of().bbox, meta_info={"bad": object()})
    with pytest.raises(TypeError):
        SaveTask(tmp_path, provenance=True)(patch, eopatch_folder="new")
    assert not (tmp_path / "new").exists()


SAVE_MANY = """
import sys
import numpy as np
from sentinelhub import CRS, BBox
from eolearn.core import EOPatch, SaveTask

_, folder, part = sys.argv
for number in range(15):
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), scalar_timeless={f"F{part}_{number}": np.zeros(3)})
    SaveTask(folder, provenance=True)(patch)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no locks of folders")
def test_processes_that_save_different_features_at_once_lose_no_record(tmp_path: Path) -> None:
    folder = tmp_path / "patch"
    processes = [subprocess.Popen([sys.executable, "-c", SAVE_MANY, str(folder), part]) for part in "AB"]
    assert [process.wait(120) for process in processes] == [0, 0]
    assert len(load_provenance(folder).records) == 30
    assert len(EOPatch.load(folder, lazy_loading=True).get_features()) == 30


def test_loading_a_patch_ignores_the_file(tmp_path: Path) -> None:
    save(tmp_path, [A])
    assert EOPatch.load(tmp_path).get_features() == [A]


def test_record_costs_one_put_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    puts: list[str] = []
    original = MemoryFileSystem.pipe_file

    def counting(self: MemoryFileSystem, path: str, *args: object, **kwargs: object) -> object:
        puts.append(path)
        return original(self, path, *args, **kwargs)

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", counting)
    filesystem = get_filesystem("memory://of_one_put", create=True)
    SaveTask("p", filesystem=filesystem)(patch_of([A]))
    without = len(puts)
    SaveTask("q", filesystem=filesystem, provenance=True)(patch_of([A]))
    assert len(puts) == 2 * without + 1
    assert load_provenance("q", filesystem).records[0].features == (A,)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "is broken"),
        ("[]", "doesn't hold records"),
        ('{"format": 1, "records": [1]}', "doesn't hold records"),
        ('{"format": 2, "records": []}', "has the format 2"),
    ],
)
def test_file_that_is_no_provenance_is_refused_and_nothing_changes(content: str, reason: str, tmp_path: Path) -> None:
    save(tmp_path, [A])
    (tmp_path / "provenance.json").write_text(content)
    with pytest.raises(BrokenFile, match=reason):
        load_provenance(tmp_path)
    with pytest.raises(BrokenFile, match=reason):
        save(tmp_path, [A, B])
    assert EOPatch.load(tmp_path).get_features() == [A]


def test_record_of_something_else_is_refused(tmp_path: Path) -> None:
    content = {"format": 1, "records": [{"id": "1", "after": [], "features": ["data/A"], "partly": []}]}
    (tmp_path / "provenance.json").write_text(json.dumps(content))
    with pytest.raises(BrokenFile, match="something else than records"):
        load_provenance(tmp_path)


def test_folder_that_can_not_be_made_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="can't be saved"):
        SaveTask(tmp_path, provenance=True)(patch_of([A]), eopatch_folder="file/patch")
