"""A saved patch tells how it came to be, and can be made again."""

from __future__ import annotations

import json
import linecache
import pickle
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pytest
from sentinelhub import CRS, BBox
from sklearn.linear_model import LinearRegression

from eolearn.core import (
    EOExecutor,
    EONode,
    EOPatch,
    EOTask,
    EOWorkflow,
    FeatureType,
    LoadTask,
    MapFeatureTask,
    MergeEOPatchesTask,
    OutputTask,
    SaveTask,
    linearly_connect_tasks,
)
from eolearn.core.exceptions import PathNotFound
from eolearn.core.provenance import load_provenance, provenance_script
from eolearn.core.utils.testing import generate_eopatch
from eolearn.features import NormalizedDifferenceIndexTask, SimpleFilterTask
from eolearn.io import SimulatedInputTask
from eolearn.mask import JoinMasksTask
from eolearn.ml_tools import PredictionTask

BANDS = (FeatureType.DATA, "BANDS")
NDVI = (FeatureType.DATA, "NDVI")
CLOUDS = (FeatureType.MASK, "CLM")
IS_DATA = (FeatureType.MASK, "IS_DATA")
CLEAR = (FeatureType.MASK, "CLEAR")
VALID = (FeatureType.MASK, "VALID")
NUMBER = (FeatureType.DATA_TIMELESS, "N")
LEAST_VALID = 0.1
PLACE = BBox((465000, 5080000, 465400, 5080200), CRS.UTM_33N)


def is_clear(clouds: np.ndarray) -> np.ndarray:
    return clouds == 0


class Number(EOTask):
    """Makes a patch of one number."""

    def __init__(self, number: float = 0):
        self.number = number

    def execute(self, *, more: float = 0) -> EOPatch:
        patch = EOPatch(bbox=PLACE)
        patch.data_timeless["N"] = np.full((1, 1, 1), self.number + more)
        return patch


