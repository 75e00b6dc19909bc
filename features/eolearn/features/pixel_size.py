"""The size of the pixels of a patch on the ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sentinelhub import CRS, BBox

_SEMI_MAJOR_M = 6378137.0  # of the ellipsoid of WGS 84
_ECCENTRICITY_SQUARED = 0.00669437999014


def pixel_size_m(bbox: BBox, shape_hw: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return width and height of the pixels of each row in metres, two arrays of shape (height, 1).

    shape_hw: of the image, whose rows run from north to south.

    Of geographic coordinates the size follows the latitude of the row on the ellipsoid of WGS 84, and of Web Mercator
    too. Other coordinates are taken as they are, in their unit, so the scale of the projection (0.04 percent in UTM)
    is left out.

    Source: radii of curvature, Snyder (1987), Map Projections, USGS Professional Paper 1395, equations 4-18 and 4-20,
    https://doi.org/10.3133/pp1395.
    """
    height, width = shape_hw
    left, bottom, right, top = bbox
    rows = top - (np.arange(height) + 0.5)[:, np.newaxis] * (top - bottom) / max(1, height)
    step_x, step_y = (right - left) / max(1, width), (top - bottom) / max(1, height)
    crs = bbox.crs.pyproj_crs()
    if crs.is_geographic:
        meridian, parallel = _radii_m(np.radians(rows))
        return np.radians(step_x) * parallel, np.radians(step_y) * meridian
    if bbox.crs is CRS.POP_WEB:
        latitudes = np.arctan(np.sinh(rows / _SEMI_MAJOR_M))
        meridian, parallel = _radii_m(latitudes)
        turn = np.cos(latitudes) / _SEMI_MAJOR_M
        return step_x * parallel / _SEMI_MAJOR_M, step_y * meridian * turn
    unit_m = crs.axis_info[0].unit_conversion_factor
    return np.full((height, 1), step_x * unit_m), np.full((height, 1), step_y * unit_m)


def _radii_m(latitude: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return metres per radian along the meridian and along the parallel."""
    root = np.sqrt(1 - _ECCENTRICITY_SQUARED * np.sin(latitude) ** 2)
    return _SEMI_MAJOR_M * (1 - _ECCENTRICITY_SQUARED) / root**3, _SEMI_MAJOR_M * np.cos(latitude) / root
