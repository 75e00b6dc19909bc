"""Snow in images, by thresholds of two indices and of brightness."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from eolearn.core.utils.threads import over_row_blocks

_NDVI = 0.1
_NDVI_MARGIN = 0.05


@njit(cache=True, nogil=True)
def snow_pixels(
    bands: Any, positions: Any, ndsi_threshold: Any, brightness: Any, undefined: Any, snow: Any, unknown: Any
) -> None:
    """Write where there is snow, and where an index is not a finite number.

    bands: of shape (rows, width, bands), float32 or float64, as are the three numbers after the positions of green,
    red, near infrared and short-wave infrared. undefined: stands for an index that is not finite.
    snow, unknown: bool, of shape (rows, width).
    """
    one = bands.dtype.type
    ndvi_centre, ndvi_margin = one(_NDVI), one(_NDVI_MARGIN)
    green_at, red_at, nir_at, swir_at = positions
    for row in range(bands.shape[0]):
        for column in range(bands.shape[1]):
            green, red = bands[row, column, green_at], bands[row, column, red_at]
            nir, swir = bands[row, column, nir_at], bands[row, column, swir_at]
            below_ndsi, below_ndvi = green + swir, nir + red
            ndsi = (green - swir) / below_ndsi if below_ndsi != 0 else one(np.nan)
            ndvi = (nir - red) / below_ndvi if below_ndvi != 0 else one(np.nan)
            has_ndsi, has_ndvi = np.isfinite(ndsi), np.isfinite(ndvi)
            ndsi = ndsi if has_ndsi else undefined
            ndvi = ndvi if has_ndvi else undefined
            like_snow = ndsi >= ndsi_threshold or abs(ndvi - ndvi_centre) < ndvi_margin
            snow[row, column] = like_snow and green >= brightness
            unknown[row, column] = not (has_ndsi and has_ndvi)


def snow_and_unknown(
    rows: NDArray[np.floating[Any]],
    positions: tuple[int, int, int, int],
    *,
    ndsi_threshold: float,
    brightness_threshold: float,
    undefined_value: float,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where there is snow, and where an index can't be computed, both of shape (rows, width).

    rows: of shape (rows, width, bands), float32 or float64. positions: of green, red, near infrared and short-wave
    infrared at 1.6 um.
    """
    snow, unknown = np.empty(rows.shape[:2], np.bool_), np.empty(rows.shape[:2], np.bool_)
    ndsi, brightness, undefined = map(rows.dtype.type, (ndsi_threshold, brightness_threshold, undefined_value))

    def fill(start: int, stop: int) -> None:
        part = slice(start, stop)
        snow_pixels(rows[part], positions, ndsi, brightness, undefined, snow[part], unknown[part])

    over_row_blocks(fill, len(rows), least_rows=256)
    return snow, unknown
