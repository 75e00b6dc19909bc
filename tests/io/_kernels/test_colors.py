"""Colours of maps into classes, compared with a loop."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from eolearn.io._kernels.colors import nearest_color

COLORS = [[255, 0, 0, 255], [0, 255, 0], [250, 5, 5, 250]]


@given(hnp.arrays(np.uint8, (3, 4, 4), elements=st.sampled_from([0, 1, 5, 250, 253, 255])), st.integers(0, 80))
def test_pixels_get_the_nearest_color_that_is_near_enough(image, limit):
    found = nearest_color(image, COLORS, limit)
    for row, column in np.ndindex(3, 4):
        pixel = image[row, column].astype(int)
        distances = [sum(abs(int(a) - b) for a, b in zip(pixel, color, strict=False)) / len(color) for color in COLORS]
        near = [number for number in range(3) if distances[number] <= limit]
        assert found[row, column] == min(near, key=lambda number: np.float32(distances[number]), default=-1)
