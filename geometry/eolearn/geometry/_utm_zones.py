"""Which UTM zone a place belongs to, and the parts of an area in each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from sentinelhub import CRS

from eolearn.core.exceptions import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

_SOUTHERNMOST, _NORTHERNMOST = -80, 84
_WIDTH = 6
_STEP = 500, 0.005  # metres or degrees between the points in which lines are re-projected


class ZonePart(NamedTuple):
    """The part of an area in a zone."""

    zone: str
    """Such as 33N."""
    crs: CRS
    shape: BaseGeometry
    """In this CRS."""


def zone_numbers(longitude: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the number of the zone of each longitude from -180 to 180; a place on a border belongs to the east."""
    return np.minimum((longitude + 180) // _WIDTH, 59).astype(np.int64) + 1


def parts_in_zones(area: BaseGeometry, crs: CRS, grown_by: float) -> Iterator[ZonePart]:
    """Yield the parts of an area in each zone, from west to east, and of each number the northern one first.

    grown_by: see :func:`reprojected`; in metres.

    Raises DataError for an area that reaches beyond UTM, or across the 180th meridian.
    """
    degrees = reprojected(area, crs, CRS.WGS84, grown_by=0)
    west, south, east, north = degrees.bounds
    if not (west >= -180 and east <= 180 and south >= _SOUTHERNMOST and north <= _NORTHERNMOST):
        raise DataError(
            f"UTM reaches from latitude {_SOUTHERNMOST} to {_NORTHERNMOST} and from longitude -180 to 180, the area "
            f"from {south:.6g} to {north:.6g} and from {west:.6g} to {east:.6g}. Give a crs."
        )
    if crs != CRS.WGS84:  # there, points far apart may be meant
        _check_meridian(degrees)
    first, last = zone_numbers(np.array([west, east]))
    for number in range(first, last + 1):
        for letter, lowest, highest in (("N", 0, _NORTHERNMOST), ("S", _SOUTHERNMOST, 0)):
            left = (number - 1) * _WIDTH - 180
            zone = shapely.box(left, lowest, left + _WIDTH, highest)
            part = shapely.intersection(degrees, zone)
            if part.area > 0:
                utm = CRS(f"32{6 if letter == 'N' else 7}{number:02d}")
                whole = shapely.covers(zone, degrees)
                shape, its_crs = (area, crs) if whole else (part, CRS.WGS84)
                yield ZonePart(f"{number:02d}{letter}", utm, reprojected(shape, its_crs, utm, grown_by=grown_by))


def reprojected(shape: BaseGeometry, source: CRS, target: CRS, *, grown_by: float) -> BaseGeometry:
    """Return a shape in another CRS, in which its straight lines may be curved: they are followed in short steps.

    grown_by: by how much a shape is grown that is really moved, in units of the target. Between the steps it is wrong
        by up to 5 cm; if it is grown by more, nothing is lost.
    """
    if source == target:
        return shape
    from pyproj import Transformer

    metres, degrees = _STEP
    step = degrees if source.pyproj_crs().is_geographic else metres
    transformer = Transformer.from_crs(source.pyproj_crs(), target.pyproj_crs(), always_xy=True)
    moved = shapely.transform(shapely.segmentize(shape, step), transformer.transform, interleaved=False)
    if not np.isfinite(moved.bounds).all():
        raise DataError(
            f"The area reaches to where {target.ogc_string()} isn't defined: its bounds are {shape.bounds}."
        )
    return shapely.buffer(shapely.make_valid(moved), grown_by)


def _check_meridian(degrees: BaseGeometry) -> None:
    points, part = shapely.get_coordinates(shapely.get_parts(degrees), return_index=True)
    jumps = (np.abs(np.diff(points[:, 0])) > 180) & (np.diff(part) == 0)
    if jumps.any():
        raise DataError("The area lies across the 180th meridian. Cut it there, and split both parts by themselves.")
