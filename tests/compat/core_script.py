"""A script as people wrote it for eo-learn 1.5, of eolearn.core alone: it runs unchanged here and there.

Prints what it sees, a line a fact; test_core_script.py compares the lines of both.
"""

import datetime as dt
import sys
import tempfile
import warnings

import geopandas as gpd
import numpy as np
from sentinelhub import CRS, BBox
from shapely.geometry import Point

from eolearn.core import (
    AddFeatureTask,
    CopyTask,
    CreateEOPatchTask,
    DuplicateFeatureTask,
    EOExecutor,
    EONode,
    EOPatch,
    EOTask,
    EOWorkflow,
    ExplodeBandsTask,
    ExtractBandsTask,
    FeatureParser,
    FeatureType,
    InitializeFeatureTask,
    LoadTask,
    MapFeatureTask,
    MergeEOPatchesTask,
    MergeFeatureTask,
    MoveFeatureTask,
    OutputTask,
    OverwritePermission,
    RemoveFeatureTask,
    RenameFeatureTask,
    SaveTask,
    TemporalSubsetTask,
    ZipFeatureTask,
    linearly_connect_tasks,
    merge_eopatches,
    parallelize,
)
from eolearn.core.utils.common import deep_eq, is_discrete_type
from eolearn.core.utils.raster import constant_pad, fast_nanpercentile
from eolearn.core.utils.testing import PatchGeneratorConfig, generate_eopatch

warnings.simplefilter("ignore")

BANDS, CLM, CLASSES = (FeatureType.DATA, "BANDS"), (FeatureType.MASK, "CLM"), (FeatureType.MASK_TIMELESS, "LULC")


def say(title, *values):
    print(title, *values)


def make_patch():
    patch = EOPatch(bbox=BBox((500000, 5100000, 500050, 5100040), CRS.UTM_33N))
    patch.timestamps = [dt.datetime(2020, 1, 1) + dt.timedelta(days=10 * i) for i in range(4)]
    rng = np.random.default_rng(3)
    patch[BANDS] = rng.random((4, 4, 5, 3))
    patch[CLM] = rng.random((4, 4, 5, 1)) > 0.6
    patch[CLASSES] = rng.integers(0, 4, (4, 5, 1))
    patch.scalar["COVER"] = patch[CLM].mean(axis=(1, 2))
    patch.vector_timeless["PLACES"] = gpd.GeoDataFrame(
        {"kind": [1, 2]}, geometry=[Point(500010, 5100010), Point(500020, 5100020)], crs=32633
    )
    patch.meta_info["author"] = {"name": "A", "when": ["2020", 3]}
    return patch


class Scale(EOTask):
    def __init__(self, feature, factor=2, *, offset=0):
        self.feature = self.parse_feature(feature)
        self.factor = factor
        self.offset = offset

    def execute(self, eopatch, *, extra=0):
        eopatch[self.feature] = eopatch[self.feature] * self.factor + self.offset + extra
        return eopatch


class Fail(EOTask):
    def execute(self, eopatch):
        raise ValueError("on purpose")


class Negate(MapFeatureTask):
    def map_method(self, feature):
        return -feature


class Mean(ZipFeatureTask):
    def zip_method(self, *features):
        return sum(features) / len(features)


def eopatch_part():
    patch = make_patch()
    say("repr", sorted(repr(patch).splitlines()))
    say("features", patch.get_features())
    say("size", patch.get_spatial_dimension(*BANDS))
    say("contains", FeatureType.DATA in patch, BANDS in patch, (FeatureType.LABEL, "x") in patch)
    say("subset", patch.temporal_subset([0, 2])[BANDS].sum().round(9))
    say("subset fn", patch.temporal_subset(lambda ts: [t.day > 5 for t in ts]).timestamps)
    say("copy", patch.copy() == patch, patch.copy(deep=True) == patch, patch.copy(features=[CLASSES]).timestamps)
    say("equal", patch == make_patch(), deep_eq(patch[BANDS], patch[BANDS].copy()))
    for bad in ("a.b", ""):
        try:
            patch.data[bad] = patch[BANDS]
        except ValueError:
            say("name refused", repr(bad))
    for feature_type, value in ((FeatureType.DATA, np.zeros((2, 2))), (FeatureType.MASK, np.zeros((4, 4, 5, 1)))):
        try:
            patch[feature_type, "X"] = value
        except ValueError:
            say("value refused", feature_type)


