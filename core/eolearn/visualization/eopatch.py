"""Plots of the features of an EOPatch."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from eolearn.core.exceptions import SettingError

from .eopatch_base import BaseEOPatchVisualization, BasePlotConfig, Selection
from .extra_packages import require_matplotlib

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geopandas import GeoDataFrame
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from sentinelhub import BBox

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature

_WIDEST, _TALLEST, _AREA = 16.0, 600.0, 100.0  # inches, inches and square inches of a figure
_SMALLEST_SUBPLOT = 1.0
_MANY_PLOTS = 200  # beyond it a constrained layout takes most of the time: 18 of 27 s for 68 x 13 images
_BLUE, _RED = "#0072b2", "#d00000"
_NO_DATA = {"facecolor": "0.92", "hatch": "////", "edgecolor": "0.75"}


class PlotBackend(Enum):
    """What draws a plot."""

    MATPLOTLIB = "matplotlib"
    HVPLOT = "hvplot"


def plot_eopatch(*args: Any, backend: PlotBackend | str = PlotBackend.MATPLOTLIB, **kwargs: Any) -> object:
    """Plot a feature of an EOPatch.

    backend: what draws, as a member of :class:`PlotBackend` or by its name. SettingError (a ValueError) if unknown.
    args, kwargs: of the class that draws: :class:`MatplotlibVisualization`, or for "hvplot"
        :class:`eolearn.visualization.extra.hvplot.HvPlotVisualization`.

    Returns what its method ``plot`` does, the axes of the plots for matplotlib.
    """
    try:
        backend = PlotBackend(backend)
    except ValueError:
        known = ", ".join(repr(member.value) for member in PlotBackend)
        raise SettingError(f"There is no backend {backend!r}, only {known}.") from None
    if backend is PlotBackend.HVPLOT:
        from .extra.hvplot import HvPlotVisualization

        return HvPlotVisualization(*args, **kwargs).plot()
    return MatplotlibVisualization(*args, **kwargs).plot()


@dataclass
class PlotConfig(BasePlotConfig):
    """How matplotlib shows features."""

    subplot_width: float = 8
    """The greatest width of a subplot in inches. It is less where many rows or columns would make a huge figure."""
    subplot_height: float = 8
    """The greatest height of a subplot in inches. Subplots of images are of the shape of the image."""
    interpolation: str = "none"
    """How pixels of an image become pixels of the figure, as in ``Axes.imshow``."""
    subplot_kwargs: dict[str, Any] = field(default_factory=dict)
    """Arguments of ``matplotlib.pyplot.subplots``; ``figsize`` among them sets the size of the figure."""
    show_title: bool = True
    """Whether the name of the feature is written above."""
    title_kwargs: dict[str, Any] = field(default_factory=dict)
    """Arguments of ``Figure.suptitle``."""
    label_kwargs: dict[str, Any] = field(default_factory=dict)
    """Arguments of ``Axes.set_xlabel`` and ``set_ylabel``."""
    bbox_kwargs: dict[str, Any] = field(default_factory=dict)
    """How the bounding box of the patch is drawn on tables, arguments of ``GeoSeries.plot``."""


class MatplotlibVisualization(BaseEOPatchVisualization):
    """Plots of a feature, drawn by matplotlib.

    axes: where to draw: a two-dimensional array of axes, one of any shape with as many axes as there are plots, or a
        single one. A new figure if None.
    All others: see :class:`BaseEOPatchVisualization`.

    Images have a row for each date and a column for each channel, or one of colour images for ``rgb``. In each column
    the colours stand for the same values: from the least to the greatest of masks, from the 1st to the 99th percentile
    of data. Pixels without data (NaN) are hatched. SCALAR and LABEL are lines over time, SCALAR_TIMELESS and
    LABEL_TIMELESS are bars. Tables have a row for each date, with the bounding box of the patch as a red dashed line.

    Example:
        >>> axes = MatplotlibVisualization(patch, (FeatureType.DATA, "BANDS"), rgb=(3, 2, 1), times=[0, 5]).plot()
        >>> axes.shape
        (2, 1)
    """

    config: PlotConfig

    def __init__(
        self,
        eopatch: EOPatch,
        feature: Feature,
        *,
        axes: NDArray[Any] | Axes | None = None,
        config: PlotConfig | None = None,
        times: Selection | None = None,
        channels: Selection | None = None,
        channel_names: Sequence[str] | None = None,
        rgb: Sequence[int] | None = None,
    ):
        self.axes = axes
        super().__init__(
            eopatch,
            feature,
            config=PlotConfig() if config is None else config,
            times=times,
            channels=channels,
            channel_names=channel_names,
            rgb=rgb,
        )

    def plot(self) -> NDArray[Any]:
        """Draw, and return the axes of the plots, an array of rows and columns."""
        data, timestamps = self.collect_and_prepare_feature(self.eopatch)
        feature_type = self.feature[0]
        if feature_type.is_vector():
            return self._plot_tables(data, timestamps)
        if feature_type.is_image():
            return self._plot_images(data if data.ndim >= 4 else data[np.newaxis], timestamps)
        axes = self._get_axes(1, 1, (1, 2))
        if feature_type.is_temporal():
            self._plot_lines(axes[0, 0], data, timestamps)
        else:
            self._plot_bars(axes[0, 0], data)
        return axes

    def _plot_images(self, images: NDArray[Any], timestamps: list[datetime] | None) -> NDArray[Any]:
        columns = 1 if self.rgb is not None else images.shape[-1]
        axes = self._get_axes(len(images), columns, images.shape[1:3])
        for column in range(columns):
            bands = images if self.rgb is not None else images[..., column]
            limits = {} if self.rgb is not None else _limits(bands, self.feature[0].is_discrete())
            for ax, band in zip(axes[:, column], bands, strict=False):
                ax.patch.set(**_NO_DATA)
                ax.set(xticks=[], yticks=[])
                ax.imshow(_with_holes(band), interpolation=self.config.interpolation, **limits)
            if limits and self.axes is None:
                _add_scale(axes[:, column], self.feature[0].is_discrete())
        self._label(axes, timestamps)
        return axes

    def _plot_tables(self, frame: GeoDataFrame, timestamps: list[datetime] | None) -> NDArray[Any]:
        frame = frame.set_geometry(self.config.geometry_column)
        axes = self._get_axes(1 if timestamps is None else len(timestamps), 1)
        for position, ax in enumerate(axes[:, 0]):
            if timestamps is not None and position >= len(timestamps):
                break
            rows = frame if timestamps is None else frame[frame[self.config.timestamp_column] == timestamps[position]]
            if len(rows):
                rows.plot(ax=ax, color=_BLUE, alpha=0.6, edgecolor=_BLUE, aspect="equal")
            if self.eopatch.bbox is not None:
                _plot_bbox(ax, self.eopatch.bbox, frame, self.config.bbox_kwargs)
            ax.ticklabel_format(useOffset=False, style="plain")
            ax.tick_params(axis="x", labelrotation=30)
        self._label(axes, timestamps)
        return axes

    def _plot_lines(self, ax: Axes, values: NDArray[Any], timestamps: list[datetime] | None) -> None:
        lines = ax.plot(range(len(values)) if timestamps is None else timestamps, values, marker=".")  # type: ignore[arg-type]
        if timestamps is not None:
            import matplotlib.dates

            dates: Any = matplotlib.dates  # its classes have no types
            locator = dates.AutoDateLocator()
            ax.xaxis.set_major_locator(locator)
            ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
        if self.channel_names is not None:
            ax.legend(lines, self.channel_names)
        ax.grid(alpha=0.3)

    def _plot_bars(self, ax: Axes, values: NDArray[Any]) -> None:
        from matplotlib.ticker import MaxNLocator

        ax.bar(range(len(values)), values, color=_BLUE)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        if self.channel_names is not None:
            ax.set_xticks(range(len(values)), self.channel_names)
        ax.grid(axis="y", alpha=0.3)

    def _label(self, axes: NDArray[Any], timestamps: list[datetime] | None) -> None:
        """Write times beside the first column, and names of channels above the first row."""
        height = axes[0, 0].get_position().height * axes[0, 0].figure.get_figheight()
        settings = {"fontsize": float(np.clip(height * 72 / 12, 5, 10)), **self.config.label_kwargs}
        for ax, timestamp in zip(axes[:, 0], timestamps or (), strict=False):
            ax.set_ylabel(timestamp.isoformat(), **settings)
        if self.channel_names is not None and self.feature[0].is_image():
            for ax, name in zip(axes[0], self.channel_names, strict=False):
                ax.xaxis.set_label_position("top")
                ax.set_xlabel(name, **settings)

    def _get_axes(self, rows: int, columns: int, shape: tuple[int, ...] = (1, 1)) -> NDArray[Any]:
        """Return the axes that were given, or those of a new figure for plots of a certain height and width."""
        if not rows or not columns:
            raise SettingError(f"Nothing of {self.feature} is left to plot: {rows} dates, {columns} channels.")
        if self.axes is not None:
            return _fitting(self.axes, rows, columns)
        require_matplotlib()
        import matplotlib.pyplot as plt

        size = self._figure_size(rows, columns, shape)
        layout = "compressed" if rows * columns <= _MANY_PLOTS else "none"
        settings = {"figsize": size, "layout": layout, **self.config.subplot_kwargs, "squeeze": False}
        figure, axes = plt.subplots(rows, columns, **settings)
        place = _set_margins(figure) if settings["layout"] == "none" else {}
        if self.config.show_title:
            figure.suptitle(self.feature[1], **(place | self.config.title_kwargs))
        new_axes: NDArray[Any] = axes
        return new_axes

    def _figure_size(self, rows: int, columns: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Return width and height in inches, with room for labels at the left and a title above."""
        greatest = self.config.subplot_width, self.config.subplot_height
        sane = max(_SMALLEST_SUBPLOT, min(_WIDEST / columns, (_AREA / rows / columns) ** 0.5))
        side = min(sane, _TALLEST / rows)
        scale = min(1.0, side / max(greatest))
        width, height = greatest[0] * scale, greatest[1] * scale
        aspect = float(np.clip(shape[0] / max(shape[1], 1), 0.25, 4))
        width, height = min(width, height / aspect), min(height, width * aspect)
        return columns * width + 0.4, rows * height + 0.8


