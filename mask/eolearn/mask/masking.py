"""Tasks that join masks, and apply them to other features."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType, ZipFeatureTask
from eolearn.core.exceptions import DataError, SettingError, SettingTypeError
from eolearn.core.utils.parsing import parse_renamed_feature

from ._kernels.fill import filled, is_any_of

if TYPE_CHECKING:
    from eolearn.core.types import Feature, FeaturesSpecification, SingleFeatureSpec

_JOINS: dict[str, Callable[[Any, Any], Any]] = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}


class JoinMasksTask(ZipFeatureTask):
    """Joins several masks into one.

    input_features: the masks, at least one. A single one is passed on as it is.
    output_feature: where the result is stored.
    join_operation: ``"and"``, ``"or"`` or ``"xor"``, whose result is boolean, where any number but 0 counts as True;
        or a function of two masks, which is applied to the first two, then to the result and the third, and so on.

    Example:
        >>> masks = [(FeatureType.MASK, "IS_DATA"), (FeatureType.MASK, "CLEAR")]
        >>> eopatch = JoinMasksTask(masks, (FeatureType.MASK, "VALID"))(eopatch)
    """

    def __init__(
        self,
        input_features: FeaturesSpecification,
        output_feature: Feature,
        join_operation: Literal["and", "or", "xor"] | Callable[[Any, Any], Any] = "and",
    ):
        super().__init__(input_features, output_feature)
        if not self.input_features:
            raise SettingError("JoinMasksTask needs at least one mask in input_features, got none.")
        self.join_method = _join_method(join_operation)

    def zip_method(self, *masks: NDArray[Any]) -> NDArray[Any]:
        """Return the masks, joined from the first to the last."""
        try:
            return reduce(self.join_method, masks)
        except ValueError as error:
            shapes = [mask.shape for mask in masks]
            raise DataError(f"Can't join {self.input_features} of the shapes {shapes}: {error}") from error


def _join_method(operation: Any) -> Callable[[Any, Any], Any]:
    if isinstance(operation, str):
        if operation not in _JOINS:
            raise SettingError(f"join_operation must be one of {list(_JOINS)}, or a function, got {operation!r}.")
        return _JOINS[operation]
    if not callable(operation):
        raise SettingTypeError(f"join_operation must be one of {list(_JOINS)}, or a function, got {operation!r}.")
    return operation  # type: ignore[no-any-return]


class MaskFeatureTask(EOTask):
    """Puts a no-data value where a mask has certain values.

    feature: a feature with pixels, with a new name for the result if it has one.
    mask_feature: a feature with pixels, of the same height and width. A timeless one applies to all dates, one with a
        single band to all bands.
    mask_values: the numbers that mean no data.
    no_data_value: what is put in their place. NaN, the default, fits floating-point features only.

    Example:
        >>> task = MaskFeatureTask((FeatureType.DATA, "BANDS", "CLEAR"), (FeatureType.MASK, "SCL"), [3, 8, 9, 10])
        >>> eopatch = task(eopatch)
    """

    def __init__(
        self,
        feature: SingleFeatureSpec,
        mask_feature: Feature,
        mask_values: Iterable[int],
        no_data_value: float = np.nan,
    ):
        self.renamed_feature = parse_renamed_feature(feature)
        self.mask_feature = self.parse_feature(mask_feature)
        self.mask_values = _numbers(mask_values)
        self.no_data_value = no_data_value

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the masked feature."""
        feature_type, name, new_name = self.renamed_feature
        data, mask = eopatch[feature_type, name], eopatch[self.mask_feature]
        _check_mask(data, mask, (feature_type, name), self.mask_feature)
        no_data_value = self._no_data_value_for(data)
        if feature_type.is_temporal():
            mask = np.broadcast_to(mask, (len(data), *mask.shape[-3:]))
            result = filled(data, mask, self.mask_values, no_data_value)
        else:
            result = filled(data[np.newaxis], mask[np.newaxis], self.mask_values, no_data_value)[0]
        eopatch[feature_type, new_name] = result
        return eopatch

    def _no_data_value_for(self, data: NDArray[Any]) -> Any:
        try:
            return np.array(_plain(self.no_data_value), data.dtype)
        except (ValueError, OverflowError) as error:
            raise DataError(
                f"no_data_value={self.no_data_value!r} doesn't fit {self.renamed_feature[:2]} of dtype {data.dtype}: "
                f"{error}. Give another one, or convert the feature."
            ) from error


def apply_mask(
    data: NDArray[Any],
    mask: NDArray[Any],
    old_value: float,
    new_value: float,
    data_type: FeatureType,
    mask_type: FeatureType,
) -> NDArray[Any]:
    """Put a new value into an array, in place, where a mask has a certain value, and return the array.

    data, data_type: the array and the type of its feature, which gives it its axes: DATA, MASK or a timeless one.
    mask, mask_type: the mask, likewise. A timeless one applies to all dates, one with a single band to all bands.
    old_value: of the mask. new_value: of the data.

    Raises DataError (a ValueError) for types and shapes that don't go together.
    """
    _check_mask(data, mask, (data_type, "data"), (mask_type, "mask"))
    hits = is_any_of(mask, [_plain(old_value)])
    data[np.broadcast_to(hits, data.shape)] = new_value
    return data


def _check_mask(data: NDArray[Any], mask: NDArray[Any], data_feature: Feature, mask_feature: Feature) -> None:
    for feature in (data_feature, mask_feature):
        if not feature[0].is_image():
            raise DataError(f"{feature} has no pixels: only features with height and width can be masked, or be masks.")
    shapes = f"{mask_feature} of shape {mask.shape} and {data_feature} of shape {data.shape}"
    if data.shape[-3:-1] != mask.shape[-3:-1]:
        raise DataError(f"Mask and data differ in height or width: {shapes}.")
    if mask_feature[0].is_temporal():
        if not data_feature[0].is_temporal():
            raise DataError(f"A mask with a time axis can't be applied to timeless data: {shapes}.")
        if len(data) != len(mask):
            raise DataError(f"Mask and data differ in the number of dates: {shapes}.")
    if mask.shape[-1] not in (1, data.shape[-1]):
        raise DataError(f"A mask must have one band, or as many as the data: {shapes}.")


def _numbers(values: Any) -> list[Any]:
    numbers = [_plain(value) for value in values] if isinstance(values, Iterable) else [None]
    if not all(isinstance(number, Real) for number in numbers):
        raise SettingError(f"mask_values must be a list of numbers, as in mask_values=[0], got {values!r}.")
    return numbers


def _plain(value: Any) -> Any:
    """Return a numpy number as a Python number, which takes on the dtype of the array that it meets."""
    return value.item() if isinstance(value, np.generic) else value
