"""Maps and tables of Geopedia into EOPatches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sentinelhub import CRS, BBox, MimeType

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, SettingError

from ._kernels.colors import nearest_color
from ._secret import Sealed, hide_settings
from ._sentinelhub.credentials import Access
from ._vector_import import VectorImportBaseTask, VectorSource

if TYPE_CHECKING:
    from sentinelhub import SHConfig

    from eolearn.core.types import Feature

    from ._grid import PixelGrid

_IS_DATA = (FeatureType.MASK, "IS_DATA")


class AddGeopediaFeatureTask(EOTask):
    """Adds a mask from the colours of a map of Geopedia.

    The map is fetched from its WMS in Web Mercator, and brought onto the pixels of the patch with the nearest pixel.
    They are those of the mask ``IS_DATA``, or of all images if there is none.

    Geopedia has not been reachable from where this was written, so the task is tested against a server that answers as
    the package sentinelhub asks. The addresses are ``geopedia_wms_url`` and ``geopedia_rest_url`` of ``SHConfig``.

    feature: of MASK_TIMELESS; (height, width, 1).
    layer: the number of the layer, or its name in the WMS, such as ``ttl1917``.
    theme: the theme of Geopedia that has the layer.
    raster_value: a number for each pixel that isn't transparent, where the feature that is there already keeps its
        other values. Or ``{name: (value, [red, green, blue, opacity])}``: each pixel gets the value of the nearest
        colour; opacity may be left out.
    raster_dtype: of the mask.
    no_data_val: for all other pixels.
    image_format: of the map: PNG, or for colours JPG, which has no transparency.
    mean_abs_difference: by how much a pixel may differ from a colour, as the mean over its channels, 0..255.
    config: with the addresses of the service.

    Example:
        >>> task = AddGeopediaFeatureTask((FeatureType.MASK_TIMELESS, "LULC"), "ttl1917", "ml_aws", raster_value=1)
    """

    def __init__(
        self,
        feature: Feature,
        layer: str | int,
        theme: str,
        raster_value: float | Mapping[str, tuple[float, list[int]]],
        raster_dtype: DTypeLike = np.uint8,
        no_data_val: float = 0,
        image_format: MimeType = MimeType.PNG,
        mean_abs_difference: float = 2,
        *,
        config: SHConfig | None = None,
    ):
        self.feature = self.parse_feature(feature, allowed_feature_types=[FeatureType.MASK_TIMELESS])
        self.layer = layer
        self.theme = theme
        self.raster_value = _checked_values(raster_value)
        self.raster_dtype = raster_dtype
        self.no_data_val = no_data_val
        self.image_format = MimeType(image_format)
        if not isinstance(raster_value, Mapping) and self.image_format is MimeType.JPG:
            raise SettingError("A JPG has no transparency: take MimeType.PNG, or give colours as raster_value.")
        self.mean_abs_difference = mean_abs_difference
        self._access = Access(config)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the mask.

        Raises DataError (a ValueError) for a patch without a place or images, StorageError (an OSError) for a service
        that isn't reached or refuses, and BrokenFile (too) for an answer that is no image.
        """
        from ._grid import PixelGrid

        grid = PixelGrid.of_patch(eopatch, _IS_DATA if _IS_DATA in eopatch else None)
        image = self._image(grid)
        if isinstance(self.raster_value, Mapping):
            mask = self._classes(image)
        else:
            mask = self._base(eopatch, image.shape[:2])
            mask[image[..., 3] > 0] = self.raster_value
        eopatch[self.feature] = mask[..., np.newaxis]
        return eopatch

    def _image(self, grid: PixelGrid) -> NDArray[np.uint8]:
        """Return the map (height, width, 4) on the pixels of a grid."""
        from rasterio.transform import array_bounds
        from rasterio.warp import Resampling, calculate_default_transform, reproject

        from ._geopedia.service import read_image

        source, target = grid.bbox.crs.pyproj_crs(), CRS.POP_WEB.pyproj_crs()
        transform, width, height = calculate_default_transform(source, target, grid.width, grid.height, *grid.bbox)
        west, south, east, north = array_bounds(height, width, transform)
        box = BBox((west, south, east, north), CRS.POP_WEB)
        size = (width, height)
        if grid.bbox.crs == CRS.POP_WEB:
            box, size = grid.bbox, (grid.width, grid.height)
        image = read_image(self.layer, self.theme, box, size, self.image_format, self._access.config)
        if grid.bbox.crs == CRS.POP_WEB:
            return image
        found = np.zeros((4, grid.height, grid.width), np.uint8)
        reproject(
            np.moveaxis(image, -1, 0),
            found,
            src_transform=transform,
            src_crs=target,
            dst_transform=grid.transform,
            dst_crs=source,
            resampling=Resampling.nearest,
        )
        return np.moveaxis(found, 0, -1)

    def _base(self, eopatch: EOPatch, shape: tuple[int, ...]) -> NDArray[Any]:
        """Return a new array with the values that are there already."""
        if self.feature not in eopatch:
            return np.full(shape, self.no_data_val, self.raster_dtype)
        there = eopatch[self.feature]
        if there.shape != (*shape, 1):
            raise DataError(f"{self.feature} has the shape {there.shape}, the map {(*shape, 1)}.")
        base: NDArray[Any] = there[..., 0].astype(self.raster_dtype)
        return base

    def _classes(self, image: NDArray[np.uint8]) -> NDArray[Any]:
        values, colors = zip(*self.raster_value.values(), strict=True)
        numbers = nearest_color(image, colors, self.mean_abs_difference)
        return np.array([*values, self.no_data_val]).astype(self.raster_dtype)[numbers]  # -1 is the last


