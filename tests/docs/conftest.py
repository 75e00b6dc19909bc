"""Runs the python blocks of a markdown page as a reader would: one after another, in a fresh process."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "--- end of a block ---"


def fenced_blocks(page: str) -> list[tuple[str, str]]:
    """Return (info, content) of each fenced block."""
    return [(match["info"], match["content"]) for match in FENCE.finditer(page)]


def run(blocks: list[str], folder: Path) -> list[str]:
    """Run the blocks as one script, with warnings as errors, and return what each printed."""
    script = folder / "page.py"
    script.write_text("".join(f"{block}\nprint({MARK!r})\n" for block in blocks), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore:Use `@` matmul:PendingDeprecationWarning", script.name],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split(f"{MARK}\n")[:-1]


@pytest.fixture
def check_page(tmp_path: Path) -> Callable[[str], int]:
    """Return a function that runs a page and compares what is printed with the text block that follows, if any."""

    def check(page: str) -> int:
        blocks = fenced_blocks((ROOT / page).read_text(encoding="utf-8"))
        printed = iter(run([content for info, content in blocks if info == "python"], tmp_path))
        for (info, _), (next_info, expected) in pairwise([*blocks, ("", "")]):
            if info != "python":
                continue
            output = next(printed)
            if next_info == "text":
                assert output == expected, f"{page} says otherwise"
        return sum(info == "python" for info, _ in blocks)

    return check
