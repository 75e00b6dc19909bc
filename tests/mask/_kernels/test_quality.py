from __future__ import annotations

import numpy as np
import pytest

from eolearn.mask._kernels.quality import frame_quality


def test_pixels_count_the_more_the_farther_they_are_from_clouds():
    hidden = np.array([[True, False, False, False]])
    # 10, 20 and 30 m from the cloud, of 20 m: a half, one and one, of four pixels
    assert frame_quality(hidden, np.ones_like(hidden), edge_m=20, pixel_size_m=(10, 10)) == pytest.approx(2.5 / 4)


def test_without_an_edge_it_is_the_share_of_clear_pixels():
    hidden = np.array([[True, False, False, False]])
    valid = np.array([[True, True, True, False]])
    assert frame_quality(hidden, valid, edge_m=0, pixel_size_m=(10, 10)) == 0.5


def test_pixels_without_data_count_nothing_and_harm_no_neighbour():
    valid = np.array([[True, False]])
    assert frame_quality(~valid, valid, edge_m=100, pixel_size_m=(10, 10)) == 0.5


@pytest.mark.parametrize("value", [True, False])
def test_nothing_clear_is_0_and_all_clear_is_1(value):
    hidden = np.full((3, 4), value)
    assert frame_quality(hidden, np.ones((3, 4), bool), edge_m=50, pixel_size_m=(10, 10)) == (0 if value else 1)
    assert frame_quality(hidden, np.zeros((3, 4), bool), edge_m=50, pixel_size_m=(10, 10)) == 0
