"""A cloud mask that is corrected by what else is known of its pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .rules import snow_like

Float = NDArray[np.float32]
CIRRUS_RESIDUAL = 0.02
_MOST_HAZE = 0.06
_SPREAD_TO_DEVIATION = 1.4826  # of a normal distribution, from its median absolute deviation
_LEAST_DEVIATION = 0.004


def refined_clouds(
    values: Float, course: Float, spread: Float, clouds: NDArray[np.bool_], *, brighter: float, alike: float
) -> NDArray[np.bool_]:
    """Return the clouds of one date, corrected by how far the date lies from the clear course of its pixels.

    values, course: reflectances (height, width, bands) of blue and near infrared, then green and short-wave infrared
    for snow if there are four or more bands, and cirrus as a third or fifth. spread: of blue, (height, width).
    clouds: the mask to be corrected.
    brighter: a pixel that is brighter in blue by this and by 4 deviations, and not darker in near infrared, is cloud,
    unless it looks like snow. alike: one that is brighter by less than this, or less than 2 deviations, is none.

    Haze that lies over the whole image is taken off first: the median of the residuals of blue where there is no cloud.
    Where nothing is known of a pixel, the mask stays.
    """
    residual = values - course
    blue, nir = residual[..., 0], residual[..., 1]
    haze = _haze(blue, clouds)
    blue = blue - haze
    deviation = np.maximum(_SPREAD_TO_DEVIATION * spread, _LEAST_DEVIATION)
    with np.errstate(invalid="ignore"):
        is_brighter = (blue > np.maximum(brighter, 4 * deviation)) & (nir > -0.5 * blue)
        is_alike = blue < np.maximum(alike, 2 * deviation)
        if values.shape[-1] >= 4:
            is_brighter &= ~snow_like(values[..., 2], values[..., 3], values[..., 1])
        if values.shape[-1] in (3, 5):
            has_cirrus = residual[..., -1] > CIRRUS_RESIDUAL
            is_brighter |= has_cirrus
            is_alike &= ~has_cirrus
    return np.asarray((clouds & ~is_alike) | is_brighter)


def _haze(blue: Float, clouds: NDArray[np.bool_]) -> float:
    clear = blue[~clouds & np.isfinite(blue)]
    return float(np.clip(np.median(clear), -_MOST_HAZE, _MOST_HAZE)) if clear.size > 0.02 * blue.size else 0.0


def without_specks(clouds: NDArray[np.bool_], least_px: int) -> NDArray[np.bool_]:
    """Return the clouds of one date without those of fewer pixels, which touch each other at sides or corners."""
    import cv2

    if least_px <= 1 or not clouds.any():
        return clouds
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(clouds.view(np.uint8), connectivity=8)
    keep = statistics[:, cv2.CC_STAT_AREA] >= least_px
    keep[0] = False
    return np.asarray(keep[labels])
