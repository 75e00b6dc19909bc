"""The old tools: random samples, and a turn with a shift."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.coregistration.utils import EstimateEulerTransformModel, random_partition, ransac

SOURCE = np.random.default_rng(0).uniform(0, 100, (30, 2))
MATRIX = np.array([[np.cos(0.1), -np.sin(0.1), 5], [np.sin(0.1), np.cos(0.1), -3]])
TARGET = SOURCE @ MATRIX[:, :2].T + MATRIX[:, 2]


def test_a_partition_has_each_position_once():
    chosen, others = random_partition(4, 10)
    assert len(chosen) == 4
    assert_array_equal(np.sort(np.concatenate([chosen, others])), np.arange(10))
    with pytest.raises(ValueError, match="10 points, 11"):
        random_partition(11, 10)


def test_the_model_is_fitted_and_scored():
    model = EstimateEulerTransformModel(SOURCE, TARGET)
    assert_allclose(model.fit([3, 8, 20]), MATRIX, atol=1e-9)
    assert_allclose(model.estimate_rigid_transformation(np.arange(30)), MATRIX, atol=1e-9)
    assert_allclose(model.score([1, 2], np.add(MATRIX, [[0, 0, 3], [0, 0, 4]])), [5, 5])
    with pytest.raises(ValueError, match="30 and 29"):
        EstimateEulerTransformModel(SOURCE, TARGET[1:])


def test_wrong_pairs_are_left_out():
    target = TARGET.copy()
    target[:10] = 0
    model = EstimateEulerTransformModel(SOURCE, target)
    assert_allclose(ransac(30, model, 3, 200, 0.5, 10), MATRIX, atol=1e-6)
    assert ransac(30, model, 3, 20, 0.5, 28) is None