def parser_part():
    patch = make_patch()
    for spec in (
        ...,
        FeatureType.DATA,
        BANDS,
        [BANDS, CLM],
        {FeatureType.DATA: ["BANDS"]},
        (FeatureType.DATA, "BANDS", "NEW"),
        [(FeatureType.MASK, ...)],
    ):
        parser = FeatureParser(spec)
        say("parsed", parser.get_renamed_features(patch))
    for spec in ("data", {FeatureType.DATA: {"a"}}, [5], (FeatureType.DATA, 5)):
        try:
            FeatureParser(spec)
        except ValueError:
            say("refused", spec)


def storage_part(folder):
    patch = make_patch()
    patch.save(folder + "/patch")
    try:
        patch.save(folder + "/patch")
    except ValueError:
        say("add only")
    patch[BANDS] = patch[BANDS] + 1
    patch.save(folder + "/patch", overwrite_permission=OverwritePermission.OVERWRITE_FEATURES)
    say("loaded", EOPatch.load(folder + "/patch") == patch)
    lazy = EOPatch.load(folder + "/patch", lazy_loading=True, features=[BANDS, CLASSES])
    say("lazy", lazy.get_features(), lazy[BANDS].sum().round(9), lazy.timestamps == patch.timestamps)
    for features in ([(FeatureType.DATA, "none")],):
        try:
            EOPatch.load(folder + "/patch", features=features)
        except OSError:
            say("not stored")


def tasks_part(folder):
    patch = make_patch()
    patch = AddFeatureTask((FeatureType.DATA, "MORE"))(patch, patch[BANDS] * 2)
    patch = DuplicateFeatureTask([(FeatureType.DATA, "MORE", "MUCH")])(patch)
    patch = RenameFeatureTask((FeatureType.DATA, "MUCH", "LOTS"))(patch)
    patch = InitializeFeatureTask((FeatureType.MASK, "ONES"), shape=(4, 4, 5, 1), init_value=1)(patch)
    patch = ExtractBandsTask(BANDS, (FeatureType.DATA, "RED"), [2])(patch)
    patch = ExplodeBandsTask(BANDS, {(FeatureType.DATA, "B0"): 0, (FeatureType.DATA, "B12"): [1, 2]})(patch)
    patch = MergeFeatureTask([(FeatureType.DATA, "B0"), (FeatureType.DATA, "B12")], (FeatureType.DATA, "ALL"))(patch)
    say("merge of bands", np.array_equal(patch.data["ALL"], patch[BANDS]))
    patch = Negate([(FeatureType.DATA, "RED")], [(FeatureType.DATA, "NEGATIVE")])(patch)
    patch = Mean([(FeatureType.DATA, "RED"), (FeatureType.DATA, "NEGATIVE")], (FeatureType.DATA, "ZERO"))(patch)
    say("zero", float(np.abs(patch.data["ZERO"]).max()))
    patch = RemoveFeatureTask([(FeatureType.DATA, "LOTS")])(patch)
    other = MoveFeatureTask([CLASSES])(patch, CreateEOPatchTask()(bbox=patch.bbox))
    say("moved", other.get_features())
    say("subset task", len(TemporalSubsetTask([0, 1])(patch).timestamps))
    say("copy task", CopyTask(features=[FeatureType.META_INFO])(patch).get_features())
    SaveTask(folder)(patch, eopatch_folder="tasks")
    loaded = LoadTask(folder)(eopatch_folder="tasks")
    say("load task", loaded == patch)
    say("features", sorted(str(feature) for feature in loaded.get_features()))


