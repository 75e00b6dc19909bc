"""The water of reservoirs over the years: its area from images, its level from the area.

    python examples/water_level.py
    python examples/water_level.py --sensor radar --reservoirs 1

The reservoirs are simulated, with a course of the water that is known. To measure your own, take SentinelHubInputTask
in place of SimulatedInputTask, VectorImportTask for the outlines, and a table of area and level for each reservoir.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sentinelhub import CRS, BBox
from water_level_picture import draw
from water_level_tasks import SimulatedRadarTask, WaterAreaTask, WaterLevelTask, hypsometric_curve

from eolearn.core import (
    EOExecutor,
    EONode,
    EOPatch,
    EOWorkflow,
    FeatureType,
    MapFeatureTask,
    OverwritePermission,
    SaveTask,
    linearly_connect_tasks,
)
from eolearn.core.exceptions import EOLearnError
from eolearn.features import ConvertBackscatterTask, NormalizedDifferenceIndexTask, SpeckleFilterTask
from eolearn.geometry import VectorToRasterTask
from eolearn.io import SimulatedInputTask
from eolearn.mask import JoinMasksTask, SnowMaskTask

REGION = BBox((440_000, 5_055_000, 500_000, 5_110_000), CRS.UTM_33N)
BAND_NAMES = ["B03", "B04", "B08", "B11"]
GREEN, RED, NIR, SWIR = range(4)
SHORE_M = 100  # of land around the outline, so that there is always some to compare with
WORKERS = 2

BANDS = (FeatureType.DATA, "BANDS")
INDEX = (FeatureType.DATA, "INDEX")
IS_DATA = (FeatureType.MASK, "IS_DATA")
CLOUDS, CLEAR = (FeatureType.MASK, "CLM"), (FeatureType.MASK, "CLEAR")
SNOW, NO_SNOW = (FeatureType.MASK, "SNOW_MASK"), (FeatureType.MASK, "NO_SNOW")
VALID = (FeatureType.MASK, "VALID")
OUTLINE = (FeatureType.MASK_TIMELESS, "OUTLINE")
RESERVOIRS = (FeatureType.VECTOR_TIMELESS, "RESERVOIRS")
AREA, LEVEL, SEEN = ((FeatureType.SCALAR, name) for name in ("AREA", "LEVEL", "SEEN"))
KNOWN_WATER, KNOWN_LEVEL = (FeatureType.MASK, "WATER"), (FeatureType.SCALAR, "WATER_LEVEL")


def is_zero(mask: np.ndarray) -> np.ndarray:
    return mask == 0


def find_reservoirs(count: int) -> dict[str, BBox]:
    """Return names and surroundings of the first reservoirs of a region from west to east."""
    patch = SimulatedInputTask(resolution=500, truth=[RESERVOIRS]).execute(bbox=REGION, time_interval="2018-06-01")
    found = patch[RESERVOIRS]
    found = found[found.within(REGION.geometry.buffer(-500))].sort_values("RESERVOIR_ID").head(count)
    boxes = (found.geometry.bounds / 10).round().to_numpy() * 10 + 2 * SHORE_M * np.array([-1, -1, 1, 1])
    names = "reservoir_" + found.RESERVOIR_ID
    return {name: BBox(tuple(box), REGION.crs) for name, box in zip(names, boxes, strict=True)}


def optical() -> list:
    """Return the tasks from images to NDWI (McFeeters 1996), high over water, and where it is valid."""
    return [
        NormalizedDifferenceIndexTask(BANDS, INDEX, bands=[GREEN, NIR]),
        MapFeatureTask(CLOUDS, CLEAR, is_zero),
        SnowMaskTask(BANDS, [GREEN, RED, NIR, SWIR], brightness_threshold=0.2),
        MapFeatureTask(SNOW, NO_SNOW, is_zero),
        JoinMasksTask([IS_DATA, CLEAR, NO_SNOW], VALID),
    ]


def radar() -> list:
    """Return the tasks from the true water to backscatter in decibels, low over water. Clouds don't matter."""
    return [
        SimulatedRadarTask(water=KNOWN_WATER, radar=INDEX),
        SpeckleFilterTask(INDEX, "refined_lee"),
        ConvertBackscatterTask(INDEX, "dB"),
        JoinMasksTask([IS_DATA], VALID),
    ]


