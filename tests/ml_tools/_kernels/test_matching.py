import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from eolearn.ml_tools._kernels.matching import distance_between, matched_radii, nearest_in_other_folds, nearest_others


def slow_radii(points, wanted, most_left_out, farthest):
    """The same with a matrix of distances, in which those that are left out become infinite, and without a queue."""
    n = len(points)
    distances = cdist(points, points)
    np.fill_diagonal(distances, np.inf)
    open_samples, left_out = set(range(n)), np.zeros(n, int)
    while open_samples:
        sample = min(open_samples, key=lambda each: (distances[each].min(), each))
        at = distances[sample].min()
        within_others = sum(distances[each].min() <= at for each in range(n) if each not in open_samples)
        if at > farthest:
            break
        if within_others / n >= np.mean(wanted <= at) and left_out[sample] < most_left_out:
            distances[sample, distances[sample].argmin()] = np.inf
            left_out[sample] += 1
        else:
            open_samples.remove(sample)
    return distances.min(axis=1)


def clustered(seed, n=25, clusters=3):
    generator = np.random.default_rng(seed)
    middles = generator.uniform(0, 1000, (clusters, 2))
    return middles[generator.integers(0, clusters, n)] + generator.normal(0, 30, (n, 2))


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from([0, 3, 23]), st.sampled_from([50.0, 200.0, np.inf]))
def test_radii_are_those_of_the_slow_algorithm(seed, most_left_out, farthest):
    points, wanted = clustered(seed), np.random.default_rng(seed).uniform(0, 400, 50)
    radii = matched_radii(points, wanted, most_left_out=most_left_out, farthest=farthest)
    np.testing.assert_array_equal(radii, slow_radii(points, wanted, most_left_out, farthest))


def test_samples_on_a_line_by_hand():
    points = np.array([[0.0, 0], [1, 0], [3, 0], [7, 0]])
    radii = matched_radii(points, np.array([2.0, 2, 2, 2]), most_left_out=2, farthest=np.inf)
    # at 1: 0 and 1 are too near and lose each other. At 2: 2 is needed, then 1 is; at 3 and 4 all that are left settle
    assert sorted(radii.tolist()) == [2.0, 2.0, 3.0, 4.0]


def test_nobody_is_left_out_where_all_places_are_near_samples_or_none_may_be():
    points = clustered(1)
    plain = nearest_others(points)
    near = matched_radii(points, np.zeros(10), most_left_out=20, farthest=np.inf)
    np.testing.assert_allclose(near, plain)
    np.testing.assert_allclose(matched_radii(points, np.full(10, 500.0), most_left_out=0, farthest=np.inf), plain)
    np.testing.assert_allclose(matched_radii(points, np.full(10, 500.0), most_left_out=20, farthest=-1), plain)


def test_samples_at_one_place_lose_each_other_as_far_as_needed():
    points = np.repeat([[0.0, 0], [10, 0]], 4, axis=0)
    radii = matched_radii(points, np.array([0.0, 10, 10, 10]), most_left_out=6, farthest=np.inf)
    assert sorted(radii.tolist()) == [0.0, 0.0, 10, 10, 10, 10, 10, 10]


def test_nearest_of_other_folds_and_of_all_others():
    points = np.array([[0.0, 0], [1, 0], [3, 0], [7, 0]])
    np.testing.assert_array_equal(nearest_in_other_folds(points, np.array([0, 0, 1, 1])), [3, 2, 2, 6])
    np.testing.assert_array_equal(nearest_others(points), [1, 1, 2, 4])


@given(st.lists(st.floats(0, 100), min_size=1, max_size=20), st.floats(0, 50))
def test_area_between_shifted_distributions_is_the_shift(distances, shift):
    distances = np.array(distances)
    assert distance_between(distances, distances + shift) == pytest.approx(shift, abs=1e-9)
