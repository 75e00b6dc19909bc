"""Saves a patch in processes that are killed or that run at the same time. A script: test_transaction.py runs it.

    python forked_saves.py each-step FOLDER add|replace|whole
    python forked_saves.py random FOLDER COUNT
    python forked_saves.py together FOLDER

It forks: that is quick, and allowed here, where no other library has started threads.
"""

import os
import random
import shutil
import signal
import sys
import time
import warnings
from collections import Counter
from itertools import count
from pathlib import Path

import numpy as np
import psutil  # noqa: F401 - once, not in each child
import pyogrio  # noqa: F401
from geopandas import GeoDataFrame
from sentinelhub import CRS, BBox
from shapely.geometry import Point

import eolearn.core.eodata_io  # noqa: F401
from eolearn.core.eodata import EOPatch

warnings.simplefilter("ignore")

STEPS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.scandir", "os.listdir", "shutil.rmtree"}


def patch_of(version, names=("A", "B")):
    patch = EOPatch(bbox=BBox((0, 0, version + 1, 1), CRS.WGS84), timestamps=[f"20{version:02}-01-01"])
    for name in names:
        patch.data[name] = np.full((1, 50, 50, 1), version)
    patch.meta_info["version"] = version
    return patch


def content_of(folder):
    """Return what a patch holds, each part as the number of the version that it is of."""
    patch = EOPatch.load(folder)
    content = {name: int(np.unique(patch.data[name]).item()) for name in patch.data}
    content["bbox"] = round(patch.bbox.max_x) - 1
    content["timestamps"] = patch.timestamps[0].year - 2000
    content.update(patch.meta_info)
    return content


def in_child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
    return pid


def save_until(step, folder, patch, permission):
    """Save a patch, and die just before the given step."""
    steps = count()

    def stop(event, arguments):
        if event in STEPS and str(arguments[0]).startswith(str(folder)) and next(steps) == step:
            os._exit(9)

    sys.addaudithook(stop)
    patch.save(folder, overwrite_permission=permission)


def killed_at_each_step(folder, mode):
    old, new, permission = {
        "add": (patch_of(1, ["A"]), patch_of(2, ["B"]), "OVERWRITE_FEATURES"),
        "replace": (patch_of(1), patch_of(2), "OVERWRITE_FEATURES"),
        "whole": (patch_of(1, ["A", "C"]), patch_of(2, ["A", "B"]), "OVERWRITE_PATCH"),
    }[mode]
    template = folder / "template"
    old.save(template)
    if mode == "replace":  # the old files are of formats that the new ones replace
        np.save(template / "data/A.npy", old.data["A"])
        (template / "data/A.npy.gz").unlink()
        (template / "timestamps.json").rename(template / "timestamp.json")
    before, results = content_of(template), []
    for step in count():
        target = folder / f"step{step}"
        shutil.copytree(template, target)
        pid = in_child(lambda: save_until(step, target, new, permission))  # noqa: B023 - called at once
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert status in (0, 9), status
        results.append(content_of(target))
        assert not list(target.glob(".eolearn*")), "loading clears up"
        patch_of(3, ["D"]).save(target, overwrite_permission="OVERWRITE_FEATURES")
        assert content_of(target)["D"] == 3, "saving goes on"
        if status == 0:
            break
    after = results[-1]
    assert before != after
    committed = results.index(after)
    assert results[:committed] == [before] * committed, "nothing has changed before the commit"
    assert results[committed:] == [after] * (len(results) - committed), "all has changed after it"
    assert 3 < committed < len(results) - 3, (committed, len(results))


def patch_of_all_kinds(version):
    patch = patch_of(version)
    patch.vector_timeless["V"] = GeoDataFrame({"version": [version]}, geometry=[Point(version, 0)], crs=4326)
    return patch


def versions_of(folder):
    return {*content_of(folder).values(), int(EOPatch.load(folder).vector_timeless["V"].version.item())}


def killed_at_random_moments(folder, rounds):
    """Only children open patches here: GDAL starts threads, which a fork would lose."""
    target = folder / "patch"

    def save(version):
        patch_of_all_kinds(version).save(target, overwrite_permission="OVERWRITE_FEATURES")

    def save_for_ever():
        for version in count(1):
            save(version % 90)
            yield

    told_by_child(lambda: save(0))
    files, kills, versions = files_of(target), Counter(), set()
    for _ in range(rounds):
        kills += kill(save_for_ever, target, random.uniform(0, 0.06))
        found, after = told_by_child(lambda: (versions_of(target), save(99), versions_of(target))[::2])
        assert len(found) == 1, found
        assert after == {99}
        versions |= found
        assert files_of(target) == files, "no stray files"
    assert len(versions) > 1, "some saves were finished"
    print(f"npy.gz, gpkg.gz and json.gz: {told(kills)}")


def told_by_child(function):
    """Return what a function returns in a process of its own: a value that can be written down."""
    reader, writer = os.pipe()
    pid = in_child(lambda: os.write(writer, repr(function()).encode()))
    os.close(writer)
    with os.fdopen(reader) as told:
        text = told.read()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    return eval(text)


def kill(saves, folder, seconds):
    """Kill a process that saves again and again, some time after its first save, and return what it was doing.

    saves: yields after each save.
    """
    reader, writer = os.pipe()

    def work():
        for _ in saves():
            os.write(writer, b"!")

    pid = in_child(work)
    os.close(writer)
    assert os.read(reader, 1) == b"!"
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    os.close(reader)
    staged = list(folder.glob(".eolearn-save-*"))
    is_committed = any((staging / "journal.json").exists() for staging in staged)
    return Counter({"kills": 1, "in a save": bool(staged), "after its commit": is_committed})


def told(kills):
    return f"{kills['kills']} kills, {kills['in a save']} in a save, {kills['after its commit']} after its commit"


def files_of(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())


def saved_together(folder):
    target = folder / "patch"

    def save_many(writer):
        for number in range(15):
            patch_of(1, [f"{writer}{number}"]).save(target, features=[("data", f"{writer}{number}")])
            EOPatch.load(target)

    children = [in_child(lambda: save_many(writer)) for writer in "ABCD"]  # noqa: B023 - called at once
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0] * 4
    names = set(EOPatch.load(target).data)
    assert names == {f"{writer}{number}" for writer in "ABCD" for number in range(15)}
    assert not list(target.glob(".eolearn*"))


if __name__ == "__main__":
    command, path, *arguments = sys.argv[1:]
    if command == "each-step":
        killed_at_each_step(Path(path), *arguments)
    elif command == "random":
        killed_at_random_moments(Path(path), *map(int, arguments))
    else:
        saved_together(Path(path))
