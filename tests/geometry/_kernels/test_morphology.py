"""Oracles: a loop over pixels and windows, scikit-image, and OpenCV's erosion of each label by itself."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage import morphology

from eolearn.geometry._kernels.morphology import eroded_labels, extremes, median

sides = st.integers(1, 7)
shapes = st.tuples(sides, sides)
labels = hnp.arrays(np.uint8, shapes, elements=st.integers(0, 3))
numbers = hnp.arrays(np.float32, shapes, elements=st.one_of(st.just(np.nan), st.integers(-9, 9).map(np.float32)))


@st.composite
def elements_with_their_centre(draw):
    element = draw(hnp.arrays(np.uint8, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.integers(0, 1)))
    element[element.shape[0] // 2, element.shape[1] // 2] = 1
    return element


def windows(image, element):
    """Each position, and the values in its window that are within the image and not NaN."""
    steps = np.argwhere(element) - np.array(element.shape) // 2
    for position in np.ndindex(image.shape):
        places = [tuple(place) for place in steps + position if (place >= 0).all() and (place < image.shape).all()]
        yield position, [image[place] for place in places if not np.isnan(image[place])]


def slow(image, element, function):
    result = image.copy()
    for position, values in windows(image, element):
        if not np.isnan(image[position]):
            result[position] = function(values)
    return result


def lower_median(values):
    return sorted(values)[(len(values) - 1) // 2]


@given(numbers, elements_with_their_centre())
def test_extremes_and_medians_are_those_of_the_values_in_the_window(image, element):
    np.testing.assert_array_equal(extremes(image, element, "least"), slow(image, element, min))
    np.testing.assert_array_equal(extremes(image, element, "largest"), slow(image, element, max))
    np.testing.assert_array_equal(median(image, element), slow(image, element, lower_median), strict=True)


@given(numbers, elements_with_their_centre())
def test_steps_follow_each_other(image, element):
    opened = slow(slow(image, element, min), element, max)
    np.testing.assert_array_equal(extremes(image, element, "least", "largest"), opened)


@given(labels, elements_with_their_centre())
def test_dilation_is_the_erosion_of_the_negative(image, element):
    np.testing.assert_array_equal(extremes(255 - image, element, "least"), 255 - extremes(image, element, "largest"))


@given(labels, st.sampled_from([1, 2]))
def test_opening_and_closing_equal_those_of_scikit_image(image, radius):
    """Its borders are other ones, so what is compared lies within an image with a margin."""
    padded, disk = np.pad(image, 2 * radius + 1, mode="edge"), morphology.disk(radius)
    inner = (slice(2 * radius + 1, -2 * radius - 1),) * 2
    for steps, operation in ((("least", "largest"), morphology.opening), (("largest", "least"), morphology.closing)):
        np.testing.assert_array_equal(extremes(padded, disk, *steps)[inner], operation(padded, disk)[inner])


@given(labels, elements_with_their_centre(), st.one_of(st.none(), st.sets(st.integers(0, 3))), st.integers(0, 4))
def test_labels_are_eroded_as_if_each_was_alone(image, element, chosen, no_data_label):
    expected = image.copy()
    for label in np.unique(image) if chosen is None else chosen:
        here = image == label
        expected[here & (cv2.erode(here.astype(np.uint8), element) == 0)] = no_data_label
    result = eroded_labels(image, element, labels=chosen, no_data_label=no_data_label)
    np.testing.assert_array_equal(result, expected, strict=True)


DTYPES = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32"]


@pytest.mark.parametrize("dtype", [*DTYPES, "float64"])
def test_every_dtype_of_numbers_is_kept_with_its_largest_values(dtype):
    limits = [False, True] if dtype == "bool" else None
    limits = limits or [(info := np.iinfo if np.dtype(dtype).kind in "iu" else np.finfo)(dtype).min, info(dtype).max]
    image = np.array([[limits[0], limits[1], limits[1], limits[1]]], dtype=dtype)
    element = np.ones((3, 3), dtype=np.uint8)
    low, high = image[0, :2]
    for result, expected in (
        (extremes(image, element, "least"), [low, low, high, high]),
        (extremes(image, element, "largest"), [high] * 4),
        (median(image, element), [low, high, high, high]),
        (eroded_labels(image, element, labels=None, no_data_label=1), [1, 1, high, high]),
    ):
        np.testing.assert_array_equal(result, np.array([expected], dtype=dtype), strict=True)


def test_neighbouring_integers_above_2_to_the_53_are_told_apart():
    image = np.array([[2**60, 2**60 + 1]])
    element = np.ones((3, 3), dtype=np.uint8)
    assert extremes(image, element, "least").tolist() == [[2**60] * 2]
    assert median(image, element).tolist() == [[2**60] * 2]
    assert eroded_labels(image, element, labels=None, no_data_label=0).tolist() == [[0, 0]]


def test_nan_is_a_label_of_its_own():
    image = np.array([[np.nan, np.nan, 2, 2]])
    result = eroded_labels(image, np.ones((1, 3), dtype=np.uint8), labels=None, no_data_label=-1)
    np.testing.assert_array_equal(result, [[np.nan, -1, -1, 2]])
