"""Tasks that apply a function to features, and are made into new tasks by overriding one method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..eotask import EOTask
from ..exceptions import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import DTypeLike, NDArray

    from ..eodata import EOPatch
    from ..types import Feature, FeaturesSpecification


class MapFeatureTask(EOTask):
    """Applies a function to each of several features, one at a time.

    input_features, output_features: as many of the ones as of the others, each named; results are stored in this order.
    map_function: is called with the value of a feature and returns that of the output. Without it the task calls its
        :meth:`map_method`, which a subclass overrides.
    kwargs: further arguments of the function.

    Example:
        >>> task = MapFeatureTask((FeatureType.DATA, "BANDS"), (FeatureType.DATA, "CLIPPED"), np.clip, a_min=0, a_max=1)

        >>> class Maximum(MapFeatureTask):
        ...     def map_method(self, feature):
        ...         return feature.max(axis=0)
    """

    def __init__(
        self,
        input_features: FeaturesSpecification,
        output_features: FeaturesSpecification,
        map_function: Callable[..., Any] | None = None,
        **kwargs: Any,
    ):
        self.input_features = self.parse_features(input_features)
        self.output_features = self.parse_features(output_features)
        if len(self.input_features) != len(self.output_features):
            raise SettingError(
                f"There must be an output feature for each input feature, got {len(self.input_features)} inputs, "
                f"{self.input_features}, and {len(self.output_features)} outputs, {self.output_features}."
            )
        self.function = self.map_method if map_function is None else map_function
        self.kwargs = kwargs

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Store the result for each input feature under its output feature, and return the patch."""
        for input_feature, output_feature in zip(self.input_features, self.output_features, strict=True):
            eopatch[output_feature] = self.function(eopatch[input_feature], **self.kwargs)
        return eopatch

    def map_method(self, feature: Any) -> Any:
        """Return the output for the value of one input feature; to be overridden, with the task's kwargs if any."""
        raise NotImplementedError(
            f"{type(self).__name__} has nothing to apply: pass map_function=..., or override map_method."
        )


class ZipFeatureTask(EOTask):
    """Applies a function to several features together, to make one of them.

    input_features: each named.
    output_feature: where the result is stored.
    zip_function: is called with the values of all input features and returns that of the output. Without it the task
        calls its :meth:`zip_method`, which a subclass overrides.
    kwargs: further arguments of the function.

    Example:
        >>> bands = [(FeatureType.DATA, "B08"), (FeatureType.DATA, "B04")]
        >>> task = ZipFeatureTask(bands, (FeatureType.DATA, "RATIO"), np.divide)
    """

    def __init__(
        self,
        input_features: FeaturesSpecification,
        output_feature: Feature,
        zip_function: Callable[..., Any] | None = None,
        **kwargs: Any,
    ):
        self.input_features = self.parse_features(input_features)
        self.output_feature = self.parse_feature(output_feature)
        self.function = self.zip_method if zip_function is None else zip_function
        self.kwargs = kwargs

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Store the result for the input features under the output feature, and return the patch."""
        values = [eopatch[feature] for feature in self.input_features]
        eopatch[self.output_feature] = self.function(*values, **self.kwargs)
        return eopatch

    def zip_method(self, *features: Any) -> Any:
        """Return the output for the values of the input features; to be overridden, with the task's kwargs if any."""
        raise NotImplementedError(
            f"{type(self).__name__} has nothing to apply: pass zip_function=..., or override zip_method."
        )


class MergeFeatureTask(ZipFeatureTask):
    """Joins arrays into one: along their bands, or along another axis.

    The kwargs of the task are ``axis``, the last one by default, and ``dtype`` of the result, by default the one that
    holds the values of all.

    Example:
        >>> task = MergeFeatureTask([(FeatureType.DATA, "BANDS"), (FeatureType.DATA, "NDVI")], (FeatureType.DATA, "X"))
    """

    def zip_method(self, *f: NDArray[Any], dtype: DTypeLike | None = None, axis: int = -1) -> NDArray[Any]:
        """Return the arrays, joined."""
        return np.concatenate(f, axis=axis, dtype=dtype)
