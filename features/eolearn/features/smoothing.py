"""Smoothing of image time series with irregular dates and gaps."""

from __future__ import annotations

from datetime import datetime
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.utils.parsing import parse_feature

from ._kernels.harmonic import fit_linear_model, harmonic_design
from ._kernels.local_polynomial import smooth_savitzky_golay
from ._kernels.series import average_repeats
from ._kernels.whittaker import smooth_whittaker
from .base_interpolation import BaseInterpolationTask
from .series_blocks import over_series
from .timeline import times_of

if TYPE_CHECKING:
    from eolearn.core.types import Feature, SingleFeatureSpec

_WEIGHT_TYPES = (FeatureType.DATA, FeatureType.MASK)
_DAY_S = 86400
_CANDIDATES = tuple(float(lmbd) for lmbd in 10.0 ** np.arange(-1, 9.5, 0.5))


class _SmoothingTask(BaseInterpolationTask):
    """Has times in days."""

    def _days(self, times: NDArray[np.int64]) -> NDArray[np.float64]:
        return times.astype(np.float64) * (self.scale_time / _DAY_S)


class WhittakerTask(_SmoothingTask):
    """Smooths each pixel and band, and fills its gaps, by penalised least squares (Whittaker's smoother).

    feature: a DATA or MASK feature, with a new name for the result if it has one.
    lmbd: how strongly to smooth, in units of days: for daily dates it is the lambda of the literature, and for dates h
        days apart that times h to the power of ``2 * order - 1``. Or "gcv": each series gets the best of
        ``gcv_lmbds`` by generalised cross-validation.
    order: of the differences that are kept small: with 2 a strong smoothing leads to a line, with 1 to a constant.
    weight_feature: a DATA or MASK feature with a number for each observation, 0 where it doesn't count, or with one
        band for all bands of the data. NaN counts as 0.
    kwargs: the other settings of :class:`BaseInterpolationTask`.

    Nothing is known before the first and after the last valid observation of a series, and in one that has less than
    ``order`` of them. Source: Eilers, A Perfect Smoother, Analytical Chemistry 75 (2003), 3631-3636,
    doi:10.1021/ac034173t; see :func:`smooth_whittaker` for how dates enter.

    Example:
        >>> task = WhittakerTask((FeatureType.DATA, "NDVI"), lmbd=1e4, mask_feature=(FeatureType.MASK, "VALID"))
        >>> eopatch = task(eopatch)
    """

    def __init__(
        self,
        feature: SingleFeatureSpec,
        *,
        lmbd: float | Literal["gcv"] = "gcv",
        order: int = 2,
        weight_feature: Feature | None = None,
        gcv_lmbds: tuple[float, ...] = _CANDIDATES,
        **kwargs: Any,
    ):
        super().__init__(feature, **kwargs)
        self.lmbd = lmbd
        self.order = order
        self.gcv_lmbds = gcv_lmbds
        self.weight_feature = None if weight_feature is None else parse_feature(weight_feature, None, _WEIGHT_TYPES)
        chosen = gcv_lmbds if isinstance(lmbd, str) and lmbd == "gcv" else (lmbd,)
        if not chosen:
            raise SettingError("gcv_lmbds is empty: give at least one lambda to choose from.")
        for value in chosen:
            _check_positive("lmbd", value)
        _check_int("order", order, 1, 4)
        self._lmbds = np.array(chosen, np.float64)

    def interpolate_data(
        self, data: NDArray[Any], times: NDArray[np.int64], resampled_times: NDArray[np.int64]
    ) -> NDArray[np.floating[Any]]:
        """Return the smoothed values of some series at the wanted times, all observations weighted alike."""
        return self._smooth(data, times, resampled_times, None)

    def _smooth(
        self, data: NDArray[Any], times: NDArray[np.int64], resampled_times: NDArray[np.int64], weights: Any
    ) -> NDArray[np.floating[Any]]:
        days = self._days(times), self._days(resampled_times)
        return smooth_whittaker(data, *days, lmbds=self._lmbds, order=self.order, weights=weights)

    def _interpolate(
        self,
        eopatch: EOPatch,
        data: NDArray[Any],
        valid: NDArray[np.bool_] | None,
        times: NDArray[np.int64],
        resampled_times: NDArray[np.int64],
    ) -> NDArray[np.floating[Any]]:
        if self.weight_feature is None:
            return super()._interpolate(eopatch, data, valid, times, resampled_times)
        weights = _observation_weights(eopatch, self.weight_feature, data.shape)
        moments, position = np.unique(times, return_inverse=True)
        count = np.bincount(position)[:, None, None]

        def compute(series: NDArray[Any], part: slice) -> NDArray[np.floating[Any]]:
            weight = np.where(np.isfinite(series) & (weights[:, part] > 0), weights[:, part], 0).astype(np.float64)
            weighted = np.where(weight > 0, series, 0) * weight
            total = average_repeats(weight, position) * count
            with np.errstate(invalid="ignore"):
                mean = average_repeats(weighted, position) * count / total
            rows = len(moments)
            return self._smooth(mean.reshape(rows, -1), moments, resampled_times, total.reshape(rows, -1))

        return over_series(compute, data, valid, len(resampled_times))


