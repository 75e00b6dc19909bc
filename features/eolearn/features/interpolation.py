"""Interpolation of image time series: gaps are filled, and values computed for other dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core.utils.threads import over_row_blocks

from ._kernels.linear import interpolate_linear
from ._kernels.series import working_dtype
from .base_interpolation import BaseInterpolationTask

if TYPE_CHECKING:
    from eolearn.core.types import SingleFeatureSpec

# the names of 1.x for the kernel
base_interpolation_function = interpolate_linear
interpolation_function = interpolate_linear


def interpolation_function_parallel(
    data: NDArray[Any], times: NDArray[Any], resampled_times: NDArray[Any]
) -> NDArray[np.floating[Any]]:
    """Interpolate linearly as :func:`interpolation_function`, with the series spread over several threads."""
    result = np.empty((len(resampled_times), data.shape[1]), working_dtype(data.dtype))

    def fill(start: int, stop: int) -> None:
        result[:, start:stop] = interpolate_linear(data[:, start:stop], times, resampled_times)

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
        return interpolate_linear(data, times, resampled_times)
