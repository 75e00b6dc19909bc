"""Trends of NDVI of three classes of land cover: observations, clear and cloudy, and the curve between the clear ones.

    python examples/ndvi_trends.py
    python examples/ndvi_trends.py --patch ../shared/data/eolearn/example_data/TestEOPatch

The first simulates a place. A saved patch needs NDVI, masks of data and of clear pixels for many dates, and land cover.
"""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
from land_cover_picture import CLASSES
from matplotlib import pyplot as plt
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from scipy.ndimage import binary_erosion
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType, MapFeatureTask
from eolearn.core.exceptions import DataError, EOLearnError
from eolearn.features import LinearInterpolationTask, NormalizedDifferenceIndexTask
from eolearn.io import SimulatedInputTask
from eolearn.mask import JoinMasksTask

PLACE = BBox((460_000, 5_080_000, 461_280, 5_081_280), CRS.UTM_33N)
YEAR = ("2018-01-01", "2018-12-31")
CANDIDATES = (1, 2, 3, 8, 4, 9)  # the first three of these classes that have a pixel among their own are drawn

BANDS = (FeatureType.DATA, "BANDS")
NDVI = (FeatureType.DATA, "NDVI")
CLOUDS = (FeatureType.MASK, "CLM")
IS_DATA = (FeatureType.MASK, "IS_DATA")
IS_CLEAR = (FeatureType.MASK, "IS_VALID")
VALID = (FeatureType.MASK, "VALID")
LAND_COVER = (FeatureType.MASK_TIMELESS, "LULC")


def is_clear(clouds: np.ndarray) -> np.ndarray:
    return clouds == 0


def simulated() -> EOPatch:
    """Return a year of NDVI of a place that doesn't exist, with its land cover."""
    images = SimulatedInputTask(
        bands_feature=BANDS,
        bands=["B04", "B08"],
        resolution=10,
        additional_data=[(FeatureType.MASK, "dataMask", IS_DATA[1]), CLOUDS],
        truth=[(*LAND_COVER[:1], "LAND_COVER", LAND_COVER[1])],
    )
    patch = images.execute(bbox=PLACE, time_interval=YEAR)
    patch = MapFeatureTask(CLOUDS, IS_CLEAR, is_clear)(patch)
    return NormalizedDifferenceIndexTask(BANDS, NDVI, bands=[1, 0])(patch)


def typical_pixels(curves: np.ndarray, classes: np.ndarray) -> dict[int, tuple[int, int]]:
    """Return for each of three classes the place of the pixel whose curve is nearest to the median one of its class.

    curves: of shape (dates, height, width). Only pixels with all neighbours of their own class are taken.
    """
    places: dict[int, tuple[int, int]] = {}
    seen = ~np.isnan(curves).all(axis=0)
    for value in CANDIDATES:
        inside = binary_erosion(classes == value, np.ones((3, 3))) & seen
        if inside.any() and len(places) < 3:
            series = curves[:, inside]
            series = series[~np.isnan(series).all(axis=1)]
            distances = np.nanmean(np.abs(series - np.nanmedian(series, axis=1, keepdims=True)), axis=0)
            row, column = np.argwhere(inside)[np.nanargmin(distances)]
            places[value] = (int(row), int(column))
    return places


def draw(picture: Path, patch: EOPatch, curves: EOPatch, places: dict[int, tuple[int, int]]) -> None:
    """Draw a panel for each class: filled circles for clear observations, empty ones for cloudy, a line between."""
    figure, axes = plt.subplots(
        len(places), 1, figsize=(10, 2.5 * len(places)), sharex=True, sharey=True, layout="constrained", squeeze=False
    )
    for axis, (value, place) in zip(axes[:, 0], places.items(), strict=True):
        name, colour = CLASSES[value]
        observed, seen = patch[IS_DATA][:, *place, 0] != 0, patch[VALID][:, *place, 0] != 0
        times, ndvi = np.array(patch.timestamps), patch[NDVI][:, *place, 0]
        cloudy = observed & ~seen
        axis.plot(curves.timestamps, curves[NDVI][:, *place, 0], color=colour, lw=1.5, label="interpolated")
        axis.plot(times[seen], ndvi[seen], "o", color=colour, ms=5, label="clear")
        axis.plot(times[cloudy], ndvi[cloudy], "o", mfc="none", mec=colour, ms=5, mew=1.2, label="cloudy")
        axis.set_title(f"{name}, row {place[0]}, column {place[1]}", loc="left", fontsize="medium")
        axis.set_ylabel("NDVI")
        axis.grid(color="#e5e5e5", lw=0.6)
        axis.spines[["top", "right"]].set_visible(False)
    locator = AutoDateLocator()
    axes[-1, 0].xaxis.set_major_locator(locator)
    axes[-1, 0].xaxis.set_major_formatter(ConciseDateFormatter(locator))
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=3, frameon=False)
    figure.savefig(picture, dpi=110)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patch", default="", help="folder of a saved EOPatch; without it, a place is simulated")
    parser.add_argument("--picture", type=Path, default=Path("ndvi_trends.png"), help="file to draw")
    arguments = parser.parse_args()

    features = [NDVI, IS_DATA, IS_CLEAR, LAND_COVER]
    patch = EOPatch.load(arguments.patch, features=features) if arguments.patch else simulated()
    patch = JoinMasksTask([IS_DATA, IS_CLEAR], VALID)(patch)
    first, after = patch.timestamps[0], patch.timestamps[-1] + timedelta(days=1)
    every_day = (f"{first:%Y-%m-%d}", f"{after:%Y-%m-%d}", 1)
    curves = LinearInterpolationTask(NDVI, mask_feature=VALID, resample_range=every_day)(patch)

    places = typical_pixels(curves[NDVI][..., 0], patch[LAND_COVER][..., 0])
    if not places:
        raise DataError(f"No pixel of {LAND_COVER} has all its neighbours in one of the classes {CANDIDATES}.")
    draw(arguments.picture, patch, curves, places)
    for value, place in places.items():
        clear = int(np.count_nonzero(patch[VALID][:, *place, 0]))
        print(f"{CLASSES[value][0]}: clear on {clear} of {len(patch.timestamps)} dates.")
    print(f"The picture is {arguments.picture}.")


if __name__ == "__main__":
    try:
        main()
    except EOLearnError as error:
        sys.exit(f"{type(error).__name__}: {error}")
