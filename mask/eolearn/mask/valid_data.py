"""A mask of what may be used, by a rule of the user."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import SettingTypeError

if TYPE_CHECKING:
    from eolearn.core.types import Feature


class AddValidDataMaskTask(EOTask):
    """Stores what a function makes of a patch as a mask.

    predicate: takes the patch and returns an array of shape (time, height, width, bands), True where data may be used.
    valid_data_feature: the name of the mask, or the feature.

    Example:
        >>> task = AddValidDataMaskTask(lambda patch: patch.mask["IS_DATA"].astype(bool) & ~patch.mask["CLM"])
        >>> valid = task(eopatch)[FeatureType.MASK, "VALID_DATA"]
    """

    def __init__(self, predicate: Callable[[EOPatch], Any], valid_data_feature: str | Feature = "VALID_DATA"):
        if not callable(predicate):
            raise SettingTypeError(f"predicate must be a function of an EOPatch, got {predicate!r}.")
        self.predicate = predicate
        if isinstance(valid_data_feature, str):
            valid_data_feature = (FeatureType.MASK, valid_data_feature)
        self.valid_data_feature = self.parse_feature(valid_data_feature, allowed_feature_types=[FeatureType.MASK])

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Store the mask and return the patch."""
        eopatch[self.valid_data_feature] = self.predicate(eopatch)
        return eopatch
