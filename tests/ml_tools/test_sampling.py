import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentinelhub import CRS, BBox

from eolearn.core.constants import FeatureType
from eolearn.core.eodata import EOPatch
from eolearn.core.exceptions import DataError, FeatureError, FeatureMissing, SettingError
from eolearn.ml_tools import BaseSamplingTask, FractionSamplingTask, get_mask_of_samples, sample_by_values

CLASS = (FeatureType.MASK_TIMELESS, "CLASS")
DATA = (FeatureType.DATA, "BANDS", "X")
LABELS = (*CLASS, "Y")
MASK = (FeatureType.MASK_TIMELESS, "SAMPLED")
CLASSES = np.repeat(np.array([0, 1, 1, 2, 2, 2, 2, 5], dtype=np.uint8), 10).reshape(8, 10)  # 10, 20, 40 and 10 pixels


def patch(classes=CLASSES):
    height, width = classes.shape
    numbers = np.arange(2 * height * width * 3, dtype=np.float32).reshape(2, height, width, 3)
    return EOPatch(
        bbox=BBox((0, 0, 10, 8), CRS.UTM_33N),
        timestamps=["2020-01-01", "2020-02-01"],
        data={"BANDS": numbers},
        mask_timeless={"CLASS": classes[..., np.newaxis]},
    )


def sampled_classes(fraction, *, seed=1, classes=CLASSES, override=None, **settings):
    task = FractionSamplingTask([LABELS], CLASS, fraction, **settings)
    labels = task.execute(patch(classes), seed=seed, fraction=override)[FeatureType.MASK_TIMELESS, "Y"]
    return dict(zip(*(part.tolist() for part in np.unique(labels, return_counts=True)), strict=True))


# --- what is sampled


@pytest.mark.parametrize(
    ("fraction", "settings", "expected"),
    [
        (0.5, {}, {0: 5, 1: 10, 2: 20, 5: 5}),
        (1, {}, {0: 10, 1: 20, 2: 40, 5: 10}),
        (0, {}, {}),
        (0.26, {}, {0: 3, 1: 5, 2: 10, 5: 3}),
        (0.25, {}, {0: 2, 1: 5, 2: 10, 5: 2}),  # 2.5 is rounded to the even number
        (np.float32(0.5), {}, {0: 5, 1: 10, 2: 20, 5: 5}),
        (0.5, {"exclude_values": [2, 5]}, {0: 5, 1: 10}),
        ({1: 0.5, 5: 1, 77: 0.3}, {}, {1: 10, 5: 10}),
        ({1: 0.5, 2: 1}, {"exclude_values": (2,)}, {1: 10}),
        (2.5, {"replace": True}, {0: 25, 1: 50, 2: 100, 5: 25}),
    ],
)
def test_fraction_of_the_pixels_of_each_value_is_taken(fraction, settings, expected):
    assert sampled_classes(fraction, **settings) == expected


def test_samples_of_all_features_are_the_same_pixels():
    eopatch = patch()
    before = {feature: eopatch[feature].copy() for feature in eopatch.get_features()}
    task = FractionSamplingTask([DATA, LABELS], CLASS, 0.5, mask_of_samples=MASK)
    assert task.execute(eopatch, seed=1) is eopatch
    samples = eopatch[FeatureType.DATA, "X"]
    assert (samples.shape, samples.dtype) == ((2, 40, 1, 3), np.float32)
    pixels = samples[0, :, 0, 0].astype(int) // 3  # the first band of the first date counts pixels in threes
    np.testing.assert_array_equal(samples[1], samples[0] + 240)
    np.testing.assert_array_equal(eopatch[FeatureType.MASK_TIMELESS, "Y"][:, 0, 0], CLASSES.ravel()[pixels])
    np.testing.assert_array_equal(eopatch[MASK].ravel(), np.bincount(pixels, minlength=80))
    assert eopatch[MASK].shape == (8, 10, 1)
    for feature, value in before.items():
        np.testing.assert_array_equal(eopatch[feature], value)


