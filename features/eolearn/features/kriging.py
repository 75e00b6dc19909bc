"""Interpolation of time series by Gaussian processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError

from .interpolation import InterpolationTask
from .interpolation_objects import interpolate_one_by_one, interpolated_or_none

if TYPE_CHECKING:
    from eolearn.core.types import SingleFeatureSpec


class KrigingObject:
    """A Gaussian process through one time series, as an interpolation object.

    times: when it was observed, at least two different times. They are divided by their span, ``normalizing_factor``.
    series: the values.
    kwargs: parameters of :class:`sklearn.gaussian_process.GaussianProcessRegressor`. The kernel is ``RBF(1.0)`` with
        fixed parameters if none is given, as it was in scikit-learn when 1.x was written.

    Example:
        >>> KrigingObject(np.array([0, 5, 10]), np.array([1.0, 2.0, 0.5]))(np.array([5]))
        array([2.])
    """

    def __init__(self, times: NDArray[Any], series: NDArray[Any], **kwargs: Any):
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF

        self.normalizing_factor = float(np.max(times) - np.min(times)) if len(times) else 0.0
        if self.normalizing_factor == 0:
            raise DataError(f"Kriging needs at least 2 different times, got {np.asarray(times).tolist()}.")
        kernel = kwargs.pop("kernel", None) or RBF(1.0, length_scale_bounds="fixed")
        self.regressor = GaussianProcessRegressor(kernel, **kwargs)
        self.regressor.fit(self._scaled(times), series)

    def _scaled(self, times: NDArray[Any]) -> NDArray[np.float64]:
        return np.reshape(np.asarray(times, np.float64) / self.normalizing_factor, (-1, 1))

    def __call__(self, new_times: NDArray[Any], **kwargs: Any) -> Any:
        """Return the mean of the process at other times; ``kwargs`` are parameters of ``predict``."""
        return self.regressor.predict(self._scaled(new_times), **kwargs)


class KrigingInterpolationTask(InterpolationTask):
    """Interpolates, and extrapolates, each pixel and band by a Gaussian process through its valid observations.

    feature: a DATA or MASK feature, with a new name for the result if it has one.
    kwargs: the settings of :class:`InterpolationTask`, and parameters of
        :class:`sklearn.gaussian_process.GaussianProcessRegressor`, as ``kernel`` and ``alpha``.

    A series with less than two observations stays unknown. With a kernel whose parameters are fixed, as the default,
    series of the same dates are computed together. Parameters that are not fixed are fitted to each series, which takes
    some milliseconds.
    """

    def __init__(self, feature: SingleFeatureSpec, **kwargs: Any):
        super().__init__(feature, KrigingObject, **kwargs | {"interpolate_pixel_wise": True})

    def interpolate_data(
        self, data: NDArray[Any], times: NDArray[np.int64], resampled_times: NDArray[np.int64]
    ) -> NDArray[np.floating[Any]]:
        """Return the values of some series at the wanted times, also outside of the valid observations."""
        build = self.get_interpolation_function
        if not self._is_fixed():
            return interpolate_one_by_one(data, times, resampled_times, build, extrapolate=True)
        dates, wanted = times.astype(np.float64), resampled_times.astype(np.float64)
        result = np.full((wanted.size, data.shape[1]), np.nan)
        patterns, pattern_of = np.unique(np.isfinite(data), axis=1, return_inverse=True)
        for index, known in enumerate(patterns.T):
            columns = np.flatnonzero(pattern_of == index)
            values = data[np.ix_(known, columns)].astype(np.float64)
            answer = interpolated_or_none(build, dates[known], values, wanted)
            result[:, columns] = np.nan if answer is None else answer
        return result

    def _is_fixed(self) -> bool:
        """Return whether nothing is fitted to the values, so that the result is a linear function of them."""
        kernel = self.interpolation_parameters.get("kernel")
        is_kept = self.interpolation_parameters.get("optimizer", "default") is None
        return kernel is None or is_kept or kernel.n_dims == 0
