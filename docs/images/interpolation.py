"""Draws interpolation.png: one pixel of the real patch, interpolated and smoothed in several ways.

Run from the root of the repository: .venv/bin/python docs/images/interpolation.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.interpolate import Akima1DInterpolator, interp1d

from eolearn.core import EOPatch, FeatureType
from eolearn.features.interpolation import InterpolationTask, LinearInterpolationTask
from eolearn.features.smoothing import HarmonicRegressionTask, SavitzkyGolayTask, WhittakerTask

ROOT = Path(__file__).resolve().parents[2]
NDVI, VALID = (FeatureType.DATA, "NDVI"), (FeatureType.MASK, "IS_VALID")
PIXEL = (50, 50)
SETTINGS = {"mask_feature": VALID, "resample_range": ("2015-07-11", "2017-12-22", 3)}
PANELS = [
    {
        "cubic spline": InterpolationTask(NDVI, interp1d, kind="cubic", **SETTINGS),
        "Akima": InterpolationTask(NDVI, Akima1DInterpolator, **SETTINGS),
        "linear": LinearInterpolationTask(NDVI, **SETTINGS),
    },
    {
        "Whittaker, lambda by cross-validation": WhittakerTask(NDVI, **SETTINGS),
        "Savitzky-Golay, 120 days": SavitzkyGolayTask(NDVI, window_days=120, mask_feature=VALID),
        "two harmonics and a trend": HarmonicRegressionTask(NDVI, trend=True, **SETTINGS),
    },
]


def main() -> None:
    patch = EOPatch.load(ROOT.parent / "shared/data/eolearn/example_data/TestEOPatch", features=[NDVI, VALID])
    observed, valid = patch[NDVI][:, *PIXEL, 0], patch[VALID][:, *PIXEL, 0].astype(bool)
    dates = np.array(patch.timestamps)
    figure, axes = plt.subplots(2, 1, figsize=(9, 6), sharex=True, layout="constrained")
    for axis, tasks, title in zip(axes, PANELS, ["Interpolation", "Smoothing"], strict=True):
        for (label, task), colour in zip(tasks.items(), ["tab:orange", "tab:blue", "0.3"], strict=True):
            curve = task(patch.copy())
            axis.plot(curve.timestamps, curve[NDVI][:, *PIXEL, 0], color=colour, lw=1.3, label=label)
        axis.plot(dates[valid], observed[valid], "o", color="tab:green", ms=4, label="clear")
        axis.plot(dates[~valid], observed[~valid], "o", mfc="none", color="tab:green", ms=4, label="cloudy")
        axis.set(title=title, ylabel="NDVI", ylim=(-0.45, 1.0))
        axis.legend(ncols=3, fontsize=8, loc="lower left")
    figure.savefig(ROOT / "docs/images/interpolation.png", dpi=110)


if __name__ == "__main__":
    main()
