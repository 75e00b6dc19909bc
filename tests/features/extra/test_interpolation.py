from __future__ import annotations

import pytest

import eolearn.features
import eolearn.features.extra.interpolation


@pytest.mark.parametrize("name", eolearn.features.extra.interpolation.__all__)
def test_names_of_1x_are_those_of_the_package(name):
    assert getattr(eolearn.features.extra.interpolation, name) is getattr(eolearn.features, name)
