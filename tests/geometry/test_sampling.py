import datetime as dt

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sentinelhub import CRS, BBox

from eolearn.core.constants import FeatureType
from eolearn.core.eodata import EOPatch
from eolearn.core.exceptions import DataError, SettingError
from eolearn.geometry.sampling import PointRasterSampler, PointSamplingTask

IMAGE = np.repeat([0, 1, 1, 1, 2], 20).reshape(10, 10)  # 20 of 0, 60 of 1, 20 of 2
images = hnp.arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(0, 3))
DATA = (FeatureType.DATA, "D")
MASK = (FeatureType.MASK_TIMELESS, "M")


def sampled(labels, image=IMAGE, *, even=False, **settings):
    """The values of the samples, and their positions."""
    rows, columns = PointRasterSampler(labels, even).sample(image, rng=np.random.default_rng(0), **settings)
    return image[rows, columns], list(zip(rows.tolist(), columns.tolist(), strict=True))


def test_labels_are_as_frequent_as_in_the_image_and_no_pixel_is_taken_twice():
    values, places = sampled([1, 2], n_samples=40)
    assert np.bincount(values).tolist() == [0, 30, 10]
    assert len(set(places)) == 40


def test_as_many_of_each_label_are_taken_where_told_so_even_repeatedly():
    values, places = sampled([0, 1, 2], n_samples=90, even=True)
    assert np.bincount(values).tolist() == [30, 30, 30]
    assert len({place for value, place in zip(values, places, strict=True) if value == 1}) == 30
    assert np.bincount(sampled([1, 2, 77], n_samples=10, even=True)[0]).tolist() == [0, 5, 5]


def test_fraction_is_that_of_the_pixels_with_the_labels():
    values, _ = sampled([1, 2], sampling_fraction=0.5)
    assert np.bincount(values).tolist() == [0, 30, 10]


def test_samples_are_shuffled():
    values, _ = sampled([1, 2], n_samples=80)
    assert (np.diff(values) != 0).sum() > 10


@given(images, st.sets(st.integers(0, 3), min_size=1), st.floats(0.01, 1), st.integers(0, 5))
def test_shares_are_off_by_less_than_one_pixel(image, labels, fraction, seed):
    counts = np.array([(image == label).sum() for label in labels])
    assume(round(fraction * counts.sum()) >= len(labels))
    rng = np.random.default_rng(seed)
    rows, columns = PointRasterSampler(list(labels)).sample(image, sampling_fraction=fraction, rng=rng)
    assert len(rows) == round(fraction * counts.sum())
    for label, count in zip(labels, counts, strict=True):
        assert abs((image[rows, columns] == label).sum() - len(rows) * count / counts.sum()) < 1


@pytest.mark.parametrize(
    ("labels", "settings", "message"),
    [
        ([7, 8], {"n_samples": 5}, r"None of the labels \[7, 8\]"),
        ([1, 2], {"n_samples": 1}, "1 samples are too few for 2 labels"),
        ([1], {"n_samples": 61}, "61 samples can't be taken of 60 pixels"),
        ([1], {"image": IMAGE[np.newaxis]}, r"shape \(1, 10, 10\)"),
        ([1], {"sampling_fraction": 1.5}, "sampling_fraction must be above 0 and at most 1, got 1.5"),
        ([1], {"sampling_fraction": 0}, "sampling_fraction must be above 0"),
    ],
)
def test_samples_that_can_not_be_taken_are_refused(labels, settings, message):
    with pytest.raises((DataError, SettingError), match=message):
        sampled(labels, **settings)


@pytest.mark.parametrize("labels", [[], [1, 1]])
def test_labels_must_be_given_once(labels):
    with pytest.raises(SettingError, match="each of them once"):
        PointRasterSampler(labels)


# --- the task


def patch():
    """A patch whose data are the number of the pixel plus 100 times the date plus 1000 times the band."""
    pixels = np.arange(100).reshape(1, 10, 10, 1)
    data = pixels + 100 * np.arange(3).reshape(3, 1, 1, 1) + 1000 * np.arange(2)
    return EOPatch(
        bbox=BBox((0, 0, 10, 10), CRS.UTM_33N),
        timestamps=[dt.datetime(2020, 1, day) for day in (1, 2, 3)],
        data={"D": data},
        mask_timeless={"M": IMAGE[..., np.newaxis], "SMALL": IMAGE[:5, :, np.newaxis]},
        meta_info={"place": "here"},
    )


def test_the_same_pixels_are_taken_of_all_features():
    eopatch = patch()
    task = PointSamplingTask(16, "M", [1, 2], [DATA, (*MASK, "LABELS"), (FeatureType.DATA, "D", "AGAIN")])
    assert task.execute(eopatch, seed=5) is eopatch
    samples, labels = eopatch.data["D_SAMPLED"], eopatch.mask_timeless["LABELS"]
    assert (samples.shape, labels.shape) == ((3, 16, 1, 2), (16, 1, 1))
    pixels = samples[0, :, 0, 0]
    np.testing.assert_array_equal(IMAGE.ravel()[pixels], labels[:, 0, 0])
    np.testing.assert_array_equal(samples[2, :, 0, 1], pixels + 1200)
    np.testing.assert_array_equal(eopatch.data["AGAIN"], samples)
    assert np.bincount(labels.ravel()).tolist() == [0, 12, 4]


def test_seed_gives_the_same_samples():
    task = PointSamplingTask(None, MASK, [1, 2], [DATA], sampling_fraction=0.25, even_sampling=True)
    first, again, other = (task.execute(patch(), seed).data["D_SAMPLED"] for seed in (1, 1, 2))
    assert first.shape == (3, 20, 1, 2)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_samples_can_be_returned_in_a_patch_of_their_own():
    eopatch = patch()
    result = PointSamplingTask(5, "M", [1], [(*MASK, "LABELS")], return_new_eopatch=True)(eopatch)
    assert set(result.get_features()) == {(FeatureType.META_INFO, "place"), (FeatureType.MASK_TIMELESS, "LABELS")}
    assert (result.bbox, result.timestamps) == (eopatch.bbox, eopatch.timestamps)
    assert eopatch == patch()


def test_what_the_task_can_not_sample_is_refused():
    with pytest.raises(SettingError, match="n_samples must be at least 1, or sampling_fraction be given; got None"):
        PointSamplingTask(None, "M", [1], [DATA])
    with pytest.raises(SettingError, match="sampling_fraction must be"):
        PointSamplingTask(5, "M", [1], [DATA], sampling_fraction=2)
    with pytest.raises(DataError, match=r"'SMALL' has \(5, 10\) pixels, but .*'M'.* has \(10, 10\)"):
        PointSamplingTask(5, "M", [1], [(FeatureType.MASK_TIMELESS, "SMALL")])(patch())
    eopatch = patch()
    eopatch[MASK] = np.repeat(eopatch[MASK], 2, axis=-1)
    with pytest.raises(DataError, match="must have one band"):
        PointSamplingTask(5, "M", [1], [DATA])(eopatch)
