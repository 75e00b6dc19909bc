"""How an image sees the scene on a date: light, sky and reflectances of its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core.utils.sun import sun_angles
from eolearn.core.utils.threads import over_row_blocks

from .._kernels.imaging import Ground, Optics, expose, spread
from .._kernels.landscape import WATER
from .._kernels.sky import SNOW, SunNodes, draw_sky
from .._kernels.surface import MIDDLE
from .atmosphere import NATIVE_M, optics
from .chance import key_of
from .grid import ImageGrid, WorldPixels
from .ground import GroundTruth, bed_rise, survey
from .orbits import HALF_SWATH_M, swath_offset_m
from .seasons import drawdowns, reflectances
from .weather import Weather, band_latitude

SUN_SPACING_M = 20_000.0
FINEST_M = 10.0
_SKY_ROWS = 6


@dataclass(frozen=True)
class Moment:
    """What the finest pixels of an image show on a date."""

    sky: NDArray[np.float32]
    """Between the sun, the ground and the sensor, (kinds, pixels): see ``_kernels.sky``."""
    snow: NDArray[np.float32]
    """The share of a pixel where snow is seen."""
    is_water: NDArray[np.bool_]


@dataclass(frozen=True)
class SceneView:
    """An image of the scene: the part of the world that it shows, in one world of many."""

    key: np.uint64
    """Random bits of seed and zone."""
    grid: ImageGrid

    @cached_property
    def latitude_deg(self) -> float:
        """Of the middle of the image: it decides on the season and the latitude band."""
        return float(self.grid.corners_wgs84[1].mean())

    @property
    def band_latitude_deg(self) -> float:
        """The middle of the latitude band, from where all is taken that must be the same for neighbours."""
        return band_latitude(self.latitude_deg)

    @property
    def zone_longitude_deg(self) -> float:
        """The central meridian of the zone."""
        return float(int(self.grid.zone.epsg) % 100 * 6 - 183)

    def pixels(self, pixel_m: float) -> WorldPixels:
        """Return the pixels of a size that the image shows; the same object each time."""
        if pixel_m not in self._pixels:
            self._pixels[pixel_m] = self.grid.pixels(pixel_m)
        return self._pixels[pixel_m]

    @cached_property
    def _pixels(self) -> dict[float, WorldPixels]:
        return {}

    @cached_property
    def _grounds(self) -> dict[float, GroundTruth]:
        return {}

    def ground(self, pixel_m: float, shift_m: tuple[float, float] = (0.0, 0.0)) -> GroundTruth:
        """Return what lies under the pixels of a size; that of images without a shift is kept."""
        if shift_m != (0.0, 0.0):
            return survey(self.key, self.pixels(pixel_m), shift_m)
        if pixel_m not in self._grounds:
            self._grounds[pixel_m] = survey(self.key, self.pixels(pixel_m), shift_m)
        return self._grounds[pixel_m]

    def is_seen(self, relative_orbit: int) -> NDArray[np.bool_]:
        """Return which pixels of the image, (rows, columns), lie in the swath of an orbit; the same array each time."""
        if relative_orbit not in self._seen:
            self._seen[relative_orbit] = self._find_seen(relative_orbit)
        return self._seen[relative_orbit]

    @cached_property
    def _seen(self) -> dict[int, NDArray[np.bool_]]:
        return {}

    def _find_seen(self, relative_orbit: int) -> NDArray[np.bool_]:
        corners = np.abs(swath_offset_m(relative_orbit, *self.grid.corners_wgs84))
        if corners.max() < HALF_SWATH_M - 100:  # the edge is nearly straight: if it passes, it cuts off a corner
            return np.ones(self.grid.shape, bool)
        pixels = self.pixels(FINEST_M)
        offsets = swath_offset_m(relative_orbit, *self.grid.to_wgs84(pixels.x, pixels.y))
        seen: NDArray[np.bool_] = (np.abs(offsets) <= HALF_SWATH_M)[pixels.index]
        return seen

    def sun(self, weather: Weather) -> SunNodes:
        """Return the direction of the sun at the nodes of a grid that covers the image and no more."""
        pixels = self.pixels(FINEST_M)
        spacing, margin = SUN_SPACING_M, 1000.0
        columns = np.arange(
            np.floor((pixels.x.min() - margin) / spacing), np.floor((pixels.x.max() + margin) / spacing) + 2
        )
        rows = np.arange(
            np.floor((pixels.y.min() - margin) / spacing), np.floor((pixels.y.max() + margin) / spacing) + 2
        )
        x, y = np.meshgrid(columns * spacing, rows * spacing)
        longitude, latitude = self.grid.to_wgs84(x, y)
        zenith, azimuth = (angle[0] for angle in sun_angles([weather.acquisition.timestamp], longitude, latitude))
        azimuth = np.radians(azimuth - self._convergence_deg(longitude, latitude))
        zenith = np.radians(np.minimum(zenith, 85.0))
        vectors = np.stack(
            [np.sin(zenith) * np.sin(azimuth), np.sin(zenith) * np.cos(azimuth), np.cos(zenith)], axis=-1
        )
        return SunNodes(int(columns[0]), int(rows[0]), spacing, vectors)

    def _convergence_deg(self, longitude: NDArray[Any], latitude: NDArray[Any]) -> NDArray[Any]:
        """Return by how much the north of the map lies east of true north."""
        east = np.radians(longitude - self.zone_longitude_deg)
        return np.asarray(np.degrees(np.arctan(np.tan(east) * np.sin(np.radians(latitude)))))

    def sky(self, weather: Weather, pixel_m: float, ground: GroundTruth) -> NDArray[np.float32]:
        """Return what lies between the sun, the ground and the sensor, (kinds, pixels): see ``_kernels.sky``."""
        pixels = self.pixels(pixel_m)
        drawn = np.empty((_SKY_ROWS, len(pixels.columns)), np.float32)
        x, y = pixels.x - weather.shift_m[0], pixels.y - weather.shift_m[1]
        poleward = 1.0 if self.latitude_deg >= 0 else -1.0
        draw_sky(self.key, weather.sky, self.sun(weather), x, y, ground.heights, ground.slopes, poleward, drawn)
        return drawn

    def expose(self, weather: Weather, bands: Sequence[int], scale: float, image: NDArray[Any]) -> Moment:
        """Fill an image of a date, (rows, columns, bands), and return what its finest pixels show.

        bands: positions of the bands of the sensor. scale: what reflectances are multiplied by.
        """
        for pixel_m in sizes_of(bands):
            ground = self.ground(pixel_m, weather.shift_m)
            drawn = self.sky(weather, pixel_m, ground)
            if pixel_m == FINEST_M:
                moment = self._moment(weather, ground, drawn)
            places = [place for place, band in enumerate(bands) if NATIVE_M[band] == pixel_m]
            if places:
                self._expose_group(
                    weather, ground, drawn, pixel_m, [bands[place] for place in places], places, scale, image
                )
        return moment

    def _moment(self, weather: Weather, ground: GroundTruth, drawn: NDArray[np.float32]) -> Moment:
        entries = ground.entries[:, MIDDLE]
        below = drawdowns(ground.table, weather.acquisition.timestamp, self.latitude_deg)[entries]
        is_water = (ground.table.covers[entries] == WATER) & (ground.depths > below)
        return Moment(drawn, drawn[SNOW] * ground.table.snow_hold[entries], is_water)

    def _expose_group(
        self,
        weather: Weather,
        ground: GroundTruth,
        drawn: NDArray[np.float32],
        pixel_m: float,
        bands: list[int],
        places: list[int],
        scale: float,
        image: NDArray[Any],
    ) -> None:
        pixels, timestamp = self.pixels(pixel_m), weather.acquisition.timestamp
        first, second = reflectances(ground.table, timestamp, self.latitude_deg, weather.turbidity)
        levels = drawdowns(ground.table, timestamp, self.latitude_deg)
        shown = Ground(
            ground.entries,
            ground.texture,
            ground.depths,
            bed_rise(pixel_m),
            np.ascontiguousarray(first[:, bands]),
            np.ascontiguousarray(second[:, bands]),
            levels,
            ground.table.snow_hold,
        )
        keys = np.array([key_of(weather.sky.key, 801, band) for band in bands])
        group = np.empty((len(pixels.columns), len(bands)), np.float32)
        expose(shown, self._optics(weather, bands), drawn, pixels.columns, pixels.rows, keys, group)
        spread(group, pixels.index, np.array(places), scale, image)

    def _optics(self, weather: Weather, bands: list[int]) -> Optics:
        """Return the optics of the latitude band: they must not differ between neighbours."""
        zenith, _ = sun_angles([weather.acquisition.timestamp], self.zone_longitude_deg, self.band_latitude_deg)
        return optics(bands, float(zenith[0]), weather.sky.haze)

    def expose_all(
        self, weathers: Sequence[Weather], bands: Sequence[int], scale: float, images: NDArray[Any]
    ) -> list[Moment]:
        """Fill images of several dates, (dates, rows, columns, bands), several at once; see :meth:`expose`."""
        if not any(any(weather.shift_m) for weather in weathers):
            for pixel_m in sizes_of(bands):
                self.ground(pixel_m)
        moments: dict[int, Moment] = {}

        def fill(start: int, stop: int) -> None:
            for date in range(start, stop):
                moments[date] = self.expose(weathers[date], bands, scale, images[date])

        over_row_blocks(fill, len(weathers), least_rows=1)
        return [moments[date] for date in range(len(weathers))]


def sizes_of(bands: Sequence[int]) -> list[float]:
    """Return the pixel sizes of some bands, each once, and the finest size in any case, in metres."""
    return list(dict.fromkeys([FINEST_M, *map(float, NATIVE_M[list(bands)])]))
