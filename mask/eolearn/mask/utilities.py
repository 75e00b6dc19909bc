"""The place of 0.x for :mod:`eolearn.mask.utils`."""

from __future__ import annotations

from .utils import map_over_axis, resize_images

__all__ = ["map_over_axis", "resize_images"]
