"""Old forms of :class:`InterpolationTask` and :class:`ResamplingTask`, one for each method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eolearn.core.exceptions import EODeprecationWarning, SettingError, warn_user

from .interpolation import InterpolationTask, ResamplingTask
from .timeline import ResampleRangeType

if TYPE_CHECKING:
    from eolearn.core.types import SingleFeatureSpec


def _warn(old: str, new: str) -> None:
    warn_user(f"{old} is deprecated, use {new} instead.", EODeprecationWarning)


class CubicInterpolationTask(InterpolationTask):
    """Old form of :class:`InterpolationTask` with ``interp1d`` of kind "cubic"."""

    def __init__(self, feature: SingleFeatureSpec, **kwargs: Any):
        from scipy.interpolate import interp1d

        _warn("CubicInterpolationTask", "InterpolationTask(feature, interp1d, kind='cubic')")
        super().__init__(feature, interp1d, kind="cubic", **kwargs)


class SplineInterpolationTask(InterpolationTask):
    """Old form of :class:`InterpolationTask` with ``UnivariateSpline``.

    spline_degree: 1 to 5. smoothing_factor: 0 goes through all observations, see scipy for others.
    """

    def __init__(
        self, feature: SingleFeatureSpec, *, spline_degree: int = 3, smoothing_factor: float = 0, **kwargs: Any
    ):
        from scipy.interpolate import UnivariateSpline

        _warn("SplineInterpolationTask", "InterpolationTask(feature, UnivariateSpline, k=..., s=...)")
        super().__init__(feature, UnivariateSpline, k=spline_degree, s=smoothing_factor, **kwargs)


class BSplineInterpolationTask(InterpolationTask):
    """Old form of :class:`InterpolationTask` with ``make_interp_spline``.

    spline_degree: at least 0.
    """

    def __init__(self, feature: SingleFeatureSpec, *, spline_degree: int = 3, **kwargs: Any):
        from scipy.interpolate import make_interp_spline

        _warn("BSplineInterpolationTask", "InterpolationTask(feature, make_interp_spline, k=...)")
        super().__init__(feature, make_interp_spline, k=spline_degree, **kwargs)


class AkimaInterpolationTask(InterpolationTask):
    """Old form of :class:`InterpolationTask` with ``Akima1DInterpolator``."""

    def __init__(self, feature: SingleFeatureSpec, **kwargs: Any):
        from scipy.interpolate import Akima1DInterpolator

        _warn("AkimaInterpolationTask", "InterpolationTask(feature, Akima1DInterpolator)")
        super().__init__(feature, Akima1DInterpolator, **kwargs)


class _Interp1dResamplingTask(ResamplingTask):
    _kind: str

    def __init__(self, feature: SingleFeatureSpec, resample_range: ResampleRangeType, **kwargs: Any):
        from scipy.interpolate import interp1d

        new = f"ResamplingTask(feature, interp1d, resample_range, kind={self._kind!r})"
        _warn(type(self).__name__, new)
        super().__init__(feature, interp1d, resample_range, kind=self._kind, **kwargs)


class NearestResamplingTask(_Interp1dResamplingTask):
    """Old form of :class:`ResamplingTask` with ``interp1d`` of kind "nearest"."""

    _kind = "nearest"


class LinearResamplingTask(_Interp1dResamplingTask):
    """Old form of :class:`ResamplingTask` with ``interp1d`` of kind "linear"."""

    _kind = "linear"


class CubicResamplingTask(_Interp1dResamplingTask):
    """Old form of :class:`ResamplingTask` with ``interp1d`` of kind "cubic"."""

    _kind = "cubic"


class LegacyInterpolationTask(InterpolationTask):
    """Linear interpolation by a library of choice, as in 0.x; :class:`LinearInterpolationTask` does the same.

    library: "numpy" for :func:`numpy.interp`, "scipy" for ``interp1d``. Both give the same.
    """

    def __init__(self, feature: SingleFeatureSpec, library: str = "numpy", **kwargs: Any):
        if library == "numpy":
            super().__init__(feature, np.interp, **kwargs)
        elif library == "scipy":
            from scipy.interpolate import interp1d

            super().__init__(feature, interp1d, **kwargs | {"kind": "linear"})
        else:
            raise SettingError(f"library must be 'numpy' or 'scipy', got {library!r}.")
        self.library = library


LegacyInterpolation = LegacyInterpolationTask