def _checked_values(values: Any) -> Any:
    if isinstance(values, int | float | np.number) and not isinstance(values, bool) and math.isfinite(values):
        return values
    if not isinstance(values, Mapping) or not values:
        raise SettingError(f"raster_value is a number, or {{class: (value, [r, g, b, a])}}, got {values!r}.")
    for name, entry in values.items():
        is_pair = isinstance(entry, tuple | list) and len(entry) == 2 and isinstance(entry[0], int | float | np.number)
        color = entry[1] if is_pair else ()
        if not is_pair or np.shape(color) not in ((3,), (4,)) or not all(0 <= part <= 255 for part in color):
            raise SettingError(f"{name!r} in raster_value is (value, [r, g, b, a]) with 0..255, got {entry!r}.")
    return dict(values)


class GeopediaVectorImportTask(VectorImportBaseTask):
    """Reads geometries of a table of Geopedia.

    Geopedia has not been reachable from where this was written, so the task is tested against a server that answers as
    the package sentinelhub asks.

    feature, reproject, clip: as for ``VectorImportTask``.
    geopedia_table: the number of the table, or its name, such as ``ttl1749``.
    config: with the address of the service, ``geopedia_rest_url``.
    kwargs: for ``sentinelhub.geopedia.GeopediaFeatureIterator``: ``query_filter``, ``offset``, and ``gpd_session`` with
        a login for tables that aren't public, whose password isn't pickled with the task.

    Example:
        >>> task = GeopediaVectorImportTask((FeatureType.VECTOR_TIMELESS, "TRACKS"), "ttl1749", clip=True)
        >>> patch = task(bbox=BBox((13.52, 45.84, 13.58, 45.90), CRS.WGS84))
    """

    def __init__(
        self,
        feature: Feature,
        geopedia_table: str | int,
        reproject: bool = True,
        clip: bool = False,
        config: SHConfig | None = None,
        **kwargs: Any,
    ):
        super().__init__(feature, reproject, clip)
        if not str(geopedia_table).lstrip("tl").isdigit():
            raise SettingError(f"geopedia_table is a number, or a name such as 'ttl1749', got {geopedia_table!r}.")
        self.geopedia_table = geopedia_table
        self._access = Access(config)
        if unknown := kwargs.keys() - {"query_filter", "offset", "gpd_session"}:
            names = ", ".join(sorted(unknown))
            raise SettingError(f"{names}: only query_filter, offset and gpd_session go to Geopedia.")
        session = kwargs.pop("gpd_session", None)
        self._session = Sealed(session, "The password of Geopedia", ["_session_info"]) if session is not None else None
        if self._session is not None:
            hide_settings(self, gpd_session=self._session)
        self.geopedia_kwargs = kwargs

    @contextmanager
    def _source(self) -> Iterator[VectorSource]:
        from ._geopedia.service import Table

        session = None if self._session is None else self._session.value
        yield Table(self.geopedia_table, self._access.config, {**self.geopedia_kwargs, "gpd_session": session})