def _observation_weights(eopatch: EOPatch, feature: Feature, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the weights of all observations, of shape (dates, pixels, 1 or bands)."""
    weights: NDArray[Any] = eopatch[feature]
    if weights.shape[:3] != shape[:3] or weights.shape[3] not in (1, shape[3]):
        raise DataError(
            f"Weights {feature} of shape {weights.shape} don't fit data of shape {shape}: they must have the same "
            "shape, or one band."
        )
    if any((frame < 0).any() or np.isinf(frame).any() for frame in weights):
        raise DataError(f"Weights {feature} must be finite and not negative.")
    return weights.reshape(shape[0], shape[1] * shape[2], weights.shape[3])


class SavitzkyGolayTask(_SmoothingTask):
    """Smooths each pixel and band by polynomials fitted to the observations around each date.

    feature: a DATA or MASK feature, with a new name for the result if it has one.
    window_days: the length of the time around a date from which observations are taken, half of it on either side.
    degree: of the polynomials, 0 to 8. The higher, the closer to the observations.
    kwargs: the other settings of :class:`BaseInterpolationTask`.

    For regular dates without gaps this is the filter of Savitzky and Golay (1964). Nothing is known where a window
    holds not more than ``degree`` valid observations, or only earlier or only later ones than the date.

    Example:
        >>> task = SavitzkyGolayTask((FeatureType.DATA, "NDVI"), window_days=60)
        >>> eopatch = task(eopatch)
    """

    def __init__(self, feature: SingleFeatureSpec, *, window_days: float, degree: int = 2, **kwargs: Any):
        super().__init__(feature, **kwargs)
        self.window_days = window_days
        self.degree = degree
        _check_positive("window_days", window_days)
        _check_int("degree", degree, 0, 8)

    def interpolate_data(
        self, data: NDArray[Any], times: NDArray[np.int64], resampled_times: NDArray[np.int64]
    ) -> NDArray[np.floating[Any]]:
        """Return the smoothed values of some series at the wanted times."""
        days = self._days(times), self._days(resampled_times)
        return smooth_savitzky_golay(data, *days, half_window=self.window_days / 2, degree=self.degree)


class HarmonicRegressionTask(_SmoothingTask):
    """Fits a sum of seasons, and a trend if wanted, to each pixel and band by least squares.

    feature: a DATA or MASK feature, with a new name for the result if it has one. The result is the fitted series.
    harmonics: how many sines of 1, 2, 3, ... to a period are fitted.
    period_days: the length of a season.
    trend: whether a line is fitted along with them.
    coefficients_feature: a DATA_TIMELESS feature for the coefficients: for each band of the data the constant, the
        trend in units of the data for each period, then for each harmonic the factors of cosine and sine. An amplitude
        is ``hypot(cosine, sine)``. NaN where nothing is known.
    min_observations: a series with fewer has no result; by default as many as coefficients, which is few: the fit then
        goes through all of them.
    origin: the moment at which all angles, and the time of the trend, are 0. It is the same for all patches, so that
        their coefficients can be compared.
    kwargs: the other settings of :class:`BaseInterpolationTask`.

    The model has a value for all wanted dates, also before the first and after the last valid observation. Nothing is
    known in a series whose dates don't tell the coefficients apart, as for two harmonics and three months.

    Example:
        >>> task = HarmonicRegressionTask(
        ...     (FeatureType.DATA, "NDVI", "NDVI_FIT"), coefficients_feature=(FeatureType.DATA_TIMELESS, "SEASONS")
        ... )
        >>> task(eopatch)[FeatureType.DATA_TIMELESS, "SEASONS"].shape
        (101, 100, 5)
    """

    def __init__(
        self,
        feature: SingleFeatureSpec,
        *,
        harmonics: int = 2,
        period_days: float = 365.25,
        trend: bool = False,
        coefficients_feature: Feature | None = None,
        min_observations: int | None = None,
        origin: datetime = datetime(2000, 1, 1),
        **kwargs: Any,
    ):
        super().__init__(feature, **kwargs)
        _check_int("harmonics", harmonics, 0, 20)
        self.harmonics = harmonics
        _check_positive("period_days", period_days)
        self.period_days = period_days
        self.trend = trend
        self.coefficients_feature = (
            None
            if coefficients_feature is None
            else parse_feature(coefficients_feature, None, {FeatureType.DATA_TIMELESS})
        )
        self._count = 1 + bool(trend) + 2 * harmonics
        self.min_observations = self._count if min_observations is None else min_observations
        _check_int("min_observations", self.min_observations, self._count, np.inf)
        self.origin = origin

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the fitted series and the coefficients, or a new one if dates were asked for."""
        data, valid, timestamps = self._read(eopatch)
        dates = self.get_resampled_timestamp(timestamps)
        values = self._fitted(data, valid, timestamps, dates)
        target = self._write(eopatch, dates, values[self._count :])
        if self.coefficients_feature is not None:
            coefficients = np.moveaxis(values[: self._count], 0, -1)
            target[self.coefficients_feature] = coefficients.reshape(*data.shape[1:3], -1)
        return target

    def _fitted(
        self, data: NDArray[Any], valid: NDArray[np.bool_] | None, timestamps: list[datetime], dates: list[datetime]
    ) -> NDArray[np.floating[Any]]:
        """Return the coefficients of all series, and after them their fitted values at the wanted dates."""
        first = (timestamps or [self.origin])[0]
        since_days = (first.replace(tzinfo=None) - self.origin.replace(tzinfo=None)).total_seconds() / _DAY_S
        times, wanted = (since_days + self._days(units) for units in times_of(timestamps, dates, self.scale_time))
        moments, position = np.unique(times, return_inverse=True)
        design, wanted_design = self._design(moments), self._design(wanted)
        is_ascending = np.array_equal(moments, times)

        def compute(series: NDArray[Any], _: slice) -> NDArray[np.floating[Any]]:
            series = series if is_ascending else average_repeats(series, position)
            found = fit_linear_model(series.reshape(len(moments), -1), design, least=self.min_observations)
            return np.concatenate([found, wanted_design @ found])

        return over_series(compute, data, valid, self._count + len(dates))

    def interpolate_data(
        self, data: NDArray[Any], times: NDArray[np.int64], resampled_times: NDArray[np.int64]
    ) -> NDArray[np.floating[Any]]:
        """Return the fitted values of some series at the wanted times."""
        found = fit_linear_model(data, self._design(self._days(times)), least=self.min_observations)
        return np.asarray(self._design(self._days(resampled_times)) @ found)

    def _design(self, days: NDArray[np.float64]) -> NDArray[np.float64]:
        return harmonic_design(days, harmonics=self.harmonics, period_days=self.period_days, trend=self.trend)


def _check_positive(name: str, value: Any) -> None:
    if not isinstance(value, Real) or not 0 < float(value) < np.inf:
        raise SettingError(f"{name} must be a positive number, got {value!r}.")


def _check_int(name: str, value: Any, lowest: int, highest: float) -> None:
    if not isinstance(value, Integral) or not lowest <= int(value) <= highest:
        upper = "" if highest == np.inf else f" and at most {highest}"
        raise SettingError(f"{name} must be an int of at least {lowest}{upper}, got {value!r}.")
