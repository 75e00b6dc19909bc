from __future__ import annotations

import operator
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox

import eolearn.mask
from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureMissing, SettingError, SettingTypeError
from eolearn.mask import JoinMasksTask, MaskFeatureTask, apply_mask

X = (FeatureType.DATA, "X")
DEM = (FeatureType.DATA_TIMELESS, "DEM")
A = (FeatureType.MASK, "A")
B = (FeatureType.MASK, "B")
C = (FeatureType.MASK, "C")
LAND = (FeatureType.MASK_TIMELESS, "LAND")
JOINED = (FeatureType.MASK, "JOINED")


def make_patch():
    rng = np.random.default_rng(0)
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2025-01-01", "2025-01-02", "2025-01-03"])
    patch[X] = rng.random((3, 4, 5, 2), dtype=np.float32)
    patch[DEM] = rng.random((4, 5, 2))
    for feature in (A, B, C):
        patch[feature] = rng.integers(0, 3, (3, 4, 5, 1)).astype(np.uint8)
    patch[LAND] = rng.integers(0, 3, (4, 5, 1)).astype(np.uint8)
    return patch


# --- JoinMasksTask


@pytest.mark.parametrize(("name", "function"), [("and", np.all), ("or", np.any)])
def test_masks_are_joined_logically(name, function):
    patch = make_patch()
    result = JoinMasksTask([A, B, C], JOINED, name)(patch)
    assert result is patch
    assert result[JOINED].dtype == bool
    assert_array_equal(result[JOINED], function([patch[A] != 0, patch[B] != 0, patch[C] != 0], axis=0))


def test_exclusive_or_is_true_for_an_odd_number_of_masks():
    patch = JoinMasksTask([A, B, C], JOINED, "xor")(make_patch())
    odd = sum((patch[feature] != 0).astype(int) for feature in (A, B, C)) % 2 == 1
    assert_array_equal(patch[JOINED], odd)


def test_and_is_the_default():
    patch = JoinMasksTask([A, B], JOINED)(make_patch())
    assert_array_equal(patch[JOINED], (patch[A] != 0) & (patch[B] != 0))


def test_function_is_folded_from_the_left():
    patch = JoinMasksTask([A, B, C], JOINED, lambda first, second: first.astype(int) - second)(make_patch())
    assert_array_equal(patch[JOINED], patch[A].astype(int) - patch[B] - patch[C])


@pytest.mark.parametrize("operation", ["and", operator.add])
def test_single_mask_is_passed_on_as_it_is(operation):
    patch = JoinMasksTask([A], JOINED, operation)(make_patch())
    assert patch[JOINED] is patch[A]


def test_timeless_mask_holds_at_all_dates():
    patch = JoinMasksTask([A, LAND], JOINED, "or")(make_patch())
    assert_array_equal(patch[JOINED], (patch[A] != 0) | (patch[LAND] != 0)[None])


def test_joined_masks_are_not_changed():
    patch = make_patch()
    JoinMasksTask([A, B], JOINED)(patch)
    assert_array_equal(patch[A], make_patch()[A])


@pytest.mark.parametrize("operation", ["AND", "nand", ""])
def test_other_words_are_refused(operation):
    with pytest.raises(SettingError, match=f"'{operation}'"):
        JoinMasksTask([A, B], JOINED, operation)


@pytest.mark.parametrize("operation", [None, 3])
def test_operation_must_be_a_word_or_a_function(operation):
    with pytest.raises(SettingTypeError, match=str(operation)):
        JoinMasksTask([A, B], JOINED, operation)


def test_there_must_be_a_mask_to_join():
    with pytest.raises(SettingError, match="at least one mask"):
        JoinMasksTask([], JOINED)


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
def test_masks_of_other_shapes_are_refused_by_name():
    patch = make_patch()
    patch[B] = patch[B][:2]
    with pytest.raises(DataError, match=r"'A'.*'B'.*\(2, 4, 5, 1\)"):
        JoinMasksTask([A, B], JOINED)(patch)


# --- MaskFeatureTask


