"""TEMPORARY while modules are being written: lazy, so that missing modules don't block. Becomes plain eager imports."""

_WHERE = {
    "FeatureType": "constants",
    "OverwritePermission": "constants",
    "AddFeatureTask": "core_tasks",
    "CopyTask": "core_tasks",
    "CreateEOPatchTask": "core_tasks",
    "DeepCopyTask": "core_tasks",
    "DuplicateFeatureTask": "core_tasks",
    "ExplodeBandsTask": "core_tasks",
    "ExtractBandsTask": "core_tasks",
    "InitializeFeatureTask": "core_tasks",
    "LoadTask": "core_tasks",
    "MapFeatureTask": "core_tasks",
    "MergeEOPatchesTask": "core_tasks",
    "MergeFeatureTask": "core_tasks",
    "MoveFeatureTask": "core_tasks",
    "RemoveFeatureTask": "core_tasks",
    "RenameFeatureTask": "core_tasks",
    "SaveTask": "core_tasks",
    "TemporalSubsetTask": "core_tasks",
    "ZipFeatureTask": "core_tasks",
    "EOPatch": "eodata",
    "merge_eopatches": "eodata_merge",
    "EOExecutor": "eoexecution",
    "EONode": "eonode",
    "linearly_connect_tasks": "eonode",
    "EOTask": "eotask",
    "EOWorkflow": "eoworkflow",
    "WorkflowResults": "eoworkflow",
    "OutputTask": "eoworkflow_tasks",
    "deep_eq": "utils.common",
    "get_filesystem": "utils.fs",
    "load_s3_filesystem": "utils.fs",
    "pickle_fs": "utils.fs",
    "unpickle_fs": "utils.fs",
    "execute_with_mp_lock": "utils.parallelize",
    "join_futures": "utils.parallelize",
    "join_futures_iter": "utils.parallelize",
    "parallelize": "utils.parallelize",
    "FeatureParser": "utils.parsing",
}


def __getattr__(name):
    import importlib

    if name in _WHERE:
        return getattr(importlib.import_module("." + _WHERE[name], __name__), name)
    raise AttributeError(name)
