"""What is true of a scene, under the names by which it can be asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from shapely import Geometry, box

from eolearn.core import FeatureType

from .._kernels.sky import CIRRUS, OPACITY, SHADE
from .parcel_vectors import parcels, reservoirs, water_levels
from .view import FINEST_M, Moment, SceneView
from .weather import Weather

LEAST_CLOUD = 0.15
LEAST_SHADE = 0.2
LEAST_SNOW = 0.4


@dataclass(frozen=True)
class Dates:
    """What the truths of several dates are made from."""

    view: SceneView
    weathers: Sequence[Weather]
    moments: Sequence[Moment]
    """Of each date."""

    @property
    def area(self) -> Geometry:
        """The area of the finest pixels shown, in the coordinates of the zone."""
        pixels, half = self.view.pixels(FINEST_M), FINEST_M / 2
        return box(pixels.x.min() - half, pixels.y.min() - half, pixels.x.max() + half, pixels.y.max() + half)

    def image(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values of the finest pixels as an image with a band."""
        return values[self.view.pixels(FINEST_M).index][..., np.newaxis]

    def masks(self, function: Callable[[Moment], NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """Return what a function makes of the moment of each date, (dates, rows, columns, 1)."""
        result = np.empty((len(self.moments), *self.view.grid.shape, 1), bool)
        for date, moment in enumerate(self.moments):
            result[date] = self.image(function(moment))
        return result


def is_cloud(sky: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where clouds, cirrus among them, hide a good part of the ground."""
    return np.asarray(1 - (1 - sky[OPACITY]) * (1 - sky[CIRRUS]) > LEAST_CLOUD)


def _is_shadow(sky: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray((sky[SHADE] > LEAST_SHADE) & ~is_cloud(sky))


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
    "CLOUDS": Truth(FeatureType.MASK, lambda dates: dates.masks(lambda moment: is_cloud(moment.sky))),
    "SHADOWS": Truth(FeatureType.MASK, lambda dates: dates.masks(lambda moment: _is_shadow(moment.sky))),
    "SNOW": Truth(FeatureType.MASK, lambda dates: dates.masks(lambda moment: moment.snow > LEAST_SNOW)),
    "WATER": Truth(FeatureType.MASK, lambda dates: dates.masks(lambda moment: moment.is_water)),
    "WATER_LEVEL": Truth(FeatureType.SCALAR, _water_levels),
    "SHIFTS": Truth(
        FeatureType.SCALAR, lambda dates: np.array([w.shift_m for w in dates.weathers], np.float64).reshape(-1, 2)
    ),
}
