"""A plot of how dates were shifted against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eolearn.core.constants import FeatureType
from eolearn.core.exceptions import DataError

from .extra_packages import require_matplotlib

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature

_MOVED, _STAYS = "#0072b2", "#b0b0b0"


def plot_shifts(
    eopatch: EOPatch, feature: Feature = (FeatureType.SCALAR, "COREGISTRATION"), *, title: str = ""
) -> NDArray[Any]:
    """Plot the shift of each date as an arrow over time, and below it how far it lies from the others.

    feature: what ``CoregistrationTask`` has stored: shifts to the right and downwards, the same in metres, their
        deviation, residuals before and after, reliability, and whether the date was moved.

    An arrow shows where the date lay against the reference, upwards for north, and all arrows have the same scale. A
    grey cross is a date that stays as it is; a residual that isn't known isn't drawn. Returns the two axes. Raises
    DataError (a ValueError) for another feature.

    Example:
        >>> axes = plot_shifts(CoregistrationTask(source=(FeatureType.DATA, "BANDS"))(patch))
    """
    require_matplotlib()
    import matplotlib.pyplot as plt

    values = np.asarray(eopatch[feature], np.float64)
    if values.ndim != 2 or values.shape[1] != 9:
        raise DataError(f"{feature} of shape {values.shape} is not what CoregistrationTask stores, of shape (time, 9).")
    dates: Any = np.arange(len(values)) if eopatch.timestamps is None else np.array(eopatch.timestamps)
    moved = values[:, 8] > 0
    figure, axes = plt.subplots(2, 1, sharex=True, figsize=(9, 4.5), layout="constrained")
    axes[0].axhline(0, color=_STAYS, linewidth=0.8)
    if not moved.all():
        axes[0].plot(dates[~moved], np.zeros((~moved).sum()), "x", color=_STAYS, label="stays as it is")
        axes[0].legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)
    x, y = values[moved, 0], -values[moved, 1]
    longest = max(1.0, float(np.hypot(x, y).max(initial=0)))
    arrows = axes[0].quiver(
        dates[moved], 0 * x, x, y, angles="uv", scale_units="y", scale=1, units="dots", width=2, color=_MOVED
    )
    axes[0].set(ylim=(-1.15 * longest, 1.15 * longest), ylabel="shift, north up [px]", title=title)
    axes[0].quiverkey(arrows, 1.03, 0.5, 1, "1 px", labelpos="E")
    axes[1].plot(dates, values[:, 5], "o", mfc="none", color=_STAYS, label="before")
    axes[1].plot(dates, values[:, 6], ".", color=_MOVED, label="after")
    axes[1].set(ylabel="distance from others [px]", ylim=(0, None))
    axes[1].legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)
    for axis in axes:
        axis.margins(x=0.1)
    figure.align_ylabels(axes)
    result: NDArray[Any] = axes
    return result