@pytest.mark.parametrize("values", [[1], (1, 2), {0}, range(3), np.array([0, 2]), iter([1]), [], [True], [2.0]])
def test_listed_values_become_no_data(values):
    values = list(values)
    patch = MaskFeatureTask((*X, "Y"), A, iter(values))(make_patch())
    hits = np.isin(patch[A], values)
    assert patch[FeatureType.DATA, "Y"].dtype == np.float32
    assert_array_equal(patch[FeatureType.DATA, "Y"], np.where(hits, np.float32(np.nan), patch[X]))


def test_feature_is_replaced_in_the_same_patch_and_its_array_kept():
    patch = make_patch()
    data = patch[X]
    result = MaskFeatureTask(X, A, [1], no_data_value=-9)(patch)
    assert result is patch
    assert_array_equal(result[X], np.where(patch[A] == 1, np.float32(-9), data))
    assert_array_equal(data, make_patch()[X])


@pytest.mark.parametrize("values", [[0], [1], [0, 1], [2]])
def test_boolean_masks_are_false_for_0_and_true_for_1(values):
    patch = make_patch()
    patch[A] = patch[A] > 0
    result = MaskFeatureTask(X, A, values)(patch)
    assert_array_equal(np.isnan(result[X][..., :1]), np.isin(patch[A].astype(int), values))


def test_mask_with_all_bands_masks_band_by_band():
    patch = make_patch()
    patch[B] = np.concatenate([patch[A], patch[C]], axis=-1)
    result = MaskFeatureTask(X, B, [1])(patch)
    assert_array_equal(np.isnan(result[X]), patch[B] == 1)


@pytest.mark.parametrize(("feature", "axes"), [(X, (3, 4, 5, 2)), (DEM, (4, 5, 2))])
def test_timeless_mask_applies_to_everything(feature, axes):
    patch = MaskFeatureTask(feature, LAND, [1])(make_patch())
    assert_array_equal(np.isnan(patch[feature]), np.broadcast_to(patch[LAND] == 1, axes))


def test_masks_may_be_masked():
    patch = MaskFeatureTask(A, A, [0], no_data_value=255)(make_patch())
    assert_array_equal(patch[A], np.where(make_patch()[A] == 0, 255, make_patch()[A]))


@pytest.mark.parametrize("shape", [(0, 4, 5, 2), (3, 0, 5, 2), (3, 4, 0, 2)])
@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
def test_empty_images_stay_empty(shape):
    patch = make_patch()
    patch[X], patch[A] = np.ones(shape), np.ones((*shape[:3], 1), bool)
    assert MaskFeatureTask(X, A, [1])(patch)[X].shape == shape


@pytest.mark.parametrize("no_data_value", [np.nan, np.float32(np.nan), 70_000, "text"])
def test_no_data_value_must_fit_the_dtype(no_data_value):
    patch = make_patch()
    patch[X] = (patch[X] * 100).astype(np.int16)
    with pytest.raises(DataError, match=r"no_data_value.*'X'.*int16"):
        MaskFeatureTask(X, A, [1], no_data_value)(patch)


def test_integers_take_an_integer():
    patch = make_patch()
    patch[X] = (patch[X] * 100).astype(np.int16)
    result = MaskFeatureTask((*X, "Y"), A, [1], -1)(patch)[FeatureType.DATA, "Y"]
    assert result.dtype == np.int16
    assert_array_equal(result, np.where(patch[A] == 1, -1, patch[X]))


@pytest.mark.parametrize("values", [10, None, "1", ["a"], [None]])
def test_mask_values_must_be_several_numbers(values):
    with pytest.raises(SettingError, match="mask_values"):
        MaskFeatureTask(X, A, values)


def test_settings_are_attributes():
    task = MaskFeatureTask((*X, "Y"), A, range(2), -1)
    assert task.renamed_feature == (*X, "Y")
    assert task.mask_feature == A
    assert task.mask_values == [0, 1]
    assert task.no_data_value == -1
    assert MaskFeatureTask(list(X), A, [1]).renamed_feature == (*X, "X")


