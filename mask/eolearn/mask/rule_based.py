"""Cloud masks for sensors that no classifier was trained for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.utils.threads import over_row_blocks

from ._bands import Bands, band_positions, check_reflectances
from ._inputs import check_types, valid_pixels
from ._kernels.rules import rule_based_clouds

if TYPE_CHECKING:
    from eolearn.core.types import Feature

_USED = ("blue", "green", "red", "nir", "swir1", "cirrus", "lwir")
_NEEDED = ("blue", "red")


@dataclass(frozen=True, kw_only=True)
class RuleBasedCloudMaskTask(EOTask):
    """Masks clouds by rules on the brightness and the colour of each pixel, for any sensor with blue and red bands.

    Which tests are made depends on the bands that there are: the more, the better. The tests are those of Fmask (Zhu
    and Woodcock 2012). They take haze, bright roofs and sand for clouds: a CloudRefinementTask after this one repairs
    most of it.

    Example:
        >>> task = RuleBasedCloudMaskTask(
        ...     source=(FeatureType.DATA, "BANDS"),
        ...     target=(FeatureType.MASK, "CLM"),
        ...     bands=["blue", "green", "red", "nir"],
        ... )
    """

    source: Feature
    """Reflectances, best those at the top of the atmosphere, in DATA; a band lwir in kelvin. NaN = no data."""
    target: Feature
    """The mask, bool (time, height, width, 1), True for cloud; False where there are no data."""
    bands: Bands
    """A sensor (sentinel2-l1c, sentinel2-l2a, landsat5, landsat8), the common names of all bands in their order, or
    positions by common names. blue and red are needed; green, nir, swir1, cirrus and lwir are used."""
    valid: Feature | None = None
    """True where there are data, in MASK."""
    brightness: float = 0.14
    """The least mean of the visible bands of a cloud."""
    whiteness: float = 0.7
    """The greatest sum of the deviations of the visible bands from their mean, as a share of it."""

    def __post_init__(self) -> None:
        check_types(self, {"source": self.source}, FeatureType.DATA)
        check_types(self, {"target": self.target, "valid": self.valid}, FeatureType.MASK)
        band_positions(self.bands, _NEEDED)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the mask."""
        data = eopatch[self.source]
        positions = {name: place for name, place in band_positions(self.bands, _NEEDED).items() if name in _USED}
        check_reflectances(data, valid_pixels(eopatch, self.valid, data[..., :1]), positions, self.source)
        valid = valid_pixels(eopatch, self.valid, data[..., list(positions.values())])
        result = np.zeros((*data.shape[:3], 1), np.bool_)

        def classify(start: int, stop: int) -> None:
            for date in range(start, stop):
                bands = {name: data[date, ..., place].astype(np.float32) for name, place in positions.items()}
                clouds = rule_based_clouds(bands, brightness=self.brightness, whiteness=self.whiteness)
                result[date, ..., 0] = clouds & valid[date]

        if data.size:
            over_row_blocks(classify, len(data), least_rows=1)
        eopatch[self.target] = result
        return eopatch
