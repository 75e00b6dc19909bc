"""The double logistic curve of phenology, fitted to the time series of each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, SettingError

from ._kernels.blocks import over_series
from ._kernels.double_logistic import double_logistic, fit_double_logistic
from ._kernels.dtypes import working_dtype
from .days import days_of, midnight_before
from .validity import valid_observations

if TYPE_CHECKING:
    from eolearn.core.types import Feature

_PARAMETERS = 7


def doubly_logistic(
    middle: ArrayLike,
    initial_value: float,
    scale: float,
    a1: float,
    a2: float,
    a3: float,
    a4: float,
    a5: float,
) -> NDArray[np.float64]:
    """Return the curve ``initial_value + scale * g`` at some times.

    middle: the times. ``g`` is ``exp(-((a1 - x) / a4) ** a5)`` where x is before a1, else
        ``exp(-((x - a1) / a2) ** a3)``.

    Example:
        >>> doubly_logistic([0.2, 0.5, 0.8], 0.1, 0.6, 0.5, 0.3, 2, 0.3, 2).round(3)
        array([0.321, 0.7  , 0.321])
    """
    return double_logistic(middle, [initial_value, scale, a1, a2, a3, a4, a5])


class DoublyLogisticApproximationTask(EOTask):
    """Fits a double logistic curve to the time series of each pixel, by least squares.

    feature: a DATA feature of one band.
    new_feature: a DATA_TIMELESS feature for the parameters c1, c2, a1, ..., a5 of :func:`doubly_logistic`,
        (height, width, 7): the level outside of the season, the height above it, the time of the peak, and the widths
        and steepnesses after (a2, a3) and before it (a4, a5). Times are days, scaled so that the first date of the
        patch is 0 and the last one 1.
    initial_parameters: seven numbers from which to start, besides the shapes that are always tried.
    valid_mask: a MASK feature; observations count where it is not 0.

    NaN and infinite values don't count. A pixel with fewer than seven valid dates has NaN. The curve, the bounds of its
    parameters and the sources are told at ``eolearn.features._kernels.double_logistic``.

    Example:
        >>> task = DoublyLogisticApproximationTask((FeatureType.DATA, "NDVI"), valid_mask=(FeatureType.MASK, "VALID"))
        >>> task(eopatch)[FeatureType.DATA_TIMELESS, "DOUBLY_LOGISTIC_PARAM"].shape
        (101, 100, 7)
    """

    def __init__(
        self,
        feature: Feature,
        new_feature: Feature = (FeatureType.DATA_TIMELESS, "DOUBLY_LOGISTIC_PARAM"),
        initial_parameters: Sequence[float] | None = None,
        valid_mask: Feature | None = None,
    ):
        self.feature = self.parse_feature(feature, allowed_feature_types=(FeatureType.DATA,))
        self.new_feature = self.parse_feature(new_feature, allowed_feature_types=(FeatureType.DATA_TIMELESS,))
        self.valid_mask = (
            None if valid_mask is None else self.parse_feature(valid_mask, allowed_feature_types=(FeatureType.MASK,))
        )
        self.initial_parameters = None if initial_parameters is None else _checked(initial_parameters)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the parameters."""
        data = eopatch[self.feature]
        if data.shape[-1] != 1:
            raise DataError(
                f"{self.feature} must have one band, but it has {data.shape[-1]}: its shape is {data.shape}."
            )
        days = np.floor(days_of(eopatch, self.feature, since=midnight_before(eopatch)))
        x = days / max(days[-1], 1) if len(days) else days
        valid = valid_observations(eopatch, [self.valid_mask] if self.valid_mask else [], data.shape)
        result = np.empty((*data.shape[1:], _PARAMETERS), working_dtype(data.dtype))
        over_series(lambda series: fit_double_logistic(series, x, self.initial_parameters), data, valid, result)
        eopatch[self.new_feature] = result[:, :, 0]
        return eopatch


def _checked(parameters: Sequence[float]) -> NDArray[np.float64]:
    numbers = np.asarray(parameters, dtype=np.float64)
    if numbers.shape != (_PARAMETERS,) or not np.isfinite(numbers).all():
        raise SettingError(f"initial_parameters must be seven numbers, c1, c2, a1, ..., a5, got {parameters!r}.")
    return numbers
