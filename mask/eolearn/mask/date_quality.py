"""How far each date of a patch can be trusted, and a filter of dates by that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, SettingError

from ._inputs import check_types, mask_of, pixel_size_m
from ._kernels.quality import frame_quality

if TYPE_CHECKING:
    from eolearn.core.types import Feature


@dataclass(frozen=True, kw_only=True)
class DateQualityTask(EOTask):
    """Computes for each date a figure between 0 and 1: how much of the patch it shows, and how far from clouds.

    A pixel that is masked counts 0, one that isn't counts the more the farther it is from all clouds and shadows: from
    0 beside them to 1 at the distance ``edge_m``, as masks miss thin edges. The figure is the mean of all pixels.
    Clouds beyond the border of the patch aren't known.

    Example:
        >>> task = DateQualityTask(
        ...     valid=(FeatureType.MASK, "IS_DATA"),
        ...     masks=[(FeatureType.MASK, "CLM"), (FeatureType.MASK, "SHADOWS")],
        ...     target=(FeatureType.SCALAR, "QUALITY"),
        ... )
    """

    masks: Sequence[Feature]
    """Masks of what hides the ground, at least one: clouds, shadows, snow if it's unwanted."""
    target: Feature
    """The figures, in SCALAR, float32 (time, 1)."""
    valid: Feature | None = None
    """True where there are data, in MASK. Pixels without data count 0, and nothing is lost by being near them."""
    edge_m: float = 300.0
    """From which distance a cloud doesn't matter."""

    def __post_init__(self) -> None:
        check_types(self, {"target": self.target}, FeatureType.SCALAR)
        check_types(self, {"valid": self.valid}, FeatureType.MASK)
        if not self.masks:
            raise SettingError("masks is empty: name at least one, such as [(FeatureType.MASK, 'CLM')].")
        for feature in self.masks:
            check_types(self, {"masks": feature}, FeatureType.MASK)
        if not 0 <= self.edge_m < np.inf:
            raise SettingError(f"edge_m must be a number of metres, got {self.edge_m}.")

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the figures."""
        shape = eopatch[self.masks[0]].shape
        hidden = np.zeros(shape[:3], np.bool_)
        for feature in self.masks:
            hidden |= mask_of(eopatch, feature, shape)
        valid = ~np.zeros_like(hidden) if self.valid is None else mask_of(eopatch, self.valid, shape)
        size = pixel_size_m(eopatch, shape[1:3]) if self.edge_m > 0 and hidden.size else (1.0, 1.0)
        figures = [
            frame_quality(bad, good, edge_m=self.edge_m, pixel_size_m=size)
            for bad, good in zip(hidden, valid, strict=True)
        ]
        eopatch[self.target] = np.array(figures, np.float32).reshape(-1, 1)
        return eopatch


@dataclass(frozen=True, kw_only=True)
class FilterDatesByQualityTask(EOTask):
    """Keeps the dates whose figure is high enough.

    Example:
        >>> task = FilterDatesByQualityTask(quality=(FeatureType.SCALAR, "QUALITY"), least=0.3, at_most=20)
    """

    quality: Feature
    """A figure for each date, in SCALAR or LABEL, the higher the better. NaN counts as lowest and is never kept."""
    least: float = 0.0
    """The lowest figure of a date that is kept."""
    at_most: int | None = None
    """How many dates are kept, the best ones; of equal ones the earlier."""

    def __post_init__(self) -> None:
        check_types(self, {"quality": self.quality}, FeatureType.SCALAR, FeatureType.LABEL)
        if self.at_most is not None and self.at_most < 1:
            raise SettingError(f"at_most must be a number of dates, 1 or more, got {self.at_most}.")

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return a patch with the dates that are kept, all features among them."""
        figures = np.asarray(eopatch[self.quality], np.float64)
        if figures.ndim != 2 or figures.shape[1] != 1:
            raise DataError(f"{self.quality} must have one figure a date, and is of shape {figures.shape}.")
        kept = np.flatnonzero(figures[:, 0] >= self.least)
        if self.at_most is not None:
            best = np.argsort(-figures[kept, 0], kind="stable")[: self.at_most]
            kept = np.sort(kept[best])
        return eopatch.temporal_subset(kept.tolist())
