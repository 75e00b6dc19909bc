"""A task that fills gaps of time series with the values beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, IndexOutOfRange, SettingError
from eolearn.core.utils.parsing import parse_renamed_feature

from ._kernels.fillout import fill_out, is_value

if TYPE_CHECKING:
    from eolearn.core.types import SingleFeatureSpec

_OPERATIONS = ("f", "b", "fb", "bf")


class ValueFilloutTask(EOTask):
    """Fills gaps with the last value before them, or with the next one after them.

    feature: an array feature, which is replaced, or stored under its new name if it has one.
    operations: ``"f"`` carries values forward, ``"b"`` backward, ``"fb"`` and ``"bf"`` do both, in this order.
    value: what stands in a gap.
    axis: along which series run, by default time.

    What is missing at the start of a series can't be filled forward, and at its end not backward. A feature without
    gaps is left as it is.

    Example:
        >>> task = ValueFilloutTask((FeatureType.DATA, "NDVI"), operations="fb")
    """

    def __init__(self, feature: SingleFeatureSpec, operations: str = "fb", value: float = np.nan, axis: int = 0):
        self.feature_type, self.name, self.new_name = parse_renamed_feature(
            feature, allowed_feature_types=FeatureType.is_array
        )
        if operations not in _OPERATIONS:
            raise SettingError(f"operations must be one of {', '.join(_OPERATIONS)}, got {operations!r}.")
        dimensions = self.feature_type.ndim() or 0
        if not -dimensions <= axis < dimensions:
            raise IndexOutOfRange(f"Features of {self.feature_type} have {dimensions} axes, got axis {axis!r}.")
        self.operations = operations
        self.value = value
        self.axis = axis

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Store the filled feature and return the patch."""
        data = eopatch[self.feature_type, self.name]
        series = np.moveaxis(data, self.axis, 0)
        if any(is_value(row, self.value).any() for row in series):
            at_least_two_axes = series.reshape(len(series), -1) if series.ndim == 1 else series
            filled = fill_out(at_least_two_axes, self.value, self.operations).reshape(series.shape)
            data = np.moveaxis(filled, 0, self.axis)
        eopatch[self.feature_type, self.new_name] = data
        return eopatch

    @staticmethod
    def fill(data: NDArray[Any], value: float = np.nan, operation: str = "f") -> NDArray[Any]:
        """Return series with gaps filled.

        data: of shape (series, times). value: what stands in a gap. operation: ``"f"`` carries values forward, ``"b"``
        backward.

        Example:
            >>> ValueFilloutTask.fill(np.array([[np.nan, 1, np.nan, 2]]))
            array([[nan,  1.,  1.,  2.]])
        """
        if operation not in ("f", "b"):
            raise SettingError(f"operation must be f or b, got {operation!r}.")
        if not isinstance(data, np.ndarray) or data.ndim != 2:
            shape = data.shape if isinstance(data, np.ndarray) else type(data).__name__
            raise DataError(f"data must be an array of shape (series, times), got {shape}.")
        return fill_out(data.T, value, operation).T
