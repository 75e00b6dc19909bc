"""Slope, aspect and light of the ground, from its heights."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .blocks import Float64

Spacing: TypeAlias = float | NDArray[np.float64]


def gradients(heights_m: Float64, width_m: Spacing, height_m: Spacing) -> tuple[Float64, Float64]:
    """Return the rise to the east and the rise to the north, in metres per metre.

    heights_m: (height, width), rows from north to south, NaN for no data.
    width_m, height_m: of a pixel, numbers or (height, 1), one for each row.

    A gradient is NaN where a pixel or one of its eight neighbours is. Beyond the edge the ground goes on as steep as it
    is there; where there is a single row or column it is level.

    Source: Horn (1981), Hill shading and the reflectance map, Proceedings of the IEEE 69(1), 14-47,
    https://doi.org/10.1109/PROC.1981.11918.
    """
    padded = heights_m
    for axis in (0, 1):
        margin = [(1, 1) if axis == other else (0, 0) for other in (0, 1)]
        if heights_m.shape[axis] > 1:
            padded = np.pad(padded, margin, mode="reflect", reflect_type="odd")
        else:
            padded = np.pad(padded, margin, mode="edge")
    smooth_rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    smooth_columns = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    east = (smooth_rows[:, 2:] - smooth_rows[:, :-2]) / (8 * np.asarray(width_m))
    north = (smooth_columns[:-2] - smooth_columns[2:]) / (8 * np.asarray(height_m))
    unknown = np.isnan(east) | np.isnan(north) | np.isnan(heights_m)
    east[unknown] = north[unknown] = np.nan
    return east, north


def slope_aspect(east: Float64, north: Float64) -> tuple[Float64, Float64]:
    """Return the slope and the direction of the steepest descent, in degrees, of the gradients of the ground.

    The slope is 0 to 90. The aspect is clockwise from the north of the grid, 0 to 360, and NaN where the slope is 0.
    """
    slope = np.degrees(np.arctan(np.hypot(east, north)))
    aspect = np.degrees(np.arctan2(-east, -north)) % 360
    aspect[slope == 0] = np.nan
    return slope, aspect


def illumination(east: Float64, north: Float64, zenith_deg: ArrayLike, azimuth_deg: ArrayLike) -> Float64:
    """Return the cosine of the angle between the sun and the normal of the ground.

    east, north: the gradients of the ground. zenith_deg, azimuth_deg: of the sun, the azimuth clockwise from north;
    broadcast against the gradients.

    It is 1 where the sun is perpendicular to the ground, the cosine of the zenith angle where that is level, and
    negative where the ground faces away. Shadows that other ground casts are left out. Source: Horn (1981).
    """
    zenith, azimuth = np.radians(zenith_deg), np.radians(azimuth_deg)
    towards_sun = np.sin(zenith) * (np.sin(azimuth) * -east + np.cos(azimuth) * -north) + np.cos(zenith)
    cosine: Float64 = towards_sun / np.sqrt(1 + east**2 + north**2)
    return cosine
