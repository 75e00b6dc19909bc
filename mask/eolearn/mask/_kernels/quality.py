"""How much of an image can be trusted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .metres import distance_m


def frame_quality(
    hidden: NDArray[np.bool_], valid: NDArray[np.bool_], *, edge_m: float, pixel_size_m: tuple[float, float]
) -> float:
    """Return the mean weight of the pixels of an image, from 0 to 1.

    hidden: by clouds or shadows; valid: with data; both (height, width). pixel_size_m: height and width of a pixel.
    The weight is 0 where hidden or not valid, else the distance to what is hidden as a share of edge_m, at most 1.
    """
    clear = valid & ~hidden
    if not clear.any():
        return 0.0
    if edge_m <= 0:
        return float(clear.mean())
    weights = np.minimum(1, distance_m(hidden & valid, pixel_size_m) / edge_m)
    return float(np.where(clear, weights, 0).mean())
