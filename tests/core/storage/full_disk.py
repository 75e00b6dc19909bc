"""Saves patches on a small disk with less and less room. A script: test_full_disk.py runs it.

    unshare --mount --map-root-user python full_disk.py FOLDER bytes|inodes

It mounts a disk of its own in the folder, which nobody else sees and which is gone afterwards. It is filled but for a
few pages (or files), a save is tried, and must be an error that leaves the old patch whole, or else succeed.
"""

import os
import shutil
import subprocess
import sys
import warnings
from itertools import count
from pathlib import Path

import numpy as np
from geopandas import GeoDataFrame
from sentinelhub import CRS, BBox
from shapely.geometry import Point

from eolearn.core import EOPatch
from eolearn.core.exceptions import StorageError

warnings.simplefilter("ignore")
RNG = np.random.default_rng(0)
OVER = {"overwrite_permission": "OVERWRITE_FEATURES"}
PAGE = os.sysconf("SC_PAGE_SIZE")


def patch_of(version, days=2, pixels=30):
    patch = EOPatch(
        bbox=BBox((0, 0, version, 1), CRS.WGS84), timestamps=[f"202{version}-01-0{d + 1}" for d in range(days)]
    )
    patch.data["A"] = RNG.random((days, pixels, pixels, 1))
    patch.meta_info["version"] = version
    return patch


def with_table(patch, rows):
    patch.vector_timeless["V"] = GeoDataFrame(
        {"text": [RNG.bytes(40).hex() for _ in range(rows)]}, geometry=[Point(0, 0)] * rows, crs=CRS.WGS84.pyproj_crs()
    )
    return patch


OLD, NEW, LATER = patch_of(1), patch_of(2, pixels=60), patch_of(2)
LATER.bbox = OLD.bbox
OTHER = EOPatch(bbox=OLD.bbox, timestamps=OLD.timestamps, mask={"B": RNG.integers(0, 9, (2, 50, 50, 1))})
DATE = EOPatch(bbox=OLD.bbox, timestamps=OLD.timestamps[1:], data={"A": RNG.random((1, 30, 30, 1))})
TABLES = with_table(OLD.copy(), 10), with_table(OLD.copy(), 500)

# the patch that is there, whether it is of Zarr arrays, and the save
CASES = {
    "npy": (OLD, False, lambda folder: NEW.save(folder, **OVER)),
    "a new type": (OLD, False, OTHER.save),
    "zarr": (OLD, True, lambda folder: NEW.save(folder, use_zarr=True, **OVER)),
    "zarr for npy": (OLD, False, lambda folder: NEW.save(folder, use_zarr=True, **OVER)),
    "dates": (OLD, True, lambda folder: DATE.save(folder, use_zarr=True, temporal_selection="infer", **OVER)),
    "append to npy": (OLD, False, lambda folder: LATER.save(folder, temporal_selection="append")),
    "append to zarr": (OLD, True, lambda folder: LATER.save(folder, temporal_selection="append")),
    "vector": (TABLES[0], False, lambda folder: TABLES[1].save(folder, **OVER)),
    "whole": (OLD, False, lambda folder: NEW.save(folder, overwrite_permission="OVERWRITE_PATCH")),
}


def fill(disk, resource, room):
    """Leave only so many pages, or files, free."""
    status = os.statvfs(disk)
    if resource == "bytes":
        with open(disk / "filler", "wb") as file:
            os.posix_fallocate(file.fileno(), 0, (status.f_bavail - room) * status.f_frsize)
    else:
        for number in range(status.f_favail - room):
            os.mknod(disk / f"filler-{number}")


def empty(disk):
    for path in disk.glob("filler*"):
        path.unlink()


def tried(disk, resource, room, case):
    """Return whether a save succeeds with so much room; if it doesn't, see what is left."""
    old, use_zarr, save = CASES[case]
    folder = disk / "patch"
    old.save(folder, use_zarr=use_zarr)
    before = files_of(folder)
    fill(disk, resource, room)
    try:
        save(folder)
    except StorageError as error:
        check_message(str(error), folder)
        assert EOPatch.load(folder) == old, "it is loaded while the disk is full"
        assert files_of(folder) == before, "no stray files"
        empty(disk)
        assert EOPatch.load(folder) == old
        save(folder)
        is_done = False
    else:
        is_done = True
    assert not list(folder.glob(".eolearn*"))
    loaded = EOPatch.load(folder)
    shutil.rmtree(folder)
    empty(disk)
    old.save(folder, use_zarr=use_zarr)
    save(folder)
    assert EOPatch.load(folder) == loaded != old
    shutil.rmtree(folder)
    return is_done


def check_message(message, folder):
    assert f"can't be saved in {folder}" in message, message
    assert "No space left" in message, message


def files_of(folder):
    return sorted((str(path.relative_to(folder)), path.is_dir()) for path in folder.rglob("*"))


if __name__ == "__main__":
    disk, resource = Path(sys.argv[1]), sys.argv[2]
    size = "size=4m,nr_inodes=1000" if resource == "bytes" else "size=16m,nr_inodes=100"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", disk], check=True)
    for case in CASES:
        failed = next(room for room in count() if tried(disk, resource, room, case))
        assert failed > 2
        print(f"{case}: {failed} failed for want of {resource}")