def run_script(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    (folder / "again.py").write_text(text)
    command = [sys.executable, "-W", "error", "again.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def patch_made_again(patch_folder: Path, folder: Path) -> EOPatch:
    """Run the script of a patch in another folder, and return what it saves under the same relative path."""
    done = run_script(provenance_script(patch_folder), folder)
    assert done.returncode == 0, done.stderr
    return EOPatch.load(folder / patch_folder.relative_to(patch_folder.parents[1]))


def without_comments(script: str) -> str:
    return re.sub(r"^#.*\n", "", script, flags=re.MULTILINE)


def vegetation(folder: str) -> EOWorkflow:
    """Return a workflow from simulated images to a vegetation index of clear pixels."""
    images = SimulatedInputTask(
        bands_feature=BANDS,
        bands=["B04", "B08"],
        resolution=20,
        additional_data=[(FeatureType.MASK, "dataMask", IS_DATA[1]), CLOUDS],
        maxcc=0.8,
        time_difference=timedelta(hours=1),
    )
    return EOWorkflow(
        linearly_connect_tasks(
            (images, "images"),
            MapFeatureTask(CLOUDS, CLEAR, is_clear),
            JoinMasksTask([IS_DATA, CLEAR], VALID),
            SimpleFilterTask(VALID, lambda valid: bool(valid.mean() > LEAST_VALID)),
            NormalizedDifferenceIndexTask(BANDS, NDVI, bands=[1, 0]),
            (SaveTask(folder, features=[NDVI, VALID], provenance=True), "save"),
            OutputTask("patch"),
        )
    )


@pytest.mark.parametrize(("workers", "multiprocess"), [(1, True), (2, True), (2, False)])
def test_script_of_a_patch_makes_it_again(
    workers: int, multiprocess: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    workflow = vegetation("patches")
    images, save = (next(node for node in workflow.get_nodes() if node.name == name) for name in ("images", "save"))
    season = ("2018-06-01", "2018-07-01")
    arguments = [
        {images: {"bbox": PLACE, "time_interval": season}, save: {"eopatch_folder": name}} for name in ("a", "b")
    ]
    results = EOExecutor(workflow, arguments).run(workers=workers, multiprocess=multiprocess)
    assert not any(result.workflow_failed() for result in results)
    first = EOPatch.load("patches/b")
    again = patch_made_again(tmp_path / "patches/b", tmp_path / "elsewhere")
    assert again == first
    assert len(first.timestamps) >= 1


def test_script_of_what_a_script_has_made_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    nodes = linearly_connect_tasks(Number(3), SaveTask("patches", provenance=True))
    EOWorkflow(nodes).execute({nodes[0]: {"more": 4}, nodes[1]: {"eopatch_folder": "a"}})
    assert patch_made_again(tmp_path / "patches/a", tmp_path / "x") == EOPatch.load("patches/a")
    again = provenance_script("x/patches/a")
    assert without_comments(again) == without_comments(provenance_script("patches/a"))


def test_only_what_led_to_the_save_is_recorded(tmp_path: Path) -> None:
    first, other = EONode(Number(1), name="first"), EONode(Number(1), name="other")
    save = EONode(SaveTask(tmp_path, provenance=True), [first])
    after = EONode(MergeEOPatchesTask(), [save, other])
    EOWorkflow.from_endnodes(after).execute({first: {"more": 1}, other: {"more": 1}})
    record = load_provenance(tmp_path).records[0]
    assert [node.name for node in record.nodes] == ["first", "SaveTask"]
    assert record.nodes[0].settings == {"number": "1"}
    assert record.nodes[0].arguments == {"more": "1"}
    assert record.nodes[1].inputs == ("first",)
    assert not record.placeholders
    assert "MergeEOPatchesTask" not in record.imports


def test_nodes_of_one_name_are_told_apart(tmp_path: Path) -> None:
    numbers = [EONode(Number(1)), EONode(Number(1))]
    merged = EONode(MergeEOPatchesTask(), [*numbers, numbers[0]])
    EOWorkflow.from_endnodes(EONode(SaveTask(tmp_path / "a/b", provenance=True), [merged])).execute()
    nodes = load_provenance(tmp_path / "a/b").records[0].nodes
    assert [node.name for node in nodes] == ["Number", "Number_1", "MergeEOPatchesTask", "SaveTask"]
    assert nodes[2].inputs == ("Number", "Number_1", "Number")


def test_task_called_by_hand_records_the_patch_that_it_got(tmp_path: Path) -> None:
    patch = generate_eopatch(BANDS)
    SaveTask(tmp_path / "first", provenance=True)(patch, eopatch_folder="a")
    (record,) = load_provenance(tmp_path / "first/a").records
    assert [node.task for node in record.nodes] == ["SaveTask"]
    assert record.features == (BANDS,)
    assert set(record.placeholders["eopatch"]["content"]) == {"data/BANDS", "bbox", "timestamps"}
    done = run_script(provenance_script(tmp_path / "first/a"), tmp_path)
    assert (done.returncode, done.stderr) == (1, "To be filled in first: eopatch\n")


def test_large_settings_are_filled_in_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    feature = (FeatureType.DATA_TIMELESS, "X")
    model = LinearRegression().fit([[1], [2]], [3, 5])
    Path("model.pkl").write_bytes(pickle.dumps(model))
    patch = generate_eopatch(feature)
    patch[feature] = patch[feature][..., :1]
    patch.save("input")
    nodes = linearly_connect_tasks(
        LoadTask("input"),
        PredictionTask(model, [feature], (FeatureType.DATA_TIMELESS, "Y")),
        SaveTask("patches", provenance=True),
    )
    EOWorkflow(nodes).execute({nodes[2]: {"eopatch_folder": "a"}})
    script = provenance_script("patches/a")
    assert "# model: LinearRegression(), fingerprint " in script
    assert run_script(script, tmp_path / "x").stderr == "To be filled in first: model\n"
    (tmp_path / "x/input").symlink_to(tmp_path / "input")
    loading = "import pickle, pathlib\nmodel = pickle.loads(pathlib.Path('../model.pkl').read_bytes())"
    filled = script.replace("model = ...", loading)
    done = run_script(filled, tmp_path / "x")
    assert done.returncode == 0, done.stderr
    assert EOPatch.load("x/patches/a") == EOPatch.load("patches/a")


def test_script_runs_what_several_saves_did_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = linearly_connect_tasks(Number(3), SaveTask("patches/a", provenance=True))
    EOWorkflow(first).execute()
    for _ in range(2):
        doubled = linearly_connect_tasks(
            LoadTask("patches/a"),
            MapFeatureTask(NUMBER, NUMBER, lambda number: number * 2),
            SaveTask("patches/a", overwrite_permission="OVERWRITE_FEATURES", provenance=True),
        )
        EOWorkflow(doubled).execute()
    assert patch_made_again(tmp_path / "patches/a", tmp_path / "x").data_timeless["N"].item() == 12


def test_files_that_were_loaded_are_told_by_size_and_time(tmp_path: Path) -> None:
    generate_eopatch([BANDS, VALID]).save(tmp_path / "input/7")
    nodes = linearly_connect_tasks(LoadTask(tmp_path / "input", features=[BANDS]), SaveTask(tmp_path, provenance=True))
    arguments = {nodes[0]: {"eopatch_folder": "7"}, nodes[1]: {"eopatch_folder": "out"}}
    EOWorkflow(nodes).execute(arguments)
    loaded = load_provenance(tmp_path / "out").records[0].loaded["LoadTask"]
    assert loaded["folder"] == str(tmp_path / "input/7")
    assert set(loaded["files"]) == {"bbox.geojson", "timestamps.json", "data/BANDS.npy.gz"}
    file = tmp_path / "input/7/data/BANDS.npy.gz"
    assert loaded["files"]["data/BANDS.npy.gz"]["bytes"] == file.stat().st_size
    assert "data/BANDS.npy.gz: bytes" in provenance_script(tmp_path / "out")


def test_zarr_array_that_was_loaded_counts_as_one_file(tmp_path: Path) -> None:
    generate_eopatch(BANDS).save(tmp_path / "input", use_zarr=True)
    nodes = linearly_connect_tasks(LoadTask(tmp_path / "input"), SaveTask(tmp_path / "out", provenance=True))
    EOWorkflow(nodes).execute()
    files = load_provenance(tmp_path / "out").records[0].loaded["LoadTask"]["files"]
    chunks = [path for path in (tmp_path / "input/data/BANDS.zarr").rglob("*") if path.is_file()]
    assert files["data/BANDS.zarr"]["bytes"] == sum(path.stat().st_size for path in chunks)


def test_loaded_patch_that_has_a_provenance_is_pointed_at(tmp_path: Path) -> None:
    SaveTask(tmp_path / "input", provenance=True)(generate_eopatch(BANDS))
    nodes = linearly_connect_tasks(LoadTask(tmp_path / "input"), SaveTask(tmp_path / "out", provenance=True))
    EOWorkflow(nodes).execute()
    assert "provenance.json, which tells how that patch came to be" in provenance_script(tmp_path / "out")


def test_workflow_that_travelled_as_a_pickle_still_knows_its_settings(tmp_path: Path) -> None:
    nodes = linearly_connect_tasks(Number(2.5), SaveTask(tmp_path, provenance=True))
    workflow = cloudpickle.loads(cloudpickle.dumps(EOWorkflow(nodes)))
    cloudpickle.loads(cloudpickle.dumps(workflow)).execute()
    record = load_provenance(tmp_path).records[0]
    assert record.nodes[0].settings == {"number": "2.5"}
    assert "class Number(EOTask):" in record.definitions["Number"]


def test_function_of_a_notebook_is_known_where_its_cell_is_not(tmp_path: Path) -> None:
    cell, source = "<ipython-input-7>", "def doubled(number):\n    return number * 2\n"
    linecache.cache[cell] = (len(source), None, source.splitlines(keepends=True), cell)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, cell, "exec"), namespace)
    save = SaveTask(tmp_path, provenance=True)
    nodes = linearly_connect_tasks(Number(2), MapFeatureTask(NUMBER, NUMBER, namespace["doubled"]), save)
    packed = cloudpickle.dumps(EOWorkflow(nodes))
    del linecache.cache[cell]
    cloudpickle.loads(packed).execute()
    assert load_provenance(tmp_path).records[0].definitions["doubled"] == source.rstrip()


def test_workflow_without_provenance_carries_nothing_for_it() -> None:
    workflow = EOWorkflow([EONode(Number(1))])
    assert pickle.loads(pickle.dumps(workflow)).task_descriptions is None


def test_save_within_another_task_is_recorded_as_that_task(tmp_path: Path) -> None:
    class Inner(EOTask):
        def __init__(self, folder: str):
            self.folder = folder

        def execute(self, patch: EOPatch) -> EOPatch:
            return SaveTask(self.folder, provenance=True)(patch)

    nodes = linearly_connect_tasks(Number(1), Inner(str(tmp_path)))
    EOWorkflow(nodes).execute()
    record = load_provenance(tmp_path).records[0]
    assert [node.task for node in record.nodes] == ["Number", "Inner"]
    SaveTask(tmp_path / "later", provenance=True)(EOPatch(bbox=PLACE))
    assert [node.task for node in load_provenance(tmp_path / "later").records[0].nodes] == ["SaveTask"]


def test_class_without_source_is_named_and_left_to_be_filled_in(tmp_path: Path) -> None:
    namespace: dict[str, Any] = {"EOTask": EOTask, "EOPatch": EOPatch, "bbox": PLACE, "__name__": "__main__"}
    exec("class Hidden(EOTask):\n    def execute(self):\n        return EOPatch(bbox=bbox)", namespace)
    nodes = linearly_connect_tasks(namespace["Hidden"](), SaveTask(tmp_path, provenance=True))
    EOWorkflow(nodes).execute()
    script = provenance_script(tmp_path)
    assert "# Hidden: the class __main__.Hidden, of which the source could not be found" in script
    done = run_script(script, tmp_path)
    assert (done.returncode, done.stderr) == (1, "To be filled in first: Hidden\n")


def test_versions_of_what_is_loaded_are_kept(tmp_path: Path) -> None:
    SaveTask(tmp_path, provenance=True)(EOPatch(bbox=PLACE))
    versions = load_provenance(tmp_path).records[0].versions
    assert versions["numpy"] == np.__version__
    assert versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert versions["eolearn.core"] == "2.0.0.dev0"


def test_file_is_for_people_to_read_and_has_a_format(tmp_path: Path) -> None:
    SaveTask(tmp_path, provenance=True)(generate_eopatch(BANDS))
    text = (tmp_path / "provenance.json").read_text()
    assert json.loads(text)["format"] == 1
    assert '\n      "features": [\n        "data/BANDS"\n      ],\n' in text


def test_patch_without_provenance_is_told_so(tmp_path: Path) -> None:
    SaveTask(tmp_path)(generate_eopatch(BANDS))
    with pytest.raises(PathNotFound, match=r"There is no provenance\.json in .*SaveTask\(\.\.\., provenance=True\)"):
        provenance_script(tmp_path)
