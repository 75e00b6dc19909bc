"""The place of 1.5 for :mod:`eolearn.mask.pixel_cloud_mask`."""

from __future__ import annotations

from ..pixel_cloud_mask import CloudMaskTask

__all__ = ["CloudMaskTask"]
