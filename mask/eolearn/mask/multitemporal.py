"""Cloud masks, corrected by the time series of each pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import SettingError
from eolearn.core.utils.threads import over_row_blocks

from ._bands import Bands, band_positions, reflectances_of
from ._inputs import check_types, days_of, mask_of
from ._kernels.course import clear_course
from ._kernels.refinement import refined_clouds, without_specks

if TYPE_CHECKING:
    from eolearn.core.types import Feature


@dataclass(frozen=True, kw_only=True)
class CloudRefinementTask(EOTask):
    """Corrects a cloud mask by comparing each date with the clear course of its pixels.

    Bright roofs, sand and lakes look the same on all dates: they leave the mask. A small or thin cloud is brighter in
    blue than what was seen before and after: it is added. The course of a pixel is the median of the seven clear
    observations nearest in time. A pixel that is in the mask on nearly all dates is taken for a roof if its darker
    observations are alike, else its mask stays. Snow is not told from cloud by brightness: with bands
    green and swir1, what looks like snow isn't added.

    Needs a series of some ten dates or more; with fewer than three clear observations of a pixel the mask mostly stays.

    Example:
        >>> task = CloudRefinementTask(source=(FeatureType.DATA, "L1C"), clouds=(FeatureType.MASK, "CLM"),
        ...                            target=(FeatureType.MASK, "CLM_REFINED"))
    """

    source: Feature
    """Reflectances, in DATA. NaN = no data."""
    clouds: Feature
    """The mask to correct, in MASK, True for cloud."""
    target: Feature
    """The corrected mask, bool (time, height, width, 1), False where there are no data."""
    bands: Bands = "sentinel2-l1c"
    """Which band is which: a sensor (sentinel2-l1c, sentinel2-l2a, landsat5, landsat8), the common names of all bands
    in their order, or positions by common names. blue and nir are needed; green and swir1, and cirrus, are used."""
    valid: Feature | None = None
    """True where there are data, in MASK."""
    brighter: float = 0.05
    """What is brighter in blue than its course by this reflectance, and by 4 deviations, is cloud."""
    alike: float = 0.03
    """What is brighter by less than this, or by less than 2 deviations, is no cloud."""
    least_px: int = 4
    """Clouds of fewer pixels are dropped."""

    def __post_init__(self) -> None:
        check_types(self, {"source": self.source}, FeatureType.DATA)
        masks = {"clouds": self.clouds, "target": self.target, "valid": self.valid}
        check_types(self, masks, FeatureType.MASK)
        band_positions(self.bands, ["blue", "nir"])
        if not 0 <= self.alike <= self.brighter:
            raise SettingError(f"alike must lie between 0 and brighter={self.brighter}, got {self.alike}.")

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the corrected mask."""
        data = eopatch[self.source]
        positions = band_positions(self.bands, ["blue", "nir"])
        names = ["blue", "nir"]
        names += ["green", "swir1"] if {"green", "swir1"} <= positions.keys() else []
        names += ["cirrus"] if "cirrus" in positions else []
        used = {name: positions[name] for name in names}
        values, valid = reflectances_of(eopatch, self.source, used, self.valid)
        clouds = mask_of(eopatch, self.clouds, data.shape) & valid
        days = days_of(eopatch, len(data), "The course of a pixel through time needs dates")
        course, spread = clear_course(values, valid & ~clouds, valid, days)
        result = np.zeros((*data.shape[:3], 1), np.bool_)

        def refine(start: int, stop: int) -> None:
            for date in range(start, stop):
                refined = refined_clouds(
                    values[date], course[date], spread[date], clouds[date], brighter=self.brighter, alike=self.alike
                )
                result[date, ..., 0] = without_specks(refined & valid[date], self.least_px)

        if data.size:
            over_row_blocks(refine, len(data), least_rows=1)
        eopatch[self.target] = result
        return eopatch
