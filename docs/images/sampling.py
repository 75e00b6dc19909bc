"""Draws sampling.png: a map, samples of it by three designs, and how likely pixels are to be in a block.

Run from the root of the repository: .venv/bin/python docs/images/sampling.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from scipy.ndimage import gaussian_filter
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.ml_tools.designs import DesignSamplingTask, MinimumDistanceDesign, StratifiedDesign, SystematicDesign
from eolearn.ml_tools.sampling import BlockSamplingTask

CROP = (FeatureType.MASK_TIMELESS, "CROP")
TABLE = (FeatureType.VECTOR_TIMELESS, "SAMPLES")
COLORS = ListedColormap(["#dbe5c8", "#e8c983", "#9fc3d8"])


def landscape() -> EOPatch:
    field = gaussian_filter(np.random.default_rng(3).normal(size=(60, 60)), 5)
    crops = np.digitize(field, np.quantile(field, [0.6, 0.92])).astype(np.uint8)
    return EOPatch(bbox=BBox((0, 0, 600, 600), CRS.UTM_33N), mask_timeless={"CROP": crops[..., np.newaxis]})


def main() -> None:
    patch = landscape()
    designs = {
        "StratifiedDesign: 25 of each class": StratifiedDesign(count=25),
        "SystematicDesign: every 7 pixels": SystematicDesign(spacing_px=(7, 7)),
        "MinimumDistanceDesign: 5 pixels apart": MinimumDistanceDesign(count=75, distance_px=5),
    }
    figure, axes = plt.subplots(1, 4, figsize=(15, 4.1), layout="constrained")
    for axis, (name, design) in zip(axes, designs.items(), strict=False):
        task = DesignSamplingTask([(*CROP, "Y")], design, strata=CROP, table_of_samples=TABLE)
        table = task.execute(patch, seed=1)[TABLE]
        axis.imshow(patch[CROP], cmap=COLORS, interpolation="nearest")
        axis.scatter(table["column"], table["row"], s=11, color="#222222")
        axis.set_title(name, fontsize=10)
    blocks = BlockSamplingTask([(*CROP, "Y")], 1.0, (20, 20), table_of_samples=TABLE)
    weights = blocks.execute(patch, seed=1)[TABLE].drop_duplicates(["row", "column"])
    places = np.zeros((60, 60))
    places[weights["row"], weights["column"]] = 1 / weights["weight"]
    image = axes[3].imshow(places, cmap="viridis")
    axes[3].set_title("blocks of 20 x 20: in how many a pixel lies", fontsize=10)
    figure.colorbar(image, ax=axes[3], shrink=0.8)
    for axis in axes:
        axis.set_xticks([])
        axis.set_yticks([])
    figure.savefig(Path(__file__).parent / "sampling.png", dpi=85)


if __name__ == "__main__":
    main()
