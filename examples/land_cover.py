"""A land-cover map from a year and more of NDVI: prepare, sample, train, predict, look.

    make demo PATCH=../shared/data/eolearn/example_data/TestEOPatch

needs a saved EOPatch with NDVI and masks of valid pixels for many dates, a DEM, and land use as polygons. The patch is
cut into a checkerboard: the forest learns from the black squares, and is judged on the white ones.
"""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from pathlib import Path

import matplotlib as mpl
import numpy as np
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
PREDICTION = (FeatureType.MASK_TIMELESS, "PREDICTION")

LEAST_CLEAR_FRACTION = 0.5
STEP_DAYS = 16
BLOCK_PX = 10
UNLABELLED = 0
CLASSES = {1: "cultivated", 2: "forest", 3: "grassland", 4: "shrubland", 8: "artificial"}
COLOURS = {0: "#ffffff", 1: "#e69f00", 2: "#00694e", 3: "#b7d968", 4: "#8c6d31", 8: "#c0392b"}


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
    valid = EONode(JoinMasksTask([IS_DATA, IS_CLEAR], VALID), inputs=[load])
    clear = EONode(SimpleFilterTask(VALID, clear_enough), inputs=[valid])
    aligned = EONode(ECCRegistrationTask(NDVI, BEST_NDVI, 0, valid_mask_feature=VALID), inputs=[clear])
    series = EONode(LinearInterpolationTask(NDVI, mask_feature=VALID, resample_range=dates), inputs=[aligned])
    timeless = EONode(LoadTask(path, features=[DEM, PARCELS]), name="LoadTimelessTask")
    together = EONode(MergeEOPatchesTask(), inputs=[series, timeless])
    *_, last = linearly_connect_tasks(
        VectorToRasterTask(PARCELS, REFERENCE, values_column="LULC_ID", raster_shape=DEM),
