"""The tasks of water_level.py: from images of an index to the area of the water, and from that to its level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from skimage.filters import threshold_otsu

from eolearn.core import EOPatch, EOTask
from eolearn.core.exceptions import DataError
from eolearn.core.types import Feature

LEAST_SEEN = 0.4  # of a reservoir, for a date to be measured
MOST_ERRORS = 0.05  # of the pixels that are seen, against the order in which they fall dry
LARGEST_SPIKE = 0.2  # of the median of five measurements: no reservoir fills and empties so fast
STEPS = 200


@dataclass(frozen=True, kw_only=True)
class WaterAreaTask(EOTask):
    """Measures the area of a reservoir's water on each date, also where clouds hide a part of it.

    index: DATA, one band. water_is_high: whether it is high over water, as NDWI, or low, as backscatter.
    valid: MASK, pixels that may be used. outline: MASK_TIMELESS, the reservoir and some land around it.
    area: SCALAR for the result, square kilometres; NaN on dates that show too little, or something else than water and
    land. seen: SCALAR, the share of the outline that is valid.

    A threshold (Otsu 1979) tells water from land. Pixels that are water more often lie deeper. So what is seen of the
    shore on a date tells what is hidden: as in Zhao and Gao (2018), doi:10.1029/2018GL078343.
    """

    index: Feature
    water_is_high: bool
    valid: Feature
    outline: Feature
    area: Feature
    seen: Feature

    def execute(self, eopatch: EOPatch) -> EOPatch:
        inside = eopatch[self.outline][..., 0] != 0
        index = eopatch[self.index][:, inside, 0] * (1 if self.water_is_high else -1)
        valid = (eopatch[self.valid][:, inside, 0] != 0) & np.isfinite(index)
        if not valid.any():
            raise DataError(f"No pixel of {self.outline} is valid on any date.")
        is_water = index > threshold_otsu(index[valid])
        bbox, (height, width) = eopatch.bbox, inside.shape
        pixel_km2 = (bbox.max_x - bbox.min_x) * (bbox.max_y - bbox.min_y) / (height * width) / 1e6
        eopatch[self.area] = without_spikes(water_pixels(is_water, valid))[:, np.newaxis] * pixel_km2
        eopatch[self.seen] = valid.mean(axis=1)[:, np.newaxis]
        return eopatch


def water_pixels(is_water: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Return how many pixels are water on each date, float64, NaN where it can't be told.

    is_water, valid: (dates, pixels).
    """
    dates, wet_dates = np.count_nonzero(valid, axis=0), np.count_nonzero(is_water & valid, axis=0)
    counts = np.full(len(valid), np.nan)
    for date, (water, seen) in enumerate(zip(is_water, valid, strict=True)):
        if seen.mean() < LEAST_SEEN:
            continue
        # how often a pixel is water on other dates, from 0 to STEPS: clouds that were missed have no say in their order
        steps = STEPS * (wet_dates - (water & seen)) // np.maximum(dates - seen, 1)
        wet = np.bincount(steps[seen & water], minlength=STEPS + 1)
        dry = np.bincount(steps[seen & ~water], minlength=STEPS + 1)
        # how many pixels that are seen say otherwise if those that are water in k steps or more, k from 1, are it now
        errors = np.cumsum(wet) + np.append(np.cumsum(dry[::-1])[::-1][1:], 0)
        if errors.min() <= MOST_ERRORS * np.count_nonzero(seen):
            shore = 1 + np.flatnonzero(errors == errors.min()).mean()
            counts[date] = np.count_nonzero(water & seen) + np.count_nonzero(~seen & (steps >= shore))
    return counts


def without_spikes(counts: np.ndarray) -> np.ndarray:
    """Return a series with NaN where a value stands out from the two before and the two after it."""
    result = counts.copy()
    measured = np.flatnonzero(~np.isnan(counts))
    for place, date in enumerate(measured):
        median = np.median(counts[measured[max(0, place - 2) : place + 3]])
        if abs(counts[date] - median) > LARGEST_SPIKE * median:
            result[date] = np.nan
    return result


@dataclass(frozen=True, kw_only=True)
class WaterLevelTask(EOTask):
    """Turns areas into levels by the hypsometric curve: what area the water has at which level.

    area: SCALAR, square kilometres. level: SCALAR for the result, metres above the sea.
    reservoirs: VECTOR_TIMELESS, whose largest row has FULL_LEVEL and DEPTH (m) and FULL_AREA (square metres).
    """

    area: Feature
    level: Feature
    reservoirs: Feature

    def execute(self, eopatch: EOPatch) -> EOPatch:
        areas_km2, levels_m = hypsometric_curve(eopatch[self.reservoirs])
        eopatch[self.level] = np.interp(eopatch[self.area], areas_km2, levels_m)
        return eopatch


def hypsometric_curve(reservoirs) -> tuple[np.ndarray, np.ndarray]:
    """Return areas (square kilometres, ascending) and levels (metres) of the largest of some reservoirs.

    The simulated bed is a cone. For a real reservoir, read the table of its survey here.
    """
    reservoir = reservoirs.loc[reservoirs.area.idxmax()]
    share_of_depth = np.linspace(0, 1, 101)
    levels_m = reservoir.FULL_LEVEL - reservoir.DEPTH * (1 - share_of_depth)
    return reservoir.FULL_AREA / 1e6 * share_of_depth**2, levels_m


@dataclass(frozen=True, kw_only=True)
class SimulatedRadarTask(EOTask):
    """Makes images like those of Sentinel-1 of the true water: backscatter in linear units, with speckle.

    water: MASK, what is water on each date. radar: DATA for the result, one band.
    Water mirrors the beam away, -20 dB; land has -11 dB. Speckle is that of 4.4 looks.
    """

    water: Feature
    radar: Feature

    def execute(self, eopatch: EOPatch, *, seed: int = 0) -> EOPatch:
        looks = 4.4
        sigma = np.where(eopatch[self.water], 10**-2.0, 10**-1.1)
        speckle = np.random.default_rng(seed).gamma(looks, 1 / looks, sigma.shape)
        eopatch[self.radar] = (sigma * speckle).astype(np.float32)
        return eopatch
