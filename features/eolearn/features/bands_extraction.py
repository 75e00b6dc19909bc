"""The place of 1.x for indices and norms of bands."""

from __future__ import annotations

from .arithmetic import EuclideanNormTask
from .ndi import NormalizedDifferenceIndexTask

__all__ = ["EuclideanNormTask", "NormalizedDifferenceIndexTask"]
