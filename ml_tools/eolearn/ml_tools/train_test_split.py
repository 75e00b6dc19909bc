"""Divides the pixels of a mask at random among training, test and more sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from eolearn.core.constants import FeatureType
from eolearn.core.eotask import EOTask
from eolearn.core.exceptions import EOUserWarning, SettingError, warn_user
from eolearn.core.utils.parsing import parse_feature

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature

_SEEDS = 2**32  # numpy's legacy generator takes seeds below


class TrainTestSplitType(Enum):
    """What stays together in one set."""

    PER_PIXEL = "per_pixel"
    PER_CLASS = "per_class"
    PER_VALUE = "per_value"


class TrainTestSplitTask(EOTask):
    """Draws for each pixel of a mask the set that it belongs to: 1 for training, 2 for testing, and so on.

    input_feature: a MASK_TIMELESS feature, (height, width, band), for example the number of the field at each pixel.
    output_feature: a MASK_TIMELESS feature for the sets, uint8 of the same shape.
    bins: the shares up to which the sets reach, ascending between 0 and 1. 0.7, or [0.7], puts 70 % into set 1 and the
        rest into set 2; [0.5, 0.8] makes three sets of 50, 30 and 20 %.
    split_type: "per_pixel" draws for each pixel on its own. "per_class" draws once for each value in the patch, so that
        all pixels of a value are in one set. "per_value" does the same from the value alone, whatever the seed: the
        same value is in the same set in every patch.
    ignore_values: values whose pixels are in no set, which is 0. Not with "per_pixel".

    Pixels side by side are alike, so a model that was trained with one is not tested by the other: "per_pixel" makes
    it look better than it is. A field that two patches share needs "per_value".

    Raises SettingError (a ValueError) for bins that don't ascend within 0 and 1.

    Example:
        >>> fields = (FeatureType.MASK_TIMELESS, "FIELD_ID")
        >>> sets = (FeatureType.MASK_TIMELESS, "SET")
        >>> task = TrainTestSplitTask(fields, sets, 0.7, split_type="per_value", ignore_values=[0])
        >>> training = task(eopatch)[sets] == 1
    """

    def __init__(
        self,
        input_feature: Feature,
        output_feature: Feature,
        bins: float | Iterable[float],
        split_type: TrainTestSplitType | str = TrainTestSplitType.PER_PIXEL,
        ignore_values: Iterable[int] | None = None,
    ):
        self.input_feature = parse_feature(input_feature, None, [FeatureType.MASK_TIMELESS])
        self.output_feature = parse_feature(output_feature, None, [FeatureType.MASK_TIMELESS])
        self.bins = _checked_bins(bins)
        self.split_type = _checked_type(split_type)
        self.ignore_values = set() if ignore_values is None else set(ignore_values)
        if self.ignore_values and self.split_type is TrainTestSplitType.PER_PIXEL:
            warn_user("ignore_values has no effect where each pixel is drawn on its own.", EOUserWarning)

    def execute(self, eopatch: EOPatch, *, seed: int | None = None) -> EOPatch:
        """Add the sets to the patch.

        seed: of numpy's legacy generator, below 2**32. The same seed gives the same sets; none gives new ones.
        """
        mask: NDArray[Any] = eopatch[self.input_feature]
        if seed is not None and not 0 <= seed < _SEEDS:
            raise SettingError(f"seed must be from 0 to 2**32 - 1, got {seed}.")
        generator = np.random.RandomState(seed)
        if self.split_type is TrainTestSplitType.PER_PIXEL:
            sets = self._sets(generator.random_sample(mask.shape))
        else:
            sets = self._sets_by_value(mask, generator)
        eopatch[self.output_feature] = sets
        return eopatch

    def _sets_by_value(self, mask: NDArray[Any], generator: np.random.RandomState) -> NDArray[np.uint8]:
        values, places = np.unique(mask, return_inverse=True)
        is_used = np.array([value not in self.ignore_values for value in values.tolist()], dtype=bool)
        if self.split_type is TrainTestSplitType.PER_VALUE:
            draws = np.array([_draw_from(value) for value in values[is_used].tolist()], dtype=np.float64)
        else:
            draws = generator.random_sample(np.count_nonzero(is_used))
        set_of_value = np.zeros(len(values), dtype=np.uint8)
        set_of_value[is_used] = self._sets(draws)
        return set_of_value[places].reshape(mask.shape)

    def _sets(self, draws: NDArray[np.float64]) -> NDArray[np.uint8]:
        return (1 + np.digitize(draws, self.bins)).astype(np.uint8)


def _draw_from(value: int) -> float:
    """Return a number from 0 to 1 that depends on the value only: the first that numpy draws when seeded with it."""
    seed = int(value) if 0 <= value < _SEEDS else [value % _SEEDS, (value // _SEEDS) % _SEEDS]
    return float(np.random.RandomState(seed).random_sample())


def _checked_bins(bins: Any) -> list[float]:
    numbers = list(bins) if isinstance(bins, (Sequence, np.ndarray)) and not isinstance(bins, str) else [bins]
    are_numbers = all(isinstance(number, Real) for number in numbers)
    if not are_numbers or not 0 < len(numbers) < 255 or not np.all(np.diff([0.0, *numbers, 1.0]) > 0):
        raise SettingError(f"bins must be a number, or ascending numbers, between 0 and 1 (excluded), got {bins!r}.")
    return [float(number) for number in numbers]


def _checked_type(split_type: Any) -> TrainTestSplitType:
    try:
        return TrainTestSplitType(split_type)
    except ValueError:
        names = ", ".join(repr(kind.value) for kind in TrainTestSplitType)
        raise SettingError(f"split_type must be one of {names}, got {split_type!r}.") from None
