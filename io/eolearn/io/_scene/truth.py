"""What is true of a scene, under the names by which it can be asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from shapely import Geometry, box

from eolearn.core import FeatureType
from eolearn.core.exceptions import SettingError

from .._kernels.landscape import WATER
from .._kernels.sky import CIRRUS, OPACITY, SHADE, SNOW
from .._kernels.surface import MIDDLE
from .parcel_vectors import parcels, reservoirs, water_levels
from .seasons import drawdowns
from .view import FINEST_M, SceneView
from .weather import Weather

LEAST_CLOUD = 0.15
LEAST_SHADE = 0.2
LEAST_SNOW = 0.4


@dataclass(frozen=True)
class Dates:
    """What the truths of several dates are made from."""

    view: SceneView
    weathers: Sequence[Weather]
    skies: Sequence[NDArray[np.float32]]
    """Of each date, (kinds, finest pixels)."""

    @property
    def area(self) -> Geometry:
        """The area of the finest pixels shown, in the coordinates of the zone."""
        pixels, half = self.view.pixels(FINEST_M), FINEST_M / 2
        return box(pixels.x.min() - half, pixels.y.min() - half, pixels.x.max() + half, pixels.y.max() + half)

    def image(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values of the finest pixels as an image with a band."""
        return values[self.view.pixels(FINEST_M).index][..., np.newaxis]

    def images(self, function: Callable[[NDArray[np.float32]], NDArray[Any]], dtype: type) -> NDArray[Any]:
        """Return what a function makes of the sky of each date, (dates, rows, columns, 1)."""
        result: NDArray[Any] = np.empty((len(self.skies), *self.view.grid.shape, 1), dtype)
        for date, sky in enumerate(self.skies):
            result[date] = self.image(function(sky))
        return result


def is_cloud(sky: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where clouds, cirrus among them, hide a good part of the ground."""
    return np.asarray(1 - (1 - sky[OPACITY]) * (1 - sky[CIRRUS]) > LEAST_CLOUD)


def _is_shadow(sky: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray((sky[SHADE] > LEAST_SHADE) & ~is_cloud(sky))


def _snow(dates: Dates) -> NDArray[np.bool_]:
    result = np.empty((len(dates.skies), *dates.view.grid.shape, 1), bool)
    for date, (weather, sky) in enumerate(zip(dates.weathers, dates.skies, strict=True)):
        ground = dates.view.ground(FINEST_M, weather.shift_m)
        result[date] = dates.image(sky[SNOW] * ground.table.snow_hold[ground.entries[:, MIDDLE]] > LEAST_SNOW)
    return result


def _water(dates: Dates) -> NDArray[np.bool_]:
    result = np.empty((len(dates.skies), *dates.view.grid.shape, 1), bool)
    for date, weather in enumerate(dates.weathers):
        ground = dates.view.ground(FINEST_M, weather.shift_m)
        levels = drawdowns(ground.table, weather.acquisition.timestamp, dates.view.latitude_deg)
        below = levels[ground.entries[:, MIDDLE]]
        is_in_reservoir = ground.table.covers[ground.entries[:, MIDDLE]] == WATER
        result[date] = dates.image(is_in_reservoir & (ground.depths > below))
    return result


def _parcels(dates: Dates) -> Any:
    years = sorted({weather.acquisition.timestamp.year for weather in dates.weathers})
    return parcels(dates.view.key, dates.area, years, dates.view.grid.zone.pyproj_crs())


def _water_levels(dates: Dates) -> NDArray[np.float64]:
    times = [weather.acquisition.timestamp for weather in dates.weathers]
    zone = dates.view.grid.zone.pyproj_crs()
    return water_levels(dates.view.key, dates.area, times, dates.view.latitude_deg, zone)[:, np.newaxis]


class Truth(NamedTuple):
    """A kind of truth."""

    feature_type: FeatureType
    make: Callable[[Dates], Any]


TRUTHS = {
    "LAND_COVER": Truth(FeatureType.MASK_TIMELESS, lambda dates: dates.image(dates.view.ground(FINEST_M).land_cover)),
    "DEM": Truth(FeatureType.DATA_TIMELESS, lambda dates: dates.image(dates.view.ground(FINEST_M).heights)),
    "PARCELS": Truth(FeatureType.VECTOR_TIMELESS, _parcels),
    "RESERVOIRS": Truth(
        FeatureType.VECTOR_TIMELESS,
        lambda dates: reservoirs(dates.view.key, dates.area, dates.view.grid.zone.pyproj_crs()),
    ),
    "CLOUDS": Truth(FeatureType.MASK, lambda dates: dates.images(is_cloud, bool)),
    "SHADOWS": Truth(FeatureType.MASK, lambda dates: dates.images(_is_shadow, bool)),
    "SNOW": Truth(FeatureType.MASK, _snow),
    "WATER": Truth(FeatureType.MASK, _water),
    "WATER_LEVEL": Truth(FeatureType.SCALAR, _water_levels),
    "SHIFTS": Truth(
        FeatureType.SCALAR, lambda dates: np.array([w.shift_m for w in dates.weathers], np.float64).reshape(-1, 2)
    ),
}


def checked(feature_type: FeatureType, name: str) -> Truth:
    """Return a kind of truth by name. Raises SettingError if there is none, or if it is of another type."""
    truth = TRUTHS.get(name)
    if truth is None:
        near = get_close_matches(name, TRUTHS, cutoff=0.4) or sorted(TRUTHS)
        raise SettingError(f"The scene knows no truth {name!r}. Did you mean {' or '.join(near)}?")
    if truth.feature_type is not feature_type:
        raise SettingError(f"{name} belongs into {truth.feature_type}, not into {feature_type}.")
    return truth
