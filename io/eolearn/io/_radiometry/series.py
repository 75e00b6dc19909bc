"""What the checks look at, and what they find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .._kernels import radiometry as kernel

FindingKind = Literal[
    "empty",
    "digital_numbers",
    "offset_missed",
    "offset_twice",
    "offset_step",
    "swapped_bands",
    "duplicated_bands",
    "duplicated_dates",
    "saturated",
    "jump",
]


ROLES_OF_BANDS = {
    "B02": "blue",
    "B03": "green",
    "B04": "red",
    "B08": "nir",
    "B8A": "nir",
    "B11": "swir1",
    "B12": "swir2",
    "blue": "blue",
    "green": "green",
    "red": "red",
    "nir": "nir",
    "nir08": "nir",
    "swir16": "swir1",
    "swir22": "swir2",
    "swir1": "swir1",
    "swir2": "swir2",
}

SENTINEL2_SCALE = 1e-4
FILLS = (0, -9999, -32768, 32767, 65535)
"""Digital numbers that stand for no data, or for saturation."""


@dataclass(frozen=True)
class Found:
    """Something that is wrong: on these positions of dates and bands."""

    kind: FindingKind
    dates: tuple[int, ...]
    bands: tuple[int, ...]
    figures: Mapping[str, float]
    what: str
    advice: str


@dataclass
class Report:
    """All that was found, and what would mend it."""

    found: list[Found]
    numbers: NDArray[np.bool_]
    """Which dates have digital numbers of a known scale."""
    offsets: NDArray[np.float64]
    """What is to be subtracted from the reflectances of each date, mostly 0."""
    empty: NDArray[np.bool_]
    """Which slices, (date, band), have one number instead of data."""


@dataclass
class Series:
    data: NDArray[Any]
    pixels: NDArray[np.float32]
    usable: NDArray[np.bool_]
    roles: dict[str, int]
    scaling: tuple[float, float] | None
    shifts: tuple[float, ...]
    cirrus: int | None
    has_clear: bool
    numbers: NDArray[np.bool_] = field(init=False)
    offsets: NDArray[np.float64] = field(init=False)
    empty: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.numbers = np.zeros(len(self.data), dtype=bool)
        self.offsets = np.zeros(len(self.data))
        self.empty = np.zeros((len(self.data), self.data.shape[-1]), dtype=bool)

    def dates(self, chosen: NDArray[np.bool_]) -> tuple[int, ...]:
        """Return the positions of the chosen dates."""
        return tuple(map(int, np.flatnonzero(chosen)))

    @property
    def all_bands(self) -> tuple[int, ...]:
        """The positions of all bands."""
        return tuple(range(self.data.shape[-1]))


def roles_of(bands: Sequence[str]) -> dict[str, int]:
    """Return the positions of the bands that stand for a part of the spectrum, by its name."""
    roles: dict[str, int] = {}
    for position, name in enumerate(bands):
        if name in ROLES_OF_BANDS:
            roles.setdefault(ROLES_OF_BANDS[name], position)
    return roles


def shifts_of(bands: Sequence[str]) -> tuple[float, ...]:
    """Return the offsets that products of these bands may have."""
    are_sentinel2 = any(name.startswith("B") for name in bands)
    return kernel.SHIFTS[:1] if are_sentinel2 else kernel.SHIFTS


def cirrus_of(bands: Sequence[str]) -> int | None:
    """Return the position of the cirrus band, None if there is none."""
    return next((position for position, name in enumerate(bands) if name in ("B10", "cirrus")), None)
