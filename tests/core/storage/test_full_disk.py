"""A disk that is full is an error that says so, and costs nothing of the patch that is there."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("full_disk.py")
UNSHARE = ["unshare", "--mount", "--map-root-user"]


def can_mount(folder):
    if shutil.which("unshare") is None:
        return False
    mount = [*UNSHARE, "mount", "-t", "tmpfs", "tmpfs", folder]
    return subprocess.run(mount, capture_output=True, check=False).returncode == 0


@pytest.mark.long
@pytest.mark.parametrize("resource", ["bytes", "inodes"])
def test_saves_that_find_no_room_leave_the_old_patch_whole(tmp_path, resource):
    if not can_mount(tmp_path):
        pytest.skip("needs leave to mount a small disk: unshare --mount --map-root-user")
    script = [*UNSHARE, sys.executable, SCRIPT, tmp_path, resource]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stderr[-3000:]
