"""Draws coregistration.png, the shifts of the dates of a simulated scene, and time_lapse.webp, by the example.

Run from the root of the repository: MPLBACKEND=agg .venv/bin/python docs/images/coregistration.py
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sentinelhub import CRS, BBox

from eolearn.core import FeatureType, ZipFeatureTask
from eolearn.coregistration import CoregistrationTask
from eolearn.io import SimulatedInputTask
from eolearn.visualization.shifts import plot_shifts

FOLDER = Path(__file__).parent
BANDS, IS_DATA, CLEAR = (FeatureType.DATA, "BANDS"), (FeatureType.MASK, "dataMask"), (FeatureType.MASK, "CLEAR")
CLOUDS = (FeatureType.MASK, "CLOUDS")


def draw_shifts() -> None:
    images = SimulatedInputTask(
        bands_feature=BANDS,
        bands=["B04", "B08"],
        resolution=10,
        additional_data=[IS_DATA],
        truth=[CLOUDS],
        misregistration_m=20,
        maxcc=0.8,
        seed=7,
    )
    place = BBox((460_000, 5_080_000, 461_920, 5_081_920), CRS.UTM_33N)
    patch = images.execute(bbox=place, time_interval=("2018-03-01", "2018-07-31"))
    patch = ZipFeatureTask([IS_DATA, CLOUDS], CLEAR, np.greater)(patch)
    patch = CoregistrationTask(source=BANDS, channel=1, valid=CLEAR)(patch)
    plot_shifts(patch)[0].figure.savefig(FOLDER / "coregistration.png", dpi=85)


def draw_time_lapse() -> None:
    with TemporaryDirectory() as folder:
        season = ("--from", "2018-06-01", "--to", "2018-08-31", "--output", folder)
        sys.argv[1:] = season
        runpy.run_path("examples/time_lapse.py", run_name="__main__")
        (FOLDER / "time_lapse.webp").write_bytes(Path(folder, "time_lapse.webp").read_bytes())


if __name__ == "__main__":
    draw_shifts()
    draw_time_lapse()
