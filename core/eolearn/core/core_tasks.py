"""The public list of the core tasks, which lie in :mod:`eolearn.core.tasks`, a theme a module."""

from __future__ import annotations

from .tasks.bands import ExplodeBandsTask, ExtractBandsTask
from .tasks.features import (
    AddFeatureTask,
    DuplicateFeatureTask,
    InitializeFeatureTask,
    MoveFeatureTask,
    RemoveFeatureTask,
    RenameFeatureTask,
)
from .tasks.io import IOTask, LoadTask, SaveTask
from .tasks.mapping import MapFeatureTask, MergeFeatureTask, ZipFeatureTask
from .tasks.patches import CopyTask, CreateEOPatchTask, DeepCopyTask, MergeEOPatchesTask, TemporalSubsetTask

__all__ = [
    "AddFeatureTask",
    "CopyTask",
    "CreateEOPatchTask",
    "DeepCopyTask",
    "DuplicateFeatureTask",
    "ExplodeBandsTask",
    "ExtractBandsTask",
    "IOTask",
    "InitializeFeatureTask",
    "LoadTask",
    "MapFeatureTask",
    "MergeEOPatchesTask",
    "MergeFeatureTask",
    "MoveFeatureTask",
    "RemoveFeatureTask",
    "RenameFeatureTask",
    "SaveTask",
    "TemporalSubsetTask",
    "ZipFeatureTask",
]
