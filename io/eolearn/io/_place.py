"""Place, time and size of images that are asked for: what input tasks have in common."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from eolearn.core import EOPatch
from eolearn.core.exceptions import DataError, SettingError

if TYPE_CHECKING:
    from sentinelhub import BBox


def checked_size(size: Any, resolution: Any) -> tuple[tuple[int, int] | None, Any]:
    """Return width and height, or metres a pixel, of which exactly one is given. Raises SettingError (a ValueError)."""
    if (size is None) == (resolution is None):
        raise SettingError(f"Give exactly one of size and resolution, got {size=} and {resolution=}.")
    if size is not None:
        if len(tuple(size)) != 2 or not all(int(side) == side and side >= 1 for side in size):
            raise SettingError(f"size is a width and a height of at least one pixel, got {size}.")
        return (int(size[0]), int(size[1])), None
    if not np.all(np.asarray(resolution, np.float64) > 0) or np.size(resolution) > 2:
        raise SettingError(f"resolution is metres a pixel, one number or one for x and y above 0, got {resolution}.")
    return None, resolution


def size_at(bbox: BBox, resolution: Any) -> tuple[int, int]:
    """Return width and height of a box in pixels of a size in metres. Raises DataError for one smaller than a pixel."""
    from sentinelhub import bbox_to_dimensions

    width, height = bbox_to_dimensions(bbox, resolution)
    if min(width, height) < 1:
        raise DataError(f"{bbox!r} is smaller than a pixel of {resolution} metres.")
    return width, height


def given_place(place: BBox | EOPatch) -> tuple[EOPatch, BBox]:
    """Return a patch that may be changed, and its place, for a box or for a patch that has one."""
    return place_of(place.copy(), None) if isinstance(place, EOPatch) else place_of(None, place)


def place_of(eopatch: EOPatch | None, bbox: BBox | None) -> tuple[EOPatch, BBox]:
    """Return a patch, a new one if there is none, and its place, of which patch and argument must not disagree."""
    own = eopatch.bbox if eopatch is not None else None
    if own is not None and bbox is not None and own != bbox:
        raise DataError(f"The EOPatch lies at {own!r}, and bbox= is {bbox!r}: leave out bbox=, or take another patch.")
    place = own or bbox
    if place is None:
        raise DataError("There is no place: pass bbox=, or an EOPatch that has one.")
    if eopatch is None:
        return EOPatch(bbox=place), place
    eopatch.bbox = place
    return eopatch, place


def parsed_interval(time_interval: Any) -> tuple[datetime, datetime]:
    """Return first and last time of an interval, without time zones. Raises SettingError if it runs backwards."""
    from sentinelhub import parse_time, parse_time_interval

    if isinstance(time_interval, (tuple, list)) and len(time_interval) == 2:
        first, last = (parse_time(time, force_datetime=True) for time in time_interval)
        if first > last:
            raise SettingError(f"The time interval runs backwards: {first} is after {last}.")
    start, end = parse_time_interval(time_interval)
    return _naive(start), _naive(end)


def _naive(time: Any) -> datetime:
    naive: datetime = time.replace(tzinfo=None)
    return naive


def set_timestamps(eopatch: EOPatch, timestamps: list[datetime]) -> None:
    """Give timestamps to a patch that has none; raise DataError (a ValueError) for one that has others."""
    if not eopatch.timestamps:
        eopatch.timestamps = timestamps
    elif eopatch.timestamps != timestamps:
        raise DataError(
            f"The EOPatch has {len(eopatch.timestamps)} timestamps, the interval {len(timestamps)} images at other "
            "times. Leave out time_interval= to get images at the patch's own timestamps, or take another patch."
        )
