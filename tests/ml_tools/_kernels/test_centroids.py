import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eolearn.ml_tools._kernels.centroids import centroids

NUMBERS = hnp.arrays(np.float64, st.integers(0, 400), elements=st.floats(-1e6, 1e6) | st.sampled_from([0.0, 0.1, 0.3]))


@given(NUMBERS, st.sampled_from([0.01, 0.1, 0.5]))
def test_centroids_ascend_keep_count_and_sum_and_the_two_ends(values, delta):
    means, counts = centroids(values, delta)
    assert counts.sum() == len(values)
    assert (counts >= 1).all()
    assert (np.diff(means) > 0).all()
    np.testing.assert_allclose(means @ counts, values.sum(), atol=1e-9 * np.abs(values).sum())
    if len(values):
        assert (means[0], means[-1]) == (values.min(), values.max())


@given(NUMBERS.filter(lambda values: len(values) <= 40))
def test_few_values_are_all_kept(values):
    means, counts = centroids(values, 0.01)
    expected, expected_counts = np.unique(values, return_counts=True)
    np.testing.assert_array_equal(means, expected)
    np.testing.assert_array_equal(counts, expected_counts)


def test_clusters_are_as_large_as_the_scale_function_allows():
    n, delta = 100_000, 0.01
    means, counts = centroids(np.arange(n, dtype=float), delta)
    edges = np.cumsum([0, *counts]) / n
    steps = np.diff(np.arcsin(2 * edges - 1)) / (2 * delta)  # of k1, where a full cluster has the size 1
    assert steps.max() < 1.01  # positions are rounded to whole values
    assert counts.max() == pytest.approx(delta * n, rel=0.01)
    assert len(means) < np.pi / (2 * delta) + 4
