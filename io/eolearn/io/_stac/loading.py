"""From items to arrays: the loader of odc-stac fills and mosaics tiles, our reader reads."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, product
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError
from eolearn.core.utils.threads import thread_limit

from .bands import find_band, no_band
from .radiometry import Radiometry, asset_metadata, radiometry_of
from .reading import Access, Driver, Source, representable
from .search import footprint, time_of
from .security import is_remote, redact_logs

if TYPE_CHECKING:
    import pystac

    from .._grid import PixelGrid

GroupBy = Literal["solar_day", "time", "id"]
Order = Literal["first", "last", "least_cloudy"]
_TILE_PX = 2048
_READERS = 8
"""Threads that read. They wait for the network, so they may be more than there are processors."""


@dataclass(frozen=True)
class Layer:
    """One band that is loaded."""

    name: str
    is_classes: bool
    radiometry: Literal["reflectance", "digital_numbers"] | Radiometry
    resampling: str
    dtype: np.dtype[Any] | None
    """None for what the files have."""
    fill_value: float | None
    """None for NaN, or for whole numbers what the files have for no data, or 0."""
    may_be_missing: bool = False
    """Whether an item without the band counts as one without data."""


@dataclass(frozen=True)
class Grouping:
    """Which items make one image, and which of them lies on top."""

    by: GroupBy
    order: Order


def group_items(items: Sequence[pystac.Item], grouping: Grouping, grid: PixelGrid) -> list[list[pystac.Item]]:
    """Return the items of each image, those on top first, in order of time."""
    longitude = (grid.bounds_wgs84[0] + grid.bounds_wgs84[2]) / 2
    offset = timedelta(hours=int(longitude / 15))  # the sun's time in whole hours, as odc-stac has it
    keys: dict[GroupBy, Callable[[pystac.Item], Any]] = {
        "solar_day": lambda item: (time_of(item) + offset).date(),
        "time": time_of,
        "id": lambda item: (time_of(item), item.collection_id or "", item.id),
    }
    key = keys[grouping.by]
    groups = groupby(sorted(items, key=key), key)
    return [sorted(group, key=_KEYS[grouping.order]) for _, group in groups]


def time_of_group(group: Sequence[pystac.Item]) -> datetime:
    """Return the time of an image: that of its earliest item."""
    return min(map(time_of, group))


def load(
    groups: Sequence[Sequence[pystac.Item]], layers: Sequence[Layer], grid: PixelGrid, access: Access
) -> list[NDArray[Any]]:
    """Return for each layer an array (time, height, width).

    groups: the items of each image, one image at least. The first item that has data in a pixel gives its value.

    Raises DataError for what doesn't fit or must not be read, StorageError for what can't be read.
    """
    from odc.geo.geobox import GeoBox, GeoboxTiles
    from odc.loader import RasterGroupMetadata, RasterLoadParams, RasterSource, chunked_load
    from rasterio.errors import NotGeoreferencedWarning

    redact_logs()
    driver = Driver(access)
    items = [item for group in groups for item in group]
    sources = {f"layer{number}": _sources(items, layer) for number, layer in enumerate(layers)}
    settings = {}
    for (name, found), layer in zip(sources.items(), layers, strict=True):
        dtype = layer.dtype or _dtype(found, driver)
        settings[name] = RasterLoadParams(str(dtype), _fill(layer, found, dtype), resampling=layer.resampling)
    tiles = GeoboxTiles(GeoBox((grid.height, grid.width), grid.transform, grid.crs), (_TILE_PX, _TILE_PX))
    with warnings.catch_warnings():
        # of rasterio's own arrays: it hides this warning in a way that threads disturb
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        dataset = chunked_load(
            settings,
            RasterGroupMetadata({}),
            [
                {name: found and RasterSource("", driver_data=found) for name, found in zip(sources, row, strict=True)}
                for row in zip(*sources.values(), strict=True)
            ],
            _items_of_tiles(groups, tiles, grid),
            tiles,
            [time_of_group(group) for group in groups],
            driver.capture_env(),
            driver,
            pool=max(thread_limit(), _READERS if _is_any_remote(sources.values()) else 1),
        )
    return [dataset[name].values for name in sources]


def _items_of_tiles(
    groups: Sequence[Sequence[pystac.Item]], tiles: Any, grid: PixelGrid
) -> dict[tuple[int, int, int], list[int]]:
    """Return for each time and tile the positions of the items that may have pixels there."""
    rows, columns = tiles.shape.yx
    found: dict[tuple[int, int, int], list[int]] = {}
    position = 0
    for time, group in enumerate(groups):
        for item in group:
            bounds = _bounds(item, grid.crs) if rows * columns > 1 else None
            for row, column in product(range(rows), range(columns)):
                if bounds is None or _meet(bounds, tuple(tiles[row, column].boundingbox)):
                    found.setdefault((time, row, column), []).append(position)
            position += 1
    return found


def _bounds(item: pystac.Item, crs: str) -> tuple[float, float, float, float] | None:
    """Return the bounds of an item in a CRS, None if they can't be told: then it may be anywhere."""
    from rasterio.errors import RasterioError
    from rasterio.warp import transform_bounds

    try:
        bounds = transform_bounds("EPSG:4326", crs, *footprint(item).bounds, densify_pts=51)
    except RasterioError:
        return None
    return bounds if np.isfinite(bounds).all() else None


