from __future__ import annotations

from eolearn.core.utils.naming import did_you_mean


def test_names_that_are_alike_are_told_the_nearest_first():
    assert did_you_mean("ndvii", ["BSI", "NDWI", "NDVI"]) == " Did you mean NDVI or NDWI?"


def test_nothing_is_said_where_no_name_is_alike():
    assert did_you_mean("xyz", ["NDVI", "BSI"]) == did_you_mean(3, []) == ""
