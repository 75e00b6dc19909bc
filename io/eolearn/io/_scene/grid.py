"""Which pixels of the world an image shows: the sensor's own pixels, counted from the origin of a UTM zone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sentinelhub import CRS, BBox, transform_point

from eolearn.core.exceptions import DataError

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class WorldPixels:
    """Pixels of one size, each once, and which of them each pixel of an image shows: the nearest."""

    pixel_m: float
    """Ground sampling distance, metres."""
    columns: NDArray[np.int64]
    """Of each pixel: its west side is this many pixels east of the origin of the zone."""
    rows: NDArray[np.int64]
    """Of each pixel: its south side is this many pixels north of the origin."""
    index: NDArray[np.int64]
    """For the rows and columns of the image, the position of the pixel shown."""

    @cached_property
    def x(self) -> Floats:
        """Eastings of the middles, metres."""
        return np.asarray((self.columns + 0.5) * self.pixel_m, np.float64)

    @cached_property
    def y(self) -> Floats:
        """Northings of the middles, metres."""
        return np.asarray((self.rows + 0.5) * self.pixel_m, np.float64)


@dataclass(frozen=True)
class ImageGrid:
    """The places of the pixels of an image, in the UTM zone where they lie."""

    zone: CRS
    eastings: Floats
    """Of the middles of pixels, (columns) or (rows, columns)."""
    northings: Floats
    """Of the middles of pixels, (rows) or (rows, columns)."""

    @classmethod
    def of(cls, bbox: BBox, width: int, height: int) -> ImageGrid:
        """Lay width x height pixels over a bounding box. Raises DataError if it has no area or crosses zones."""
        check_area(bbox)
        west, south, east, north = bbox
        x = west + (np.arange(width) + 0.5) * (east - west) / width
        y = north - (np.arange(height) + 0.5) * (north - south) / height
        zone = _zone_of(bbox, x, y)
        if zone == bbox.crs:
            # to the millimetre: images that overlap must not differ because they count from other corners
            return cls(zone, x.round(3), y.round(3))
        transformer = bbox.crs.get_transform_function(zone)
        eastings, northings = transformer(*np.meshgrid(x, y))
        return cls(zone, np.asarray(eastings).round(3), np.asarray(northings).round(3))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        if self.eastings.ndim == 1:
            return self.northings.size, self.eastings.size
        return self.eastings.shape[0], self.eastings.shape[1]

    def pixels(self, pixel_m: float) -> WorldPixels:
        """Return the pixels of a size that the image shows."""
        columns = np.floor(self.eastings / pixel_m).astype(np.int64)
        rows = np.floor(self.northings / pixel_m).astype(np.int64)
        if columns.ndim == 1:
            columns, column_of = np.unique(columns, return_inverse=True)
            rows, row_of = np.unique(rows, return_inverse=True)
            all_rows, all_columns = (part.ravel() for part in np.meshgrid(rows, columns, indexing="ij"))
            return WorldPixels(pixel_m, all_columns, all_rows, row_of[:, np.newaxis] * columns.size + column_of)
        west, wide = columns.min(), np.ptp(columns) + 1
        codes, index = np.unique(rows * wide + (columns - west), return_inverse=True)
        return WorldPixels(pixel_m, codes % wide + west, codes // wide, index.reshape(columns.shape))

    def to_wgs84(self, x: NDArray[Any], y: NDArray[Any]) -> tuple[Floats, Floats]:
        """Return longitudes and latitudes of places of the zone, in degrees."""
        longitudes, latitudes = self.zone.get_transform_function(CRS.WGS84)(x, y)
        return np.asarray(longitudes), np.asarray(latitudes)

    @cached_property
    def corners_wgs84(self) -> tuple[Floats, Floats]:
        """Longitudes and latitudes of the middles of the pixels in the four corners, in degrees."""
        x, y = self.eastings, self.northings
        if x.ndim == 1:
            x, y = np.meshgrid(x, y)
        return self.to_wgs84(
            x[:: max(1, len(x) - 1), :: max(1, x.shape[1] - 1)], y[:: max(1, len(y) - 1), :: max(1, y.shape[1] - 1)]
        )


def check_area(bbox: BBox) -> None:
    """Raise DataError if a bounding box has no area."""
    west, south, east, north = bbox
    if not (east > west and north > south):
        raise DataError(f"{bbox!r} has no area: its maximum must lie east and north of its minimum.")


def _zone_of(bbox: BBox, x: Floats, y: Floats) -> CRS:
    corners = [(x[i], y[j]) for i in (0, -1) for j in (0, -1)]
    places = [transform_point(corner, bbox.crs, CRS.WGS84) for corner in corners]
    beyond = [latitude for _, latitude in places if not -80 <= latitude <= 84]
    if beyond:
        raise DataError(f"{bbox!r} reaches latitude {beyond[0]:.3f}: UTM, and with it the scene, ends at -80 and 84.")
    zones = {CRS.get_utm_from_wgs84(longitude, latitude) for longitude, latitude in places}
    if len(zones) > 1:
        names = " and ".join(sorted(zone.name for zone in zones))
        raise DataError(
            f"{bbox!r} lies across {names}. Each zone has a scene of its own: split the area along the border of the "
            "zones, for example with sentinelhub.UtmZoneSplitter, and take the parts of one zone."
        )
    return zones.pop()
