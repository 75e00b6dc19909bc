"""How much of each class to sample, so that over all patches there are about as many samples of each."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from eolearn.core.constants import FeatureType
from eolearn.core.exceptions import SettingError
from eolearn.core.utils.parsing import parse_feature

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from eolearn.core.types import Feature


def pixels_by_value(paths: Iterable[str | Path], feature: Feature) -> dict[int, int]:
    """Return how many pixels of saved patches have which value, the values in ascending order.

    paths: of the patches, of which one at a time is loaded.
    feature: in MASK or MASK_TIMELESS.
    """
    from eolearn.core.eodata import EOPatch

    feature = parse_feature(feature, None, [FeatureType.MASK, FeatureType.MASK_TIMELESS])
    pixels: Counter[int] = Counter()
    for path in paths:
        values, counts = np.unique(EOPatch.load(path, features=[feature])[feature], return_counts=True)
        pixels.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
    return dict(sorted(pixels.items()))


def balanced_fractions(pixels: Mapping[int, int], count: int) -> dict[int, float]:
    """Return what fraction of each class to sample for about as many samples of each, or all where there are fewer.

    pixels: how many pixels of the region are in which class, as :func:`pixels_by_value` counts them. Leave out those
        that are no class.
    count: how many samples of each class are wanted, of all patches together.

    The fractions are the same in all patches, so that inclusion probabilities are known.

    Example:
        >>> fractions = balanced_fractions({1: 1_000_000, 2: 20_000}, 10_000)
        >>> fractions
        {1: 0.01, 2: 0.5}
        >>> design = StratifiedDesign(fraction=fractions)
    """
    if count < 1:
        raise SettingError(f"count must be at least 1, got {count!r}.")
    return {value: min(1.0, count / number) for value, number in pixels.items() if number}
