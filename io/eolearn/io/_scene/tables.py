"""The spectra and the courses through the year that the scene is mixed from; tools/derive_scene_tables.py made them."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
DAYS_A_YEAR = 365.25


@cache
def spectra() -> dict[str, NDArray[np.float64]]:
    """Return reflectances at the top of the atmosphere, (13 bands), by the name of what is seen."""
    return {row["name"]: np.array([float(row[band]) for band in BANDS]) for row in _read("spectra.csv")}


@cache
def _courses() -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    rows = _read("courses.csv")
    columns = [column for column in rows[0] if column.startswith("day_")]
    days = np.array([float(column.removeprefix("day_")) for column in columns])
    return days, {row["name"]: np.array([float(row[column]) for column in columns]) for row in rows}


def course(name: str, day_of_year: NDArray[Any]) -> NDArray[np.float64]:
    """Return a fraction of cover, such as ``maize_green``, on days of the year, which may lie beyond its ends."""
    days, courses = _courses()
    return np.asarray(np.interp(day_of_year, days, courses[name], period=DAYS_A_YEAR), np.float64)


def _read(name: str) -> list[dict[str, str]]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
