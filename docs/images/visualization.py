"""Makes the plots of docs/visualization.md: python docs/images/visualization.py EXAMPLE_DATA.

EXAMPLE_DATA: the folder ``example_data`` of eo-learn 1.5.6, https://github.com/sentinel-hub/eo-learn (MIT licence). It
holds a patch in Slovenia with modified Copernicus Sentinel data of 2015 to 2017.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from eolearn.core import EONode, EOPatch, EOTask, EOWorkflow, FeatureType
from eolearn.visualization import PlotConfig, plot_confusion_matrix

HERE = Path(__file__).parent
BANDS = (FeatureType.DATA, "BANDS")


def example_patch(folder: Path) -> EOPatch:
    """Return five dates of the patch with the bands of REFERENCE_SCENES.npy, and these without bright clouds."""
    patch = EOPatch.load(folder / "TestEOPatch").temporal_subset(range(5))
    patch[BANDS] = np.empty((5, 101, 100, 13), np.float32)
    patch[BANDS][[2, 1, 4, 3, 0]] = np.load(folder / "REFERENCE_SCENES.npy")
    bright = patch[BANDS][..., 1:2] > 0.3
    patch[FeatureType.DATA, "CLEAR"] = np.where(bright, np.nan, patch[BANDS])
    return patch


def save(axes: np.ndarray, name: str, width: int = 1100) -> None:
    figure = axes.flat[0].figure
    figure.savefig(HERE / name, dpi=width / figure.get_figwidth())
    plt.close(figure)


def plots(patch: EOPatch) -> None:
    small = PlotConfig(subplot_width=3, subplot_height=3)
    clear = (FeatureType.DATA, "CLEAR")
    names = ["blue", "red", "near infrared"]
    save(patch.plot(clear, times=[0, 2], channels=[1, 3, 7], channel_names=names, config=small), "plot_bands.png", 660)
    _, axes = plt.subplots(1, 5, figsize=(11, 2.6), layout="constrained")
    save(patch.plot(BANDS, rgb=(3, 2, 1), axes=axes), "plot_rgb.png")
    config = PlotConfig(subplot_width=5, subplot_height=5)
    save(patch.plot((FeatureType.VECTOR_TIMELESS, "LULC"), config=config), "plot_vectors.png", 600)
    plt.figure(figsize=(4.4, 3.8), layout="constrained")
    plot_confusion_matrix([[92, 6, 2], [9, 81, 4], [1, 3, 33]], ["forest", "grass", "water"])
    plt.savefig(HERE / "confusion_matrix.png", dpi=130)


class Step(EOTask):
    """Stands for any task."""

    def execute(self, *patches: EOPatch) -> EOPatch:
        return patches[0]


def graph() -> None:
    load = EONode(Step(), name="Load bands")
    clouds = EONode(Step(), inputs=[load], name="Clouds")
    ndvi = EONode(Step(), inputs=[load], name="NDVI")
    merge = EONode(Step(), inputs=[load, clouds, ndvi], name="Merge")
    predict = EONode(Step(), inputs=[merge], name="Predict land cover")
    workflow = EOWorkflow.from_endnodes(EONode(Step(), inputs=[predict], name="Save"))
    workflow.dependency_graph(HERE / "workflow.png")


if __name__ == "__main__":
    mpl.use("Agg")
    plots(example_patch(Path(sys.argv[1])))
    graph()
