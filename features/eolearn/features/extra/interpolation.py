"""The place of 1.x for :mod:`eolearn.features.interpolation`."""

from __future__ import annotations

from ..deprecated_interpolation import (
    AkimaInterpolationTask,
    BSplineInterpolationTask,
    CubicInterpolationTask,
    CubicResamplingTask,
    LegacyInterpolation,
    LegacyInterpolationTask,
    LinearResamplingTask,
    NearestResamplingTask,
    SplineInterpolationTask,
)
from ..interpolation import (
    InterpolationTask,
    LinearInterpolationTask,
    ResamplingTask,
    base_interpolation_function,
    interpolation_function,
    interpolation_function_parallel,
)
from ..kriging import KrigingInterpolationTask, KrigingObject
from ..timeline import ResampleRangeType

__all__ = [
    "AkimaInterpolationTask",
    "BSplineInterpolationTask",
    "CubicInterpolationTask",
    "CubicResamplingTask",
    "InterpolationTask",
    "KrigingInterpolationTask",
    "KrigingObject",
    "LegacyInterpolation",
    "LegacyInterpolationTask",
    "LinearInterpolationTask",
    "LinearResamplingTask",
    "NearestResamplingTask",
    "ResampleRangeType",
    "ResamplingTask",
    "SplineInterpolationTask",
    "base_interpolation_function",
    "interpolation_function",
    "interpolation_function_parallel",
]
