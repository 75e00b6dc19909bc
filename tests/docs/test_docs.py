"""The guides keep what they say."""

from __future__ import annotations

import importlib
import re
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from eolearn import core
from eolearn.core import FeatureType
from eolearn.core.eodata_io import get_filesystem_data_info
from eolearn.core.utils.testing import generate_eopatch

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
EXTENSIONS = ROOT / "docs/_extensions"
PARTS = ["core", "io", "mask", "features", "geometry", "ml_tools", "coregistration"]
PAGES = [
    *("getting_started", "simulated", "rasters", "grids", "mosaics", "stac", "radiometry", "masks"),
    *("geometry", "sampling", "splitting", "storage", "provenance", "xarray", "execution", "visualization"),
    *("interpolation", "ndvi_trends", "coregistration", "writing_tasks"),
]


@pytest.mark.parametrize("page", PAGES)
def test_examples_of_guide_run_and_print_what_it_says(page: str, check_page: Callable[[str], int]) -> None:
    assert check_page(f"docs/{page}.md") >= 1


def test_new_spellings_run(tmp_path: Path) -> None:
    migration = (ROOT / "docs/migration.md").read_text(encoding="utf-8")
    tables = migration.partition("## Old spellings")[2].partition("## What isn't there yet")[0]
    lines = re.findall(r"^\|.*\| `([^`]+)`[^|`]* \|$", tables, flags=re.MULTILINE)
    assert len(lines) > 50
    namespace = namespace_of_old_scripts(tmp_path)
    for line in lines:
        exec(line, namespace | {"patch": namespace["first"].copy()})


def namespace_of_old_scripts(folder: Path) -> dict[str, Any]:
    """Return what the new spellings use, under the names that the tables use."""
    bands = (FeatureType.DATA, "BANDS")
    patch = generate_eopatch([bands])
    patch.save(folder, overwrite_permission="OVERWRITE_FEATURES")
    load, save = core.LoadTask(folder), core.SaveTask(folder)
    return {name: getattr(core, name) for name in core.__all__} | {
        "np": np,
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
        "load_node": core.EONode(load),
        "path": folder,
        "get_filesystem_data_info": get_filesystem_data_info,
        "filesystem": core.get_filesystem(folder),
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
    assert missing
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


def test_signature_of_a_task_has_its_settings_and_their_defaults() -> None:
    signature_of_task = runpy.run_path(str(EXTENSIONS / "task_signatures.py"))["signature_of_task"]
    assert signature_of_task(core.TemporalSubsetTask) == "(timestamps: TemporalSelectionSpec | None = None)"
    assert signature_of_task(core.InitializeFeatureTask).endswith("dtype: DTypeLike = numpy.uint8)")
    assert signature_of_task(core.CreateEOPatchTask) == "()"


def as_definitions(docstring: list[str], parameters: set[str]) -> list[str]:
    extension = runpy.run_path(str(EXTENSIONS / "parameter_lists.py"))
    return list(extension["as_definitions"](docstring, parameters))


@pytest.mark.parametrize("part", PARTS)
def test_whatever_a_part_offers_is_in_the_reference(part: str) -> None:
    reference = (ROOT / "docs/api/index.md").read_text(encoding="utf-8")
    modules = re.findall(rf"^   (eolearn\.{part}\.\S+)$", reference, flags=re.MULTILINE)
    described = {name for module in modules for name in dir(importlib.import_module(module))}
    offered = set(importlib.import_module(f"eolearn.{part}").__all__)
    assert offered
    assert offered - described == set()