def test_samples_are_those_of_the_values_in_ascending_order():
    eopatch = FractionSamplingTask([LABELS], CLASS, {2: 0.1, 0: 0.5}, mask_of_samples=MASK).execute(patch(), seed=3)
    positions = sample_by_values(CLASSES, {0: 5, 2: 4}, np.random.default_rng(3))
    np.testing.assert_array_equal(eopatch[MASK][..., 0], get_mask_of_samples(CLASSES.shape, *positions))
    assert eopatch[FeatureType.MASK_TIMELESS, "Y"].ravel().tolist() == [0] * 5 + [2] * 4


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_no_pixel_is_taken_twice_and_the_seed_decides(seed, fraction):
    task = FractionSamplingTask([LABELS], CLASS, fraction, mask_of_samples=MASK)
    masks = [task.execute(patch(), seed=seed)[MASK] for _ in range(2)]
    assert masks[0].max() <= 1
    np.testing.assert_array_equal(masks[0], masks[1])


def test_without_a_seed_samples_differ():
    task = FractionSamplingTask([LABELS], CLASS, 0.5, mask_of_samples=MASK)
    masks = [task(patch())[MASK] for _ in range(5)]  # one in C(10, 5)^2 C(20, 10) C(40, 20) samples is the same
    assert any((mask != masks[0]).any() for mask in masks)


def test_images_without_new_names_are_replaced():
    eopatch = FractionSamplingTask([(FeatureType.DATA, "BANDS"), CLASS], CLASS, 0.5).execute(patch(), seed=1)
    assert eopatch[FeatureType.DATA, "BANDS"].shape == (2, 40, 1, 3)
    assert eopatch[CLASS].shape == (40, 1, 1)


def test_new_name_may_be_that_of_another_image():
    eopatch = patch()
    eopatch[FeatureType.DATA, "OTHER"] = -eopatch[FeatureType.DATA, "BANDS"]
    task = FractionSamplingTask({FeatureType.DATA: [("BANDS", "OTHER"), ("OTHER", "BANDS")]}, CLASS, 0.5)
    task.execute(eopatch, seed=1)
    np.testing.assert_array_equal(eopatch[FeatureType.DATA, "BANDS"], -eopatch[FeatureType.DATA, "OTHER"])
    assert (eopatch[FeatureType.DATA, "OTHER"] >= 0).all()


def test_all_images_can_be_sampled():
    eopatch = FractionSamplingTask(..., CLASS, 0.5).execute(patch(), seed=1)
    assert [eopatch[feature].shape[-3:-1] for feature in eopatch.get_features()] == [(40, 1)] * 2


def test_fraction_of_a_single_run_takes_the_place_of_the_general_one():
    assert sampled_classes(0.5, override={5: 1}) == {5: 10}
    assert sampled_classes({5: 1}, override=0.5) == {0: 5, 1: 10, 2: 20, 5: 5}


@pytest.mark.parametrize("nothing", [None, 0, {}])
def test_fraction_of_nothing_in_a_single_run_leaves_the_general_one(nothing):
    assert sampled_classes({5: 1}, override=nothing) == {5: 10}


@pytest.mark.parametrize("dtype", [bool, np.int64, np.int8])
def test_classes_of_any_dtype_are_sampled(dtype):
    assert sampled_classes(0.5, classes=(CLASSES > 1).astype(dtype)) == {0: 15, 1: 25}


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (3, 0)])
def test_empty_image_gives_no_samples(shape):
    task = FractionSamplingTask([DATA, LABELS], CLASS, 0.5, mask_of_samples=MASK)
    eopatch = task.execute(patch(np.zeros(shape, dtype=np.uint8)), seed=1)
    assert eopatch[FeatureType.DATA, "X"].shape == (2, 0, 1, 3)
    assert eopatch[MASK].shape == (*shape, 1)


def test_single_pixel_is_sampled():
    assert sampled_classes(1.0, classes=np.array([[7]], dtype=np.uint8)) == {7: 1}


def test_patch_without_dates_is_sampled():
    eopatch = EOPatch(
        bbox=BBox((0, 0, 10, 8), CRS.UTM_33N),
        timestamps=[],
        data={"BANDS": np.zeros((0, 8, 10, 3))},
        mask_timeless={"CLASS": CLASSES[..., np.newaxis]},
    )
    assert FractionSamplingTask([DATA], CLASS, 0.5).execute(eopatch)[FeatureType.DATA, "X"].shape == (0, 40, 1, 3)


# --- what is refused


def test_images_of_different_sizes_are_refused():
    eopatch = patch()
    eopatch[FeatureType.DATA_TIMELESS, "DEM"] = np.zeros((4, 5, 1))
    task = FractionSamplingTask([DATA, (FeatureType.DATA_TIMELESS, "DEM")], CLASS, 0.5)
    with pytest.raises(DataError, match="DATA_TIMELESS 'DEM' has 4 x 5 pixels, .* of 8 x 10 pixels"):
        task.execute(eopatch)
    assert (FeatureType.DATA, "X") not in eopatch


