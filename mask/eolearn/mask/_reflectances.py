"""What is asked of Sentinel-2 reflectances before they are classified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError, SettingError

if TYPE_CHECKING:
    from sentinelhub import BBox

    from eolearn.core.types import Feature

ALL_BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
CLASSIFIED_BANDS = ("B01", "B02", "B04", "B05", "B08", "B8A", "B09", "B10", "B11", "B12")
_LARGEST_MEDIAN = 2.0
_SAMPLED_PIXELS = 50_000


def band_positions(all_bands: bool) -> list[int]:
    """Return where the ten bands lie that are classified, among all thirteen or by themselves."""
    return [ALL_BANDS.index(band) for band in CLASSIFIED_BANDS] if all_bands else list(range(len(CLASSIFIED_BANDS)))


def check_images(bands: NDArray[Any], valid: NDArray[Any], all_bands: bool, features: tuple[Feature, Feature]) -> None:
    """Raise DataError unless bands are as many as announced, the mask has their size, and they are reflectances."""
    expected = ALL_BANDS if all_bands else CLASSIFIED_BANDS
    if bands.shape[-1] != len(expected):
        raise DataError(
            f"{features[0]} of shape {bands.shape} has {bands.shape[-1]} bands, but with all_bands={all_bands} there "
            f"must be {len(expected)}: {', '.join(expected)}."
        )
    if valid.shape != (*bands.shape[:3], 1):
        raise DataError(
            f"{features[1]} of shape {valid.shape} doesn't fit {features[0]} of shape {bands.shape}: it must be of "
            f"shape {(*bands.shape[:3], 1)}."
        )
    refuse_digital_numbers(bands, valid[..., 0] != 0, features[0])


def refuse_digital_numbers(bands: NDArray[Any], valid: NDArray[np.bool_], name: Feature) -> None:
    """Raise DataError if the median of the valid pixels is no reflectance. valid: bands without their last axis.

    Bright clouds have reflectances above 1, so only medians above 2 are refused.
    """
    step = max(1, valid.size // _SAMPLED_PIXELS)
    pixels = bands.reshape(-1, bands.shape[-1])[::step][valid.reshape(-1)[::step]]
    sample = pixels[np.isfinite(pixels)]
    median = float(np.median(sample)) if sample.size else 0.0
    if median > _LARGEST_MEDIAN:
        raise DataError(
            f"{name} holds digital numbers (the median of valid pixels is {median:g}), where reflectances are needed: "
            "divide it by 10,000, and for Sentinel-2 products of processing baseline 04.00 (January 2022) or later "
            "subtract 1,000 first, if the provider hasn't done so."
        )


def coarse_size(
    resolution: tuple[float, float] | None, bbox: BBox | None, size_hw: tuple[int, int]
) -> tuple[int, int] | None:
    """Return height and width of images with pixels of a size (x, y) in metres; None if these are not coarser."""
    if resolution is None:
        return None
    if bbox is None:
        raise DataError("processing_resolution needs a bounding box, which the EOPatch doesn't have.")
    from sentinelhub import bbox_to_dimensions

    width, height = bbox_to_dimensions(bbox, resolution)
    coarse = max(1, min(height, size_hw[0])), max(1, min(width, size_hw[1]))
    return None if coarse == tuple(size_hw) else coarse


def resolution_xy(resolution: Any) -> tuple[float, float] | None:
    """Return a resolution in metres for x and y, from a number or a string as ``"120m"``, or from two; None for None.

    Raises SettingError (a ValueError) for anything else.
    """
    if resolution is None:
        return None
    pair = resolution if isinstance(resolution, tuple | list) else (resolution, resolution)
    try:
        x, y = (float(side.removesuffix("m")) if isinstance(side, str) else float(side) for side in pair)
    except (TypeError, ValueError) as error:
        raise SettingError(f"A resolution is a number of metres, or two for x and y, got {resolution!r}.") from error
    if not (0 < x < np.inf and 0 < y < np.inf):
        raise SettingError(f"A resolution must be above 0 m, got {resolution!r}.")
    return x, y
