"""A scene with texture, and the same scene displaced by known shifts and partly covered by clouds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import scipy.ndimage


class Scene(NamedTuple):
    reference: np.ndarray
    """Float32 of shape (height, width), 0..1."""

    frames: np.ndarray
    """Float32 of shape (time, height, width): the reference, displaced."""

    shifts_xy: np.ndarray
    """Pixels to the right and downwards by which each frame is displaced, shape (time, 2)."""

    valid: np.ndarray
    """Bool of shape (time, height, width), False for about 30 % of the pixels, in patches shaped like clouds."""


@pytest.fixture(scope="session")
def scene() -> Scene:
    rng = np.random.default_rng(5)
    texture = scipy.ndimage.gaussian_filter(rng.random((128, 160)), 2)
    texture = (texture - texture.min()) / np.ptp(texture)
    shifts_xy = rng.uniform(-2, 2, (5, 2))
    frames = [scipy.ndimage.shift(texture, (y, x), order=3, mode="reflect") for x, y in shifts_xy]
    fog = scipy.ndimage.gaussian_filter(rng.random((5, 128, 160)), (0, 5, 5))
    valid = fog < np.quantile(fog, 0.7)
    return Scene(texture.astype(np.float32), np.stack(frames).astype(np.float32), shifts_xy, valid)