def test_mask_of_several_bands_is_refused():
    eopatch = patch()
    eopatch[CLASS] = np.zeros((8, 10, 2), dtype=np.uint8)
    with pytest.raises(DataError, match=r"'CLASS'\) must have one band to sample by, but has shape \(8, 10, 2\)"):
        FractionSamplingTask([DATA], CLASS, 0.5).execute(eopatch)


@pytest.mark.parametrize("fraction", [-0.5, 1.01, np.nan, {1: 1.5}, {99: -0.1}, np.inf])
def test_fraction_outside_of_its_range_is_refused(fraction):
    with pytest.raises(SettingError, match="fraction must be from 0 to 1, or above 1 with replace=True, got"):
        FractionSamplingTask([DATA], CLASS, fraction)
    with pytest.raises(SettingError, match="fraction must be from 0 to 1"):
        FractionSamplingTask([DATA], CLASS, 0.5).execute(patch(), fraction=fraction)


@pytest.mark.parametrize("fraction", [-0.5, np.nan, {1: -1.5}, np.inf])
def test_fraction_must_be_finite_and_positive_with_replacement_too(fraction):
    with pytest.raises(SettingError, match="fraction must be at least 0"):
        FractionSamplingTask([DATA], CLASS, fraction, replace=True)


@pytest.mark.parametrize("fraction", ["0.5", (0.5,), {1: "a"}, None])
def test_fraction_must_be_a_number_or_numbers_by_value(fraction):
    with pytest.raises(SettingError, match="fraction must be a number, or numbers by value"):
        FractionSamplingTask([DATA], CLASS, fraction)


def test_features_of_other_types_are_refused():
    with pytest.raises(FeatureError, match=r"FeatureType\.SCALAR"):
        FractionSamplingTask([(FeatureType.SCALAR, "S")], CLASS, 0.5)
    with pytest.raises(FeatureError, match="only features of mask_timeless"):
        FractionSamplingTask([DATA], (FeatureType.MASK, "CLASS"), 0.5)
    with pytest.raises(FeatureError, match="only features of mask_timeless"):
        FractionSamplingTask([DATA], CLASS, 0.5, mask_of_samples=(FeatureType.MASK, "SAMPLED"))


def test_missing_features_are_refused():
    with pytest.raises(FeatureMissing, match="'NDVI'"):
        FractionSamplingTask([(FeatureType.DATA, "NDVI")], CLASS, 0.5).execute(patch())
    with pytest.raises(FeatureMissing, match="'LULC'"):
        FractionSamplingTask([DATA], (FeatureType.MASK_TIMELESS, "LULC"), 0.5).execute(patch())


def test_base_task_chooses_no_pixels():
    with pytest.raises(TypeError, match="abstract"):
        BaseSamplingTask([DATA])


# --- the task as an object, and real data


def test_settings_are_attributes_and_survive_pickling():
    task = FractionSamplingTask([DATA], CLASS, {1: 0.5}, exclude_values=[2], replace=True, mask_of_samples=MASK)
    task = pickle.loads(pickle.dumps(task))
    assert (task.fraction, task.exclude_values, task.replace) == ({1: 0.5}, [2], True)
    assert (task.sampling_feature, task.mask_of_samples) == (CLASS, MASK)
    assert FractionSamplingTask([DATA], CLASS, 0.5).exclude_values == []


def test_real_land_use_is_sampled_in_its_proportions(real_patch_path):
    eopatch = EOPatch.load(real_patch_path, features=[(FeatureType.DATA, "NDVI"), (FeatureType.MASK_TIMELESS, "LULC")])
    task = FractionSamplingTask(
        [(FeatureType.DATA, "NDVI", "X"), (FeatureType.MASK_TIMELESS, "LULC", "Y")],
        (FeatureType.MASK_TIMELESS, "LULC"),
        0.1,
        exclude_values=[0],
    )
    task.execute(eopatch, seed=1)
    labels = eopatch[FeatureType.MASK_TIMELESS, "Y"]
    counts = np.bincount(eopatch[FeatureType.MASK_TIMELESS, "LULC"].ravel())
    np.testing.assert_array_equal(np.bincount(labels.ravel())[1:], np.round(counts * 0.1)[1:])
    assert eopatch[FeatureType.DATA, "X"].shape == (68, len(labels), 1, 1)
