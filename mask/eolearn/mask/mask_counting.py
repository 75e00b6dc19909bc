"""How often each class occurs in a series of masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import MapFeatureTask
from eolearn.core.exceptions import SettingError

if TYPE_CHECKING:
    from eolearn.core.types import Feature


class ClassFrequencyTask(MapFeatureTask):
    """Computes in which share of the dates that have data each pixel has each of some classes.

    input_feature: a mask with a time axis, of shape (time, height, width, bands).
    output_feature: timeless; gets float32 of shape (height, width, bands * classes): for each class in turn, all bands.
    classes: a list of integers.
    no_data_value: marks dates without data, which don't count; must not be one of the classes.

    The result is NaN where there is no date with data. Raises SettingError (a ValueError) for other classes.

    Example:
        >>> task = ClassFrequencyTask((FeatureType.MASK, "SCL"), (FeatureType.MASK_TIMELESS, "SHARES"), [4, 5, 6])
    """

    def __init__(self, input_feature: Feature, output_feature: Feature, classes: list[int], no_data_value: int = 0):
        super().__init__(input_feature, output_feature)
        if not isinstance(classes, list) or not all(_is_integer(value) for value in classes):
            raise SettingError(f"classes must be a list of integers, got {classes!r}.")
        if no_data_value in classes:
            raise SettingError(f"no_data_value={no_data_value} can't be one of the classes {classes}.")
        self.classes = classes
        self.no_data_value = no_data_value

    def map_method(self, feature: NDArray[Any]) -> NDArray[np.float32]:
        """Return the shares of the classes."""
        counts = np.count_nonzero(feature != self.no_data_value, axis=0)
        shares = np.full((*feature.shape[1:3], len(self.classes), feature.shape[3]), np.nan, np.float32)
        for position, value in enumerate(self.classes):
            hits = np.count_nonzero(feature == value, axis=0)
            np.divide(hits, counts, out=shares[:, :, position], where=counts > 0, casting="same_kind")
        return shares.reshape(*feature.shape[1:3], -1)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
