"""Clouds, their shadows, cirrus, haze, snow and the light on slopes, on one date."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from .world_noise import Floats, Int, fractal_noise, smooth_step, uint64

OPACITY, SHADE, CIRRUS, HAZE, SNOW, LIGHT = range(6)
"""Rows of what ``draw_sky`` fills."""


class Sky(NamedTuple):
    """The weather of a date over a whole region."""

    key: np.uint64
    """Random bits of the date."""
    threshold: float
    """The value of the cloud field above which there is cloud: lower means more."""
    cloud_height_m: float
    """Of the cloud's middle, above the sea."""
    cirrus: float
    """The thickest cirrus, as a share of light from 0 to 1."""
    haze: float
    """Mean aerosol optical thickness at 550 nm."""
    snow_line_m: float
    """The height above the sea from which on snow lies on flat, open ground."""


class SunNodes(NamedTuple):
    """The direction of the sun at the nodes of a wide grid, between which it is interpolated."""

    first_column: int
    first_row: int
    """Of the nodes, counted from the origin of the zone."""
    spacing: float
    vectors: Floats
    """Unit vectors to the sun (rows from the south, columns, [east, north, up]) in the axes of the map."""


@njit(cache=True, nogil=True)
def _sun_at(nodes: SunNodes, x: float, y: float) -> tuple[float, float, float]:
    column, row = x / nodes.spacing, y / nodes.spacing
    right, up = column - np.floor(column), row - np.floor(row)
    i, j = int(np.floor(column)) - nodes.first_column, int(np.floor(row)) - nodes.first_row
    v = nodes.vectors
    lower = v[j, i] * (1.0 - right) + v[j, i + 1] * right
    upper = v[j + 1, i] * (1.0 - right) + v[j + 1, i + 1] * right
    return (
        lower[0] + up * (upper[0] - lower[0]),
        lower[1] + up * (upper[1] - lower[1]),
        lower[2] + up * (upper[2] - lower[2]),
    )


@njit(cache=True, nogil=True)
def cloud_opacity(sky: Sky, x: float, y: float) -> float:
    """Return the share of light that clouds hold back on its way through them, from 0 to 1."""
    field = fractal_noise(uint64(sky.key) + uint64(1), x / 4600.0, y / 4600.0, 6, 0.58)
    front = fractal_noise(uint64(sky.key) + uint64(20), x / 70_000.0, y / 70_000.0, 2, 0.5)
    excess = 0.8 * field + 0.6 * front - sky.threshold
    if excess <= 0.0:
        return 0.0
    clear = 1.0 / (1.0 + 2.2 * excess)
    return 1.0 - clear * clear


@njit(cache=True, nogil=True)
def cirrus_share(sky: Sky, x: float, y: float) -> float:
    """Return the share of light that comes from cirrus, from 0 to 1: long streaks."""
    if sky.cirrus <= 0.0:
        return 0.0
    along, across = 0.8 * x + 0.6 * y, 0.8 * y - 0.6 * x
    streaks = fractal_noise(uint64(sky.key) + uint64(40), along / 30_000.0, across / 7_000.0, 5, 0.55)
    return sky.cirrus * smooth_step(-0.3, 2.2, streaks)


@njit(cache=True, nogil=True)
def snow_cover(key: Int, sky: Sky, x: float, y: float, ground: float, rise_north: float) -> float:
    """Return the share of open ground under snow; it lies lower on slopes that face away from the equator's side."""
    if ground < sky.snow_line_m - 400.0:
        return 0.0
    patches = fractal_noise(uint64(key) + uint64(160), x / 260.0, y / 260.0, 3, 0.6)
    return smooth_step(-70.0, 70.0, ground - sky.snow_line_m - 220.0 * rise_north + 30.0 * patches)


@njit(cache=True, nogil=True)
def draw_sky(
    key: Int,
    sky: Sky,
    nodes: SunNodes,
    x: Floats,
    y: Floats,
    heights: Floats,
    slopes: Floats,
    poleward: float,
    drawn: Floats,
) -> None:
    """Fill float32 (rows as named above, points) for one date.

    poleward: 1 north of the equator, -1 south of it. LIGHT is the direct light on the slope as a share of that on flat
    ground.
    """
    for point in range(x.size):
        sun_x, sun_y, sun_z = _sun_at(nodes, x[point], y[point])
        east, north = slopes[point, 0], slopes[point, 1]
        lit = (sun_z - east * sun_x - north * sun_y) / np.sqrt(1.0 + east * east + north * north)
        drawn[LIGHT, point] = max(0.0, lit) / sun_z
        drawn[OPACITY, point] = cloud_opacity(sky, x[point], y[point])
        reach = max(0.0, sky.cloud_height_m - heights[point]) / sun_z
        drawn[SHADE, point] = cloud_opacity(sky, x[point] + reach * sun_x, y[point] + reach * sun_y)
        drawn[CIRRUS, point] = cirrus_share(sky, x[point], y[point])
        veil = fractal_noise(uint64(sky.key) + uint64(60), x[point] / 16_000.0, y[point] / 16_000.0, 3, 0.5)
        drawn[HAZE, point] = sky.haze * max(0.2, 1.0 + 0.3 * veil)
        # a slope that rises to the pole faces the equator, and the sun
        drawn[SNOW, point] = snow_cover(key, sky, x[point], y[point], heights[point], north * poleward)
