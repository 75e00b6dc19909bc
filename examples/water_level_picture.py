"""The picture of water_level.py: area and level of each reservoir over time, measured and known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

LONGEST_STEP = pd.Timedelta(days=45)  # between two measurements that a line joins
COLUMNS = {"area_km2": "area, km²", "level_m": "level, m"}


def with_gaps(rows: pd.DataFrame, column: str) -> tuple[pd.DatetimeIndex, np.ndarray]:
    """Return dates and values of what was measured, with a NaN in the middle of each gap, where a line breaks."""
    measured = rows.dropna(subset=column)
    dates, values = pd.DatetimeIndex(measured.date), measured[column].to_numpy()
    steps = dates[1:] - dates[:-1]
    before = np.flatnonzero(steps > LONGEST_STEP)
    middles = dates[before] + steps[before] / 2
    order = np.argsort(dates.append(middles), kind="stable")
    return dates.append(middles)[order], np.append(values, np.full(len(before), np.nan))[order]


def draw(picture: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Draw a row of panels for each reservoir, its area to the left and its level to the right."""
    figure, axes = plt.subplots(
        len(tables), 2, figsize=(12, 2.6 * len(tables)), sharex=True, squeeze=False, layout="constrained"
    )
    for panels, (name, rows) in zip(axes, tables.items(), strict=True):
        for axis, (column, label) in zip(panels, COLUMNS.items(), strict=True):
            axis.plot(rows.date, rows[f"known_{column}"], color="0.65", lw=3, label="known")
            axis.plot(*with_gaps(rows, column), "o-", color="tab:blue", ms=3, lw=1, label="measured")
            axis.set_ylabel(label)
            axis.grid(color="#e5e5e5", lw=0.6)
            axis.spines[["top", "right"]].set_visible(False)
        panels[0].set_title(name, loc="left", fontsize="medium")
    locator = AutoDateLocator()
    for axis in axes[-1]:
        axis.xaxis.set_major_locator(locator)
        axis.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False)
    figure.savefig(picture, dpi=100)
    plt.close(figure)
