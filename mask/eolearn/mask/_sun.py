"""Where the sun and the satellite stand above a patch, and where clouds therefore throw their shadows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, TimestampsMissing
from eolearn.core.utils.sun import sun_angles

if TYPE_CHECKING:
    from sentinelhub import BBox

    from eolearn.core.types import Feature

_MOST_ZENITH_DEG = 85.0


def angles_of(eopatch: EOPatch, feature: Feature, dates: int) -> NDArray[np.float64]:
    """Return one angle a date: the mean of an image, or the number that SCALAR or META_INFO gives for it."""
    values = np.asarray(eopatch[feature], np.float64)
    if feature[0] is FeatureType.META_INFO:
        values = np.broadcast_to(values, (dates,)) if values.ndim == 0 else values
    if values.ndim == 0 or len(values) != dates:
        raise DataError(f"{feature} of shape {values.shape} must give an angle for each of the {dates} dates.")
    flat = values.reshape(dates, -1)
    known = np.isfinite(flat)
    if not known.any(axis=1).all():
        raise DataError(f"{feature} gives no angle for the dates {np.flatnonzero(~known.any(axis=1)).tolist()}.")
    return np.asarray(np.where(known, flat, 0).sum(axis=1) / known.sum(axis=1))


def computed_sun(eopatch: EOPatch, dates: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return zenith and azimuth of the sun at the times of a patch over its middle."""
    timestamps = eopatch.timestamps
    if timestamps is None or len(timestamps) != dates:
        raise TimestampsMissing(
            "Shadows need the angles of the sun. Name features with them (sun_zenith, sun_azimuth), or give the "
            f"EOPatch a timestamp for each of its {dates} images, to compute them from date and place."
        )
    longitude, latitude = _middle(_place(eopatch))
    return sun_angles(timestamps, longitude, latitude)


def shadow_vectors(
    eopatch: EOPatch, sun: Sequence[NDArray[np.float64]], view: Sequence[NDArray[np.float64]] | None
) -> NDArray[np.float64]:
    """Return for each date how far to the east and north of a cloud its shadow lies, in metres a metre of its height.

    sun, view: zenith and azimuth in degrees, (dates) each; None if the satellite looks straight down. East and north
    are those of the map, so directions are turned by how much its north differs from true north.
    """
    turn = _convergence_deg(_place(eopatch))
    vectors = -_horizontal(np.minimum(sun[0], _MOST_ZENITH_DEG), sun[1] - turn)
    if view is not None:
        vectors = vectors + _horizontal(view[0], view[1] - turn)  # a cloud is seen beyond where it is
    return np.asarray(vectors)


def _horizontal(zenith_deg: Any, azimuth_deg: Any) -> NDArray[np.float64]:
    """Return how far (east, north) a ray goes while it rises by a metre."""
    azimuth = np.radians(azimuth_deg)
    metres = np.tan(np.radians(zenith_deg))[..., np.newaxis]
    return np.asarray(np.stack([np.sin(azimuth), np.cos(azimuth)], axis=-1) * metres)


def _place(eopatch: EOPatch) -> BBox:
    if eopatch.bbox is None:
        raise DataError("Shadows need a place, and the EOPatch has no bounding box.")
    return eopatch.bbox


def _middle(bbox: BBox) -> tuple[float, float]:
    from sentinelhub import CRS

    longitude, latitude = bbox.transform(CRS.WGS84).middle
    return float(longitude), float(latitude)


def _convergence_deg(bbox: BBox) -> float:
    """Return the azimuth of the map's north: positive if it lies east of true north."""
    from sentinelhub import CRS

    longitude, latitude = _middle(bbox)
    step = 0.01
    to_map = CRS.WGS84.get_transform_function(bbox.crs)
    (x, y), (north_x, north_y) = to_map(longitude, latitude), to_map(longitude, latitude + step)
    return -float(np.degrees(np.arctan2(north_x - x, north_y - y)))
