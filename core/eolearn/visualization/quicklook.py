"""A page of small colour images, one for each date, with the outlines of masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eolearn.core.constants import FeatureType
from eolearn.core.exceptions import DataError, SettingError

from .eopatch_base import BaseEOPatchVisualization, BasePlotConfig, Selection
from .extra_packages import require_matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature

COLOURS = ("#ff2d2d", "#00a5ff", "#ffb000", "#e05cff", "#00c878", "#ffffff")
"""Of the outlines, in the order of the masks."""
_SIDE, _LINE_WIDTH = 2.2, 0.9  # inches, points


def plot_quicklook(
    eopatch: EOPatch,
    feature: Feature,
    *,
    rgb: Sequence[int] = (3, 2, 1),
    masks: Sequence[Feature] | Mapping[str, Feature] = (),
    quality: Feature | None = None,
    times: Selection | None = None,
    columns: int = 6,
    rgb_factor: float | None = 3.5,
) -> NDArray[Any]:
    """Plot a small colour image of each date, with the outlines of masks, to see at a glance how good the masks are.

    feature: the bands, in DATA. rgb: the positions of three of them.
    masks: in MASK, with one band, outlined in a colour each where they aren't 0; six at most. With a mapping its keys
        are written into the legend, else the names of the features.
    quality: in SCALAR or LABEL, a number that is written beside each date.
    times: which dates, by position. columns: how many images there are in a row.
    rgb_factor: what the bands are multiplied by, None for 1.

    Returns the axes, an array of rows and columns; those that are left over are empty. Raises SettingError (a
    ValueError) for settings that don't fit, DataError (a ValueError) for masks of another size.

    Example:
        >>> masks = {"clouds": (FeatureType.MASK, "CLM"), "shadows": (FeatureType.MASK, "SHADOWS")}
        >>> axes = plot_quicklook(patch, (FeatureType.DATA, "L1C"), masks=masks)
    """
    require_matplotlib()
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    named = dict(masks) if isinstance(masks, Mapping) else {name: (kind, name) for kind, name in masks}
    if columns < 1 or len(named) > len(COLOURS):
        raise SettingError(f"There must be at least one column, got {columns}, and at most {len(COLOURS)} masks.")
    config = BasePlotConfig(rgb_factor=rgb_factor)
    visualization = BaseEOPatchVisualization(eopatch, feature, config=config, times=times, rgb=rgb)
    images, timestamps = visualization.collect_and_prepare_feature(eopatch)
    outlined = {name: _chosen(eopatch, mask, times, images.shape) for name, mask in named.items()}
    figures = None if quality is None else _figures(eopatch, quality, times, len(images))
    rows = max(1, -(-len(images) // columns))
    size = columns * _SIDE, rows * (_SIDE * images.shape[1] / max(1, images.shape[2]) + 0.25) + 0.4
    figure, axes = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    for index, ax in enumerate(axes.flat):
        ax.set_axis_off()
        if index < len(images):
            date = timestamps[index].strftime("%Y-%m-%d") if timestamps else str(index)
            ax.set_title(date if figures is None else f"{date}  {figures[index]:.2f}", fontsize=8)
            ax.imshow(np.nan_to_num(images[index]), interpolation="nearest")
            for mask, colour in zip(outlined.values(), COLOURS, strict=False):
                _outline(ax, mask[index], colour)
    if named:
        lines = [Line2D([], [], color=colour) for colour in COLOURS[: len(named)]]
        figure.legend(lines, list(named), loc="outside lower center", ncols=len(named), fontsize=9, facecolor="0.8")
    new_axes: NDArray[Any] = axes
    return new_axes


def _chosen(eopatch: EOPatch, feature: Feature, times: Selection | None, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    if feature[0] is not FeatureType.MASK:
        raise SettingError(f"Outlines are those of MASK features, and {feature} is none.")
    mask, _ = BaseEOPatchVisualization(eopatch, feature, times=times).collect_and_prepare_feature(eopatch)
    if mask.shape != (*shape[:3], 1):
        raise DataError(f"Mask {feature} of shape {mask.shape} doesn't fit images of shape {shape}.")
    return np.asarray(mask[..., 0] != 0)


def _figures(eopatch: EOPatch, feature: Feature, times: Selection | None, dates: int) -> NDArray[Any]:
    if feature[0] not in (FeatureType.SCALAR, FeatureType.LABEL):
        raise SettingError(f"quality must be of SCALAR or LABEL, got {feature}.")
    values, _ = BaseEOPatchVisualization(eopatch, feature, times=times).collect_and_prepare_feature(eopatch)
    if values.shape != (dates, 1):
        raise DataError(f"{feature} of shape {values.shape} must have one number for each of {dates} images.")
    return np.asarray(values[:, 0])


def _outline(ax: Axes, mask: NDArray[np.bool_], colour: str) -> None:
    """Draw the border of a mask, closed within the outermost pixels where it touches the edge of the image."""
    if not mask.any():
        return
    padded = np.pad(mask.astype(np.float32), 1)
    places = [np.clip(np.arange(-1, side + 1), -0.8, side - 0.2) for side in mask.shape]
    ax.contour(places[1], places[0], padded, levels=[0.5], colors=colour, linewidths=_LINE_WIDTH)
