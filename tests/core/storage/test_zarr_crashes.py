"""A save of Zarr arrays that is killed leaves the old patch or the new one, whole."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
SCRIPT = Path(__file__).with_name("forked_zarr_saves.py")


def run_script(*arguments):
    result = subprocess.run([sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    print(result.stdout)
    return result.stdout


NO_ROOM = """
import resource, sys
import numpy as np
from sentinelhub import CRS, BBox
from eolearn.core import EOPatch

patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2026-01-01"], data={"A": np.zeros((1, 9, 9, 1))})
patch.save(sys.argv[1], use_zarr=True)
large = patch.copy()
large.data["A"] = np.random.default_rng(0).random((1, 99, 99, 1))
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    large.save(sys.argv[1], use_zarr=True, overwrite_permission="OVERWRITE_FEATURES")
except OSError as error:
    print(error)
assert EOPatch.load(sys.argv[1]) == patch
"""


def test_an_array_that_the_disk_has_no_room_for_is_an_error_and_the_old_one_stays(tmp_path):
    done = subprocess.run([sys.executable, "-c", NO_ROOM, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert f"can't be saved in {tmp_path}: File too large" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bbox.geojson", "data", "timestamps.json"]


@pytest.mark.long
@pytest.mark.parametrize("mode", ["replace", "dates", "append", "switch"])
def test_a_save_that_is_killed_at_any_step_leaves_the_old_patch_or_the_new_one(tmp_path, mode):
    run_script("each-step", tmp_path, mode)


@pytest.mark.long
@pytest.mark.parametrize(("mode", "kills"), [("whole", 200), ("dates", 200), ("append", 200), ("switch", 100)])
def test_saves_that_are_killed_at_random_moments_leave_one_version_and_no_strays(tmp_path, mode, kills):
    assert f"zarr, {mode}: {kills} kills" in run_script("random", tmp_path, mode, kills)


@pytest.mark.parametrize("rounds", [2, pytest.param(50, marks=pytest.mark.long)])
def test_processes_that_save_different_arrays_of_a_patch_lose_none(tmp_path, rounds):
    run_script("together", tmp_path, rounds)


@pytest.mark.long
def test_what_two_processes_finished_before_they_were_killed_is_there(tmp_path):
    assert "two at once: 200 kills" in run_script("rivals", tmp_path, 100)
