"""Oracles: components of scipy, and the frequencies that follow from the probabilities."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage, stats

from eolearn.core.exceptions import DataError, IndexOutOfRange
from eolearn.geometry.point_sampler import PointSampler

IMAGE = np.array([[1, 1, 0, 2], [1, 0, 0, 2], [0, 1, 2, 2]], dtype=np.uint8)  # areas of 1: 3 and 1, of 2: 4
images = hnp.arrays(np.int16, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(-1, 3))


def test_labels_and_areas_are_those_of_the_image():
    sampler = PointSampler(IMAGE, no_data_value=0)
    assert sampler.labels().tolist() == [1, 2]
    assert sorted(sampler.areas.tolist()) == [1, 3, 4]
    assert sampler.area() == 8
    assert [sampler.area(index) for index in range(3)] == sampler.areas.tolist()
    assert PointSampler(IMAGE, ignore_labels=[0, 1]).labels().tolist() == [2]
    assert PointSampler(IMAGE).labels().tolist() == [0, 1, 2]


@given(images)
def test_components_are_those_of_each_label(image):
    sizes = []
    for label in set(np.unique(image)) - {0}:
        components, count = ndimage.label(image == label)
        sizes += ndimage.sum_labels(image == label, components, range(1, count + 1)).tolist()
    assert sorted(PointSampler(image, no_data_value=0).areas.tolist()) == sorted(sizes)


@given(images.filter(lambda image: (image > 0).any()), st.integers(0, 9))
def test_samples_have_the_labels_that_they_are_said_to_have(image, seed):
    sampler = PointSampler(image, 0, [-1])
    labels, rows, columns = sampler.sample(20, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(image[rows, columns], labels)
    assert (labels > 0).all()


def test_every_pixel_is_equally_probable():
    _, rows, columns = PointSampler(IMAGE, 0).sample(8000, rng=np.random.default_rng(1))
    counts = np.zeros(IMAGE.shape, dtype=int)
    np.add.at(counts, (rows, columns), 1)
    assert stats.chisquare(counts[IMAGE > 0]).pvalue > 0.01  # of one fixed seed
    assert not counts[IMAGE == 0].any()


def test_every_component_is_equally_probable_where_told_so():
    sampler = PointSampler(IMAGE, 0)
    components = sampler.sample_cc(3000, weighted=False, rng=np.random.default_rng(1))
    assert stats.chisquare(np.bincount(components)).pvalue > 0.01  # of one fixed seed
    labels, *_ = sampler.sample(3000, weighted=False, rng=np.random.default_rng(1))
    assert abs((labels == 2).mean() - 1 / 3) < 0.03  # 3.5 standard deviations


def test_samples_within_a_component_reach_all_its_pixels():
    sampler = PointSampler(IMAGE, 0)
    (largest,) = np.flatnonzero(sampler.areas == 4)
    rows, columns = sampler.sample_within_cc(largest, 100, rng=np.random.default_rng(1))
    assert {*zip(rows.tolist(), columns.tolist(), strict=True)} == {(0, 3), (1, 3), (2, 3), (2, 2)}


def test_the_same_generator_gives_the_same_samples():
    first, second = (PointSampler(IMAGE).sample(9, rng=np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_random_points_lie_where_they_should():
    rng = np.random.default_rng(3)
    triangle = shapely.Polygon([(0, 0), (9, 0), (0, 5)])
    for _ in range(20):
        assert PointSampler.contains(triangle, PointSampler.random_point_triangle(triangle, False, rng=rng))
        rounded = PointSampler.random_point_triangle(triangle, rng=rng)
        assert rounded.x.is_integer()
        assert rounded.y.is_integer()
        assert shapely.box(2, 3, 4, 9).contains(PointSampler.random_point((2, 3, 4, 9), rng=rng))
    assert not PointSampler.contains(triangle, shapely.Point(9, 9))


def test_what_can_not_be_sampled_is_refused():
    with pytest.raises(DataError, match="no pixels to sample"):
        PointSampler(IMAGE, 0, [1, 2]).sample()
    with pytest.raises(IndexOutOfRange, match="3 components, numbered from 0, and no 3"):
        PointSampler(IMAGE, 0).area(3)
    for wrong in (IMAGE[..., np.newaxis], IMAGE.astype(float)):
        with pytest.raises(DataError, match="of height and width; got an array of"):
            PointSampler(wrong)
