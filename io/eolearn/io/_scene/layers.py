"""The layers that the service offers beside the bands of Sentinel-2 L1C, under its names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core.utils.sun import sun_angles

from .._kernels.sky import OPACITY
from .orbits import view_angles
from .view import FINEST_M, SceneView
from .weather import Weather

CLOUD_PIXEL_M = 160.0
"""The service finds clouds in coarse pixels."""
_LEAST_CLOUD_PROBABILITY = 0.4
_NO_MASK = 255


def _cloud_probability(view: SceneView, weather: Weather) -> NDArray[np.uint8]:
    ground = view.ground(CLOUD_PIXEL_M, weather.shift_m)
    opacity = view.sky(weather, CLOUD_PIXEL_M, ground)[OPACITY]
    probability = np.minimum(1, 1.8 * opacity)[view.pixels(CLOUD_PIXEL_M).index]
    return np.asarray(np.round(255 * probability), np.uint8)


def _cloud_mask(view: SceneView, weather: Weather) -> NDArray[np.uint8]:
    return np.asarray(_cloud_probability(view, weather) > 255 * _LEAST_CLOUD_PROBABILITY, np.uint8)


def _places(view: SceneView) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    pixels = view.pixels(FINEST_M)
    longitudes, latitudes = view.grid.to_wgs84(pixels.x, pixels.y)
    return longitudes[pixels.index], latitudes[pixels.index]


def _sun(view: SceneView, weather: Weather) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    zenith, azimuth = sun_angles([weather.acquisition.timestamp], *_places(view))
    return zenith[0], azimuth[0]


Layer = Callable[[SceneView, Weather], NDArray[Any]]

LAYERS: dict[str, Layer] = {
    "dataMask": lambda view, weather: view.is_seen(weather.acquisition.relative_orbit),
    "CLP": _cloud_probability,
    "CLM": _cloud_mask,
    "sunZenithAngles": lambda view, weather: _sun(view, weather)[0],
    "sunAzimuthAngles": lambda view, weather: _sun(view, weather)[1],
    "viewZenithMean": lambda view, weather: view_angles(weather.acquisition.relative_orbit, *_places(view))[0],
    "viewAzimuthMean": lambda view, weather: view_angles(weather.acquisition.relative_orbit, *_places(view))[1],
}
NO_DATA_VALUES = {"CLM": _NO_MASK}
"""Of pixels that are not seen; 0 in other layers."""


def dtype_of(layer: str) -> np.dtype[Any]:
    """Return the dtype of a layer, as the service has it."""
    return np.dtype({"dataMask": np.bool_, "CLP": np.uint8, "CLM": np.uint8}.get(layer, np.float32))