def measuring(sensor: str, folder: Path) -> EOWorkflow:
    """Return the workflow from a place and a time to areas and levels."""
    images = SimulatedInputTask(
        bands_feature=BANDS,
        bands=BAND_NAMES,
        resolution=10,
        additional_data=[(FeatureType.MASK, "dataMask", IS_DATA[1]), CLOUDS],
        maxcc=0.8 if sensor == "optical" else None,
        truth=[RESERVOIRS, KNOWN_WATER, KNOWN_LEVEL],
    )
    return EOWorkflow(
        linearly_connect_tasks(
            (images, "images"),
            *(optical() if sensor == "optical" else radar()),
            VectorToRasterTask(RESERVOIRS, OUTLINE, values=1, raster_shape=IS_DATA, buffer=SHORE_M),
            WaterAreaTask(
                index=INDEX, water_is_high=sensor == "optical", valid=VALID, outline=OUTLINE, area=AREA, seen=SEEN
            ),
            WaterLevelTask(area=AREA, level=LEVEL, reservoirs=RESERVOIRS),
            (
                SaveTask(
                    folder,
                    features=[AREA, LEVEL, SEEN, KNOWN_LEVEL, RESERVOIRS],
                    overwrite_permission=OverwritePermission.OVERWRITE_FEATURES,
                    save_timestamps=True,
                ),
                "save",
            ),
        )
    )


def run(workflow: EOWorkflow, places: dict[str, BBox], years: tuple[str, str]) -> None:
    """Measure all reservoirs, each in a process of its own, with a progress bar; or raise the first error."""
    nodes: dict[str, EONode] = {node.name: node for node in workflow.get_nodes()}
    arguments = [
        {nodes["images"]: {"bbox": bbox, "time_interval": years}, nodes["save"]: {"eopatch_folder": name}}
        for name, bbox in places.items()
    ]
    executor = EOExecutor(workflow, arguments, execution_names=list(places))
    for result in executor.run(workers=WORKERS, desc="Reservoirs"):
        if result.workflow_failed():
            raise result.stats[result.error_node_uid].exception_info.exception


def table_of(name: str, patch: EOPatch) -> pd.DataFrame:
    """Return a row for each date: what was measured, NaN for a gap, and what is known."""
    areas_km2, levels_m = hypsometric_curve(patch[RESERVOIRS])
    known = patch[KNOWN_LEVEL][:, 0]
    return pd.DataFrame(
        {
            "reservoir": name,
            "date": pd.DatetimeIndex(patch.timestamps),
            "seen": patch[SEEN][:, 0],
            "area_km2": patch[AREA][:, 0],
            "level_m": patch[LEVEL][:, 0],
            "known_area_km2": np.interp(known, levels_m, areas_km2),
            "known_level_m": known,
        }
    )


def summary(rows: pd.DataFrame) -> str:
    measured = rows.dropna(subset="area_km2")
    area = ((measured.area_km2 - measured.known_area_km2).abs() / measured.known_area_km2).mean()
    level_m = (measured.level_m - measured.known_level_m).abs().mean()
    dates = f"{len(measured)} of {len(rows)} dates measured"
    return f"{dates}, mean error of the area {area:.2%}, of the level {level_m:.2f} m"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sensor", choices=["optical", "radar"], default="optical", help="what the images are of")
    parser.add_argument("--reservoirs", type=int, default=3, help="how many to measure")
    parser.add_argument("--from", dest="start", default="2016-01-01", help="first day")
    parser.add_argument("--to", dest="end", default="2019-12-31", help="last day")
    parser.add_argument("--output", type=Path, default=Path("water_level"), help="folder for the results")
    arguments = parser.parse_args()

    places = find_reservoirs(arguments.reservoirs)
    folder = arguments.output / "patches"
    folder.mkdir(parents=True, exist_ok=True)
    run(measuring(arguments.sensor, folder), places, (arguments.start, arguments.end))

    tables = {name: table_of(name, EOPatch.load(folder / name)) for name in places}
    pd.concat(tables.values()).to_csv(arguments.output / "water_level.csv", index=False, float_format="%.4f")
    draw(arguments.output / "water_level.png", tables)
    for name, rows in tables.items():
        print(f"{name}: {summary(rows)}.")
    print(f"The table is {arguments.output / 'water_level.csv'}, the picture {arguments.output / 'water_level.png'}.")


if __name__ == "__main__":
    try:
        main()
    except EOLearnError as error:
        sys.exit(f"{type(error).__name__}: {error}")
