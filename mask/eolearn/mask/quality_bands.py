"""Masks from the quality bands that come with Sentinel-2 and Landsat images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.utils.naming import did_you_mean

from ._inputs import check_types, pixel_size_m
from ._kernels.codes import CODES, class_table, in_classes
from ._kernels.metres import dilated_m

if TYPE_CHECKING:
    from eolearn.core.types import Feature

_ALL = CODES - 1


def _whole(**values: int | Sequence[int]) -> dict[str, list[tuple[int, int]]]:
    """Return classes that are numbers: a code belongs to one if it is that number."""
    listed = {name: [value] if isinstance(value, int) else list(value) for name, value in values.items()}
    return {name: [(_ALL, value) for value in numbers] for name, numbers in listed.items()}


def _flags(**places: int) -> dict[str, list[tuple[int, int]]]:
    """Return classes that are single bits."""
    return {name: [(1 << place, 1 << place)] for name, place in places.items()}


def _confidence(name: str, place: int) -> dict[str, list[tuple[int, int]]]:
    """Return three classes of two bits: low, medium and high confidence."""
    return {f"{name}_{level}": [(3 << place, code << place)] for code, level in enumerate(("low", "medium", "high"), 1)}


PRODUCTS: dict[str, dict[str, list[tuple[int, int]]]] = {
    "scl": _whole(
        no_data=0,
        saturated=1,
        dark=2,
        shadow=3,
        vegetation=4,
        bare=5,
        water=6,
        unclassified=7,
        cloud_medium=8,
        cloud_high=9,
        cirrus=10,
        snow=11,
        cloud=(8, 9),
    ),
    "qa_pixel": {
        **_flags(no_data=0, dilated_cloud=1, cirrus=2, cloud=3, shadow=4, snow=5, clear=6, water=7),
        **_confidence("cloud", 8),
        **_confidence("shadow", 10),
        **_confidence("snow", 12),
        **_confidence("cirrus", 14),
    },
    "bqa": {
        **_flags(no_data=0, terrain_occlusion=1, cloud=4),
        **_confidence("cloud", 5),
        **_confidence("shadow", 7),
        **_confidence("snow", 9),
        **_confidence("cirrus", 11),
        "shadow": [(3 << 7, 3 << 7)],
        "snow": [(3 << 9, 3 << 9)],
        "cirrus": [(3 << 11, 3 << 11)],
    },
    "fmask": _whole(clear=0, water=1, shadow=2, snow=3, cloud=4, no_data=255),
    "hls_fmask": {
        **_flags(cirrus=0, cloud=1, adjacent_cloud=2, shadow=3, snow=4, water=5),
        "no_data": [(_ALL, 255)],
    },
}
"""The classes of each product by name, as pairs of bits and their value.

Sources: scl, Sentinel-2 Products Specification Document (ESA), table of the scene classification; qa_pixel, Landsat 8-9
Collection 2 Level 2 Science Product Guide (USGS LSDS-1619); bqa, Landsat Collection 1 Level-1 Quality Assessment Band
(USGS); fmask, Zhu and Woodcock (2012); hls_fmask, HLS Product User Guide 2.0 (NASA), table of the Fmask layer.
"""


@dataclass(frozen=True, kw_only=True)
class QualityBandMaskTask(EOTask):
    """Makes a mask of named classes of a quality band.

    Example:
        >>> task = QualityBandMaskTask(
        ...     source=(FeatureType.MASK, "SCL"),
        ...     target=(FeatureType.MASK, "VALID"),
        ...     product="scl",
        ...     classes=["no_data", "cloud", "cirrus", "shadow"],
        ...     dilation_m=60,
        ...     invert=True,
        ... )
    """

    source: Feature
    """The quality band, whole numbers in MASK or DATA with one band."""
    target: Feature
    """The mask, bool (time, height, width, 1), True for the classes."""
    product: str
    """scl (Sentinel-2 L2A), qa_pixel (Landsat Collection 2), bqa (Landsat 8 Collection 1), fmask or hls_fmask."""
    classes: Sequence[str]
    """Names of classes, see ``PRODUCTS``; each product has no_data, cloud, shadow and snow."""
    dilation_m: float = 0.0
    """By how many metres the classes are widened, all but no_data."""
    invert: bool = False
    """Whether the mask is True where there is none of the classes, such as for valid pixels."""

    def __post_init__(self) -> None:
        check_types(self, {"source": self.source}, FeatureType.MASK, FeatureType.DATA)
        check_types(self, {"target": self.target}, FeatureType.MASK)
        if self.product not in PRODUCTS:
            raise SettingError(f"There is no product {self.product!r}. There are {', '.join(PRODUCTS)}.")
        if isinstance(self.classes, str) or not self.classes:
            raise SettingError(f"classes must be a list of names, such as ['cloud'], got {self.classes!r}.")
        for name in self.classes:
            _check_class(name, self.product)
        if not 0 <= self.dilation_m < np.inf:
            raise SettingError(f"dilation_m must be a number of metres, got {self.dilation_m}.")

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the mask."""
        codes = _checked_codes(eopatch[self.source], self.source)
        known = PRODUCTS[self.product]
        missing = class_table(known["no_data"])
        wanted = class_table(test for name in self.classes if name != "no_data" for test in known[name]) & ~missing
        mask = in_classes(codes, wanted)
        if self.dilation_m > 0:
            size = pixel_size_m(eopatch, mask.shape[1:3])
            for frame in mask:
                frame[..., 0] = dilated_m(frame[..., 0], self.dilation_m, size)
        if "no_data" in self.classes:
            mask |= in_classes(codes, missing)
        eopatch[self.target] = ~mask if self.invert else mask
        return eopatch


def _check_class(name: str, product: str) -> None:
    if name not in PRODUCTS[product]:
        near = did_you_mean(name, PRODUCTS[product])
        raise SettingError(f"{product} has no class {name!r}.{near} It has {', '.join(PRODUCTS[product])}.")


def _checked_codes(codes: NDArray[Any], feature: Feature) -> NDArray[np.uint16]:
    if codes.shape[-1] != 1:
        raise DataError(f"A quality band has one band, and {feature} is of shape {codes.shape}.")
    with np.errstate(invalid="ignore"):
        whole = codes.astype(np.uint16)
    if not np.array_equal(whole, codes):
        raise DataError(f"{feature} of dtype {codes.dtype} must hold whole numbers from 0 to {_ALL}, as codes are.")
    return whole
