"""Interactive plots of the features of an EOPatch, to zoom into and to move through time: ``backend="hvplot"``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from eolearn.core.constants import FeatureType
from eolearn.core.eodata_xarray_grid import pixel_centres
from eolearn.core.exceptions import DataError, MissingExtra, SettingError
from eolearn.core.utils.parsing import parse_feature

from ..eopatch_base import BaseEOPatchVisualization, BasePlotConfig, Selection

if TYPE_CHECKING:
    import xarray as xr
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature

_MASKS = (FeatureType.MASK, FeatureType.MASK_TIMELESS)


@dataclass
class HvPlotConfig(BasePlotConfig):
    """How hvplot shows features."""

    plot_width: int = 800
    """The width of a plot in pixels of the screen."""
    plot_height: int = 500
    """The height of a plot in pixels of the screen."""
    plot_per_pixel: bool = False
    """Whether an image over time is shown as the course of one pixel, which is chosen, instead of as maps."""
    vdims: str | Sequence[str] | None = None
    """The columns that a table tells where the mouse is; the first one gives the colours."""


class HvPlotVisualization(BaseEOPatchVisualization):
    """Interactive plots of a feature, made by hvplot and drawn by bokeh.

    mask_feature: a MASK or MASK_TIMELESS feature; pixels of the image are left out where it is 0 or False.
    All others: see :class:`BaseEOPatchVisualization`.

    Raises MissingExtra (a RuntimeError) where hvplot or geoviews is not installed.

    Example:
        >>> patch.plot((FeatureType.DATA, "BANDS"), rgb=(3, 2, 1), backend="hvplot")
    """

    config: HvPlotConfig

    def __init__(
        self,
        eopatch: EOPatch,
        feature: Feature,
        *,
        mask_feature: Feature | None = None,
        config: HvPlotConfig | None = None,
        times: Selection | None = None,
        channels: Selection | None = None,
        channel_names: Sequence[str] | None = None,
        rgb: Sequence[int] | None = None,
    ):
        self.mask_feature = None if mask_feature is None else parse_feature(mask_feature, eopatch, _MASKS)
        super().__init__(
            eopatch,
            feature,
            config=HvPlotConfig() if config is None else config,
            times=times,
            channels=channels,
            channel_names=channel_names,
            rgb=rgb,
        )

    def _check(self) -> None:
        super()._check()
        is_image, is_temporal = self.feature[0].is_image(), self.feature[0].is_temporal()
        if self.config.plot_per_pixel and not (is_image and is_temporal and self.rgb is None):
            raise SettingError(f"plot_per_pixel needs an image over time, without rgb, got {self.feature}.")
        if self.mask_feature is not None and not (is_image and is_temporal >= self.mask_feature[0].is_temporal()):
            raise SettingError(f"mask_feature={self.mask_feature} has other axes than {self.feature}.")

    def plot(self) -> Any:
        """Return the plot, an object of holoviews: a notebook shows it, ``holoviews.save`` writes it."""
        require_hvplot()
        data, timestamps = self.collect_and_prepare_feature(self.eopatch)
        if self.feature[0].is_vector():
            return self._tables(data, timestamps)
        if self.mask_feature is not None:
            data = self._masked(data, self.mask_feature)
        array = self._labelled(data, timestamps)
        if not self.feature[0].is_image():
            return self._values(array)
        if self.rgb is not None:
            return self._colours(array)
        return self._lines(array, groupby=["y", "x"]) if self.config.plot_per_pixel else self._images(array)

    def _masked(self, data: NDArray[Any], mask_feature: Feature) -> NDArray[Any]:
        """Return the data as floats, NaN where the mask is 0."""
        times = self.times if mask_feature[0].is_temporal() else None
        masks = BaseEOPatchVisualization(self.eopatch, mask_feature, times=times)
        mask, _ = masks.collect_and_prepare_feature(self.eopatch)
        if mask.shape[-3:-1] != data.shape[-3:-1] or mask.shape[-1] not in (1, data.shape[-1]):
            raise DataError(f"{mask_feature} of shape {mask.shape} can't mask {self.feature} of shape {data.shape}.")
        values = data / np.float32(255) if self.rgb is not None and data.dtype == np.uint8 else data
        return np.where(mask, values, np.float32(np.nan))

    def _labelled(self, data: NDArray[Any], timestamps: list[datetime] | None) -> xr.DataArray:
        """Return data with the axes time, y and x, as far as there are any, and band."""
        import xarray as xr

        names = None if self.rgb is not None else self.channel_names
        coordinates: dict[str, Any] = {"band": names or range(data.shape[-1])}
        dimensions = ["band"]
        if self.feature[0].is_image():
            box = self.eopatch.bbox or (0, 0, data.shape[-2], data.shape[-3])
            coordinates["y"], coordinates["x"] = pixel_centres(box, data.shape[-3:-1])
            dimensions = ["y", "x", "band"]
        if self.feature[0].is_temporal():
            coordinates["time"] = range(len(data)) if timestamps is None else np.array(timestamps, "datetime64[us]")
            dimensions = ["time", *dimensions]
        return xr.DataArray(data, coordinates, dimensions, name=self.feature[1])

    def _values(self, array: xr.DataArray) -> Any:
        if self.feature[0].is_temporal():
            return self._lines(array)
        import holoviews as hv

        return hv.Bars((array.band.values, array.values), "band", self.feature[1]).opts(**self._size())

    def _lines(self, array: xr.DataArray, **settings: Any) -> Any:
        """Return a line over time for each band, with points, since dates between missing ones have no line."""
        if array.sizes["band"] > 1:
            settings["by"] = "band"
        else:
            array = array.isel(band=0, drop=True)
        settings |= {"x": "time", "title": self.feature[1], **self._size()}
        return array.hvplot.line(**settings) * array.hvplot.scatter(**settings)

    def _images(self, array: xr.DataArray) -> Any:
        """Return maps of one band and time each, of which one is chosen."""
        others = [name for name in ("time", "band") if array.sizes.get(name, 1) > 1]
        array = array.isel({name: 0 for name in array.dims if name not in ("y", "x", *others)}, drop=True)
        if array.dtype == bool:
            array = array.astype(np.uint8)
        limits = {} if "band" in others else {"clim": _limits(array.values)}
        return array.hvplot.image(x="x", y="y", groupby=others, cmap="viridis", **limits, **self._map_style())

    def _colours(self, array: xr.DataArray) -> Any:
        """Return colour images, transparent where there are no data, one for each time."""
        import holoviews as hv

        if array.dtype == np.uint8:
            array = array / np.float32(255)

        def image(time: Any = None) -> Any:
            colours = array.values if time is None else array.values[np.argmax(array.time.values == time)]
            known = np.isfinite(colours).all(axis=-1)
            layers = [*np.moveaxis(np.where(known[..., np.newaxis], colours, 0), -1, 0), known.astype(np.float32)]
            picture = hv.RGB((array.x.values, array.y.values, *layers), vdims=["red", "green", "blue", "alpha"])
            return picture.opts(title=self.feature[1], **self._map_style())

        return _over_time(image, array.time.values) if "time" in array.dims else image()

    def _tables(self, frame: GeoDataFrame, timestamps: list[datetime] | None) -> Any:
        frame = frame.set_geometry(self.config.geometry_column)
        outline = self._outline(frame)

        def map_of(time: Any = None) -> Any:
            rows = frame if time is None else frame[frame[self.config.timestamp_column] == time]
            return _shapes(rows, self.config.vdims).opts(title=self.feature[1], **self._map_style()) * outline

        return map_of() if timestamps is None else _over_time(map_of, timestamps)

    def _outline(self, frame: GeoDataFrame) -> Any:
        """Return the bounding box of the patch in the CRS of a table."""
        import holoviews as hv
        from geopandas import GeoSeries

        if self.eopatch.bbox is None:
            return hv.Path([])
        box = GeoSeries([self.eopatch.bbox.geometry.exterior], crs=self.eopatch.bbox.crs.pyproj_crs())
        line = (box if frame.crs is None else box.to_crs(frame.crs))[0]
        return hv.Path([np.asarray(line.coords)]).opts(color="#d00000", line_dash="dashed")

    def _size(self) -> dict[str, int]:
        return {"width": self.config.plot_width, "height": self.config.plot_height}

    def _map_style(self) -> dict[str, Any]:
        """Return settings of maps: size, square pixels, and coordinates as plain numbers."""
        is_in_degrees = self.eopatch.bbox is not None and max(map(abs, self.eopatch.bbox)) <= 360
        number = "%.4f" if is_in_degrees else "%.0f"
        return {"data_aspect": 1, "xformatter": number, "yformatter": number, **self._size()}


def require_hvplot() -> None:
    """Make arrays and tables able to plot; raise MissingExtra where a package is not installed."""
    try:
        import geoviews  # noqa: F401 # lets holoviews read geometries
        import holoviews as hv
        import hvplot.xarray  # noqa: F401
    except ImportError as error:
        raise MissingExtra(f"Interactive plots need hvplot: pip install 'eo-learn-core[hvplot]'. ({error})") from error
    if not hv.extension._loaded:
        hv.extension("bokeh")


def _limits(values: NDArray[Any]) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    low, high = np.percentile(known, (1, 99)) if known.size else (0, 1)
    return float(low), float(high)


def _over_time(plot: Any, times: Any) -> Any:
    import holoviews as hv

    return hv.DynamicMap(plot, kdims=["time"]).redim.values(time=list(times))


def _shapes(rows: GeoDataFrame, vdims: str | Sequence[str] | None) -> Any:
    """Return the geometries of a table, coloured by the first column of vdims."""
    import holoviews as hv

    columns = [vdims] if isinstance(vdims, str) else list(vdims or [])
    rows = rows[rows.geometry.notna() & ~rows.geometry.is_empty]
    kinds = set(rows.geom_type.str.removeprefix("Multi"))
    if len(kinds) > 1:
        raise DataError(f"A plot shows shapes of one kind, got {', '.join(sorted(kinds))}. Select some rows.")
    element = hv.Points if kinds == {"Point"} else hv.Path if kinds == {"LineString"} else hv.Polygons
    style = {"color": columns[0], "tools": ["hover"]} if columns else {"color": "#0072b2"}
    return element(rows, vdims=columns).opts(**style)
