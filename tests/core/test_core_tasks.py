"""The list of the core tasks: all are there, under their published signatures, and travel to other processes."""

import copy
import inspect
import pickle

import numpy as np
import pytest

import eolearn.core
from eolearn.core import EOTask, FeatureType, OverwritePermission, core_tasks
from eolearn.core.exceptions import EODeprecationWarning

BANDS = (FeatureType.DATA, "BANDS")
NIR = (FeatureType.DATA, "NIR")

# one of each; the texts are the parameters of the constructors of eo-learn 1.5.6
TASKS = {
    "CopyTask": (
        lambda: core_tasks.CopyTask([BANDS], deep=True),
        "features=..., *, deep=False, copy_timestamps='auto'",
    ),
    "IOTask": (None, "path, filesystem=None, create=False, config=None"),
    "SaveTask": (
        lambda: core_tasks.SaveTask("x"),
        (
            "path, filesystem=None, config=None, features=..., overwrite_permission=ADD_ONLY, *, "
            "save_timestamps='auto', use_zarr=False, temporal_selection=None, provenance=False, compress_level=None"
        ),
    ),
    "LoadTask": (
        lambda: core_tasks.LoadTask("x", lazy_loading=True),
        (
            "path, filesystem=None, config=None, features=..., lazy_loading=False, *, "
            "load_timestamps='auto', temporal_selection=None, window=None, bands=None"  # the last two are new
        ),
    ),
    "AddFeatureTask": (lambda: core_tasks.AddFeatureTask(BANDS), "feature"),
    "RemoveFeatureTask": (lambda: core_tasks.RemoveFeatureTask([BANDS]), "features"),
    "RenameFeatureTask": (lambda: core_tasks.RenameFeatureTask((*BANDS, "NIR")), "features"),
    "DuplicateFeatureTask": (lambda: core_tasks.DuplicateFeatureTask((*BANDS, "NIR")), "features, deep_copy=False"),
    "InitializeFeatureTask": (
        lambda: core_tasks.InitializeFeatureTask(BANDS, (1, 2, 3, 4)),
        "features, shape, init_value=0, dtype=uint8",
    ),
    "MoveFeatureTask": (lambda: core_tasks.MoveFeatureTask([BANDS]), "features, deep_copy=False"),
    "TemporalSubsetTask": (lambda: core_tasks.TemporalSubsetTask([0, 1]), "timestamps=None"),
    "MapFeatureTask": (
        lambda: core_tasks.MapFeatureTask(BANDS, NIR, np.clip, a_min=0, a_max=1),
        "input_features, output_features, map_function=None, **kwargs",
    ),
    "ZipFeatureTask": (
        lambda: core_tasks.ZipFeatureTask([BANDS, NIR], NIR),
        "input_features, output_feature, zip_function=None, **kwargs",
    ),
    "MergeFeatureTask": (
        lambda: core_tasks.MergeFeatureTask([BANDS, NIR], BANDS, axis=0),
        "input_features, output_feature, zip_function=None, **kwargs",
    ),
    "ExtractBandsTask": (lambda: core_tasks.ExtractBandsTask(BANDS, NIR, [1]), "input_feature, output_feature, bands"),
    "ExplodeBandsTask": (lambda: core_tasks.ExplodeBandsTask(BANDS, {NIR: 1}), "input_feature, output_mapping"),
    "CreateEOPatchTask": (core_tasks.CreateEOPatchTask, ""),
    "MergeEOPatchesTask": (lambda: core_tasks.MergeEOPatchesTask(timeless_op="max"), "**merge_kwargs"),
}


def text_of(parameter):
    if parameter.default is ...:
        return f"{parameter.name}=..."
    default = getattr(parameter.default, "name", getattr(parameter.default, "__name__", None))
    if default is not None and parameter.default is not parameter.empty:
        return f"{parameter.name}={default}"
    return str(parameter.replace(annotation=parameter.empty))


def signature_of(task_class):
    if task_class.__init__ is object.__init__:
        return ""
    texts, keyword_only = [], False
    for parameter in list(inspect.signature(task_class.__init__).parameters.values())[1:]:
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            texts.append("*")
            keyword_only = True
        texts.append(text_of(parameter))
    return ", ".join(texts)


def test_the_list_is_complete_and_sorted():
    assert sorted(core_tasks.__all__) == core_tasks.__all__ == sorted([*TASKS, "DeepCopyTask"])
    assert all(issubclass(getattr(core_tasks, name), EOTask) for name in core_tasks.__all__)


@pytest.mark.parametrize("name", sorted(set(core_tasks.__all__) - {"IOTask"}))
def test_the_core_hands_the_tasks_on(name):
    assert getattr(eolearn.core, name) is getattr(core_tasks, name)


@pytest.mark.parametrize("name", TASKS)
def test_constructors_have_their_published_parameters(name):
    assert signature_of(getattr(core_tasks, name)) == TASKS[name][1]


@pytest.mark.parametrize("name", sorted(set(TASKS) - {"IOTask"}))
@pytest.mark.parametrize("copied", [lambda task: pickle.loads(pickle.dumps(task)), copy.deepcopy])
def test_tasks_can_be_pickled_and_copied(name, copied):
    task = TASKS[name][0]()
    other = copied(task)
    assert type(other) is type(task)
    assert other.private_task_config.init_args == task.private_task_config.init_args
    assert {**vars(task), "_config": 0}.keys() == {**vars(other), "_config": 0}.keys()


def test_a_copied_task_calls_its_own_method():
    task = core_tasks.ExtractBandsTask(BANDS, NIR, [1])
    other = pickle.loads(pickle.dumps(task))
    assert other.function.__self__ is other


def test_the_io_task_is_abstract():
    with pytest.raises(TypeError, match="execute"):
        core_tasks.IOTask("x")


def test_the_deep_copy_task_is_deprecated():
    with pytest.warns(EODeprecationWarning, match="CopyTask"):
        task = core_tasks.DeepCopyTask([BANDS], deep=False)
    assert task.deep


def test_saving_adds_only_unless_told_otherwise():
    assert core_tasks.SaveTask("x").overwrite_permission is OverwritePermission.ADD_ONLY
