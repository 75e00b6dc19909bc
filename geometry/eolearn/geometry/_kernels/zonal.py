"""Statistics of the pixels of images in polygons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from .coverage import Bounds, covers

Floats = NDArray[np.floating[Any]]
_SAME = 1e-9  # shares of classes that differ by less are equal, but for rounding


class Image(NamedTuple):
    """An image of which some pixels may be used."""

    values: NDArray[Any]
    """(height, width) of any integers, floats or bool. NaN is never used."""
    valid: NDArray[np.bool_] | None = None
    """(height, width), True where a pixel may be used; None for all."""

    def pixels(self, window: tuple[slice, slice], covered: NDArray[np.bool_]) -> Floats:
        """Return the covered pixels of a window as floats, NaN where they must not be used."""
        values = self.values[window][covered]
        floats = values.astype(np.result_type(values.dtype, np.float32))
        if self.valid is not None:
            floats[~self.valid[window][covered]] = np.nan
        return floats


def zonal_statistics(
    geometries: NDArray[Any], images: Sequence[Image], bounds: Bounds, statistics: Sequence[str]
) -> NDArray[np.float64]:
    """Return statistics of each image in each polygon, of shape (image, polygon, statistic).

    geometries: valid polygons with an area.
    images: which may be of different sizes.
    bounds: west, south, east and north of all images.
    statistics: names of :class:`eolearn.geometry.zonal.ZonalStatisticsTask`.

    Example:
        >>> image = Image(np.array([[1.0, 4.0]]))
        >>> zonal_statistics(np.array([shapely.box(0, 0, 1.5, 1)]), [image], (0, 0, 2, 1), ["mean", "count"])
        array([[[2. , 1.5]]])
    """
    result = np.empty((len(images), len(geometries), len(statistics)))
    shapes = [image.values.shape for image in images]
    for shape in set(shapes):
        chosen = [position for position, its_shape in enumerate(shapes) if its_shape == shape]
        west, south, east, north = bounds
        areas_px = shapely.area(geometries) / ((east - west) * (north - south)) * (shape[0] * shape[1])
        for index, cover in enumerate(covers(geometries, bounds, shape)):
            covered = cover.shares > 0
            pixels = np.stack([images[position].pixels(cover.window, covered) for position in chosen])
            zone = Zone.of(pixels, cover.shares[covered], areas_px[index])
            result[chosen, index] = np.stack([zone.statistic(name) for name in statistics], axis=-1)
    return result


@dataclass(frozen=True, eq=False)
class Zone:
    """The pixels of a polygon in several images."""

    values: Floats
    """(image, pixel), 0 where a pixel must not be used."""
    weights: NDArray[np.float64]
    """(image, pixel), the covered share of the pixel, 0 where it must not be used."""
    area_px: float
    """The area of the whole polygon in pixels."""

    @classmethod
    def of(cls, pixels: Floats, shares: NDArray[np.float64], area_px: float) -> Zone:
        """Return the zone of pixels that are NaN where they must not be used."""
        used = ~np.isnan(pixels)
        return cls(np.where(used, pixels, 0), np.where(used, shares, 0), area_px)

    def statistic(self, name: str) -> NDArray[np.float64]:
        """Return a statistic of each image."""
        if name == "median":
            return self.quantile(0.5)
        if name[0] == "q":
            return self.quantile(int(name[1:]) / 100)
        found: NDArray[np.float64] = getattr(self, name)()
        return found

    def count(self) -> NDArray[np.float64]:
        """Return the sum of the shares, of each image."""
        return np.asarray(self.weights.sum(axis=1))

    def valid_share(self) -> NDArray[np.float64]:
        """Return the share of the area of the whole polygon that was measured, of each image."""
        return self.count() / self.area_px

    def sum(self) -> NDArray[np.float64]:
        """Return the sum of the values, each times its share, of each image."""
        return np.asarray((self.weights * self.values).sum(axis=1))

    def mean(self) -> NDArray[np.float64]:
        """Return the mean of each image, NaN without pixels."""
        return _ratio(self.sum(), self.count())

    def std(self) -> NDArray[np.float64]:
        """Return the standard deviation, of each image."""
        squares = (self.values - self.mean()[:, np.newaxis]) ** 2
        return np.sqrt(_ratio((self.weights * squares).sum(axis=1), self.count()))

    def min(self) -> NDArray[np.float64]:
        """Return the least value, of each image."""
        return self._extreme(np.inf, np.min)

    def max(self) -> NDArray[np.float64]:
        """Return the greatest value, of each image."""
        return self._extreme(-np.inf, np.max)

    def _extreme(self, beyond: float, reduce: Any) -> NDArray[np.float64]:
        found = reduce(np.where(self.weights > 0, self.values, beyond), axis=1, initial=beyond)
        return np.where(self.count() > 0, found, np.nan)

    def quantile(self, share: float) -> NDArray[np.float64]:
        """Return a weighted quantile of each image; with equal weights, that of numpy."""
        return np.array([_quantile(*pair, share) for pair in zip(self.values, self.weights, strict=True)], np.float64)

    def majority(self) -> NDArray[np.float64]:
        """Return the value that covers most, of each image."""
        most = [
            values[shares >= shares.max() - _SAME][-1] if len(values) else np.nan for values, shares in self.classes()
        ]
        return np.array(most, np.float64)

    def minority(self) -> NDArray[np.float64]:
        """Return the value that covers least, of each image."""
        least = [
            values[shares <= shares.min() + _SAME][0] if len(values) else np.nan for values, shares in self.classes()
        ]
        return np.array(least, np.float64)

    def variety(self) -> NDArray[np.float64]:
        """Return the number of different values, of each image."""
        return np.array([len(values) for values, _ in self.classes()], np.float64)

    def classes(self) -> Iterator[tuple[Floats, NDArray[np.float64]]]:
        """Yield for each image its different values, in ascending order, and the shares that each covers."""
        for values, weights in zip(self.values, self.weights, strict=True):
            found, index = np.unique(values[weights > 0], return_inverse=True)
            yield found, np.bincount(index, weights[weights > 0], len(found)).astype(np.float64)


def _ratio(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(a, b, out=np.full_like(a, np.nan), where=b > 0)


def _quantile(values: Floats, weights: NDArray[np.float64], share: float) -> float:
    """Return a quantile by linear interpolation between the sorted values.

    With weights w, the k-th of n values stands at ``(k - 1) w_k + (n - 1) (w_1 + ... + w_(k-1))``, which for equal
    weights are even steps: definition 7 of Hyndman & Fan (1996), https://doi.org/10.2307/2684934.
    """
    used = weights > 0
    order = np.lexsort((weights[used], values[used]))
    values, weights = values[used][order], weights[used][order]
    if not len(values):
        return np.nan
    before = np.cumsum(weights) - weights
    places = np.arange(len(values)) * weights + (len(values) - 1) * before
    return float(np.interp(share * places[-1], places, values))
