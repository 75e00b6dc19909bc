"""The guides keep what they say."""

from __future__ import annotations

import importlib
import re
import runpy
import warnings  # noqa: F401 - used by the lines that are run
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from eolearn.core import (
    EONode,
    EOPatch,  # noqa: F401
    FeatureType,
    LoadTask,
    OverwritePermission,
    SaveTask,
    get_filesystem,
)
from eolearn.core.utils.testing import generate_eopatch

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
PARTS = ["core", "io", "mask", "features", "geometry", "ml_tools", "coregistration"]


@pytest.mark.parametrize("page", ["getting_started", "storage", "execution", "writing_tasks"])
def test_examples_of_guide_run_and_print_what_it_says(page: str, check_page: Callable[[str], int]) -> None:
    assert check_page(f"docs/{page}.md") >= 1


def test_new_spellings_run(tmp_path: Path) -> None:
    migration = (ROOT / "docs/migration.md").read_text(encoding="utf-8")
    tables = migration.partition("## Old spellings")[2].partition("## What isn't there yet")[0]
    lines = re.findall(r"^\|.*\| `([^`]+)`[^|`]* \|$", tables, flags=re.MULTILINE)
    assert len(lines) > 60
    for line in lines:
        exec(line, namespace_of_old_scripts(tmp_path))


def namespace_of_old_scripts(folder: Path) -> dict[str, Any]:
    """Return what the new spellings use, under the names that the tables use."""
    bands = (FeatureType.DATA, "BANDS")
    patch = generate_eopatch([bands])
    patch.save(folder, overwrite_permission=OverwritePermission.OVERWRITE_FEATURES)
    load, save = LoadTask(folder), SaveTask(folder)
    return globals() | {
        "patch": patch,
        "first": patch,
        "second": generate_eopatch([bands], timestamps=["2030-01-01"]),
        "kind": bands[0],
        "name": bands[1],
        "new": "NEW",
        "value": patch[bands],
        "bbox": patch.bbox,
        "timestamps": patch.timestamps,
        "load": load,
        "save": save,
        "task": save,
        "load_node": EONode(load),
        "path": folder,
        "filesystem": get_filesystem(folder),
        "patch_location": "/",
        "image": np.zeros((2, 2, 3)),
        "mask": np.zeros((2, 2)),
        "source": patch.timestamps,
        "target": patch.timestamps,
    }


def test_what_is_said_to_be_missing_is_missing() -> None:
    migration = (ROOT / "docs/migration.md").read_text(encoding="utf-8")
    section = migration.partition("### In the other parts\n")[2].partition("###")[0]
    missing = set(re.findall(r"`(\w+)`", section))
    assert len(missing) > 60
    for part in PARTS:
        assert missing & set(dir(importlib.import_module(f"eolearn.{part}"))) == set(), f"eolearn.{part} has them now"


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
