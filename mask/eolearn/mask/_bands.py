"""Which bands of an image are the blue, the red, the near infrared one, ..."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.utils.naming import did_you_mean

from ._inputs import valid_pixels
from ._reflectances import refuse_digital_numbers

if TYPE_CHECKING:
    from eolearn.core import EOPatch
    from eolearn.core.types import Feature

Bands: TypeAlias = str | Sequence[str] | Mapping[str, int]
"""A sensor, the common names of all bands in their order, or positions by common names."""
_SENTINEL_2 = "coastal blue green red rededge1 rededge2 rededge3 nir nir08 nir09 {}swir1 swir2"
SENSORS = {
    "sentinel2-l1c": _SENTINEL_2.format("cirrus ").split(),
    "sentinel2-l2a": _SENTINEL_2.format("").split(),
    "landsat5": ["blue", "green", "red", "nir", "swir1", "lwir", "swir2"],
    "landsat8": ["coastal", "blue", "green", "red", "nir", "swir1", "swir2", "pan", "cirrus", "lwir", "lwir12"],
}
_SAME = {"swir16": "swir1", "swir22": "swir2", "lwir11": "lwir"}


def band_positions(bands: Bands, needed: Sequence[str]) -> dict[str, int]:
    """Return the positions of bands by common names. Raises SettingError if one that is needed is missing."""
    if isinstance(bands, str):
        if bands not in SENSORS:
            raise SettingError(
                f"There is no sensor {bands!r}.{did_you_mean(bands, SENSORS)} There are {', '.join(SENSORS)}; or give "
                "a list of the common names of all bands."
            )
        bands = SENSORS[bands]
    items = bands.items() if isinstance(bands, Mapping) else [(name, place) for place, name in enumerate(bands)]
    positions = {_SAME.get(name, name): place for name, place in items}
    missing = [name for name in needed if name not in positions]
    if missing:
        raise SettingError(
            f"bands must name {', '.join(needed)}, and {', '.join(missing)} is missing in {bands!r}. Common names "
            "are blue, green, red, nir, swir1 (or swir16), swir2 (or swir22), cirrus, lwir (or lwir11)."
        )
    return positions


def reflectances_of(
    eopatch: EOPatch, source: Feature, positions: Mapping[str, int], valid: Feature | None
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the bands at some positions as (dates, height, width, bands), and where all of them are valid.

    Raises what :func:`check_reflectances` does. valid: as for :func:`eolearn.mask._inputs.valid_pixels`.
    """
    data = eopatch[source]
    check_reflectances(data, valid_pixels(eopatch, valid, data[..., :1]), positions, source)
    values = np.ascontiguousarray(data[..., list(positions.values())], np.float32)
    return values, valid_pixels(eopatch, valid, values)


def check_reflectances(
    data: NDArray[Any], valid: NDArray[np.bool_], positions: Mapping[str, int], name: Feature
) -> None:
    """Raise DataError for bands that don't exist, and for digital numbers. valid: of shape (dates, height, width)."""
    count = data.shape[-1]
    if beyond := {band: place for band, place in positions.items() if not -count <= place < count}:
        raise DataError(f"{name} of shape {data.shape} has {count} bands, and bands has the positions {beyond}.")
    reflective = [place for band, place in positions.items() if not band.startswith("lwir")]
    refuse_digital_numbers(data[..., reflective], valid, name)
