"""The place of 1.4 and before for cloud masks; that of the task for single dates is in ``extra.cloud_mask``."""

from __future__ import annotations

from .multi_frame_cloud_mask import ClassifierType, CloudMaskTask
from .old_cloud_mask import AddCloudMaskTask, AddMultiCloudMaskTask, get_s2_pixel_cloud_detector

__all__ = [
    "AddCloudMaskTask",
    "AddMultiCloudMaskTask",
    "ClassifierType",
    "CloudMaskTask",
    "get_s2_pixel_cloud_detector",
]
