"""Snow below clouds' doubt: the two passes of Let-it-snow, on one image.

Source: Gascoin, Grizonnet, Bouchet, Salgues and Hagolle (2019), Theia Snow collection: high-resolution operational snow
cover maps from Sentinel-2 and Landsat-8 data, Earth System Science Data 11, 493-514,
https://doi.org/10.5194/essd-11-493-2019, section 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CIRRUS = 0.015
CIRRUS_PER_M = 1e-5


@dataclass(frozen=True)
class SnowLineSettings:
    """Thresholds, under the symbols of the source."""

    d_z: float
    """Height of an elevation band, in metres."""
    f_t: float
    """Share of snow in the first elevation band that counts as snowy."""
    r_f: int
    """How many pixels a side are averaged to see whether a cloud is dark."""
    r_d: float
    """Red reflectance up to which an averaged cloud is dark, and may be snow or ground."""
    r_b: float
    """Red reflectance above which what was cloud, and is no snow, is cloud again."""
    r_1: float
    """Red reflectance that snow exceeds in the first pass."""
    r_2: float
    """And in the second."""
    n_1: float
    """NDSI that snow exceeds in the first pass."""
    n_2: float
    """And in the second."""
    f_s: float
    """Share of snow in the whole image from which there is a snow line."""


def snow_in_two_passes(
    ndsi: NDArray[Any], red: NDArray[Any], cloud: NDArray[np.bool_], dem: NDArray[Any], cirrus: NDArray[Any] | None,
    settings: SnowLineSettings,
) -> NDArray[np.bool_]:  # fmt: skip
    """Return where there is snow in an image. All arrays are of shape (height, width).

    ndsi: NaN where it is unknown, which is no snow. red, cirrus: reflectances. dem: in metres.
    """
    s = settings
    sure_cloud = cloud & (block_means(red, s.r_f) > s.r_d)
    if cirrus is not None:
        sure_cloud |= cloud & (cirrus > CIRRUS + CIRRUS_PER_M * dem)
    snow = ~sure_cloud & (ndsi > s.n_1) & (red > s.r_1)
    final_cloud = sure_cloud | (cloud & ~snow & (red > s.r_b))
    clear = ~final_cloud & np.isfinite(ndsi)
    line = snow_line(snow, clear, dem, s)
    if line is None:
        return snow
    return np.asarray(snow | (clear & (dem > line) & (ndsi > s.n_2) & (red > s.r_2)))


def snow_line(
    snow: NDArray[np.bool_], clear: NDArray[np.bool_], dem: NDArray[Any], settings: SnowLineSettings
) -> float | None:
    """Return the elevation in metres above which weaker signs of snow count, None where there is too little snow.

    It is the lower edge of the elevation band that lies two below the lowest with a share of snow above ``f_t``. Shares
    are those of clear pixels.
    """
    clear = clear & np.isfinite(dem)
    if not clear.any() or np.count_nonzero(snow & clear) <= settings.f_s * np.count_nonzero(clear):
        return None
    lowest = math.floor(float(dem[clear].min()) / settings.d_z)
    bands = np.floor(dem[clear] / settings.d_z).astype(np.int64) - lowest
    pixels = np.bincount(bands)
    snowy = np.bincount(bands, weights=snow[clear], minlength=len(pixels))
    over = np.flatnonzero(snowy > settings.f_t * pixels)
    return float((lowest + over[0] - 2) * settings.d_z) if len(over) else None


def block_means(image: NDArray[Any], side_px: int) -> NDArray[np.float32]:
    """Return at each pixel the mean of the square block in which it lies, NaN left out; NaN where all of it is NaN."""
    import cv2

    height, width = image.shape
    size = max(1, round(width / side_px)), max(1, round(height / side_px))
    valid = np.isfinite(image)
    sums = cv2.resize(np.where(valid, image, 0).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    shares = cv2.resize(valid.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    means = np.divide(sums, shares, out=np.full_like(sums, np.nan), where=shares > 0)
    return np.asarray(cv2.resize(means, (width, height), interpolation=cv2.INTER_NEAREST))
