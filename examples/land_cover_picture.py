"""How the land-cover examples draw their maps."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

UNLABELLED = 0
CLASSES = {
    UNLABELLED: ("unlabelled", "#ffffff"),
    1: ("cultivated", "#e69f00"),
    2: ("forest", "#00694e"),
    3: ("grassland", "#b7d968"),
    4: ("shrubland", "#8c6d31"),
    5: ("water", "#3477c4"),
    8: ("artificial", "#c0392b"),
    9: ("bare", "#a9a9a9"),
}

LEAST_SHARE = 0.0005  # of the area: a few pixels are no matter for the legend

mpl.use("Agg")


def draw(
    picture: Path, image: np.ndarray, image_title: str, reference: np.ndarray, prediction: np.ndarray, title: str
) -> None:
    """Draw an image, in colours or an index from 0 to 1, beside the classes that are known and those predicted."""
    figure, axes = plt.subplots(1, 3, figsize=(13, 5.2), layout="constrained")
    shown = axes[0].imshow(image, cmap="YlGn", vmin=0, vmax=1)
    axes[0].set_title(image_title)
    if image.ndim == 2:
        figure.colorbar(shown, ax=axes[0], location="bottom", shrink=0.7, aspect=30)

    present = [value for value in CLASSES if ((reference == value) | (prediction == value)).mean() > LEAST_SHARE]
    colours = ListedColormap([CLASSES[value][1] for value in present])
    for axis, classes, heading in [(axes[1], reference, "Reference"), (axes[2], prediction, title)]:
        positions = np.searchsorted(present, classes)
        axis.imshow(positions, cmap=colours, vmin=-0.5, vmax=len(present) - 0.5, interpolation="nearest")
        axis.set_title(heading)
    for axis in axes:
        axis.set(xticks=[], yticks=[])
    patches = [Patch(facecolor=CLASSES[value][1], edgecolor="grey", label=CLASSES[value][0]) for value in present]
    figure.legend(handles=patches, loc="outside lower right", ncols=len(present), frameon=False)
    figure.savefig(picture, dpi=110, bbox_inches="tight")
    plt.close(figure)
