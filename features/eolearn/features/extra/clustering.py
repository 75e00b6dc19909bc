"""The place of 1.x for :mod:`eolearn.features.clustering`."""

from __future__ import annotations

from ..clustering import ClusteringTask

__all__ = ["ClusteringTask"]
