"""Burns shapes into images. Which pixels a shape covers is left to GDAL, through rasterio."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.enums import MergeAlg
from rasterio.features import rasterize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rasterio import Affine

Geometries = NDArray[np.object_]
_POLYGONS = {shapely.GeometryType.POLYGON: "Polygon", shapely.GeometryType.MULTIPOLYGON: "MultiPolygon"}


def burn(
    image: NDArray[Any], geometries: Geometries, values: NDArray[Any], *, transform: Affine, **options: Any
) -> None:
    """Write the value of each shape into the pixels that it covers; of several shapes the last one counts.

    image: (height, width) of any dtype, written into.
    geometries: at least one shapely geometry, none of them empty.
    values: one for each geometry, of the dtype of the image. GDAL burns only their places in a list, so that dtypes
        which it lacks, and integers above 2**53, come out exact.
    transform: from (column, row) of the image to the coordinates of the shapes.
    options: for :func:`rasterio.features.rasterize`; by default a polygon covers the pixels whose centres it holds.
    """
    palette, codes = np.unique(values, return_inverse=True)
    burnt = _burn_codes(_readable(geometries), codes, image.shape, transform=transform, **options)
    covered = burnt > 0
    image[covered] = palette[burnt[covered] - 1]


def burn_overlapped(
    image: NDArray[Any],
    geometries: Geometries,
    values: NDArray[Any],
    *,
    overlap_value: float,
    no_data_value: float,
    transform: Affine,
    **options: Any,
) -> None:
    """Write the value of each shape into the pixels that it covers, and another one where values disagree.

    image, geometries, values, transform, options: as for :func:`burn`. What the image holds counts as covering, where
        it is not no_data_value.
    overlap_value: for pixels that different values cover.

    Burnt in ascending order of their values, the shapes leave the largest value that covers a pixel; in descending
    order, the smallest. These differ where any two differ, however many shapes and values there are.
    """
    palette, codes = np.unique(values, return_inverse=True)
    shapes = _readable(geometries)
    ascending = np.argsort(codes, kind="stable")
    largest, smallest = (
        _burn_codes([shapes[i] for i in order], codes[order], image.shape, transform=transform, **options)
        for order in (ascending, ascending[::-1])
    )
    covered = largest > 0
    burnt = palette[largest[covered] - 1]
    before = image[covered]
    had_data = ~np.isnan(before) if np.isnan(no_data_value) else before != no_data_value
    disagree = (largest != smallest)[covered] | (had_data & (before != burnt))
    image[covered] = np.where(disagree, overlap_value, burnt)


def sum_of_shapes(
    shape_hw: tuple[int, ...], geometries: Geometries, values: NDArray[Any], *, transform: Affine, **options: Any
) -> NDArray[np.float64]:
    """Return the sum of the values of all shapes that cover a pixel, 0 where none does, as (height, width).

    geometries, values, transform, options: as for :func:`burn`.
    """
    shapes = zip(_readable(geometries), values.astype(np.float64).tolist(), strict=True)
    options |= {"transform": transform, "merge_alg": MergeAlg.add}
    return np.asarray(rasterize(shapes, out_shape=shape_hw, fill=0, dtype=np.float64, **options))


def _burn_codes(
    shapes: Sequence[Any], codes: NDArray[np.intp], shape_hw: tuple[int, ...], **options: Any
) -> NDArray[np.unsignedinteger[Any]]:
    """Return 1 + the code of the last shape that covers a pixel, 0 where none does."""
    dtype = np.min_scalar_type(int(np.max(codes)) + 1)
    coded = zip(shapes, (codes + 1).tolist(), strict=True)
    return np.asarray(rasterize(coded, out_shape=shape_hw, fill=0, dtype=dtype, **options))


def _readable(geometries: Geometries) -> Sequence[Any]:
    """Return shapes in a form that rasterio reads: polygons as mappings, made from all coordinates at once.

    Otherwise rasterio asks each geometry for its mapping, which takes several times as long as the burning.
    """
    if not np.isin(shapely.get_type_id(geometries), list(_POLYGONS)).all():
        return list(geometries)
    kind, coordinates, offsets = shapely.to_ragged_array(geometries, include_z=False)
    pieces: list[Any] = list(zip(*coordinates.T.tolist(), strict=True))
    for offset in offsets:  # points to rings, rings to polygons, and those to multi-polygons where there are some
        pieces = [pieces[start:stop] for start, stop in pairwise(offset.tolist())]
    return [{"type": _POLYGONS[kind], "coordinates": piece} for piece in pieces]
