"""Tasks that take bands, the last axis of an array, apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..eotask import EOTask
from ..exceptions import IndexOutOfRange, SettingError, SettingTypeError
from .mapping import MapFeatureTask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..eodata import EOPatch
    from ..types import Feature, FeaturesSpecification


class ExtractBandsTask(MapFeatureTask):
    """Copies some bands of a feature into another feature.

    bands: positions on the last axis, in the order of the result; negative ones count from the end.

    Raises IndexOutOfRange (a ValueError and an IndexError) when a feature has fewer bands.

    Example:
        >>> red_and_nir = ExtractBandsTask((FeatureType.DATA, "BANDS"), (FeatureType.DATA, "RED_NIR"), [2, 6])
    """

    def __init__(
        self, input_feature: FeaturesSpecification, output_feature: FeaturesSpecification, bands: Iterable[int]
    ):
        super().__init__(input_feature, output_feature)
        self.bands = _positions(bands)

    def map_method(self, feature: NDArray[Any]) -> NDArray[Any]:
        """Return the bands of an array."""
        return _take_bands(feature, self.bands)


class ExplodeBandsTask(EOTask):
    """Spreads the bands of a feature over several features.

    output_mapping: for each output feature the position of its band, or the positions of its bands; no positions make
        a feature without bands.

    Raises IndexOutOfRange (a ValueError and an IndexError) when the feature has fewer bands; then none is stored.

    Example:
        >>> task = ExplodeBandsTask(
        ...     (FeatureType.DATA, "BANDS"), {(FeatureType.DATA, "NIR"): 6, (FeatureType.DATA, "RGB"): [2, 1, 0]}
        ... )
    """

    def __init__(self, input_feature: Feature, output_mapping: Mapping[Feature, int | Iterable[int]]):
        if not isinstance(output_mapping, Mapping):
            raise SettingTypeError(f"output_mapping must map features to bands, got {output_mapping!r}.")
        self.input_feature = self.parse_feature(input_feature)
        self.output_mapping = {
            self.parse_feature(feature): _positions([bands] if isinstance(bands, (int, np.integer)) else bands)
            for feature, bands in output_mapping.items()
        }

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Store the output features, and return the patch."""
        array = eopatch[self.input_feature]
        outputs = {feature: _take_bands(array, bands) for feature, bands in self.output_mapping.items()}
        for feature, value in outputs.items():
            eopatch[feature] = value
        return eopatch


def _positions(bands: Iterable[int]) -> list[int]:
    if not isinstance(bands, Iterable):
        raise SettingTypeError(f"Bands must be a list of their positions, got {bands!r}.")
    positions = list(bands)
    if not all(isinstance(band, (int, np.integer)) and not isinstance(band, bool) for band in positions):
        raise SettingError(f"Bands must be given by their positions, which are integers, got {positions}.")
    return [int(band) for band in positions]


def _take_bands(array: NDArray[Any], bands: list[int]) -> NDArray[Any]:
    """Return a copy of the bands, after a check that there are such."""
    depth = array.shape[-1]
    missing = [band for band in bands if not -depth <= band < depth]
    if missing:
        raise IndexOutOfRange(f"An array of shape {array.shape} has {depth} bands, counted from 0, but not {missing}.")
    return np.take(array, bands, axis=-1)
