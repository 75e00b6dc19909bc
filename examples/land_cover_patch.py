"""A land-cover map from a year and more of NDVI: prepare, sample, train, predict, look.

    make demo PATCH=../shared/data/eolearn/example_data/TestEOPatch

needs a saved EOPatch with NDVI and masks of valid pixels for many dates, a DEM, and land use as polygons. The patch is
cut into a checkerboard: the forest learns from the black squares, and is judged on the white ones.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from land_cover_picture import UNLABELLED, draw
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score

from eolearn.core import (
    EOExecutor,
    EONode,
    EOPatch,
    EOTask,
    EOWorkflow,
    FeatureType,
    LoadTask,
    MergeEOPatchesTask,
    OutputTask,
    OverwritePermission,
    SaveTask,
    linearly_connect_tasks,
)
from eolearn.coregistration import ECCRegistrationTask
from eolearn.features import LinearInterpolationTask, SimpleFilterTask
from eolearn.geometry import VectorToRasterTask
from eolearn.io import ExportToTiffTask
from eolearn.mask import JoinMasksTask
from eolearn.ml_tools import FractionSamplingTask, PredictionTask

NDVI = (FeatureType.DATA, "NDVI")
DEM = (FeatureType.DATA_TIMELESS, "DEM")
BEST_NDVI = (FeatureType.DATA_TIMELESS, "MAX_NDVI")  # the highest of all dates: a picture without clouds
IS_DATA = (FeatureType.MASK, "IS_DATA")
IS_CLEAR = (FeatureType.MASK, "IS_VALID")
VALID = (FeatureType.MASK, "VALID")
PARCELS = (FeatureType.VECTOR_TIMELESS, "LULC")
REFERENCE = (FeatureType.MASK_TIMELESS, "REFERENCE")
TRAINING = (FeatureType.MASK_TIMELESS, "TRAINING")
NDVI_SAMPLES = (FeatureType.DATA, "NDVI_SAMPLES")
DEM_SAMPLES = (FeatureType.DATA_TIMELESS, "DEM_SAMPLES")
LABEL_SAMPLES = (FeatureType.MASK_TIMELESS, "LABEL_SAMPLES")
PREDICTION = (FeatureType.MASK_TIMELESS, "PREDICTION")

LEAST_CLEAR_FRACTION = 0.5
STEP_DAYS = 16
BLOCK_PX = 10
SEED = 42

warnings.filterwarnings("ignore", "No match")  # winter dates, of snow and bare trees, don't look like the best NDVI


class CheckerboardTask(EOTask):
    """Keeps the labels of every other block, for training; those of the others become unlabelled."""

    def __init__(self, reference: tuple[FeatureType, str], training: tuple[FeatureType, str], block_px: int):
        self.reference = reference
        self.training = training
        self.block_px = block_px

    def execute(self, eopatch: EOPatch) -> EOPatch:
        labels = eopatch[self.reference]
        rows, columns = np.indices(labels.shape[:2]) // self.block_px
        is_black = ((rows + columns) % 2 == 0)[..., np.newaxis]
        eopatch[self.training] = np.where(is_black, labels, UNLABELLED)
        return eopatch


def clear_enough(valid: np.ndarray) -> bool:
    return bool(valid.mean() > LEAST_CLEAR_FRACTION)


def preparation(path: Path, dates: tuple[str, str, int], output: Path) -> EOWorkflow:
    """Return the workflow from a saved patch to an even time series, labels and training samples."""
    load = EONode(LoadTask(path, features=[NDVI, IS_DATA, IS_CLEAR, BEST_NDVI]))
    valid = EONode(JoinMasksTask([IS_DATA, IS_CLEAR], VALID), [load])
    clear = EONode(SimpleFilterTask(VALID, clear_enough), [valid])
    aligned = EONode(ECCRegistrationTask(NDVI, BEST_NDVI, 0, valid_mask_feature=VALID), [clear])
    series = EONode(LinearInterpolationTask(NDVI, mask_feature=VALID, resample_range=dates), [aligned])
    timeless = EONode(LoadTask(path, features=[DEM, PARCELS]), name="LoadTimeless")
    together = EONode(MergeEOPatchesTask(), [series, timeless])
    reference = EONode(VectorToRasterTask(PARCELS, REFERENCE, values_column="LULC_ID", raster_shape=DEM), [together])
    blocks = EONode(CheckerboardTask(REFERENCE, TRAINING, BLOCK_PX), [reference])
    samples = EONode(
        FractionSamplingTask(
            [(*NDVI, NDVI_SAMPLES[1]), (*DEM, DEM_SAMPLES[1]), (*TRAINING, LABEL_SAMPLES[1])],
            sampling_feature=TRAINING,
            fraction=0.9,
            exclude_values=[UNLABELLED],
        ),
        [blocks],
    )
    save = EONode(SaveTask(output, overwrite_permission=OverwritePermission.OVERWRITE_FEATURES), [samples])
    return EOWorkflow.from_endnodes(EONode(OutputTask("patch"), [save]))


def prediction(path: Path, model: RandomForestClassifier, geotiff: Path) -> EOWorkflow:
    """Return the workflow from the prepared patch to a map."""
    return EOWorkflow(
        linearly_connect_tasks(
            LoadTask(path, features=[NDVI, DEM, REFERENCE, TRAINING]),
            PredictionTask(model, [NDVI, DEM], PREDICTION),
            SaveTask(path, features=[PREDICTION], overwrite_permission=OverwritePermission.OVERWRITE_FEATURES),
            ExportToTiffTask(PREDICTION, geotiff, no_data_value=UNLABELLED, image_dtype=np.uint8, compress="deflate"),
            OutputTask("patch"),
        )
    )


def run(workflow: EOWorkflow, title: str) -> EOPatch:
    """Run a workflow with a progress bar, and return the patch that comes out."""
    sampling = {node: {"seed": SEED} for node in workflow.get_nodes() if isinstance(node.task, FractionSamplingTask)}
    (result,) = EOExecutor(workflow, [sampling]).run(desc=title)
    if result.workflow_failed():
        raise result.stats[result.error_node_uid].exception_info.exception
    return result.outputs["patch"]


def train(samples: EOPatch) -> RandomForestClassifier:
    """Fit a forest to the samples: a row a pixel, a column a date of NDVI, and the height."""
    columns = np.column_stack([samples[NDVI_SAMPLES][:, :, 0, 0].T, samples[DEM_SAMPLES][:, 0]])
    forest = RandomForestClassifier(
        n_estimators=100, min_samples_leaf=3, class_weight="balanced_subsample", n_jobs=2, random_state=SEED
    )
    return forest.fit(columns, samples[LABEL_SAMPLES][:, 0, 0])


def accuracies(patch: EOPatch) -> tuple[float, float]:
    """Return overall accuracy and macro F1 over the labelled pixels that the forest has not seen."""
    unseen = (patch[REFERENCE] != UNLABELLED) & (patch[TRAINING] == UNLABELLED)
    truth, predicted = patch[REFERENCE][unseen], patch[PREDICTION][unseen]
    return accuracy_score(truth, predicted), f1_score(truth, predicted, average="macro")


def map_patch(path: Path, output: Path) -> None:
    """Map a saved patch, and write a GeoTIFF and a picture."""
    times = EOPatch.load(path, features=[], load_timestamps=True).get_timestamps()
    dates = (f"{min(times):%Y-%m-%d}", f"{max(times):%Y-%m-%d}", STEP_DAYS)

    samples = run(preparation(path, dates, output / "patch"), "Prepare and sample")
    forest = train(samples)
    mapped = run(prediction(output / "patch", forest, output / "prediction.tiff"), "Predict the map")
    accuracy, macro_f1 = accuracies(mapped)

    summer = max(range(len(mapped.timestamps)), key=lambda index: np.nanmean(mapped[NDVI][index]))
    draw(
        output / "land_cover.png",
        mapped[NDVI][summer, ..., 0],
        f"NDVI, {mapped.timestamps[summer]:%d %B %Y}",
        mapped[REFERENCE][..., 0],
        mapped[PREDICTION][..., 0],
        f"Prediction, accuracy {accuracy:.3f}, macro F1 {macro_f1:.2f}",
    )
    labelled = samples[LABEL_SAMPLES].shape[0]
    print(f"A forest of {forest.n_estimators} trees learned from {labelled} pixels of the black squares.")
    print(f"On the white ones: overall accuracy {accuracy:.3f}, macro F1 {macro_f1:.3f}.")
    print(f"The map is {output / 'prediction.tiff'}, its picture {output / 'land_cover.png'}.")
