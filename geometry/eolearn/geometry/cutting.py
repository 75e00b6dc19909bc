"""Cuts patches into smaller ones."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely

from eolearn.core.eodata import EOPatch
from eolearn.core.eotask import EOTask
from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.storage.window import GridWindow, ShapeHW, find_window, image_shapes
from eolearn.core.utils.parsing import parse_features

from ._polygons import place_of
from ._rows import drawable, rows_near
from .tiling import bbox_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from sentinelhub.geometry import BBox
    from shapely.geometry.base import BaseGeometry

    from eolearn.core.storage.window import WindowSpec
    from eolearn.core.types import Feature, FeaturesSpecification


_TOLERANCE = 1e-6


def cut_patch(eopatch: EOPatch, window: WindowSpec, features: FeaturesSpecification = ...) -> EOPatch:
    """Return a part of a patch as a new patch.

    window: a box in any CRS, of which all pixels are taken that it touches; or rows and columns of the finest image, as
        two slices. All images must have whole pixels there.
    features: which ones.

    Arrays are copied. Tables have the rows that share something with the window, in the CRS of the patch and cut at the
    window; those that only touch it are left out. Features without a place are shared with the patch.

    Raises IndexOutOfRange (a ValueError) for a window that reaches out of the patch, SettingError (a ValueError) for
    what is no window, DataError (a ValueError) for a patch without images or bounding box, for a window that cuts
    pixels, and for tables without CRS.

    Example:
        >>> field = cut_patch(eopatch, BBox((500100, 5100100, 500300, 5100300), CRS.UTM_33N))
        >>> upper_left = cut_patch(eopatch, (slice(0, 50), slice(0, 50)))
    """
    place = place_of(eopatch, "cutting")
    chosen = parse_features(features, eopatch)
    return _part(eopatch, place, find_window(window, place, _sizes(eopatch, chosen)), chosen)


def split_patch(
    eopatch: EOPatch, rows: int, columns: int, *, overlap_px: int = 0, features: FeaturesSpecification = ...
) -> list[EOPatch]:
    """Cut a patch into rows and columns of smaller ones, and return these row by row, from north to south.

    rows, columns: how many. Sizes differ by at most a pixel.
    overlap_px: how many pixels neighbours share, an even number. Parts at the border of the patch are smaller by half.
    features: as for :func:`cut_patch`, and so are the errors.

    All pixels are those of the coarsest image, so that finer ones are cut at whole pixels too.

    Example:
        >>> parts = split_patch(eopatch, 2, 2)
        >>> join_patches(parts)[FeatureType.DATA, "BANDS"].shape == eopatch[FeatureType.DATA, "BANDS"].shape
        True
    """
    place = place_of(eopatch, "cutting")
    chosen = parse_features(features, eopatch)
    sizes = _sizes(eopatch, chosen)
    if not sizes:
        raise DataError("The EOPatch has no images, so it has no rows and columns to be split into.")
    coarsest = ShapeHW(*(min(sides) for sides in zip(*sizes.values(), strict=True)))
    spans = [_spans("rows", rows, coarsest.height, overlap_px), _spans("columns", columns, coarsest.width, overlap_px)]
    windows = [GridWindow(coarsest, row, column) for row in spans[0] for column in spans[1]]
    return [_part(eopatch, place, window, chosen) for window in windows]


def cut_patches(
    eopatch: EOPatch, table: GeoDataFrame, features: FeaturesSpecification = ...
) -> Iterator[tuple[str, EOPatch]]:
    """Cut the patches of a table out of a larger one, and yield the id and the part for each.

    table: as :func:`eolearn.geometry.tiling.split_area` returns it. Only patches that lie whole in the larger one, and
        are in its CRS, are cut.
    features: as for :func:`cut_patch`, and so are the errors.

    Example:
        >>> table = split_area(eopatch.bbox, size_px=64, resolution=10, crs=eopatch.bbox.crs)
        >>> for name, part in cut_patches(eopatch, table):
        ...     part.save(f"parts/{name}")
    """
    place = place_of(eopatch, "cutting")
    for patch in table.itertuples():
        bbox = bbox_of(patch)
        rounding = _TOLERANCE * (patch.north - patch.south)
        if bbox.crs == place.crs and place.geometry.covers(bbox.geometry.buffer(-rounding)):
            yield patch.id, cut_patch(eopatch, bbox, features)


class CutPatchTask(EOTask):
    """Cuts a part out of a patch; see :func:`cut_patch`.

    window: a box, or rows and columns; it may also be given to each execution.
    features: which ones.

    Example:
        >>> part = CutPatchTask()(eopatch, window=BBox((500100, 5100100, 500300, 5100300), CRS.UTM_33N))
    """

    def __init__(self, window: WindowSpec | None = None, features: FeaturesSpecification = ...):
        self.window = window
        self.features = features

    def execute(self, eopatch: EOPatch, *, window: WindowSpec | None = None) -> EOPatch:
        """Return the part as a new patch; SettingError (a ValueError) if there is no window, or two."""
        windows = [given for given in (self.window, window) if given is not None]
        if len(windows) != 1:
            raise SettingError(f"Give a window to the task or to its execution, got {self.window!r} and {window!r}.")
        return cut_patch(eopatch, windows[0], self.features)


def _sizes(eopatch: EOPatch, features: list[Feature]) -> dict[Feature, ShapeHW]:
    return image_shapes((feature, eopatch[feature].shape) for feature in features if feature[0].is_image())


def _spans(name: str, count: int, size: int, overlap_px: int) -> list[range]:
    if not isinstance(count, (int, np.integer)) or not 1 <= count <= size:
        raise SettingError(
            f"{name} must be a number from 1 to {size}, the {name} of the coarsest image, got {count!r}."
        )
    if not isinstance(overlap_px, (int, np.integer)) or overlap_px < 0 or overlap_px % 2:
        raise SettingError(f"overlap_px must be an even number of pixels, got {overlap_px!r}.")
    edges = [size * index // count for index in range(count + 1)]
    half = int(overlap_px) // 2
    return [range(max(0, start - half), min(size, stop + half)) for start, stop in pairwise(edges)]


def _part(eopatch: EOPatch, place: BBox, window: GridWindow, features: list[Feature]) -> EOPatch:
    bbox = window.bbox(place)
    part = EOPatch(bbox=bbox, timestamps=eopatch.timestamps)
    for feature in features:
        value = eopatch[feature]
        if feature[0].is_image():
            rows, columns = window.on(ShapeHW(*value.shape[-3:-1]), feature)
            value = value[..., rows, columns, :].copy()
        elif feature[0].is_vector():
            value = clipped(value, bbox)
        part[feature] = value
    return part


def clipped(table: GeoDataFrame, bbox: BBox) -> GeoDataFrame:
    """Return the rows of a table that share something with a box, cut at it, and in its CRS.

    What has fewer dimensions than the geometry itself, as where a polygon only touches the box, is left out. Missing
    and empty geometries are left out, and invalid ones mended, with an EORuntimeWarning.
    """
    table = rows_near(table, bbox, 0)
    whole = drawable(table.geometry.to_numpy(), 0)
    dimensions = shapely.get_dimensions(whole)
    parts = shapely.intersection(whole, bbox.geometry)
    mixed = shapely.get_type_id(parts) == shapely.GeometryType.GEOMETRYCOLLECTION
    parts[mixed] = [_of_dimension(*pair) for pair in zip(parts[mixed], dimensions[mixed], strict=True)]
    kept = (shapely.get_dimensions(parts) == dimensions) & ~shapely.is_empty(parts)
    result: GeoDataFrame = table[kept].set_geometry(parts[kept], crs=table.crs)
    return result.reset_index(drop=True)


def _of_dimension(collection: BaseGeometry, dimension: int) -> BaseGeometry:
    parts = shapely.get_parts(collection)
    return shapely.union_all(parts[shapely.get_dimensions(parts) == dimension])
