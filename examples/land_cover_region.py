"""A land-cover map of a region that is cut into patches, from a year of simulated Sentinel-2 images.

    make demo

The region doesn't exist, but the steps are those of a real one: to map your own, take SentinelHubInputTask in place of
SimulatedInputTask, and your own polygons. A forest learns from every other patch, and is judged on the ones between.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import rasterio
from land_cover_picture import CLASSES, UNLABELLED, draw
from sentinelhub import CRS, BBox, UtmZoneSplitter
from shapely import box
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score

from eolearn.core import (
    EOExecutor,
    EONode,
    EOPatch,
    EOWorkflow,
    FeatureType,
    LoadTask,
    MapFeatureTask,
    MergeFeatureTask,
    OverwritePermission,
    SaveTask,
    linearly_connect_tasks,
)
from eolearn.core.types import Feature
from eolearn.features import LinearInterpolationTask, NormalizedDifferenceIndexTask, SimpleFilterTask
from eolearn.geometry import VectorToRasterTask
from eolearn.io import SimulatedInputTask, write_mosaic
from eolearn.mask import JoinMasksTask
from eolearn.ml_tools import FractionSamplingTask, PredictionTask

AREA = box(459_000, 5_077_000, 465_000, 5_084_000)  # metres, in UTM zone 33 N: touches nine patches
PATCH_M, RESOLUTION_M = 2_560, 10
SEASON = ("2018-03-01", "2018-11-15")
STEP_DAYS = 16
WORKERS = 2
SEED = 42

BAND_NAMES = ["B02", "B03", "B04", "B08", "B11", "B12"]
BLUE, GREEN, RED, NIR, SWIR = range(5)
HAZE = [0.03, 0.05, 0.065]  # about what air alone reflects, in red, green and blue
BANDS = (FeatureType.DATA, "BANDS")
INDICES = {"NDVI": (NIR, RED), "NDWI": (GREEN, NIR), "NDBI": (SWIR, NIR)}
SERIES = (FeatureType.DATA, "SERIES")
IS_DATA = (FeatureType.MASK, "IS_DATA")
CLOUDS = (FeatureType.MASK, "CLM")
CLEAR = (FeatureType.MASK, "CLEAR")
VALID = (FeatureType.MASK, "VALID")
PARCELS = (FeatureType.VECTOR_TIMELESS, "PARCELS")
REFERENCE = (FeatureType.MASK_TIMELESS, "REFERENCE")
SUMMER = (FeatureType.DATA_TIMELESS, "SUMMER")
SAMPLES = (FeatureType.DATA, "SERIES_SAMPLES")
LABELS = (FeatureType.MASK_TIMELESS, "LABELS")
PREDICTION = (FeatureType.MASK_TIMELESS, "PREDICTION")
OVERWRITE = OverwritePermission.OVERWRITE_FEATURES


def is_clear(clouds: np.ndarray) -> np.ndarray:
    return clouds == 0


def clear_enough(valid: np.ndarray) -> bool:
    return bool(valid.mean() > 0.3)


def summer_colours(series: np.ndarray) -> np.ndarray:
    """Return red, green and blue as the median of the five dates in the middle, free of what was left of clouds."""
    middle = len(series) // 2
    return np.median(series[middle - 2 : middle + 3, ..., [RED, GREEN, BLUE]], axis=0)


def brightened(colours: np.ndarray) -> np.ndarray:
    """Return reflectances at the top of the atmosphere as colours from 0 to 1: less haze, and brighter."""
    return np.clip((colours - HAZE) / 0.2, 0, 1) ** 0.8


def preparation(folder: Path) -> EOWorkflow:
    """Return the workflow from images to an even time series, labels and samples of a patch."""
    images = SimulatedInputTask(
        bands_feature=BANDS,
        bands=BAND_NAMES,
        resolution=RESOLUTION_M,
        additional_data=[(FeatureType.MASK, "dataMask", IS_DATA[1]), CLOUDS],
        maxcc=0.7,
        time_difference=timedelta(hours=1),
        truth=[PARCELS],
    )
    indices = [
        NormalizedDifferenceIndexTask(BANDS, (FeatureType.DATA, name), bands=list(bands))
        for name, bands in INDICES.items()
    ]
    return EOWorkflow(
        linearly_connect_tasks(
            (images, "images"),
            MapFeatureTask(CLOUDS, CLEAR, is_clear),
            JoinMasksTask([IS_DATA, CLEAR], VALID),
            SimpleFilterTask(VALID, clear_enough),
            *indices,
            MergeFeatureTask({FeatureType.DATA: [BANDS[1], *INDICES]}, SERIES),
            LinearInterpolationTask(
                SERIES, mask_feature=VALID, resample_range=(*SEASON, STEP_DAYS), copy_features=[PARCELS]
            ),
            MapFeatureTask(SERIES, SUMMER, summer_colours),
            VectorToRasterTask(PARCELS, REFERENCE, values_column="LULC_ID", raster_shape=SUMMER, raster_dtype=np.uint8),
            (
                FractionSamplingTask(
                    [(*SERIES, SAMPLES[1]), (*REFERENCE, LABELS[1])],
                    sampling_feature=REFERENCE,
                    fraction=0.06,
                    exclude_values=[UNLABELLED],
                ),
                "samples",
            ),
            (
                SaveTask(
                    folder,
                    features=[SERIES, SUMMER, PARCELS, REFERENCE, SAMPLES, LABELS],
                    overwrite_permission=OVERWRITE,
                ),
                "save",
            ),
        )
    )


def prediction(folder: Path, model: RandomForestClassifier) -> EOWorkflow:
    """Return the workflow from a prepared patch to its map."""
    return EOWorkflow(
        linearly_connect_tasks(
            (LoadTask(folder, features=[SERIES]), "load"),
            PredictionTask(model, [SERIES], PREDICTION),
            (SaveTask(folder, features=[PREDICTION], overwrite_permission=OVERWRITE), "save"),
        )
    )


def run(workflow: EOWorkflow, arguments: list[dict[EONode, dict]], title: str) -> None:
    """Run a workflow for each patch with a progress bar, or raise the first error."""
    executor = EOExecutor(workflow, arguments)
    for result in executor.run(workers=WORKERS, desc=title):
        if result.workflow_failed():
            raise result.stats[result.error_node_uid].exception_info.exception


def arguments_of(workflow: EOWorkflow, bboxes: dict[str, BBox]) -> list[dict[EONode, dict]]:
    """Return for each patch what its nodes need: where it lies, and where it is saved."""
    nodes = {node.name: node for node in workflow.get_nodes()}
    needed = {
        "images": lambda name: {"bbox": bboxes[name], "time_interval": SEASON},
        "samples": lambda _: {"seed": SEED},
        "load": lambda name: {"eopatch_folder": name},
        "save": lambda name: {"eopatch_folder": name},
    }
    return [{nodes[node]: make(name) for node, make in needed.items() if node in nodes} for name in bboxes]


def train(folder: Path, names: list[str]) -> RandomForestClassifier:
    """Fit a forest to the samples of some patches: a row a pixel, a column a date and a band or an index."""
    patches = [EOPatch.load(folder / name, features=[SAMPLES, LABELS]) for name in names]
    columns = np.concatenate([flat(patch[SAMPLES]) for patch in patches])
    labels = np.concatenate([patch[LABELS].ravel() for patch in patches])
    forest = RandomForestClassifier(n_estimators=60, min_samples_leaf=2, n_jobs=WORKERS, random_state=SEED)
    forest.fit(columns, labels)
    print(f"A forest of {forest.n_estimators} trees learned from {len(labels)} pixels of {len(names)} patches.")
    return forest.set_params(n_jobs=1)  # each worker predicts a patch of its own


def flat(samples: np.ndarray) -> np.ndarray:
    """Return samples, (dates, pixels, 1, bands), as a table: dates and within each date the bands side by side."""
    return np.moveaxis(samples, 0, 2).reshape(samples.shape[1], -1)


def score(folder: Path, names: list[str]) -> float:
    """Print how well the forest did on patches that it has not seen, and return its overall accuracy."""
    patches = [EOPatch.load(folder / name, features=[REFERENCE, PREDICTION]) for name in names]
    truth = np.concatenate([patch[REFERENCE].ravel() for patch in patches])
    predicted = np.concatenate([patch[PREDICTION].ravel() for patch in patches])
    is_known = truth != UNLABELLED
    truth, predicted = truth[is_known], predicted[is_known]
    accuracy = accuracy_score(truth, predicted)
    values = [value for value in CLASSES if value in truth]
    print(f"On the {len(names)} others: overall accuracy {accuracy:.3f}. F1 of each class, and its share of the area:")
    for value, f1 in zip(values, f1_score(truth, predicted, labels=values, average=None), strict=True):
        print(f"    {CLASSES[value][0]:<12} {f1:.3f} {(truth == value).mean():7.1%}")
    return accuracy


def mosaic(folder: Path, names: list[str], feature: Feature, file: Path) -> np.ndarray:
    """Put a feature of all patches together in a GeoTIFF, and return its pixels, (rows, columns, bands)."""
    write_mosaic([folder / name for name in names], feature, file)
    with rasterio.open(file) as image:
        return np.moveaxis(image.read(), 0, -1)


def map_region(output: Path) -> None:
    """Map a simulated region, and write its patches, a GeoTIFF and a picture."""
    folder = output / "patches"
    splitter = UtmZoneSplitter([AREA], CRS.UTM_33N, PATCH_M)
    places = [f"patch_{info['index_x']}_{info['index_y']}" for info in splitter.get_info_list()]
    bboxes = dict(zip(places, splitter.get_bbox_list(), strict=True))
    black = [name for name, info in zip(bboxes, splitter.get_info_list(), strict=True) if is_black(info)]
    white = [name for name in bboxes if name not in black]

    workflow = preparation(folder)
    run(workflow, arguments_of(workflow, bboxes), "Prepare and sample")
    workflow = prediction(folder, train(folder, black))
    run(workflow, arguments_of(workflow, bboxes), "Predict the map")
    accuracy = score(folder, white)

    colours, reference, predicted = (
        mosaic(folder, list(bboxes), feature, output / f"{feature[1].lower()}.tiff")
        for feature in (SUMMER, REFERENCE, PREDICTION)
    )
    draw(
        output / "land_cover.png",
        brightened(colours),
        "True colour, median of June to August",
        reference[..., 0],
        predicted[..., 0],
        f"Prediction, accuracy {accuracy:.3f} on unseen patches",
    )
    print(f"The map is {output / 'prediction.tiff'}, its picture {output / 'land_cover.png'}.")


def is_black(info: dict[str, int]) -> bool:
    """Tell whether a patch is a black field of the chessboard: from those the forest learns."""
    return (info["index_x"] + info["index_y"]) % 2 == 0