def _meet(first: tuple[float, ...], second: tuple[float, ...]) -> bool:
    return first[0] <= second[2] and second[0] <= first[2] and first[1] <= second[3] and second[1] <= first[3]


def _is_any_remote(sources: Iterable[Sequence[Source | None]]) -> bool:
    return any(is_remote(source.href) for found in sources for source in found if source is not None)


def _sources(items: Sequence[pystac.Item], layer: Layer) -> list[Source | None]:
    """Return where each item has a band, None where it hasn't and may."""
    sources = [_source(item, layer) for item in items]
    if all(source is None for source in sources):
        raise no_band(items[0], layer.name)
    return sources


def _source(item: pystac.Item, layer: Layer) -> Source | None:
    place = find_band(item, layer.name)
    if place is None:
        if layer.may_be_missing:
            return None
        raise no_band(item, layer.name)
    href = item.assets[place.asset].get_absolute_href() or item.assets[place.asset].href
    radiometry = _radiometry(item, place.asset, place.index, layer)
    data_type = asset_metadata(item, place.asset, place.index).get("data_type")
    return Source(item.id, layer.name, href, place.index, radiometry, layer.is_classes, data_type)


def _radiometry(item: pystac.Item, asset: str, index: int, layer: Layer) -> Radiometry:
    if isinstance(layer.radiometry, Radiometry):
        return layer.radiometry
    if layer.radiometry == "digital_numbers":
        no_data = asset_metadata(item, asset, index).get("nodata")
        return Radiometry(no_data=_known_no_data(item, asset, index) if no_data is None else no_data, is_physical=False)
    known = radiometry_of(item, asset, index)
    if not known.is_physical:
        raise DataError(
            f"What the digital numbers of band {layer.name!r} of item {item.id!r} mean is not known: {known.why}. Pass "
            "radiometry=Radiometry(scale, offset, no_data), or radiometry='digital_numbers' to take them as they are."
        )
    return known


def _known_no_data(item: pystac.Item, asset: str, index: int) -> float | None:
    try:
        return radiometry_of(item, asset, index).no_data
    except DataError:  # of Sentinel-2 without a baseline, where the offset is not known but 0 is no data
        return 0.0


def _dtype(sources: Sequence[Source | None], driver: Driver) -> np.dtype[Any]:
    """Return a dtype that holds what the items say; one file is asked if some don't, and reading checks the others."""
    known = [source for source in sources if source is not None]
    dtypes = {dtype for source in known if (dtype := _numpy_dtype(source.data_type)) is not None}
    silent = [source for source in known if _numpy_dtype(source.data_type) is None]
    if silent:
        dtypes.add(driver.dtype_of(silent[0]))
    return np.result_type(*dtypes)


def _numpy_dtype(name: str | None) -> np.dtype[Any] | None:
    try:
        dtype = np.dtype(name) if name else None
    except TypeError:
        return None
    return dtype if dtype is None or dtype.kind in "iuf" else None


def _fill(layer: Layer, sources: Sequence[Source | None], dtype: np.dtype[Any]) -> float:
    if layer.fill_value is not None:
        if representable(layer.fill_value, dtype) is None:
            raise DataError(f"no_data_value is {layer.fill_value}, which {dtype} can't hold. Pass another dtype=.")
        return layer.fill_value
    if dtype.kind == "f":
        return math.nan
    given = {source.radiometry.no_data for source in sources if source is not None} - {None}
    value = given.pop() if len(given) == 1 else None
    return 0.0 if value is None or representable(value, dtype) is None else value


def _clouds(item: pystac.Item) -> float:
    value = item.properties.get("eo:cloud_cover")
    return float(value) if isinstance(value, int | float) else 100.0


_KEYS: dict[Order, Callable[[pystac.Item], Any]] = {
    "first": lambda item: (time_of(item), item.id),
    "last": lambda item: (-time_of(item).timestamp(), item.id),
    "least_cloudy": lambda item: (_clouds(item), time_of(item), item.id),
}
