from __future__ import annotations

import pytest

import eolearn.features.extra.interpolation
from eolearn.features import deprecated_interpolation, interpolation, kriging, timeline


@pytest.mark.parametrize("name", eolearn.features.extra.interpolation.__all__)
def test_names_of_1x_are_those_of_the_package(name):
    homes = (kriging, timeline, deprecated_interpolation, interpolation)
    home = next(module for module in homes if hasattr(module, name))
    assert getattr(eolearn.features.extra.interpolation, name) is getattr(home, name)
    assert getattr(interpolation, name) is getattr(home, name)


def test_other_names_are_refused():
    with pytest.raises(AttributeError, match=r"eolearn.features.interpolation.*'Cubic'"):
        _ = interpolation.Cubic
