"""The guides keep what they say."""

from __future__ import annotations

import importlib
import re
import runpy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
PARTS = ["core", "io", "mask", "features", "geometry", "ml_tools", "coregistration"]


@pytest.mark.parametrize("page", ["getting_started", "storage", "execution", "writing_tasks"])
def test_examples_of_guide_run_and_print_what_it_says(page: str, check_page: Callable[[str], int]) -> None:
    assert check_page(f"docs/{page}.md") >= 1


def test_new_spellings_import() -> None:
    migration = (ROOT / "docs/migration.md").read_text(encoding="utf-8")
    imports = re.findall(r"^\|.*\| `(from eolearn\S+ import [\w, ]+)` \|$", migration, flags=re.MULTILINE)
    assert len(imports) > 30
    for line in imports:
        exec(line, {})


def test_listed_parameters_become_definitions() -> None:
    docstring = ["What it is for.", "", "red, nir: bands of", "    one shape.", "c: a constant.", "Returns an index."]
    assert as_definitions(docstring, {"red", "nir", "c"}) == [
        "What it is for.",
        "",
        "",
        "``red``, ``nir``",
        "    bands of",
        "    one shape.",
        "``c``",
        "    a constant.",
        "",
        "Returns an index.",
    ]


def test_words_with_a_colon_that_name_no_parameter_stay() -> None:
    docstring = ["Note: this is prose.", "    >>> c: int = 1"]
    assert as_definitions(docstring, {"c"}) == docstring


def as_definitions(docstring: list[str], parameters: set[str]) -> list[str]:
    extension = runpy.run_path(str(ROOT / "docs/_extensions/parameter_lists.py"))
    return list(extension["as_definitions"](docstring, parameters))


@pytest.mark.parametrize("part", PARTS)
def test_whatever_a_part_offers_is_in_the_reference(part: str) -> None:
    reference = (ROOT / "docs/api/index.md").read_text(encoding="utf-8")
    modules = re.findall(rf"^   (eolearn\.{part}\.\S+)$", reference, flags=re.MULTILINE)
    described = {name for module in modules for name in dir(importlib.import_module(module))}
    offered = set(importlib.import_module(f"eolearn.{part}").__all__)
    assert offered
    assert offered - described == set()