def _set_margins(figure: Figure) -> dict[str, Any]:
    """Leave the same room for labels and scales in a figure of any size, and return where its title goes."""
    width, height = figure.get_size_inches()
    figure.subplots_adjust(0.35 / width, 0.5 / height, 1 - 0.05 / width, 1 - 0.7 / height, 0.08, 0.08)
    return {"y": 1 - 0.15 / height}


def _limits(values: NDArray[Any], discrete: bool) -> dict[str, Any]:
    known = values[np.isfinite(values)]
    if not known.size:
        return {"vmin": 0, "vmax": 1}
    low, high = (known.min(), known.max()) if discrete else np.percentile(known, (1, 99))
    return {"vmin": float(low), "vmax": float(high)}


def _with_holes(image: NDArray[Any]) -> NDArray[Any]:
    """Return a colour image with transparent pixels where a band has no data; other images as they are."""
    if image.ndim != 3 or np.isfinite(image).all():
        return image
    known = np.isfinite(image).all(axis=-1, keepdims=True)
    return np.concatenate([np.where(known, image, 0), known.astype(image.dtype)], axis=-1)


def _add_scale(column: NDArray[Any], discrete: bool) -> None:
    """Draw below a column of images which colour stands for which value."""
    from matplotlib.ticker import MaxNLocator

    height = column[0].figure.get_figheight()
    bar = column[0].figure.colorbar(
        column[0].images[0], ax=list(column), location="bottom", fraction=0.1 / height, pad=0.08 / height, aspect=40
    )
    bar.ax.xaxis.set_major_locator(MaxNLocator(2, integer=discrete))
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)


def _plot_bbox(ax: Axes, bbox: BBox, frame: GeoDataFrame, settings: dict[str, Any]) -> None:
    from geopandas import GeoSeries

    outline = GeoSeries([bbox.geometry.exterior], crs=bbox.crs.pyproj_crs())
    if frame.crs is not None:
        outline = outline.to_crs(frame.crs)
    style = {"color": _RED, "linestyle": "--", "linewidth": 1.5, "aspect": "equal", **settings}
    outline.plot(ax=ax, **style)


def _fitting(axes: NDArray[Any] | Axes, rows: int, columns: int) -> NDArray[Any]:
    array = np.asarray(axes, dtype=object)
    if array.ndim == 2 and array.shape[0] >= rows and array.shape[1] >= columns:
        return array
    if array.size != rows * columns:
        raise SettingError(f"There are {rows} rows and {columns} columns of plots, but axes of shape {array.shape}.")
    return array.reshape(rows, columns)
