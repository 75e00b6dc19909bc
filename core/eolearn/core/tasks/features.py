"""Tasks that add, remove, rename, duplicate, initialise and move features."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from ..eotask import EOTask
from ..exceptions import FeatureError, FeatureExists, SettingError
from ..utils.parsing import parse_feature

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from ..eodata import EOPatch
    from ..types import Feature, FeaturesSpecification


class AddFeatureTask(EOTask):
    """Adds a feature, or replaces it.

    feature: where the data go.

    Example:
        >>> patch = AddFeatureTask((FeatureType.DATA_TIMELESS, "DEM"))(patch, np.zeros((100, 100, 1)))
    """

    def __init__(self, feature: Feature):
        self.feature = self.parse_feature(feature)

    def execute(self, eopatch: EOPatch, data: object) -> EOPatch:
        """Store the data, and return the patch."""
        eopatch[self.feature] = data
        return eopatch


class RemoveFeatureTask(EOTask):
    """Removes features.

    features: which ones; a named one must be there, FeatureMissing (a ValueError) otherwise.

    Example:
        >>> patch = RemoveFeatureTask([FeatureType.MASK, (FeatureType.DATA, "BANDS")])(patch)
    """

    def __init__(self, features: FeaturesSpecification):
        self.feature_parser = self.get_feature_parser(features)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Remove the features, and return the patch."""
        for feature in dict.fromkeys(self.feature_parser.get_features(eopatch)):
            del eopatch[feature]
        return eopatch


class RenameFeatureTask(EOTask):
    """Gives features new names, also in a circle.

    features: with their new names; one without keeps its name. A feature that has the new name already is replaced.

    Example:
        >>> patch = RenameFeatureTask((FeatureType.DATA, "BANDS", "L1C"))(patch)
        >>> patch = RenameFeatureTask({FeatureType.MASK: [("CLM", "CLOUDS"), ("dataMask", "VALID")]})(patch)
    """

    def __init__(self, features: FeaturesSpecification):
        self.feature_parser = self.get_feature_parser(features)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Rename the features, without loading lazy ones, and return the patch."""
        renamed = [names for names in self.feature_parser.get_renamed_features(eopatch) if names[1] != names[2]]
        values = [_unloaded(eopatch, feature_type, old) for feature_type, old, _ in renamed]
        for feature_type, old in dict.fromkeys(names[:2] for names in renamed):
            del eopatch[feature_type, old]
        for (feature_type, _, new), value in zip(renamed, values, strict=True):
            eopatch[feature_type, new] = value
        return eopatch


class DuplicateFeatureTask(EOTask):
    """Stores features under second names.

    features: with the names of their duplicates, FeatureExists (a ValueError) where one is taken.
    deep_copy: whether arrays and tables are copied; otherwise both names share them.

    Example:
        >>> patch = DuplicateFeatureTask((FeatureType.DATA, "BANDS", "COPY"))(patch)
    """

    def __init__(self, features: FeaturesSpecification, deep_copy: bool = False):
        self.feature_parser = self.get_feature_parser(features)
        self.deep_copy = deep_copy

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Duplicate the features, without loading lazy ones, and return the patch."""
        duplicates: dict[Feature, Any] = {}
        for feature_type, name, new_name in self.feature_parser.get_renamed_features(eopatch):
            duplicate = (feature_type, new_name)
            if duplicate in eopatch or duplicate in duplicates:
                raise FeatureExists(
                    f"Can't duplicate {feature_type} {name!r} as {new_name!r}: there is such a feature already. "
                    "Choose another name, or remove it first."
                )
            value = _unloaded(eopatch, feature_type, name)
            duplicates[duplicate] = copy.deepcopy(value) if self.deep_copy else value
        for feature, value in duplicates.items():
            eopatch[feature] = value
        return eopatch


class InitializeFeatureTask(EOTask):
    """Makes features of one value throughout; those that are there already are left alone.

    features: which ones, by name.
    shape: a tuple of 3 or 4 integers, or a feature whose shape is taken.
    init_value: the value of each element.
    dtype: of the arrays. A wider one is used where it can't hold the value: 0.5 or 300 don't fit into ``uint8``.

    Example:
        >>> task = InitializeFeatureTask((FeatureType.MASK, "VALID"), shape=(FeatureType.MASK, "CLM"), init_value=1)
    """

    def __init__(
        self,
        features: FeaturesSpecification,
        shape: tuple[int, ...] | Feature,
        init_value: float = 0,
        dtype: DTypeLike = np.uint8,
    ):
        self.features = self.parse_features(features)
        self.shape, self.shape_feature = _parse_shape(shape)
        self.init_value = init_value
        self.dtype = dtype

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Make the features that are missing, and return the patch."""
        for feature in self.features:
            if feature not in eopatch:
                shape = eopatch[self.shape_feature].shape if self.shape is None else self.shape
                eopatch[feature] = _filled(shape, self.init_value, self.dtype)
        return eopatch


class MoveFeatureTask(EOTask):
    """Copies features from one patch to another.

    features: which ones.
    deep_copy: whether arrays and tables are copied; otherwise both patches share them.

    Example:
        >>> target = MoveFeatureTask(FeatureType.MASK)(source, target)
    """

    def __init__(self, features: FeaturesSpecification, deep_copy: bool = False):
        self.feature_parser = self.get_feature_parser(features)
        self.deep_copy = deep_copy

    def execute(self, src_eopatch: EOPatch, dst_eopatch: EOPatch) -> EOPatch:
        """Store the features of the first patch in the second, and return the second."""
        for feature in self.feature_parser.get_features(src_eopatch):
            value = src_eopatch[feature]
            dst_eopatch[feature] = copy.deepcopy(value) if self.deep_copy else value
        return dst_eopatch


def _unloaded(eopatch: EOPatch, feature_type: Any, name: str) -> Any:
    return eopatch[feature_type]._get_unloaded(name)


def _parse_shape(shape: Any) -> tuple[tuple[int, ...] | None, Feature | None]:
    """Return the shape, or the feature that has it."""
    if isinstance(shape, tuple) and len(shape) in (3, 4) and all(map(_is_size, shape)):
        return shape, None
    try:
        return None, parse_feature(shape)
    except FeatureError as error:
        raise SettingError(
            f"The shape must be a tuple of 3 or 4 integers, or a feature that has it, got {shape!r}."
        ) from error


def _is_size(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and bool(value >= 0)


def _filled(shape: tuple[int, ...], value: float, dtype: DTypeLike) -> NDArray[Any]:
    """Return an array of one value, of the dtype or of the narrowest that can hold values of the dtype and this one."""
    try:
        return np.full(shape, value, dtype=np.result_type(dtype, value))
    except OverflowError:
        return np.full(shape, value, dtype=np.result_type(dtype, np.min_scalar_type(value)))
