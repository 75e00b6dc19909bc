"""Spectral indices that are normalised differences of two bands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import MapFeatureTask
from eolearn.core.exceptions import IndexOutOfRange, SettingError

from ._kernels.ndi import normalized_difference

if TYPE_CHECKING:
    from eolearn.core.types import Feature


class NormalizedDifferenceIndexTask(MapFeatureTask):
    """Computes ``(A - B + c) / (A + B + c)`` of two bands: NDVI, NDWI, NDSI and their like.

    input_feature: an array with bands on its last axis, for example reflectances.
    output_feature: where the index is stored, with one band.
    bands: the positions of A and B among the bands, two ints.
    acorvi_constant: c, in the unit of the bands; 0 for the plain normalised difference.
    undefined_value: stands where the index is not defined: where the sum is 0 or a band is NaN or infinite.

    Example:
        >>> ndvi = NormalizedDifferenceIndexTask((FeatureType.DATA, "BANDS"), (FeatureType.DATA, "NDVI"), [7, 3])
        >>> eopatch = ndvi(eopatch)
    """

    def __init__(
        self,
        input_feature: Feature,
        output_feature: Feature,
        bands: tuple[int, int] | list[int],
        acorvi_constant: float = 0,
        undefined_value: float = np.nan,
    ):
        super().__init__(input_feature, output_feature)
        if not isinstance(bands, (list, tuple)) or [type(band) for band in bands] != [int, int]:
            raise SettingError(f"bands must be a list or tuple of two ints, the positions of the bands, got {bands!r}.")
        self.band_a, self.band_b = bands
        self.acorvi_constant = acorvi_constant
        self.undefined_value = undefined_value

    def map_method(self, feature: NDArray[Any]) -> NDArray[Any]:
        """Return the index, in the shape of the feature but with one band."""
        count = feature.shape[-1]
        for band in (self.band_a, self.band_b):
            if not -count <= band < count:
                raise IndexOutOfRange(
                    f"There is no band {band} in {self.input_features} of shape {feature.shape}: it has {count} bands."
                )
        index = normalized_difference(
            feature[..., self.band_a],
            feature[..., self.band_b],
            constant=self.acorvi_constant,
            undefined=self.undefined_value,
        )
        return index[..., np.newaxis]
