"""Tasks that compute with the values of features: linear functions and lengths of vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from eolearn.core import FeatureType, MapFeatureTask
from eolearn.core.exceptions import IndexOutOfRange, SettingError

from ._kernels.arithmetic import euclidean_norm, linear_function

if TYPE_CHECKING:
    from eolearn.core.types import Feature, FeaturesSpecification


class LinearFunctionTask(MapFeatureTask):
    """Computes ``slope * x + intercept`` of each value: digital numbers become reflectances, or the other way round.

    input_features: arrays. output_features: as many, by default the same ones, which are replaced.
    slope, intercept: two numbers.
    dtype: of the results. Without it floats keep theirs; integers become floats if slope or intercept is one (float32
        for those of 8 or 16 bits, else float64), and else integers of a type that holds all results.

    A result of an integer dtype has its fraction cut off. Raises DataError where a result is NaN, infinite or out of
    the range of that dtype.

    Example:
        >>> task = LinearFunctionTask((FeatureType.DATA, "DN"), (FeatureType.DATA, "BANDS"), slope=1e-4, intercept=-0.1)
    """

    def __init__(
        self,
        input_features: FeaturesSpecification,
        output_features: FeaturesSpecification | None = None,
        slope: float = 1,
        intercept: float = 0,
        dtype: DTypeLike | None = None,
    ):
        super().__init__(input_features, input_features if output_features is None else output_features)
        for feature_type, _ in self.input_features + self.output_features:
            _check_array(feature_type)
        for name, number in (("slope", slope), ("intercept", intercept)):
            if not isinstance(number, int | float | np.number) or not np.isfinite(number):
                raise SettingError(f"{name} must be a finite number, got {number!r}.")
        self.slope = slope
        self.intercept = intercept
        self.dtype = dtype if dtype is None else np.dtype(dtype)

    def map_method(self, feature: NDArray[Any]) -> NDArray[Any]:
        """Return the function of a feature, in its shape."""
        return linear_function(feature, self.slope, self.intercept, self.dtype)


class EuclideanNormTask(MapFeatureTask):
    """Computes the square root of the sum of the squares of the bands: how bright a pixel is.

    input_feature: an array with bands on its last axis.
    output_feature: where the result is stored, with one band.
    bands: the positions of the bands that count, by default all.

    It is NaN where a band is NaN.

    Example:
        >>> task = EuclideanNormTask((FeatureType.DATA, "BANDS"), (FeatureType.DATA, "BRIGHTNESS"), [1, 2, 3])
    """

    def __init__(self, input_feature: Feature, output_feature: Feature, bands: Sequence[int] | None = None):
        super().__init__(input_feature, output_feature)
        if bands is not None and (
            isinstance(bands, str) or len(bands) == 0 or any(isinstance(b, bool) for b in bands)
            or not all(isinstance(b, int | np.integer) for b in bands)
        ):  # fmt: skip
            raise SettingError(f"bands must be a list of ints, the positions of the bands, got {bands!r}.")
        self.bands = None if bands is None else [int(band) for band in bands]

    def map_method(self, feature: NDArray[Any]) -> NDArray[Any]:
        """Return the norm, in the shape of the feature but with one band."""
        count = feature.shape[-1]
        for band in self.bands or ():
            if not -count <= band < count:
                raise IndexOutOfRange(
                    f"There is no band {band} in {self.input_features} of shape {feature.shape}: it has {count} bands."
                )
        return euclidean_norm(feature, self.bands)[..., np.newaxis]


def _check_array(feature_type: FeatureType) -> None:
    if not feature_type.is_array():
        raise SettingError(f"Features of {feature_type} are no arrays, and have no linear function.")