def merge_part():
    patch = make_patch()
    first, second = patch.temporal_subset([0, 1]), patch.temporal_subset([2, 3])
    say("merged", np.array_equal(merge_eopatches(first, second)[BANDS], patch[BANDS]))
    shifted = patch.copy()
    shifted[BANDS] = shifted[BANDS] + 1
    for op in ("min", "max", "mean", "median"):
        say(op, merge_eopatches(patch, shifted, time_dependent_op=op)[BANDS].sum().round(6))
    try:
        merge_eopatches(patch, shifted)
    except ValueError:
        say("differ")
    say("merge task", MergeEOPatchesTask(time_dependent_op="max")(patch, shifted).get_features())


def workflow_part():
    scale = EONode(Scale(BANDS, 3))
    add = EONode(Scale(BANDS, 1, offset=5), inputs=[scale])
    twice = EONode(Scale(BANDS, 2), inputs=[scale])
    merge = EONode(MergeEOPatchesTask(time_dependent_op="mean"), inputs=[add, twice], name="Merge")
    output = EONode(OutputTask("patch"), inputs=[merge])
    workflow = EOWorkflow.from_endnodes(output)
    result = workflow.execute({scale: {"eopatch": make_patch()}, add: {"extra": 10}})
    say("workflow", result.outputs["patch"][BANDS].sum().round(6), result.workflow_failed(), len(result.stats))
    say("config", sorted(Scale(BANDS, 3).private_task_config.init_args.items()))
    nodes = linearly_connect_tasks(Scale(BANDS), (Fail(), "failing"), OutputTask("x"))
    result = EOWorkflow(nodes).execute({nodes[0]: {"eopatch": make_patch()}}, raise_errors=False)
    say("failed", result.workflow_failed(), result.stats[result.error_node_uid].node_name, result.outputs)


def executor_part(folder):
    scale = EONode(Scale(BANDS))
    output = EONode(OutputTask("patch"), inputs=[scale])
    workflow = EOWorkflow([scale, output])
    for workers, multiprocess in ((1, True), (2, True), (2, False)):
        arguments = [{scale: {"eopatch": make_patch(), "extra": index}} for index in range(4)]
        arguments.append({scale: {"eopatch": 5}})
        executor = EOExecutor(workflow, arguments, save_logs=True, logs_folder=folder)
        results = executor.run(workers=workers, multiprocess=multiprocess, disable=True)
        say("sums", [float(result.outputs["patch"][BANDS].sum().round(6)) for result in results[:4]])
        say("states", executor.get_successful_executions(), executor.get_failed_executions())
        say("logs", [path.rsplit("/", 1)[1] for path in executor.get_log_paths()])
        say("stats", {key: executor.general_stats[key] for key in ("finished", "failed")})
    say("parallel", parallelize(abs, [-1, 2, -3], workers=1, disable=True))


def helpers_part():
    say("discrete", is_discrete_type(np.uint8), is_discrete_type(float), is_discrete_type(bool))
    data = np.array([[1.0, np.nan], [3.0, np.nan], [4.0, 2.0]])
    say("percentile", fast_nanpercentile(data, 50).tolist())
    say("pad", constant_pad(np.ones((3, 5)), (4, 4)).shape)
    patch = generate_eopatch([BANDS, CLM, CLASSES], config=PatchGeneratorConfig(num_timestamps=3, raster_shape=(4, 6)))
    say("generated", patch[BANDS].sum().round(6), int(patch[CLM].sum()), int(patch[CLASSES].sum()), patch.timestamps)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        eopatch_part()
        parser_part()
        storage_part(temporary)
        tasks_part(temporary)
        merge_part()
        workflow_part()
        executor_part(temporary)
        helpers_part()
    sys.exit(0)
