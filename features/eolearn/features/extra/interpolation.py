"""The place of 1.x for :mod:`eolearn.features.interpolation`."""

from __future__ import annotations

from ..interpolation import (
    LinearInterpolationTask,
    base_interpolation_function,
    interpolation_function,
    interpolation_function_parallel,
)
from ..timeline import ResampleRangeType

__all__ = [
    "LinearInterpolationTask",
    "ResampleRangeType",
    "base_interpolation_function",
    "interpolation_function",
    "interpolation_function_parallel",
]
