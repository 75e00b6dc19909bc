"""Secrets reach worker processes and no pickle; missing packages are named with the line that installs them."""

from __future__ import annotations

import os
import pickle
import sys

import pytest
from sentinelhub import CRS, BBox

from eolearn.core import EOExecutor, EONode, EOTask, EOWorkflow, FeatureType
from eolearn.core.exceptions import MissingExtra, SettingError
from eolearn.io._secret import VARIABLE, Secret, hide_settings
from eolearn.io.extra.geodb import GeoDBVectorImportTask
from eolearn.io.extra.meteoblue import MeteoblueRasterTask
from eolearn.io.geometry_io import VectorImportTask

FIELDS = (FeatureType.VECTOR_TIMELESS, "FIELDS")
PLACE = BBox((7.0, 47.0, 7.3, 47.2), CRS.WGS84)
KEY = "c0rrecth0rsebattery"


class LengthOfKey(EOTask):
    def __init__(self, key):
        self.key = Secret(key, "The key")
        hide_settings(self, key=self.key)

    def execute(self):
        return len(self.key.reveal()), os.getpid()


@pytest.fixture(autouse=True)
def no_secrets_left(monkeypatch):
    monkeypatch.setenv(VARIABLE, "[]")


def test_worker_processes_get_the_secret():
    node = EONode(LengthOfKey(KEY))
    executor = EOExecutor(EOWorkflow([node]), [{}, {}])
    (first, _) = executor.run(workers=2, multiprocess=True)
    assert not first.workflow_failed()


def test_a_secret_is_found_by_its_place():
    first, second, same = Secret("a1", "A"), Secret({"password": "b2"}, "B"), Secret("a1", "A")
    assert [pickle.loads(pickle.dumps(secret)).reveal() for secret in (first, second, same)] == [
        "a1",
        {"password": "b2"},
        "a1",
    ]
    assert "b2" not in repr(second) + repr(pickle.dumps(second)) + second.masked_in("b2 is the password")
    os.environ[VARIABLE] = "[]"
    with pytest.raises(SettingError, match="B isn't pickled"):
        pickle.loads(pickle.dumps(second)).reveal()


@pytest.mark.parametrize(
    ("package", "extra", "task"),
    [
        ("sqlalchemy", "postgis", lambda: VectorImportTask(FIELDS, "postgresql://host/name", layer="x")),
        ("psycopg", "postgis", lambda: VectorImportTask(FIELDS, "postgresql://host/name", layer="x")),
        (
            "xcube_geodb.core.error",
            "geodb",
            lambda: GeoDBVectorImportTask(FIELDS, object.__new__(LengthOfKey), "x", "y"),
        ),
    ],
)
def test_missing_packages_of_tables(monkeypatch, package, extra, task):
    if package == "psycopg":
        pytest.importorskip("sqlalchemy")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=f"pip install 'eo-learn-io\\[{extra}\\]'"):
        task()(bbox=PLACE)


def test_missing_package_of_meteoblue(monkeypatch):
    monkeypatch.setitem(sys.modules, "meteoblue_dataset_sdk.client", None)
    task = MeteoblueRasterTask((FeatureType.DATA, "T"), KEY, query={"domain": "NEMSGLOBAL", "codes": []})
    with pytest.raises(MissingExtra, match=r"pip install 'eo-learn-io\[meteoblue\]'"):
        task(bbox=PLACE, time_interval="2024-06-01")
