from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eolearn.features._kernels import blocks
from eolearn.features._kernels.blocks import over_pixels, over_series, usable


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "_BLOCK_BYTES", 200)
    monkeypatch.setattr(blocks, "_THREAD_VALUES", 20)


@pytest.mark.parametrize("bands", [1, 3])
def test_each_series_comes_once_and_is_put_in_its_place(small_blocks, bands):
    data = np.random.default_rng(0).random((4, 7, 5, bands), dtype=np.float32)
    result = np.empty((7, 5, bands, 2), np.float32)
    over_series(lambda series: np.stack([series.max(axis=1), series[:, -1]], axis=1), data, None, result)
    assert_array_equal(result[..., 0], data.max(axis=0))
    assert_array_equal(result[..., 1], data[-1])


def test_each_pixel_comes_once_with_all_of_its_observations(small_blocks):
    data = np.random.default_rng(0).integers(0, 99, (4, 7, 5, 3), dtype=np.uint8)
    valid = np.random.default_rng(1).random((4, 7, 5, 1)) > 0.4
    result = np.empty((7, 5, 3))
    over_pixels(lambda pixels: np.nansum(pixels, axis=1), data, valid, result)
    assert_array_equal(result, np.where(valid, data, 0).sum(axis=0))


def test_infinite_values_are_not_usable():
    values = np.array([1.0, np.inf, -np.inf, np.nan], np.float32)
    assert_array_equal(usable(values), [1, np.nan, np.nan, np.nan])
    assert values[1] == np.inf
