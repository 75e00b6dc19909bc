"""What the tasks take out of patches: masks of the right size, sizes of pixels, and days."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureError, TimestampsMissing

if TYPE_CHECKING:
    from eolearn.core.types import Feature


def check_types(task: object, features: dict[str, Feature | None], *allowed: FeatureType) -> None:
    """Raise FeatureError for a setting of a task that names a feature of another type."""
    for setting, feature in features.items():
        if feature is not None and feature[0] not in allowed:
            names = " or ".join(str(kind) for kind in allowed)
            raise FeatureError(f"{setting} of {type(task).__name__} must be of {names}, got {feature}.")


def mask_of(eopatch: EOPatch, feature: Feature, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return where a mask isn't 0, of shape (dates, height, width). Raises DataError if it's of another shape."""
    mask = eopatch[feature]
    wanted = (*shape[:3], 1)
    if mask.shape != wanted:
        raise DataError(f"Mask {feature} is of shape {mask.shape}, and must be of {wanted} to fit the other features.")
    return np.asarray(mask[..., 0] != 0)


def valid_pixels(eopatch: EOPatch, feature: Feature | None, bands: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where all bands are finite and a mask, if there is one, isn't 0; of shape (dates, height, width)."""
    valid = np.isfinite(bands).all(axis=-1)
    return np.asarray(valid if feature is None else valid & mask_of(eopatch, feature, bands.shape))


def pixel_size_m(eopatch: EOPatch, size_hw: Iterable[int]) -> tuple[float, float]:
    """Return height and width of the pixels of a patch in metres. Raises DataError for a patch without a place."""
    if eopatch.bbox is None:
        raise DataError("Distances in metres need the size of the pixels, and the EOPatch has no bounding box.")
    from sentinelhub import bbox_to_resolution

    height, width = size_hw
    across, down = bbox_to_resolution(eopatch.bbox, width, height)
    return down, across


def days_of(eopatch: EOPatch, dates: int, why: str) -> NDArray[np.float64]:
    """Return the days of the dates after the first. Raises an error if there are no timestamps or they don't fit."""
    timestamps = eopatch.timestamps
    if timestamps is None:
        raise TimestampsMissing(f"{why}, and the EOPatch has no timestamps.")
    if len(timestamps) != dates:
        raise DataError(f"The EOPatch has {len(timestamps)} timestamps and {dates} images.")
    times = np.asarray(timestamps, "datetime64[us]")
    days: NDArray[np.float64] = (times - times[:1]) / np.timedelta64(1, "D")
    return days
