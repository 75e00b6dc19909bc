"""Saves Zarr arrays in processes that are killed. A script: test_zarr_crashes.py runs it.

    python forked_zarr_saves.py each-step FOLDER replace|dates|append|switch
    python forked_zarr_saves.py random FOLDER COUNT

It forks, and so this process itself never opens a Zarr array: that starts threads, which a fork would lose.
"""

import os
import random
import shutil
import signal
import sys
import time
import warnings
from itertools import count
from pathlib import Path

import numpy as np
import zarr.storage  # noqa: F401 - once, not in each child
import zarrs  # noqa: F401
from forked_saves import STEPS, in_child
from sentinelhub import CRS, BBox

from eolearn.core.eodata import EOPatch

warnings.simplefilter("ignore")
BOX = BBox((0, 0, 1, 1), CRS.WGS84)
DAYS = [f"2026-01-0{day}" for day in range(1, 8)]


def patch_of(version, days=DAYS[:3]):
    patch = EOPatch(bbox=BOX, timestamps=days)
    patch.data["A"] = np.full((len(days), 30, 30, 1), version)
    patch.mask["B"] = np.full((len(days), 3, 3, 1), version)
    return patch


def save_zarr(patch, folder, **settings):
    patch.save(folder, use_zarr=True, **{"overwrite_permission": "OVERWRITE_FEATURES", **settings})


SAVES = {
    "replace": lambda folder: save_zarr(patch_of(2, DAYS[:2]), folder),
    "dates": lambda folder: save_zarr(patch_of(2, DAYS[1:3]), folder, temporal_selection="infer"),
    "append": lambda folder: patch_of(2, DAYS[3:5]).save(folder, temporal_selection="append"),
    "switch": lambda folder: patch_of(2).save(folder, overwrite_permission="OVERWRITE_FEATURES"),
}


def content_of(folder):
    """Return the version of each date of each array, as a child reads it."""
    reader, writer = os.pipe()

    def tell():
        patch = EOPatch.load(folder)
        versions = {name: [int(np.unique(date).item()) for date in array] for name, array in patch.data.items()}
        versions.update({name: [int(np.unique(date).item()) for date in array] for name, array in patch.mask.items()})
        os.write(writer, repr((versions, [str(day) for day in patch.timestamps])).encode())

    wait_for(in_child(tell))
    os.close(writer)
    with os.fdopen(reader) as told:
        return told.read()


def wait_for(pid, *expected):
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in (0, *expected), status
    return status


def files_of(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())


def save_until(step, folder, save):
    """Save, and die just before the given step."""
    steps = count()

    def stop(event, arguments):
        if event in STEPS and str(arguments[0]).startswith(str(folder)) and next(steps) == step:
            os._exit(9)

    sys.addaudithook(stop)
    save(folder)


def killed_at_each_step(folder, mode):
    template = folder / "template"
    wait_for(in_child(lambda: save_zarr(patch_of(1), template)))
    before, results = content_of(template), []
    for step in count():
        target = folder / f"step{step}"
        shutil.copytree(template, target)
        status = wait_for(in_child(lambda: save_until(step, target, SAVES[mode])), 9)  # noqa: B023 - called at once
        results.append(content_of(target))
        assert not list(target.glob(".eolearn*")), "loading clears up"
        if status == 0:
            break
    after, expected_files = results[-1], files_of(target)
    assert before != after
    committed = results.index(after)
    assert results[:committed] == [before] * committed, "nothing has changed before the commit"
    assert results[committed:] == [after] * (len(results) - committed), "all has changed after it"
    assert 3 < committed < len(results) - 3, (committed, len(results))
    for step in range(committed, len(results)):
        assert files_of(folder / f"step{step}") == expected_files, "no stray files"


def killed_at_random_moments(folder, rounds):
    target = folder / "patch"

    def save_for_ever():
        for version in count(1):
            if version % 2:
                save_zarr(patch_of(version % 90), target)
            else:
                patch_of(version % 90).save(target, overwrite_permission="OVERWRITE_FEATURES")

    wait_for(in_child(lambda: save_zarr(patch_of(0), target)))
    found = set()
    for _ in range(rounds):
        pid = in_child(save_for_ever)
        time.sleep(random.uniform(0.05, 0.2))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        content = content_of(target)
        versions = eval(content)[0]
        assert len({version for dates in versions.values() for version in dates}) == 1, content
        found.add(content)
        names = {path.name.partition(".")[2] for path in target.glob("*/*")}
        assert len(names) == 1, names
        assert not list(target.glob(".eolearn*"))
    assert len(found) > 1, "some saves were finished"


if __name__ == "__main__":
    command, path, argument = sys.argv[1:]
    if command == "each-step":
        killed_at_each_step(Path(path), argument)
    else:
        killed_at_random_moments(Path(path), int(argument))
