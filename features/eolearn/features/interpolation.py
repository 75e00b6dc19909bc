"""Interpolation of image time series: gaps are filled, and values computed for other dates."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError, SettingError, SettingTypeError
from eolearn.core.utils.threads import over_row_blocks

from ._kernels.dtypes import working_dtype
from .base_interpolation import BaseInterpolationTask
from .interpolation_objects import Interpolator, interpolate_one_by_one, interpolated_or_none
from .timeline import ResampleRangeType

if TYPE_CHECKING:
    from datetime import datetime

    from eolearn.core.types import FeaturesSpecification, SingleFeatureSpec


def interpolation_function(
    data: NDArray[Any], times: NDArray[Any], resampled_times: NDArray[Any]
) -> NDArray[np.floating[Any]]:
    """Interpolate series linearly, see :func:`eolearn.features._kernels.linear.interpolate_linear`.

    data: of shape (dates, series), NaN or infinite in the gaps. times: of the dates, ascending. resampled_times: for
    which values are wanted. Returns (wanted times, series), NaN before the first and after the last observation.
    """
    from ._kernels.linear import interpolate_linear  # with numba, which takes longer to import than all of this part

    return interpolate_linear(data, times, resampled_times)


base_interpolation_function = interpolation_function


def interpolation_function_parallel(
    data: NDArray[Any], times: NDArray[Any], resampled_times: NDArray[Any]
) -> NDArray[np.floating[Any]]:
    """Interpolate linearly as :func:`interpolation_function`, with the series spread over several threads."""
    result = np.empty((len(resampled_times), data.shape[1]), working_dtype(data.dtype))

    def fill(start: int, stop: int) -> None:
        result[:, start:stop] = interpolation_function(data[:, start:stop], times, resampled_times)

    over_row_blocks(fill, data.shape[1], least_rows=4096)
    return result


class LinearInterpolationTask(BaseInterpolationTask):
    """Interpolates linearly between the valid observations of each pixel and band.

    feature: a DATA or MASK feature, with a new name for the result if it has one.
    parallel: of no effect, kept for scripts of 1.x. Pixels are spread over as many threads as the process may use.
    kwargs: the other settings of :class:`BaseInterpolationTask`.

    Before the first and after the last valid observation of a pixel nothing is known.

    Example:
        >>> task = LinearInterpolationTask(
        ...     (FeatureType.DATA, "NDVI"),
        ...     mask_feature=(FeatureType.MASK, "VALID"),
        ...     resample_range=("2017-01-01", "2018-01-01", 16),
        ... )
        >>> task(eopatch)[FeatureType.DATA, "NDVI"].shape
        (23, 101, 100, 1)
    """

    def __init__(self, feature: SingleFeatureSpec, parallel: bool = False, **kwargs: Any):
        super().__init__(feature, **kwargs)
        self.parallel = parallel

    def interpolate_data(
        self, data: NDArray[Any], times: NDArray[np.int64], resampled_times: NDArray[np.int64]
    ) -> NDArray[np.floating[Any]]:
        """Return the values of some series at the wanted times, see :meth:`BaseInterpolationTask.interpolate_data`."""
        return interpolation_function(data, times, resampled_times)


class InterpolationTask(BaseInterpolationTask):
    """Interpolates each pixel and band with an object of scipy, or one that is called in the same way.

    feature: a DATA or MASK feature, with a new name for the result if it has one.
    interpolation_object: called as ``interpolation_object(times, values, **interpolation_parameters)`` with the valid
        observations of one series, it returns a function of times. Or :func:`numpy.interp`.
    interpolation_parameters: further parameters of the object.

    The other settings are those of :class:`BaseInterpolationTask`.

    Values are computed between the first and the last valid observation of a series, and nothing is known outside, even
    if the object extrapolates. Nor is anything known in a series with fewer observations than the object needs. What
    else the object raises is raised.

    For these objects of :mod:`scipy.interpolate` the same is computed for all pixels at once, by several threads:
    ``interp1d`` of any kind, ``make_interp_spline`` and ``UnivariateSpline(s=0)`` of degree 1 to 5, and
    ``Akima1DInterpolator``. Any other is called series by series, which takes some 100 µs for each, by one thread
    because such calls hold the interpreter's lock.

    Raises SettingError (a ValueError) at construction for kinds and degrees that those objects don't have.

    Example:
        >>> task = InterpolationTask((FeatureType.DATA, "NDVI"), make_interp_spline, k=3)
        >>> eopatch = task(eopatch)
    """

    def __init__(
        self,
        feature: SingleFeatureSpec,
        interpolation_object: Any,
        *,
        resample_range: ResampleRangeType = None,
        result_interval: tuple[float, float] | None = None,
        mask_feature: FeaturesSpecification | None = None,
        copy_features: FeaturesSpecification | None = None,
        unknown_value: float = np.nan,
        filling_factor: int = 10,
        scale_time: float = 3600,
        interpolate_pixel_wise: bool = False,
        **interpolation_parameters: Any,
    ):
        super().__init__(
            feature,
            resample_range=resample_range,
            result_interval=result_interval,
            mask_feature=mask_feature,
            copy_features=copy_features,
            unknown_value=unknown_value,
            filling_factor=filling_factor,
            scale_time=scale_time,
            interpolate_pixel_wise=interpolate_pixel_wise,
        )
        if not callable(interpolation_object):
            raise SettingTypeError(f"interpolation_object must be a class or function, got {interpolation_object!r}.")
        self.interpolation_object = interpolation_object
        self.interpolation_parameters = interpolation_parameters
        from .interpolation_kernels import kernel_for

        is_overridden = type(self).get_interpolation_function is not InterpolationTask.get_interpolation_function
        self._kernel = None if is_overridden else kernel_for(interpolation_object, interpolation_parameters)

    def get_interpolation_function(self, times: NDArray[Any], series: NDArray[Any]) -> Interpolator:
        """Return a function of times that interpolates one series.

        times: of its valid observations, ascending, in units of ``scale_time``. series: their values.
        """
        if self.interpolation_object is np.interp:
            outside = {"left": np.nan, "right": np.nan}
            return partial(np.interp, xp=times, fp=series, **outside | self.interpolation_parameters)
        interpolator: Interpolator = self.interpolation_object(times, series, **self.interpolation_parameters)
        return interpolator

    def interpolate_data(
        self, data: NDArray[Any], times: NDArray[np.int64], resampled_times: NDArray[np.int64]
    ) -> NDArray[np.floating[Any]]:
        """Return the values of some series at the wanted times, see :meth:`BaseInterpolationTask.interpolate_data`."""
        if self._kernel is not None:
            return self._kernel(data, times, resampled_times)
        return interpolate_one_by_one(data, times, resampled_times, self.get_interpolation_function)

    def _may_use_threads(self) -> bool:
        return self._kernel is not None


class ResamplingTask(InterpolationTask):
    """Computes values for other dates from time series without gaps, of all pixels at once.

    feature: a DATA or MASK feature without NaN, with a new name for the result if it has one.
    interpolation_object: called as ``interpolation_object(times, values, axis=0, **interpolation_parameters)`` with
        values of shape (dates, series), it returns a function of times.
    resample_range, result_interval, unknown_value: as for :class:`BaseInterpolationTask`.
    interpolation_parameters: further parameters of the object.

    Before the first and after the last date nothing is known. Raises DataError (a ValueError) for data with NaN or
    infinite values: :class:`InterpolationTask` does without them.

    Example:
        >>> days = ("2017-01-01", "2018-01-01", 10)
        >>> ResamplingTask((FeatureType.DATA, "NDVI"), interp1d, days, kind="nearest")(eopatch)
    """

    def __init__(
        self,
        feature: SingleFeatureSpec,
        interpolation_object: Any,
        resample_range: ResampleRangeType,
        *,
        result_interval: tuple[float, float] | None = None,
        unknown_value: float = np.nan,
        **interpolation_parameters: Any,
    ):
        if resample_range is None:
            raise SettingError("resample_range must tell for which dates values are wanted, got None.")
        super().__init__(
            feature,
            interpolation_object,
            resample_range=resample_range,
            result_interval=result_interval,
            unknown_value=unknown_value,
            **interpolation_parameters,
        )

    def get_interpolation_function(self, times: NDArray[Any], series: NDArray[Any]) -> Interpolator:
        """Return a function of times that interpolates along the first axis of the series."""
        parameters = {"axis": 0} | self.interpolation_parameters
        interpolator: Interpolator = self.interpolation_object(times, series, **parameters)
        return interpolator

    def interpolate_data(
        self, data: NDArray[Any], times: NDArray[np.int64], resampled_times: NDArray[np.int64]
    ) -> NDArray[np.floating[Any]]:
        """Return the values of some series at the wanted times, see :meth:`BaseInterpolationTask.interpolate_data`."""
        if self._kernel is not None:
            return self._kernel(data, times, resampled_times)
        result = np.full((len(resampled_times), data.shape[1]), np.nan)
        dates, wanted = times.astype(np.float64), resampled_times.astype(np.float64)
        inside = (dates[0] <= wanted) & (wanted <= dates[-1])
        if inside.any() and data.size:
            build = self.get_interpolation_function
            answer = interpolated_or_none(build, dates, data.astype(np.float64), wanted[inside])
            result[inside] = np.nan if answer is None else answer
        return result

    def _check_data(self, data: NDArray[Any], timestamps: list[datetime]) -> None:
        super()._check_data(data, timestamps)
        if not all(np.isfinite(frame).all() for frame in data):
            raise DataError(
                f"{self.renamed_feature[:2]} has NaN or infinite values, which {type(self).__name__} can't resample. "
                "Use InterpolationTask, which leaves them out."
            )


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Return the tasks that 1.x had in this module, too, and that are now in others."""
        if name.endswith(("Task", "Interpolation", "Object")):
            from .extra import interpolation as names

            if name in names.__all__:
                return getattr(names, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
