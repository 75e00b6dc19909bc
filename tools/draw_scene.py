"""Draws the simulated scene for the documentation.

    python tools/draw_scene.py docs/images/scene.jpg

Four patches, each made by itself, are put together: where they meet there is nothing to be seen.
"""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from numpy.typing import NDArray
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.io import SimulatedInputTask

BANDS = (FeatureType.DATA, "BANDS")
MASK_COLOURS = {
    "WATER": (0.2, 0.45, 0.8),
    "SNOW": (0.55, 0.85, 0.95),
    "SHADOWS": (0.25, 0.25, 0.3),
    "CLOUDS": (0.95, 0.6, 0.3),
}
TRUTHS = [(FeatureType.MASK, name) for name in MASK_COLOURS]
SIDE_PX, WEST, SOUTH = 256, 459_000, 5_079_500
WANTED = ("2018-01-31", "2018-04-11", "2018-05-26", "2018-07-30", "2018-09-13", "2018-11-12")


def patch(column: int, row: int) -> EOPatch:
    side = 10 * SIDE_PX
    west, south = WEST + column * side, SOUTH + row * side
    task = SimulatedInputTask(bands_feature=BANDS, bands=["B02", "B03", "B04", "B08"], resolution=10, truth=TRUTHS)
    bbox = BBox((west, south, west + side, south + side), CRS.UTM_33N)
    return task.execute(bbox=bbox, time_interval=("2018-01-01", "2018-12-31"))


def together(patches: dict[tuple[int, int], EOPatch], feature: tuple[FeatureType, str]) -> NDArray:
    rows = [np.concatenate([patches[column, row][feature] for column in (0, 1)], axis=-2) for row in (1, 0)]
    return np.concatenate(rows, axis=-3)


def nearest_clear_date(day: datetime, times: list[datetime], cloudy: NDArray) -> int:
    return min(range(len(times)), key=lambda i: abs((times[i] - day).days) / 40 + cloudy[i])


def masks_image(masks: dict[str, NDArray], date: int) -> NDArray:
    image = np.full((*masks["CLOUDS"].shape[1:3], 3), 0.93)
    for name, colour in MASK_COLOURS.items():
        image[masks[name][date, ..., 0]] = colour
    return image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path)
    arguments = parser.parse_args()
    patches = {(column, row): patch(column, row) for column in (0, 1) for row in (0, 1)}
    bands = together(patches, BANDS)
    masks = {name: together(patches, (kind, name)) for kind, name in TRUTHS}
    times = patches[0, 0].get_timestamps()
    cloudy = masks["CLOUDS"].mean(axis=(1, 2, 3))
    dates = [nearest_clear_date(datetime.fromisoformat(day), times, cloudy) for day in WANTED]

    figure, axes = plt.subplots(3, len(dates), figsize=(16, 8.4), layout="constrained")
    for column, date in enumerate(dates):
        blue, green, red, nir = np.moveaxis(bands[date], -1, 0)
        axes[0, column].imshow(np.clip(4.2 * np.stack([red, green, blue], axis=-1) - 0.18, 0, 1))
        axes[0, column].set_title(f"{times[date]:%d %B %Y}")
        axes[1, column].imshow((nir - red) / (nir + red), cmap="RdYlGn", vmin=-0.2, vmax=0.9)
        axes[2, column].imshow(masks_image(masks, date))
    for axis, label in zip(axes[:, 0], ["true colour", "NDVI", "clouds, shadow,\nsnow, water"], strict=True):
        axis.set_ylabel(label)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
    figure.savefig(arguments.picture, dpi=75)


if __name__ == "__main__":
    main()
