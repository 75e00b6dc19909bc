"""The types of features and what is known of them, the permissions, and their deprecated names."""

import pickle
import re
import warnings
from enum import EnumMeta

import pytest
from sentinelhub import BBox, MimeType

from eolearn.core import constants
from eolearn.core.constants import FEATURETYPE_DEPRECATION_MSG, FeatureType, OverwritePermission
from eolearn.core.exceptions import EODeprecationWarning

MEMBERS = {member.name: member for member in FeatureType}

# number of axes, then array, temporal, spatial, discrete, vector, image, meta: the table of the contract
TABLE = """
DATA             4  y y y - - y -
MASK             4  y y y y - y -
SCALAR           2  y y - - - - -
LABEL            2  y y - y - - -
VECTOR           -  - y y - y - -
DATA_TIMELESS    3  y - y - - y -
MASK_TIMELESS    3  y - y y - y -
SCALAR_TIMELESS  1  y - - - - - -
LABEL_TIMELESS   1  y - - y - - -
VECTOR_TIMELESS  -  - - y - y - -
META_INFO        -  - - - - - - y
BBOX             -  - - - - - - y
TIMESTAMPS       -  - y - - - - y
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]


class TestFeatureType:
    def test_the_types_come_in_the_published_order(self):
        assert list(MEMBERS) == [name for name, *_ in ROWS]

    @pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
    def test_what_is_known_of_a_type(self, row):
        name, ndim, *flags = row
        member = MEMBERS[name]
        assert member.value == name.lower()
        assert member.ndim() == (None if ndim == "-" else int(ndim))
        found = [
            member.is_array(),
            member.is_temporal(),
            member.is_spatial(),
            member.is_discrete(),
            member.is_vector(),
            member.is_image(),
            member.is_meta(),
        ]
        assert found == [flag == "y" for flag in flags]
        assert member.is_timeless() is not (member.is_temporal() or member.is_meta())

    def test_a_value_is_known_by_its_new_name_only(self):
        assert all(FeatureType.has_value(member.value) for member in FeatureType)
        assert not FeatureType.has_value("timestamp")
        assert not FeatureType.has_value("DATA")

    @pytest.mark.parametrize("name", ["BBOX", "TIMESTAMPS", "TIMESTAMP"])
    @pytest.mark.parametrize(
        "access",
        [
            lambda name: getattr(FeatureType, name),
            lambda name: FeatureType[name],
            lambda name: FeatureType(name.lower()),
        ],
    )
    def test_types_that_became_attributes_warn_in_every_way_to_get_them(self, name, access):
        message = FEATURETYPE_DEPRECATION_MSG.format(".*?", ".*?")
        with pytest.warns(EODeprecationWarning, match=message) as caught:
            member = access(name)
        assert caught[0].filename == __file__
        assert member is MEMBERS["TIMESTAMPS" if name == "TIMESTAMP" else name]

    def test_other_ways_to_get_a_type_do_not_warn(self):
        for member in FeatureType:
            assert FeatureType(member) is member
            if member.value not in ("bbox", "timestamps"):
                assert FeatureType(member.value) is FeatureType[member.name] is getattr(FeatureType, member.name)
                assert pickle.loads(pickle.dumps(member)) is member

    @pytest.mark.parametrize("bad", ["bands", 3, None])
    def test_what_is_no_type_is_refused(self, bad):
        with pytest.raises(ValueError, match=str(bad)):
            FeatureType(bad)

    @pytest.mark.parametrize(
        ("method", "expected"),
        [
            ("is_raster", lambda member: member.is_array()),
            ("contains_ndarrays", lambda member: member.is_array()),
            ("has_dict", lambda member: member.value not in ("bbox", "timestamps")),
            ("type", lambda member: {"bbox": BBox, "timestamps": list}.get(member.value, dict)),
            ("file_format", lambda member: FORMATS.get(member.value, MimeType.NPY)),
        ],
    )
    def test_old_methods_warn_and_still_answer(self, method, expected):
        for member in FeatureType:
            with pytest.warns(EODeprecationWarning, match=f"FeatureType.{method}"):
                answer = getattr(member, method)()
            assert answer is expected(member)


FORMATS = {
    "vector": MimeType.GPKG,
    "vector_timeless": MimeType.GPKG,
    "meta_info": MimeType.JSON,
    "timestamps": MimeType.JSON,
    "bbox": MimeType.GEOJSON,
}


class TestOverwritePermission:
    @pytest.mark.parametrize("name", ["ADD_ONLY", "OVERWRITE_FEATURES"])
    def test_a_permission_may_be_written_in_any_case(self, name):
        member = OverwritePermission[name]
        for text in (name, name.lower(), name.title()):
            assert OverwritePermission(text) is OverwritePermission(member) is member
        assert member.value == name

    @pytest.mark.parametrize("number", [0, 1, 2])
    def test_numbers_are_deprecated(self, number):
        with pytest.warns(EODeprecationWarning):
            assert OverwritePermission(number) is list(OverwritePermission)[number]

    @pytest.mark.parametrize(
        "access",
        [
            lambda: OverwritePermission.OVERWRITE_PATCH,
            lambda: OverwritePermission["OVERWRITE_PATCH"],
            lambda: OverwritePermission("OVERWRITE_PATCH"),
            lambda: OverwritePermission("overwrite_patch"),
        ],
    )
    def test_the_one_that_deletes_folders_warns_and_still_works(self, access):
        with pytest.warns(EODeprecationWarning, match="OVERWRITE_PATCH"):
            member = access()
        assert member is list(OverwritePermission)[2]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert OverwritePermission(member) is member

    def test_items_are_looked_up_by_their_exact_name(self):
        with pytest.raises(KeyError):
            OverwritePermission["add_only"]

    @pytest.mark.parametrize("bad", ["maybe", 3, -1, None, True])
    def test_what_is_no_permission_is_refused(self, bad):
        with pytest.raises(ValueError, match=re.compile(str(bad), re.IGNORECASE)):
            OverwritePermission(bad)


def test_scripts_find_the_other_names():
    assert constants.TIMESTAMP_COLUMN == "TIMESTAMP"
    assert FEATURETYPE_DEPRECATION_MSG.count("{}") == 2
    assert issubclass(constants.EnumWithDeprecations, EnumMeta)
    assert issubclass(constants.PermissionsWithDeprecations, EnumMeta)
