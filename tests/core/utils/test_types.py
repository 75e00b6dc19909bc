"""The types of features for annotations, and their old place."""

import importlib
import sys

import pytest

from eolearn.core import types
from eolearn.core.exceptions import EODeprecationWarning

NAMES = [
    "DictFeatureSpec",
    "EllipsisType",
    "Feature",
    "FeaturesSpecification",
    "MultiFeatureSpec",
    "SequenceFeatureSpec",
    "SingleFeatureSpec",
]


def test_the_published_names_are_there():
    assert set(NAMES) <= set(types.__all__)
    assert all(hasattr(types, name) for name in types.__all__)


def test_the_old_place_warns_and_has_the_same_names():
    sys.modules.pop("eolearn.core.utils.types", None)
    with pytest.warns(EODeprecationWarning, match=r"eolearn\.core\.types") as caught:
        old = importlib.import_module("eolearn.core.utils.types")
    assert len(caught) == 1
    assert all(getattr(old, name) is getattr(types, name) for name in types.__all__)