def test_tasks_can_be_pickled():
    task = pickle.loads(pickle.dumps(MaskFeatureTask(X, A, np.array([1]))))
    assert_array_equal(task(make_patch())[X], MaskFeatureTask(X, A, [1])(make_patch())[X])
    joining = pickle.loads(pickle.dumps(JoinMasksTask([A, B], JOINED, "xor")))
    assert_array_equal(joining(make_patch())[JOINED], JoinMasksTask([A, B], JOINED, "xor")(make_patch())[JOINED])


def test_missing_features_are_named():
    with pytest.raises(FeatureMissing, match="NOPE"):
        MaskFeatureTask((FeatureType.DATA, "NOPE"), A, [1])(make_patch())
    with pytest.raises(FeatureMissing, match="NOPE"):
        MaskFeatureTask(X, (FeatureType.MASK, "NOPE"), [1])(make_patch())


@pytest.mark.parametrize(
    ("feature", "mask_feature", "mask", "message"),
    [
        (X, A, np.ones((3, 3, 5, 1), bool), "height or width"),
        (X, A, np.ones((2, 4, 5, 1), bool), "number of dates"),
        (X, A, np.ones((3, 4, 5, 3), bool), "one band"),
        (X, A, np.ones((3, 4, 5, 0), bool), "one band"),
        (DEM, A, np.ones((3, 4, 5, 1), bool), "time axis"),
        (X, (FeatureType.LABEL, "L"), np.ones((3, 1), bool), "no pixels"),
    ],
)
@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
def test_mask_that_does_not_fit_is_refused_with_names_and_shapes(feature, mask_feature, mask, message):
    patch = make_patch()
    patch[mask_feature] = mask
    with pytest.raises(DataError, match=message) as caught:
        MaskFeatureTask(feature, mask_feature, [1])(patch)
    assert mask_feature[1] in str(caught.value)
    with pytest.raises(ValueError, match=message):
        apply_mask(patch[feature], mask, 1, 0, feature[0], mask_feature[0])


# --- apply_mask


@pytest.mark.parametrize(
    ("data_type", "mask_type", "data_shape", "mask_shape"),
    [
        (FeatureType.DATA, FeatureType.MASK, (2, 3, 4, 2), (2, 3, 4, 1)),
        (FeatureType.DATA, FeatureType.MASK, (2, 3, 4, 2), (2, 3, 4, 2)),
        (FeatureType.DATA, FeatureType.MASK_TIMELESS, (2, 3, 4, 2), (3, 4, 1)),
        (FeatureType.DATA_TIMELESS, FeatureType.MASK_TIMELESS, (3, 4, 2), (3, 4, 1)),
    ],
)
def test_apply_mask_works_in_place_and_returns_the_array(data_type, mask_type, data_shape, mask_shape):
    rng = np.random.default_rng(0)
    data, mask = rng.random(data_shape), rng.integers(0, 3, mask_shape)
    expected = np.where(mask == 2, 7, data)
    assert apply_mask(data, mask, 2, 7, data_type, mask_type) is data
    assert_array_equal(data, expected)


def test_apply_mask_writes_through_a_view():
    image = np.zeros((2, 3, 4, 4))
    apply_mask(image[..., ::2], np.ones((2, 3, 4, 1), bool), 1, 5, FeatureType.DATA, FeatureType.MASK)
    assert_array_equal(image, np.broadcast_to([5, 0, 5, 0], image.shape))


def test_apply_mask_matches_nan_with_nothing():
    data = np.zeros((1, 1, 1))
    mask = np.full((1, 1, 1), np.nan)
    assert apply_mask(data, mask, np.nan, 1, FeatureType.DATA_TIMELESS, FeatureType.DATA_TIMELESS).item() == 0


def test_apply_mask_follows_numpy_about_nan_in_integers():
    data = np.zeros((1, 1, 1), int)
    with pytest.raises(ValueError, match="NaN"):
        apply_mask(data, np.ones((1, 1, 1)), 1, np.nan, FeatureType.DATA_TIMELESS, FeatureType.MASK_TIMELESS)


def test_all_names_can_be_imported():
    for name in eolearn.mask.__all__:
        assert getattr(eolearn.mask, name) is not None
