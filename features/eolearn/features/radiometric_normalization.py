"""Reference scenes, scenes made like a reference, and the composites that serve as one."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.utils.parsing import parse_renamed_feature
from eolearn.core.utils.threads import over_row_blocks

from ._kernels.dtypes import working_dtype
from ._kernels.radiometry import match_histograms
from .single_date_compositing import (
    BaseCompositingTask,
    BlueCompositingTask,
    HOTCompositingTask,
    MaxNDVICompositingTask,
    MaxNDWICompositingTask,
    MaxRatioCompositingTask,
)

if TYPE_CHECKING:
    from eolearn.core.types import Feature, SingleFeatureSpec

__all__ = [
    "BaseCompositingTask",
    "BlueCompositingTask",
    "HOTCompositingTask",
    "HistogramMatchingTask",
    "MaxNDVICompositingTask",
    "MaxNDWICompositingTask",
    "MaxRatioCompositingTask",
    "ReferenceScenesTask",
]


class ReferenceScenesTask(EOTask):
    """Takes the scenes with the most valid pixels, the best one first.

    feature: a DATA feature, with a new name for the result if it has one.
    valid_fraction_feature: a SCALAR feature with the part of each scene that is valid, (dates, 1).
    max_scene_number: how many scenes to take, all by default.

    The result has fewer dates than the patch, and another order. Of equal fractions the earlier scene comes first, and
    scenes whose fraction is NaN come last.

    Example:
        >>> task = ReferenceScenesTask(
        ...     (FeatureType.DATA, "BANDS", "REFERENCES"), (FeatureType.SCALAR, "VALID_FRACTION"), max_scene_number=5
        ... )
    """

    def __init__(
        self, feature: SingleFeatureSpec, valid_fraction_feature: Feature, max_scene_number: int | None = None
    ):
        self.renamed_feature = parse_renamed_feature(feature, allowed_feature_types=(FeatureType.DATA,))
        self.valid_fraction_feature = self.parse_feature(
            valid_fraction_feature, allowed_feature_types=(FeatureType.SCALAR,)
        )
        if max_scene_number is not None and not (isinstance(max_scene_number, Integral) and max_scene_number >= 1):
            raise SettingError(f"max_scene_number must be an int of at least 1, got {max_scene_number!r}.")
        self.number = max_scene_number

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the chosen scenes."""
        feature_type, name, new_name = self.renamed_feature
        data, fractions = eopatch[feature_type, name], eopatch[self.valid_fraction_feature]
        if fractions.shape != (len(data), 1):
            raise DataError(
                f"{self.valid_fraction_feature} of shape {fractions.shape} must have one fraction for each of the "
                f"{len(data)} dates of {name!r}."
            )
        order = np.argsort(-fractions[:, 0].astype(np.float64), kind="stable")
        eopatch[feature_type, new_name] = data[order[: self.number]]
        return eopatch


class HistogramMatchingTask(EOTask):
    """Gives each band of each scene the mean and the standard deviation that it has in a reference.

    feature: a DATA feature, with a new name for the result if it has one.
    reference: a DATA_TIMELESS feature of as many bands, such as a composite.

    Means and deviations are taken over the pixels that have data both in the scene and in the reference. A band of a
    scene without such a pixel becomes NaN; one in which they are all equal is only shifted. Integers become floats.

    Example:
        >>> task = HistogramMatchingTask((FeatureType.DATA, "BANDS", "MATCHED"), (FeatureType.DATA_TIMELESS, "MEDIAN"))
    """

    def __init__(self, feature: SingleFeatureSpec, reference: Feature):
        self.renamed_feature = parse_renamed_feature(feature, allowed_feature_types=(FeatureType.DATA,))
        self.reference = self.parse_feature(reference, allowed_feature_types=(FeatureType.DATA_TIMELESS,))

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the matched scenes."""
        feature_type, name, new_name = self.renamed_feature
        data, reference = eopatch[feature_type, name], eopatch[self.reference]
        if reference.shape != data.shape[1:]:
            raise DataError(
                f"The reference {self.reference} of shape {reference.shape} doesn't fit {(feature_type, name)} of "
                f"shape {data.shape}: it must be of shape {data.shape[1:]}."
            )
        result = np.empty(data.shape, working_dtype(data.dtype))

        def fill(start: int, stop: int) -> None:
            for date in range(start, stop):
                result[date] = match_histograms(data[date], reference)

        over_row_blocks(fill, len(data), least_rows=1)
        eopatch[feature_type, new_name] = result
        return eopatch
