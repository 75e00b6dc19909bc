"""A script for eo-learn 1.5 that uses only the core runs here unchanged, and sees the same as there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("core_script.py")
PEER = Path(os.environ.get("EOLEARN_PEER", Path.home() / ".cache/eolearn-peer/bin/python"))


def lines_of(python: Path | str) -> list[str]:
    answer = subprocess.run([python, SCRIPT], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.splitlines()


def test_the_script_runs_to_its_end():
    assert lines_of(sys.executable)[-1].startswith("generated")


@pytest.mark.long
@pytest.mark.skipif(not PEER.exists(), reason="needs eo-learn 1.5.6 in an environment of its own, see EOLEARN_PEER")
def test_the_script_sees_the_same_as_with_1_5_6():
    assert lines_of(sys.executable) == lines_of(PEER)
