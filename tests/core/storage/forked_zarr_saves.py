"""Saves Zarr arrays in processes that are killed. A script: test_zarr_crashes.py runs it.

    python forked_zarr_saves.py each-step FOLDER replace|dates|append|switch
    python forked_zarr_saves.py random FOLDER whole|dates|append|switch COUNT
    python forked_zarr_saves.py together|rivals FOLDER COUNT

It forks, and so this process itself never opens a Zarr array: that starts threads, which a fork would lose.
"""

import mmap
import os
import random
import shutil
import signal
import sys
import time
import warnings
from collections import Counter
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import numpy as np
import zarr.storage  # noqa: F401 - once, not in each child
import zarrs  # noqa: F401
from forked_saves import STEPS, files_of, in_child, kill, told
from sentinelhub import CRS, BBox

from eolearn.core.eodata import EOPatch

warnings.simplefilter("ignore")
BOX = BBox((0, 0, 1, 1), CRS.WGS84)
START, DAY = datetime(2026, 1, 1), timedelta(days=1)
DAYS = [f"2026-01-0{day}" for day in range(1, 8)]


def patch_of(version, days=DAYS[:3]):
    patch = EOPatch(bbox=BOX, timestamps=days)
    patch.data["A"] = np.full((len(days), 30, 30, 1), version)
    patch.mask["B"] = np.full((len(days), 3, 3, 1), version)
    return patch


def save_zarr(patch, folder, **settings):
    patch.save(folder, **{"use_zarr": True, "overwrite_permission": "OVERWRITE_FEATURES", **settings})


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


def killed_at_random_moments(folder, mode, rounds):
    """Kill processes that save for ever, and see each time that one version is there, and its files alone."""
    target, save = folder / "patch", ENDLESS[mode]

    def save_for_ever():
        for version in count(1):
            save(target, version)
            yield

    wait_for(in_child(lambda: save_zarr(patch_of(0), target)))
    kills, found = Counter(), set()
    for _ in range(rounds):
        kills += kill(save_for_ever, target, random.uniform(0, 0.1))
        found.add(checked_content(target, mode))
        assert not list(target.glob(".eolearn*"))
        wait_for(in_child(lambda: save(target, 99)))
        dates = eval(checked_content(target, mode))[0]["A"]
        assert files_of(target) == expected_files(target, len(dates)), "no stray files"
    assert len(found) > 1, "some saves were finished"
    print(f"zarr, {mode}: {told(kills)}, {len(found)} versions")


def save_some_dates(folder, version):
    save_zarr(patch_of(version, DAYS[1:3]), folder, temporal_selection="infer")


def append_a_date(folder, _):
    """Append the date whose number is its position, and begin again after some."""
    position = len(EOPatch.load(folder, lazy_loading=True).timestamps)
    if position == 20:
        save_zarr(patch_of(0, [START]), folder)
    else:
        patch_of(position, [START + position * DAY]).save(folder, temporal_selection="append")


def save_whole(folder, version, use_zarr=True):
    save_zarr(patch_of(version, DAYS[: 1 + version % 7]), folder, use_zarr=use_zarr)


def save_in_turns(folder, version):
    save_whole(folder, version, use_zarr=version % 2 == 1)


ENDLESS = {"whole": save_whole, "dates": save_some_dates, "append": append_a_date, "switch": save_in_turns}


def checked_content(folder, mode):
    """Return what a patch holds, after a look whether it is of one save."""
    content = content_of(folder)
    versions, timestamps = eval(content)
    assert versions["A"] == versions["B"], content
    dates = versions["A"]
    assert len(dates) == len(timestamps), content
    if mode == "append":
        assert dates in (list(range(len(dates))), [0, 0, 0, *range(3, len(dates))]), content
    elif mode == "dates":
        assert dates == [0, dates[1], dates[1]], content
    else:
        assert set(dates) == {dates[0]}, content
        assert not dates[0] or len(dates) == 1 + dates[0] % 7, content
    return content


def expected_files(folder, count):
    if (folder / "data/A.npy.gz").exists():
        return ["bbox.geojson", "data/A.npy.gz", "mask/B.npy.gz", "timestamps.json"]
    chunks = [f"{name}.zarr/c.{date}.0.0.0" for name in ("data/A", "mask/B") for date in range(count)]
    return sorted([*chunks, "data/A.zarr/zarr.json", "mask/B.zarr/zarr.json", "bbox.geojson", "timestamps.json"])


def saved_together(folder, rounds):
    """Two processes save arrays of one patch, and change dates of them, at the same time."""
    for target in (folder / str(number) for number in range(rounds)):

        def save_many(name):
            for version in range(1, 6):
                patch = EOPatch(bbox=BOX, timestamps=DAYS[:3])
                patch.data[name] = np.full((3, 30, 30, 1), version)
                save_zarr(patch, target)  # noqa: B023 - called at once
                save_zarr(patch.temporal_subset([1]), target, temporal_selection="infer")  # noqa: B023

        children = [in_child(lambda: save_many(name)) for name in "XY"]  # noqa: B023
        for pid in children:
            wait_for(pid)
        assert eval(content_of(target))[0] == {"X": [5] * 3, "Y": [5] * 3}
        assert not list(target.glob(".eolearn*"))
    print(f"zarr: {rounds} rounds of two processes")


def killed_rivals(folder, rounds):
    """Two processes save two features of a patch, in two formats, and are killed. What they had finished is there."""
    target, kills = folder / "patch", Counter()
    finished = memoryview(mmap.mmap(-1, 16)).cast("q")  # what the processes have saved, as they tell before they die

    def save(name, version):
        patch = EOPatch(bbox=BOX, timestamps=DAYS[:3], data={name: np.full((3, 30, 30, 1), version)})
        save_zarr(patch, target, use_zarr=name == "X")

    def save_for_ever(position, name):
        for version in count(finished[position] + 1):
            save(name, version)
            finished[position] = version
            yield

    for name in "XY":
        wait_for(in_child(lambda: save(name, 0)))  # noqa: B023 - called at once
    for _ in range(rounds):
        rival = in_child(lambda: list(save_for_ever(1, "Y")))
        kills += kill(lambda: save_for_ever(0, "X"), target, random.uniform(0, 0.1))
        time.sleep(random.uniform(0, 0.02))
        os.kill(rival, signal.SIGKILL)
        os.waitpid(rival, 0)
        kills["kills"] += 1
        versions = eval(content_of(target))[0]
        for position, name in enumerate("XY"):
            (version,) = set(versions[name])
            assert version in (finished[position], finished[position] + 1), (name, versions, list(finished))
            finished[position] = version
        assert not list(target.glob(".eolearn*"))
    print(f"two at once: {told(kills)}, {list(finished)} saves")


if __name__ == "__main__":
    command, path, *arguments = sys.argv[1:]
    if command == "each-step":
        killed_at_each_step(Path(path), *arguments)
    elif command == "random":
        killed_at_random_moments(Path(path), arguments[0], int(arguments[1]))
    else:
        {"together": saved_together, "rivals": killed_rivals}[command](Path(path), int(arguments[0]))
