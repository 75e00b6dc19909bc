import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentinelhub import CRS, BBox

from eolearn.core.constants import FeatureType
from eolearn.core.eodata import EOPatch
from eolearn.core.exceptions import EOUserWarning, FeatureError, SettingError
from eolearn.ml_tools.train_test_split import TrainTestSplitTask, TrainTestSplitType

FIELDS = (FeatureType.MASK_TIMELESS, "FIELDS")
SETS = (FeatureType.MASK_TIMELESS, "SETS")
PER_TYPES = ["per_pixel", "per_class", "per_value"]


def patch(fields):
    fields = np.asarray(fields)
    return EOPatch(bbox=BBox((0, 0, 10, 10), CRS.UTM_33N), mask_timeless={"FIELDS": fields.reshape((*fields.shape, 1))})


def sets(fields, bins, split_type="per_pixel", *, seed=1, **settings):
    return TrainTestSplitTask(FIELDS, SETS, bins, split_type, **settings).execute(patch(fields), seed=seed)[SETS]


STRIPES = np.arange(400).reshape(20, 20) // 5  # 80 fields of 5 pixels


@pytest.mark.parametrize("split_type", PER_TYPES)
def test_shares_of_the_sets_are_those_of_the_bins(split_type):
    many = np.arange(10_000).reshape(100, 100)
    result = sets(many, [0.5, 0.8], split_type)
    assert (result.shape, result.dtype) == ((100, 100, 1), np.uint8)
    shares = np.bincount(result.ravel(), minlength=4)[1:] / 10_000
    np.testing.assert_allclose(shares, [0.5, 0.3, 0.2], atol=0.02)  # four deviations, sqrt(0.25 / 10,000) = 0.005


@pytest.mark.parametrize("bins", [0.7, [0.7], np.array([0.7])])
def test_one_bin_makes_two_sets(bins):
    assert set(np.unique(sets(STRIPES, bins))) == {1, 2}


def test_pixels_are_drawn_by_numpys_legacy_generator():
    expected = 1 + np.digitize(np.random.RandomState(5).rand(20, 20, 1), [0.2, 0.6])
    np.testing.assert_array_equal(sets(STRIPES, [0.2, 0.6], seed=5), expected)


@pytest.mark.parametrize("split_type", ["per_class", "per_value"])
def test_all_pixels_of_a_value_are_in_one_set(split_type):
    result = sets(STRIPES, 0.5, split_type)[..., 0]
    assert all(len(np.unique(result[value == STRIPES])) == 1 for value in np.unique(STRIPES))
    assert set(np.unique(result)) == {1, 2}


def test_same_seed_gives_the_same_sets_and_another_one_others():
    for split_type in ("per_pixel", "per_class"):
        first = sets(STRIPES, 0.5, split_type, seed=3)
        np.testing.assert_array_equal(sets(STRIPES, 0.5, split_type, seed=3), first)
        assert (sets(STRIPES, 0.5, split_type, seed=4) != first).any()


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=8), st.integers(0, 2**32 - 1))
def test_equal_values_are_in_the_same_set_in_every_patch_and_with_every_seed(values, seed):
    together = sets([values], [0.3, 0.6], "per_value", seed=seed).ravel()
    alone = [sets([[value]], [0.3, 0.6], "per_value", seed=None).item() for value in values]
    assert together.tolist() == alone


def test_value_is_the_seed_of_its_own_draw():
    expected = [1 + int(np.random.RandomState(value).rand() >= 0.5) for value in range(80)]
    np.testing.assert_array_equal(np.repeat(expected, 5), sets(STRIPES, 0.5, "per_value").ravel())


@pytest.mark.parametrize("split_type", ["per_class", "per_value"])
def test_ignored_values_are_in_no_set_and_change_no_other(split_type):
    result = sets(STRIPES, 0.5, split_type, ignore_values=[0, 79])[..., 0]
    np.testing.assert_array_equal(result == 0, (STRIPES == 0) | (STRIPES == 79))
    if split_type == "per_value":
        others = result != 0
        np.testing.assert_array_equal(result[others], sets(STRIPES, 0.5, split_type)[..., 0][others])


def test_ignored_values_have_no_effect_on_single_pixels_and_that_is_said():
    with pytest.warns(EOUserWarning, match="no effect"):
        assert sets(STRIPES, 0.5, ignore_values=[0]).all()


@pytest.mark.parametrize("fields", [np.zeros((0, 3), int), [[True, False]], np.array([[7]], np.uint8)])
@pytest.mark.parametrize("split_type", PER_TYPES)
def test_empty_bool_and_single_pixel_masks_are_split(fields, split_type):
    result = sets(fields, 0.5, split_type)
    assert result.shape == (*np.shape(fields), 1)
    assert set(np.unique(result)) <= {1, 2}


def test_input_and_numpys_global_generator_stay_as_they_were():
    eopatch, before = patch(STRIPES), STRIPES.copy()
    np.random.seed(0)  # noqa: NPY002 - it is the global one that must not change
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    for split_type in PER_TYPES:
        TrainTestSplitTask(FIELDS, SETS, 0.5, split_type).execute(eopatch, seed=1)
    np.testing.assert_array_equal(eopatch[FIELDS][..., 0], before)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


@pytest.mark.parametrize("bins", [0, 1, 1.0, -0.1, [], [0.5, 0.5], [0.6, 0.4], [0.1, 1.2], "0.5", None, ["a"], np.nan])
def test_bins_that_do_not_ascend_between_0_and_1_are_refused(bins):
    with pytest.raises(SettingError, match="bins"):
        TrainTestSplitTask(FIELDS, SETS, bins)


def test_other_wrong_settings_are_refused():
    with pytest.raises(SettingError, match="'per_value', got 'per_field'"):
        TrainTestSplitTask(FIELDS, SETS, 0.5, "per_field")
    with pytest.raises(FeatureError, match="mask_timeless"):
        TrainTestSplitTask((FeatureType.MASK, "FIELDS"), SETS, 0.5)
    with pytest.raises(FeatureError, match="mask_timeless"):
        TrainTestSplitTask(FIELDS, (FeatureType.DATA_TIMELESS, "SETS"), 0.5)
    with pytest.raises(SettingError, match="seed"):
        sets(STRIPES, 0.5, seed=-1)


def test_members_of_the_enumeration_are_taken_too_and_tasks_travel():
    task = TrainTestSplitTask(FIELDS, SETS, 0.5, TrainTestSplitType.PER_VALUE, [0])
    copy = pickle.loads(pickle.dumps(task))
    np.testing.assert_array_equal(copy(patch(STRIPES))[SETS], task(patch(STRIPES))[SETS])
