"""An EOPatch in words: the exact form, short, and without loading."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pytest
from sentinelhub import CRS, BBox
from shapely.geometry import Point

from eolearn.core import EOPatch
from eolearn.core.eodata_repr import describe

BOX = BBox((0, 0, 1, 1), CRS.POP_WEB)


def test_a_bare_patch():
    assert repr(EOPatch(bbox=BOX)) == "EOPatch(\n  bbox=BBox(((0.0, 0.0), (1.0, 1.0)), crs=CRS('3857'))\n)"


@pytest.mark.filterwarnings("ignore:.*without a bounding box.*")
def test_an_empty_patch():
    assert repr(EOPatch()) == "EOPatch()"


def test_features_are_sorted_by_name_below_their_type():
    patch = EOPatch(
        bbox=BOX, timestamps=["2017-06-01"], data={"B": np.zeros((1, 2, 3, 4)), "A": np.zeros((1, 1, 1, 1))}
    )
    patch.vector_timeless["V"] = gpd.GeoDataFrame({"k": [1]}, geometry=[Point(0, 0)], crs=32633)
    assert repr(patch).splitlines()[2:] == [
        "  timestamps=[datetime.datetime(2017, 6, 1, 0, 0)]",
        "  data={",
        "    A: numpy.ndarray(shape=(1, 1, 1, 1), dtype=float64)",
        "    B: numpy.ndarray(shape=(1, 2, 3, 4), dtype=float64)",
        "  }",
        "  vector_timeless={",
        "    V: geopandas.GeoDataFrame(columns=['k', 'geometry'], length=1, crs=EPSG:32633)",
        "  }",
        ")",
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([dt.datetime(2019, 1, 1)] * 5, "[2019-01-01 00:00:00, ...]<length=5>"),
        ({index: index for index in range(100)}, "{0: 0, ...}<length=100>"),
        (("x" * 20,) * 9, f"({'x' * 20}, ...)<length=9>"),
        (set(range(100)), "<class 'set'>"),
        ("x" * 101, "<class 'str'>"),
        ("x" * 100, "x" * 100),
        (["x" * 200], "<class 'list'>"),
        (gpd.GeoDataFrame(geometry=[Point(0, 0)]), "geopandas.GeoDataFrame(columns=['geometry'], length=1, crs=None)"),
    ],
)
def test_long_values_are_shortened(value, expected):
    assert describe(value, 100) == expected
