from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from eolearn.core.exceptions import DataError
from eolearn.mask._forest_model import read_forest
from eolearn.mask._kernels.forest import float32_at_most


def train(path, **settings):
    lightgbm = pytest.importorskip("lightgbm")
    rng = np.random.default_rng(0)
    pixels = rng.random((600, 4))
    labels = (pixels[:, 0] + pixels[:, 2] > 1).astype(int)
    options = {"objective": "binary", "verbosity": -1, "num_threads": 1, "num_leaves": 15} | settings
    booster = lightgbm.train(options, lightgbm.Dataset(pixels, labels, **settings.pop("data", {})), 12)
    booster.save_model(path)
    return booster


@pytest.mark.parametrize("sigmoid", [1.0, 2.5])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 517])
def test_probabilities_are_those_of_lightgbm_to_the_last_bit(tmp_path, count, sigmoid):
    path = str(tmp_path / "model.txt")
    booster = train(path, sigmoid=sigmoid, use_missing=False)
    pixels = np.random.default_rng(1).random((count, 4), dtype=np.float32)
    expected = booster.predict(pixels, num_threads=1) if count else np.zeros(0)
    assert_array_equal(read_forest(path).probabilities(pixels), expected)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False, width=32))
@example(-3.402823364973241e38, 0.0)  # just below the least float32
def test_threshold_of_float32_splits_float32_as_the_one_of_float64_does(threshold, value):
    rounded = float32_at_most(np.array([threshold]))[0]
    assert rounded.dtype == np.float32
    assert (np.float32(value) <= rounded) == (value <= threshold)


@pytest.mark.parametrize("settings", [{"objective": "regression"}, {"zero_as_missing": True}])
def test_other_models_are_refused(tmp_path, settings):
    path = str(tmp_path / "model.txt")
    train(path, **settings)
    with pytest.raises(DataError, match=r"model\.txt"):
        read_forest(path)
