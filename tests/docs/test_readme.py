"""The READMEs keep what they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
PARTS = ["core", "io", "mask", "features", "geometry", "ml_tools", "coregistration"]


@pytest.mark.parametrize("readme", ["README.md", *(f"{part}/README.md" for part in PARTS)])
def test_examples_of_readme_run_and_print_what_it_says(readme: str, check_page: Callable[[str], int]) -> None:
    assert check_page(readme) >= 1


def test_readme_links_lead_to_files() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(targets) > 10
    assert [target for target in targets if not (ROOT / target).is_file()] == []
