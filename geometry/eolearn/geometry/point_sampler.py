"""Samples pixels of the connected components of an image."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError, IndexOutOfRange
from eolearn.core.utils.common import is_discrete_type

if TYPE_CHECKING:
    from shapely import Point, Polygon


class PointSampler:
    """Samples pixels of the connected components of an image: of areas of equal label whose pixels share edges.

    raster_mask: labels as (height, width), integers or bools.
    no_data_value: a label that is never sampled.
    ignore_labels: more such labels.

    Components are numbered from 0. Areas are in pixels. A pixel may be sampled more than once.

    Example:
        >>> sampler = PointSampler(np.array([[1, 1, 0], [0, 0, 2]]), no_data_value=0)
        >>> labels, rows, cols = sampler.sample(100, rng=np.random.default_rng(42))
    """

    def __init__(
        self, raster_mask: NDArray[Any], no_data_value: int | None = None, ignore_labels: Collection[int] | None = None
    ):
        from skimage.measure import label

        mask = np.asarray(raster_mask)
        check_labels(mask)
        left_out = [] if no_data_value is None else [no_data_value]
        palette, codes = np.unique(mask, return_inverse=True)
        codes = np.where(np.isin(mask, [*left_out, *(ignore_labels or [])]), 0, codes.reshape(mask.shape) + 1)
        components: NDArray[np.int64] = label(codes, background=0, connectivity=1)  # type: ignore[no-untyped-call]
        sizes = np.bincount(components.ravel(), minlength=1)
        self.areas: NDArray[np.int64] = sizes[1:]
        self._pixels = np.argsort(components, axis=None, kind="stable")
        self._starts = np.cumsum(sizes)[:-1]
        self._labels = palette[codes.ravel()[self._pixels[self._starts]] - 1]
        self._width = mask.shape[1]

    def labels(self) -> NDArray[Any]:
        """Return the labels that can be sampled, in ascending order."""
        return np.unique(self._labels)

    def area(self, cc_index: int | None = None) -> int:
        """Return the area of a component; without its number, that of all together."""
        return int(self.areas.sum() if cc_index is None else self.areas[self._checked(cc_index)])

    def sample(
        self, nsamples: int = 1, weighted: bool = True, *, rng: np.random.Generator | None = None
    ) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
        """Return the labels, rows and columns of some pixels.

        weighted: True to sample every pixel with the same probability; False to sample every component with the same.
        rng: the generator of random numbers; a new one if there is none.

        Raises DataError if there is nothing to sample.
        """
        rng = rng or np.random.default_rng()
        components = self.sample_cc(nsamples, weighted, rng=rng)
        return self._labels[components], *self._pixels_of(components, rng)

    def sample_cc(
        self, nsamples: int = 1, weighted: bool = True, *, rng: np.random.Generator | None = None
    ) -> NDArray[np.int64]:
        """Return the numbers of some components, as :meth:`sample` chooses them."""
        if not len(self.areas):
            raise DataError("There are no pixels to sample: all have the no-data value or a label that is ignored.")
        weights = self.areas / self.areas.sum() if weighted else None
        return (rng or np.random.default_rng()).choice(len(self.areas), size=nsamples, p=weights)

    def sample_within_cc(
        self, cc_index: int, nsamples: int = 1, *, rng: np.random.Generator | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows and columns of some pixels of a component."""
        return self._pixels_of(np.full(nsamples, self._checked(cc_index)), rng or np.random.default_rng())

    def _pixels_of(
        self, components: NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        pixels = self._pixels[self._starts[components] + rng.integers(self.areas[components])]
        return np.divmod(pixels, self._width)

    def _checked(self, cc_index: int) -> int:
        if not 0 <= cc_index < len(self.areas):
            raise IndexOutOfRange(f"There are {len(self.areas)} components, numbered from 0, and no {cc_index}.")
        return cc_index

    @staticmethod
    def contains(polygon: Polygon, point: Point) -> bool:
        """Whether a point lies within a polygon."""
        return bool(polygon.contains(point))

    @staticmethod
    def random_coords(
        bounds: tuple[float, float, float, float], *, rng: np.random.Generator | None = None
    ) -> tuple[float, float]:
        """Return x and y anywhere within bounds (x_min, y_min, x_max, y_max)."""
        x_min, y_min, x_max, y_max = bounds
        x, y = (rng or np.random.default_rng()).uniform((x_min, y_min), (x_max, y_max)).tolist()
        return x, y

    @staticmethod
    def random_point(bounds: tuple[float, float, float, float], *, rng: np.random.Generator | None = None) -> Point:
        """Return a point anywhere within bounds (x_min, y_min, x_max, y_max)."""
        from shapely import Point

        return Point(*PointSampler.random_coords(bounds, rng=rng))

    @staticmethod
    def random_point_triangle(
        triangle: Polygon, use_int_coords: bool = True, *, rng: np.random.Generator | None = None
    ) -> Point:
        """Return a point anywhere within a triangle.

        use_int_coords: whether to round the coordinates; then the point may lie outside by half a unit in each.

        Source: R. Osada, T. Funkhouser, B. Chazelle and D. Dobkin, Shape Distributions, ACM Transactions on Graphics
        21(4), 2002, equation 1, doi:10.1145/571647.571648.
        """
        from shapely import Point

        a, b, c = np.asarray(triangle.exterior.coords)[:3, :2]
        first, second = (rng or np.random.default_rng()).random(2)
        point = (1 - first**0.5) * a + first**0.5 * (1 - second) * b + first**0.5 * second * c
        return Point(np.rint(point) if use_int_coords else point)


def check_labels(raster: NDArray[Any]) -> None:
    """Raise DataError for other than an image of labels."""
    if raster.ndim != 2 or not is_discrete_type(raster.dtype):
        raise DataError(
            "Pixels are sampled of an image of integers or bools, of height and width; got an array of "
            f"{raster.dtype} and of shape {raster.shape}."
        )
