"""The core of eo-learn: data of places in EOPatches, what is done to them in EOTasks, and EOWorkflows that run them."""

from .constants import FeatureType, OverwritePermission
from .core_tasks import (
    AddFeatureTask,
    CopyTask,
    CreateEOPatchTask,
    DeepCopyTask,
    DuplicateFeatureTask,
    ExplodeBandsTask,
    ExtractBandsTask,
    InitializeFeatureTask,
    LoadTask,
    MapFeatureTask,
    MergeEOPatchesTask,
    MergeFeatureTask,
    MoveFeatureTask,
    RemoveFeatureTask,
    RenameFeatureTask,
    SaveTask,
    TemporalSubsetTask,
    ZipFeatureTask,
)
from .eodata import EOPatch
from .eodata_merge import merge_eopatches
from .eoexecution import EOExecutor
from .eonode import EONode, linearly_connect_tasks
from .eotask import EOTask
from .eoworkflow import EOWorkflow, WorkflowResults
from .eoworkflow_tasks import OutputTask
from .utils.common import deep_eq
from .utils.fs import get_filesystem, load_s3_filesystem, pickle_fs, unpickle_fs
from .utils.parallelize import execute_with_mp_lock, join_futures, join_futures_iter, parallelize
from .utils.parsing import FeatureParser

__all__ = [
    "AddFeatureTask",
    "CopyTask",
    "CreateEOPatchTask",
    "DeepCopyTask",
    "DuplicateFeatureTask",
    "EOExecutor",
    "EONode",
    "EOPatch",
    "EOTask",
    "EOWorkflow",
    "ExplodeBandsTask",
    "ExtractBandsTask",
    "FeatureParser",
    "FeatureType",
    "InitializeFeatureTask",
    "LoadTask",
    "MapFeatureTask",
    "MergeEOPatchesTask",
    "MergeFeatureTask",
    "MoveFeatureTask",
    "OutputTask",
    "OverwritePermission",
    "RemoveFeatureTask",
    "RenameFeatureTask",
    "SaveTask",
    "TemporalSubsetTask",
    "WorkflowResults",
    "ZipFeatureTask",
    "deep_eq",
    "execute_with_mp_lock",
    "get_filesystem",
    "join_futures",
    "join_futures_iter",
    "linearly_connect_tasks",
    "load_s3_filesystem",
    "merge_eopatches",
    "parallelize",
    "pickle_fs",
    "unpickle_fs",
]
