"""The ways to name features."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureParser, FeatureType
from eolearn.core.exceptions import EOLearnError, FeatureMissing
from eolearn.core.utils.parsing import parse_feature, parse_features, parse_renamed_feature, parse_renamed_features

DATA, MASK, SCALAR = FeatureType.DATA, FeatureType.MASK, FeatureType.SCALAR
USABLE = [feature_type for feature_type in FeatureType if feature_type.value not in ("bbox", "timestamps")]


@pytest.fixture
def patch():
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2017-06-01"])
    for feature in [(DATA, "b"), (DATA, "a"), (MASK, "m")]:
        patch[feature] = np.zeros((1, 1, 1, 1), dtype=np.uint8)
    patch.meta_info["origin"] = "S2"
    return patch


class TestForms:
    @pytest.mark.parametrize(
        ("features", "expected"),
        [
            ((DATA, "a"), [(DATA, "a", "a")]),
            ((DATA, "a", "x"), [(DATA, "a", "x")]),
            ((DATA, ("a", "x")), [(DATA, "a", "x")]),
            ([DATA, "a"], [(DATA, "a", "a")]),
            (("data", "a"), [(DATA, "a", "a")]),
            ([(DATA, "a")], [(DATA, "a", "a")]),
            ([(DATA, "a"), (MASK, "m", "x")], [(DATA, "a", "a"), (MASK, "m", "x")]),
            ([(DATA, "a"), (DATA, "a")], [(DATA, "a", "a"), (DATA, "a", "a")]),
            (((DATA, "a"), (DATA, "b"), [MASK, "m"]), [(DATA, "a", "a"), (DATA, "b", "b"), (MASK, "m", "m")]),
            ({DATA: ["a", ("b", "x")], "mask": ("m",)}, [(DATA, "a", "a"), (DATA, "b", "x"), (MASK, "m", "m")]),
            ({DATA: ["a", ["b", "x"]]}, [(DATA, "a", "a"), (DATA, "b", "x")]),
            ({DATA: "ab"}, [(DATA, "ab", "ab")]),
            ({DATA: []}, []),
            ([], []),
            ({}, []),
        ],
    )
    def test_named_features_need_no_patch(self, features, expected):
        parser = FeatureParser(features)
        assert parser.get_renamed_features() == parse_renamed_features(features) == expected
        assert parser.get_features() == parse_features(features) == [feature[:2] for feature in expected]
        assert parser.get_feature_specifications() == [feature[:2] for feature in expected]

    @pytest.mark.parametrize(
        ("features", "expected"),
        [
            (DATA, [(DATA, "b"), (DATA, "a")]),
            ((DATA, ...), [(DATA, "b"), (DATA, "a")]),
            ((DATA, None), [(DATA, "b"), (DATA, "a")]),
            ((DATA,), [(DATA, "b"), (DATA, "a")]),
            ({DATA: ...}, [(DATA, "b"), (DATA, "a")]),
            ({DATA: None, MASK: ["m"]}, [(DATA, "b"), (DATA, "a"), (MASK, "m")]),
            ([MASK, DATA], [(MASK, "m"), (DATA, "b"), (DATA, "a")]),
            ([(MASK, ...), (DATA, "a"), SCALAR], [(MASK, "m"), (DATA, "a")]),
            (SCALAR, []),
            (..., [(DATA, "b"), (DATA, "a"), (MASK, "m"), (FeatureType.META_INFO, "origin")]),
        ],
    )
    def test_all_of_a_type_are_those_of_the_patch_in_its_order(self, patch, features, expected):
        assert parse_features(features, patch) == expected
        assert parse_renamed_features(features, patch) == [(*feature, feature[1]) for feature in expected]

    def test_all_types_are_ordered_by_their_values(self):
        requests = FeatureParser(...).get_feature_specifications()
        assert requests == [(feature_type, ...) for feature_type in sorted(USABLE, key=lambda member: member.value)]

    def test_a_pair_of_a_type_and_a_renamed_feature_is_a_list_of_two(self, patch):
        parser = FeatureParser((MASK, (SCALAR, "a", "b")))
        assert parser.get_feature_specifications() == [(MASK, ...), (SCALAR, "a")]
        with pytest.raises(ValueError, match="SCALAR named 'a'"):
            parser.get_features(patch)

    @given(st.lists(st.tuples(st.sampled_from(USABLE), st.text(min_size=1), st.text(min_size=1)), min_size=1))
    def test_lists_and_dictionaries_name_the_same_features(self, features):
        by_type = {}
        for feature_type, old, new in features:
            by_type.setdefault(feature_type, []).append((old, new))
        in_order = sorted(features, key=lambda feature: list(by_type).index(feature[0]))
        assert parse_renamed_features(by_type) == parse_renamed_features(in_order) == in_order


class TestRefusals:
    @pytest.mark.parametrize(
        ("features", "named"),
        [
            (None, "None"),
            (5, "5"),
            ("data", "'data'"),
            ("", "''"),
            (iter([(DATA, "a")]), "iterator"),
            ({(DATA, "a")}, r"\{\("),
            ((DATA, "a", "b", "c"), "'a'"),
            ((DATA, 5), "5"),
            ((DATA, "a", 5), "5"),
            ((DATA, "a", None), "None"),
            ((DATA, ("a", "b", "c")), "'a'"),
            (("bands", "a"), "'bands'"),
            ((5, "a"), "5"),
            ([(DATA, "a"), "b"], "'a'"),
            ([(DATA, "a"), 5, (DATA, "b")], "5"),
            ([[(DATA, "a")]], "'a'"),
            ({"bands": ["a"]}, "'bands'"),
            ({DATA: {"a"}}, r"\{'a'\}"),
            ({DATA: 5}, "5"),
            ({DATA: [5]}, "5"),
            ({DATA: [("a", "b", "c")]}, r"\('a', 'b', 'c'\)"),
        ],
    )
    def test_what_can_not_be_read_is_refused_and_named(self, features, named):
        with pytest.raises(ValueError, match=named) as caught:
            FeatureParser(features)
        assert isinstance(caught.value, EOLearnError)

    @pytest.mark.parametrize("feature_type", ["bbox", "timestamps"])
    def test_place_and_dates_are_no_features(self, feature_type):
        member = next(member for member in FeatureType if member.value == feature_type)
        for features in ((member, "x"), {member: ["x"]}, [member]):
            with pytest.raises(ValueError, match=member.name):
                FeatureParser(features)

    def test_a_missing_feature_is_named_with_those_that_are_there(self, patch):
        with pytest.raises(FeatureMissing, match=r"DATA named 'x'.*'b', 'a'"):
            parse_features([(DATA, "x")], patch)
        with pytest.raises(KeyError, match="none"):
            parse_features([(SCALAR, "x")], patch)

    @pytest.mark.parametrize("features", [..., DATA, (DATA, ...), [(MASK, "m"), (DATA, ...)], {DATA: None}])
    def test_all_of_a_type_can_not_be_known_without_a_patch(self, features):
        with pytest.raises(ValueError, match="needs an EOPatch"):
            parse_features(features)


class TestAllowedTypes:
    def test_a_type_that_is_not_allowed_is_refused_with_those_that_are(self):
        for features in ((DATA, "a"), [(MASK, "m"), (DATA, "a")], {DATA: ["a"]}, [DATA], ("data", "a")):
            with pytest.raises(ValueError, match=r"DATA can't be used.*label, mask"):
                FeatureParser(features, allowed_feature_types=[MASK, FeatureType.LABEL])

    def test_everything_means_every_allowed_type(self, patch):
        assert parse_features(..., patch, allowed_feature_types=[MASK, SCALAR]) == [(MASK, "m")]

    def test_a_lone_type_is_not_checked(self):
        assert FeatureParser(DATA, allowed_feature_types=[MASK]).get_feature_specifications() == [(DATA, ...)]

    @pytest.mark.parametrize(
        ("allowed", "expected"),
        [
            (..., set(USABLE)),
            (iter([DATA, MASK]), {DATA, MASK}),
            (FeatureType, set(USABLE)),
            (lambda member: member.is_temporal(), {member for member in USABLE if member.is_temporal()}),
        ],
    )
    def test_types_are_allowed_by_a_list_or_a_function_but_never_place_and_dates(self, allowed, expected):
        assert FeatureParser([], allowed_feature_types=allowed).allowed_feature_types == expected


class TestOneFeature:
    @pytest.mark.parametrize("feature", [(DATA, "a"), ["data", "a"], (DATA, "a", "x"), (DATA, ("a", "x"))])
    def test_a_single_feature_is_returned_by_itself(self, feature, patch):
        for eopatch in (None, patch):
            assert parse_feature(feature, eopatch) == (DATA, "a")
            assert parse_renamed_feature(feature, eopatch)[:2] == (DATA, "a")
        assert parse_renamed_feature((DATA, "a", "x")) == (DATA, "a", "x")

    @pytest.mark.parametrize("feature", [MASK, (MASK, ...), (MASK, None)])
    def test_all_of_a_type_may_be_one(self, feature, patch):
        assert parse_feature(feature, patch) == (MASK, "m")

    @pytest.mark.parametrize("feature", [DATA, SCALAR, (DATA, ...)])
    def test_more_and_fewer_than_one_are_refused(self, feature, patch):
        with pytest.raises(ValueError, match=r"Exactly one.*stands for (0|2)"):
            parse_feature(feature, patch)

    @pytest.mark.parametrize("feature", [..., [(DATA, "a")], {DATA: ["a"]}, [(DATA, "a"), (MASK, "a")], "a"])
    def test_collections_are_refused(self, feature):
        with pytest.raises(ValueError, match=r"Ellipsis|'a'"):
            parse_renamed_feature(feature)
