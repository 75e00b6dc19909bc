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
from itertools import count
from pathlib import Path

import numpy as np
from sentinelhub import CRS, BBox

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


def killed_at_random_moments(folder, rounds):
    target = folder / "patch"
    patch_of(0).save(target)

    def save_for_ever():
        for version in count(1):
            patch_of(version % 90).save(target, overwrite_permission="OVERWRITE_FEATURES")

    versions = set()
    for _ in range(rounds):
        pid = in_child(save_for_ever)
        time.sleep(random.uniform(0.002, 0.06))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        found = set(content_of(target).values())
        assert len(found) == 1, found
        versions |= found
        assert not list(target.glob(".eolearn*"))
    assert len(versions) > 1, "some saves were finished"


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
