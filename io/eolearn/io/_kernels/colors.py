"""Colours of maps into classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def nearest_color(image: NDArray[np.uint8], colors: Sequence[Sequence[int]], max_difference: float) -> NDArray[np.intp]:
    """Return which colour each pixel is of: the number of the nearest one, -1 where none is near.

    image: (height, width, channels), 0..255. colors: a number for each channel, or for the first ones.
    max_difference: the largest mean over the channels of the absolute difference. Of colours that are as near, the
    first one counts.
    """
    best = np.full(image.shape[:2], np.inf, np.float32)
    found = np.full(image.shape[:2], -1, np.intp)
    for number, color in enumerate(colors):
        wanted = np.asarray(color, np.float32)
        difference = np.abs(image[..., : len(color)].astype(np.float32) - wanted).mean(axis=-1)
        is_nearer = (difference <= max_difference) & (difference < best)
        best[is_nearer] = difference[is_nearer]
        found[is_nearer] = number
    return found
