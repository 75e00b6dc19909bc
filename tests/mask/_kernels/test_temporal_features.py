from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.ndimage import gaussian_filter

from eolearn.mask._kernels.temporal_features import multi_temporal_features, window_of


@pytest.mark.parametrize(
    ("num", "middle", "window", "expected"),
    [(10, 5, 3, (4, 7)), (10, 0, 3, (0, 3)), (10, 9, 3, (7, 10)), (2, 1, 11, (0, 2)), (10, 5, 4, (3, 7))],
)
def test_window_lies_around_the_middle_where_it_can(num, middle, window, expected):
    assert window_of(num, middle, window) == expected


def test_features_are_those_of_a_plain_calculation():
    frames = np.random.default_rng(0).random((4, 40, 50, 2)).astype(np.float32)
    found = multi_temporal_features(frames, np.ones(frames.shape[:3], bool), 1, 1.5).reshape(40, 50, 18)
    wide = frames.astype(float)
    for band in range(2):
        own, others = wide[1, ..., band], wide[[0, 2, 3], ..., band]
        similar = []
        for other in others:
            mu, mu_other = _local(own), _local(other)
            var, var_other = _local(own**2) - mu**2, _local(other**2) - mu_other**2
            cov = _local(own * other) - mu * mu_other
            above = (2 * mu * mu_other + 1e-4) * (2 * cov + 9e-4)
            similar.append(above / ((mu**2 + mu_other**2 + 1e-4) * (var + var_other + 9e-4)))
        parts = {
            band: own,
            2 + band: _local(own),
            4 + 3 * band: np.max(similar, axis=0),
            5 + 3 * band: np.mean(similar, axis=0),
            6 + 3 * band: np.std(similar, axis=0),
            10 + 2 * band: wide[..., band].min(axis=0),
            11 + 2 * band: wide[..., band].mean(axis=0),
            14 + 2 * band: (own - others).max(axis=0),
            15 + 2 * band: (own - others).mean(axis=0),
        }
        for place, expected in parts.items():
            assert_allclose(found[..., place], expected, atol=5e-3)  # OpenCV cuts the Gaussian off earlier than scipy


def _local(image):
    return gaussian_filter(image, 1.5, mode="reflect", truncate=4)


def test_invalid_pixels_and_dates_do_not_count():
    frames = np.random.default_rng(0).random((3, 12, 13, 1)).astype(np.float32)
    valid = np.ones((3, 12, 13), bool)
    valid[1] = False
    spoiled = frames.copy()
    spoiled[1] = np.nan
    expected = multi_temporal_features(frames[[0, 2]], valid[[0, 2]], 0, 2.0)
    assert_allclose(multi_temporal_features(spoiled, valid, 0, 2.0), expected, rtol=1e-6)


def test_date_alone_is_like_itself():
    frames = np.random.default_rng(0).random((1, 6, 6, 1)).astype(np.float32)
    features = multi_temporal_features(frames, np.ones((1, 6, 6), bool), 0, 2.0)
    value = frames.reshape(-1)
    assert_allclose(features[:, 2:5], np.broadcast_to([1, 1, 0], (36, 3)))
    assert_allclose(features[:, 5:], np.stack([value, value, 0 * value, 0 * value], axis=1))
