"""The pixels of an image: where they lie, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from rasterio import Affine
from sentinelhub import BBox

from eolearn.core.exceptions import DataError, SettingError

from ._place import size_at

if TYPE_CHECKING:
    from eolearn.core import EOPatch
    from eolearn.core.types import Feature

_TOLERANCE_PX = 1e-3


@dataclass(frozen=True, kw_only=True)
class PixelGrid:
    """An even grid of pixels over a bounding box, rows from north to south."""

    bbox: BBox
    """The edges of the outer pixels, and the CRS."""
    height: int
    """Number of rows."""
    width: int
    """Number of columns."""

    def __post_init__(self) -> None:
        if min(self.height, self.width) < 1:
            raise SettingError(f"A grid has at least one pixel, got {self.height} rows and {self.width} columns.")

    @classmethod
    def of_resolution(cls, bbox: BBox, resolution: float | tuple[float, float]) -> Self:
        """Return the grid over a box whose pixels are as near as can be to a number of metres, or to (x, y) of them.

        Raises DataError (a ValueError) for a box smaller than a pixel.
        """
        width, height = size_at(bbox, resolution)
        return cls(bbox=bbox, height=height, width=width)

    @classmethod
    def of_patch(cls, eopatch: EOPatch, feature: Feature | None = None) -> Self:
        """Return the grid of an image of a patch, by default of all its images.

        Raises DataError (a ValueError) for a patch without bounding box, without images, or with images of several
        sizes where the feature doesn't say which, FeatureMissing (a ValueError) for a feature that isn't there.
        """
        if eopatch.bbox is None:
            raise DataError("The EOPatch has no bounding box, so its pixels have no place. Set eopatch.bbox.")
        images = [feature] if feature else [found for found in eopatch.get_features() if found[0].is_image()]
        sizes = {found: eopatch[found].shape[-3:-1] for found in images}
        if len(set(sizes.values())) != 1:
            told = ", ".join(f"{kind.value} {name} {size}" for (kind, name), size in sizes.items())
            raise DataError(
                f"The images of the EOPatch have several sizes ({told}): name the one whose grid counts."
                if sizes
                else "The EOPatch has no images, so that it has no grid of pixels. Give a resolution or a size."
            )
        (height, width), *_ = sizes.values()
        if min(height, width) < 1:
            raise DataError(f"{images[0]} has no pixels: {height} rows and {width} columns.")
        return cls(bbox=eopatch.bbox, height=height, width=width)

    @property
    def crs(self) -> str:
        """The coordinate system as a text that all libraries understand."""
        return str(self.bbox.crs.ogc_string())

    @property
    def transform(self) -> Affine:
        """From pixels (column, row) to coordinates."""
        west, south, east, north = self.bbox
        return Affine((east - west) / self.width, 0, west, 0, (south - north) / self.height, north)

    @cached_property
    def bounds_wgs84(self) -> tuple[float, float, float, float]:
        """West, south, east and north in degrees, around the curved edges too."""
        from rasterio.warp import transform_bounds

        west, south, east, north = transform_bounds(self.crs, "EPSG:4326", *self.bbox)
        return west, south, east, north

    def is_aligned_with(self, other: PixelGrid) -> bool:
        """Whether the pixels are those of another grid, or would be if it went on."""
        if self.bbox.crs != other.bbox.crs:
            return False
        own, theirs = self.transform, other.transform
        stretch = abs(own.a / theirs.a - 1) * self.width, abs(own.e / theirs.e - 1) * self.height
        shift = (own.c - theirs.c) / theirs.a, (own.f - theirs.f) / theirs.e
        return bool(max(*stretch, *(abs(part - round(part)) for part in shift)) <= _TOLERANCE_PX)


def corners_in(target: PixelGrid, source: PixelGrid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return columns and rows of a source at which the corners of the pixels of a target lie.

    Both are of shape (height + 1, width + 1) of the target, and infinite where there is no such place.
    """
    west, south, east, north = target.bbox
    x, y = np.meshgrid(np.linspace(west, east, target.width + 1), np.linspace(north, south, target.height + 1))
    if target.bbox.crs != source.bbox.crs:
        from pyproj import Transformer

        to_source = Transformer.from_crs(target.bbox.crs.pyproj_crs(), source.bbox.crs.pyproj_crs(), always_xy=True)
        x, y = to_source.transform(x, y)
    transform = source.transform
    return (x - transform.c) / transform.a, (y - transform.f) / transform.e
