"""Tasks that add, remove, rename, duplicate, initialise and move features."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import (
    AddFeatureTask,
    DuplicateFeatureTask,
    EOPatch,
    FeatureType,
    InitializeFeatureTask,
    MoveFeatureTask,
    RemoveFeatureTask,
    RenameFeatureTask,
)
from eolearn.core.exceptions import EOLearnError, TemporalDimensionWarning
from eolearn.core.storage.feature_io import FeatureIO

BOX = BBox((0, 0, 1, 1), CRS.WGS84)
BANDS = (FeatureType.DATA, "BANDS")
CLOUDS = (FeatureType.MASK, "CLOUDS")
NEW = (FeatureType.MASK, "NEW")


@pytest.fixture
def patch():
    patch = EOPatch(bbox=BOX, timestamps=["2017-06-01", "2017-06-11"], meta_info={"origin": {"sensor": ["S2"]}})
    patch[BANDS] = np.arange(48.0).reshape(2, 3, 4, 2)
    patch[CLOUDS] = np.zeros((2, 3, 4, 1), dtype=bool)
    return patch


@pytest.fixture
def lazy_patch(patch, tmp_path):
    patch.save(tmp_path)
    return EOPatch.load(tmp_path, lazy_loading=True)


class TestAdd:
    def test_a_feature_is_added_or_replaced(self, patch):
        for value in (np.ones((2, 3, 4, 1), dtype=int), np.zeros((2, 3, 4, 1), dtype=int)):
            assert AddFeatureTask(NEW)(patch, value) is patch
            assert patch[NEW] is value

    def test_data_that_do_not_fit_the_type_are_refused(self, patch):
        with pytest.raises(ValueError, match=r"NEW.*\(3, 4\)"):
            AddFeatureTask(NEW)(patch, np.zeros((3, 4), dtype=int))

    def test_the_feature_must_be_one(self):
        with pytest.raises(ValueError, match="BANDS"):
            AddFeatureTask([BANDS, CLOUDS])


class TestRemove:
    @pytest.mark.parametrize(
        ("features", "left"),
        [
            (BANDS, ["CLOUDS", "origin"]),
            (FeatureType.MASK, ["BANDS", "origin"]),
            ([FeatureType.MASK, CLOUDS], ["BANDS", "origin"]),
            ((*BANDS, "NEW"), ["CLOUDS", "origin"]),
            (FeatureType.LABEL, ["BANDS", "CLOUDS", "origin"]),
            (..., []),
        ],
    )
    def test_features_are_removed(self, patch, features, left):
        assert RemoveFeatureTask(features)(patch) is patch
        assert [name for _, name in patch.get_features()] == left

    def test_a_named_feature_must_be_there_and_none_is_removed_if_not(self, patch):
        with pytest.raises(ValueError, match=r"NEW.*CLOUDS"):
            RemoveFeatureTask([BANDS, NEW])(patch)
        assert BANDS in patch


class TestRename:
    def test_features_get_new_names(self, patch):
        bands, clouds = patch[BANDS], patch[CLOUDS]
        task = RenameFeatureTask([(*BANDS, "L1C"), (*CLOUDS, "NEW")])
        assert task(patch) is patch
        assert patch.get_features()[:2] == [(FeatureType.DATA, "L1C"), NEW]
        assert patch.data["L1C"] is bands
        assert patch[NEW] is clouds

    @pytest.mark.parametrize("features", [BANDS, (*BANDS, "BANDS"), ...])
    def test_without_a_new_name_a_feature_stays_as_it_is(self, patch, features):
        before = patch.copy()
        assert RenameFeatureTask(features)(patch) == before

    def test_two_features_can_swap_their_names(self, patch):
        patch[NEW] = np.ones((2, 3, 4, 1), dtype=bool)
        RenameFeatureTask({FeatureType.MASK: [("NEW", "CLOUDS"), ("CLOUDS", "NEW")]})(patch)
        assert patch[CLOUDS].all()
        assert not patch[NEW].any()

    def test_a_feature_of_the_new_name_is_replaced(self, patch):
        patch[NEW] = np.ones((2, 3, 4, 1), dtype=bool)
        RenameFeatureTask((*NEW, "CLOUDS"))(patch)
        assert list(patch.mask) == ["CLOUDS"]
        assert patch[CLOUDS].all()

    def test_a_missing_feature_is_refused_and_none_is_renamed(self, patch):
        with pytest.raises(ValueError, match="MISSING"):
            RenameFeatureTask([(*BANDS, "NEW"), (FeatureType.MASK, "MISSING", "X")])(patch)
        assert BANDS in patch

    def test_a_lazy_feature_is_not_loaded(self, patch, lazy_patch):
        RenameFeatureTask((*BANDS, "NEW"))(lazy_patch)
        assert isinstance(lazy_patch.data._get_unloaded("NEW"), FeatureIO)
        assert_array_equal(lazy_patch.data["NEW"], patch[BANDS])


class TestDuplicate:
    @pytest.mark.parametrize("deep", [False, True])
    def test_a_feature_gets_a_second_name_and_shares_its_data_unless_they_are_copied(self, patch, deep):
        assert DuplicateFeatureTask((*BANDS, "NEW"), deep_copy=deep)(patch) is patch
        assert_array_equal(patch.data["NEW"], patch[BANDS])
        assert np.shares_memory(patch.data["NEW"], patch[BANDS]) is not deep

    @pytest.mark.parametrize("features", [BANDS, {FeatureType.MASK: [("CLOUDS", "A"), ("CLOUDS", "A")]}])
    def test_a_name_that_is_taken_is_refused_and_nothing_duplicated(self, patch, features):
        before = patch.copy()
        with pytest.raises(ValueError, match=r"(BANDS|CLOUDS).*(BANDS|'A')") as caught:
            DuplicateFeatureTask(features)(patch)
        assert isinstance(caught.value, EOLearnError)
        assert patch == before

    @pytest.mark.parametrize("deep", [False, True])
    def test_a_lazy_feature_is_not_loaded(self, patch, lazy_patch, deep):
        DuplicateFeatureTask((*BANDS, "NEW"), deep_copy=deep)(lazy_patch)
        assert all(isinstance(lazy_patch.data._get_unloaded(name), FeatureIO) for name in ("BANDS", "NEW"))
        assert_array_equal(lazy_patch.data["NEW"], patch[BANDS])
        assert np.shares_memory(lazy_patch.data["NEW"], lazy_patch[BANDS]) is not deep


class TestInitialize:
    def test_features_are_filled_with_the_value(self, patch):
        task = InitializeFeatureTask({FeatureType.MASK: ["NEW", "OTHER"]}, shape=(2, 3, 4, 1), init_value=7)
        assert task(patch) is patch
        for name in ("NEW", "OTHER"):
            assert_array_equal(patch.mask[name], np.full((2, 3, 4, 1), 7, dtype=np.uint8), strict=True)
        assert not np.shares_memory(patch.mask["NEW"], patch.mask["OTHER"])

    def test_a_feature_that_is_there_stays_as_it_is(self, patch):
        before = patch[CLOUDS]
        InitializeFeatureTask(CLOUDS, shape=(2, 3, 4, 1), init_value=1)(patch)
        assert patch[CLOUDS] is before

    def test_the_shape_may_be_that_of_a_feature(self, patch):
        InitializeFeatureTask(NEW, shape=BANDS)(patch)
        assert patch[NEW].shape == patch[BANDS].shape
        with pytest.raises(KeyError, match="OTHER"):
            InitializeFeatureTask((FeatureType.MASK, "X"), shape=(FeatureType.MASK, "OTHER"))(patch)

    @pytest.mark.parametrize(
        ("value", "dtype", "expected"),
        [
            (0, np.uint8, np.uint8),
            (5, np.int8, np.int8),
            (1, np.float32, np.float32),
            (np.nan, np.float32, np.float32),
            (0.5, np.uint8, np.float64),
            (300, np.uint8, np.uint16),
            (-1, np.uint8, np.int16),
            (True, bool, bool),
            (1, bool, np.int64),
        ],
    )
    def test_the_dtype_widens_where_it_can_not_hold_the_value(self, patch, value, dtype, expected):
        # as in 1.5.6, where the result is np.ones(shape, dtype) * value with numpy 1
        feature = (FeatureType.DATA_TIMELESS, "X")
        InitializeFeatureTask(feature, shape=(1, 1, 1), init_value=value, dtype=dtype)(patch)
        assert patch[feature].dtype == expected
        assert_array_equal(patch[feature].item(), value)

    @pytest.mark.parametrize(
        "shape", [[2, 3, 4], (2,), (1, 2, 3, 4, 5), (1, 2.0, 3), (True, 2, 3), (-1, 2, 3), None, "x"]
    )
    def test_what_is_neither_a_shape_nor_a_feature_is_refused(self, shape):
        with pytest.raises(ValueError, match="3 or 4 integers") as caught:
            InitializeFeatureTask(NEW, shape=shape)
        assert repr(shape) in str(caught.value)

    def test_a_shape_that_does_not_fit_the_type_is_refused(self, patch):
        with pytest.raises(ValueError, match=r"NEW.*\(1, 2, 3\)"):
            InitializeFeatureTask(NEW, shape=(1, 2, 3))(patch)

    def test_features_must_be_named(self):
        with pytest.raises(ValueError, match="EOPatch"):
            InitializeFeatureTask(FeatureType.MASK, shape=(1, 2, 3))


class TestMove:
    @pytest.mark.parametrize("deep", [False, True])
    def test_features_are_in_both_patches_and_share_their_data_unless_they_are_copied(self, patch, deep):
        target = EOPatch(bbox=BOX, timestamps=patch.timestamps)
        features = [BANDS, (FeatureType.META_INFO, "origin", "ignored")]
        assert MoveFeatureTask(features, deep_copy=deep)(patch, target) is target
        assert target.get_features() == [BANDS, (FeatureType.META_INFO, "origin")]
        assert_array_equal(target[BANDS], patch[BANDS])
        assert np.shares_memory(target[BANDS], patch[BANDS]) is not deep
        assert (target.meta_info["origin"] is patch.meta_info["origin"]) is not deep

    def test_a_feature_that_the_target_has_is_replaced(self, patch):
        target = EOPatch(bbox=BOX, timestamps=patch.timestamps)
        target[CLOUDS] = np.ones((2, 3, 4, 1), dtype=bool)
        MoveFeatureTask(FeatureType.MASK)(patch, target)
        assert not target[CLOUDS].any()

    def test_a_target_of_other_dates_warns(self, patch):
        with pytest.warns(TemporalDimensionWarning, match="BANDS"):
            MoveFeatureTask(BANDS)(patch, EOPatch(bbox=BOX, timestamps=[]))

    def test_a_missing_feature_is_refused(self, patch):
        with pytest.raises(ValueError, match="NEW"):
            MoveFeatureTask(NEW)(patch, EOPatch(bbox=BOX))
