"""Samples by the designs of survey sampling, which know how likely each pixel was to be drawn.

Sources: Cochran (1977), Sampling Techniques, 3rd edition, chapters 2, 5 and 8; Olofsson, Foody, Herold, Stehman,
Woodcock and Wulder (2014), Good practices for estimating area and assessing accuracy of land change, Remote Sensing of
Environment 148, 42-57, https://doi.org/10.1016/j.rse.2014.02.015, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from eolearn.core.constants import FeatureType
from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.utils.parsing import parse_feature

from ._kernels.designs import Draw, capped, far_apart, stratified, systematic
from ._kernels.samples import expand_to_grids
from ._sampling_settings import checked_fraction, checked_pair
from .base_sampling import BaseSamplingTask
from .sample_points import Inclusion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature, FeaturesSpecification

__all__ = ["Design", "DesignSamplingTask", "Draw", "MinimumDistanceDesign", "StratifiedDesign", "SystematicDesign"]


class Design(Protocol):
    """A way to draw pixels. Its ``repr`` is stored beside each sample."""

    def draw(self, candidates: NDArray[np.bool_], strata: NDArray[Any], rng: np.random.Generator) -> Draw:
        """Draw pixels.

        candidates: where pixels may be drawn, (height, width).
        strata: the stratum of each pixel, (height, width), integers.
        """


@dataclass(frozen=True, kw_only=True)
class StratifiedDesign:
    """A simple random sample of each stratum, without replacement. Without strata it is one of the whole image.

    count: how many pixels of each stratum, or of which stratum how many, as {stratum: count}; all where there are
        fewer. The same number for each is what balances classes.
    fraction: instead, what part of the pixels of each stratum, or of which stratum what part, rounded.
    least: how many pixels at least of a stratum with a fraction above 0, where it has so many: a stratum that rounding
        leaves without samples would be missing from each estimate of areas.

    Of n of the N pixels of a stratum, each is drawn with probability n / N.

    Example:
        >>> StratifiedDesign(count=100), StratifiedDesign(fraction={1: 0.01, 2: 0.2})
    """

    count: int | Mapping[int, int] | None = None
    fraction: float | Mapping[int, float] | None = None
    least: int = 1

    def __post_init__(self) -> None:
        if (self.count is None) == (self.fraction is None):
            raise SettingError(f"Give either count or fraction, got {self.count!r} and {self.fraction!r}.")
        if self.fraction is not None:
            checked_fraction(self.fraction, replace=False)
        counts = self.count.values() if isinstance(self.count, Mapping) else [self.count or 0]
        for name, numbers, floor in (("count", counts, 0), ("least", [self.least], 1)):
            _check_integers(name, numbers, floor)

    def draw(self, candidates: NDArray[np.bool_], strata: NDArray[Any], rng: np.random.Generator) -> Draw:
        """See :class:`Design`. The strata are drawn one after another, in ascending order."""
        pixels = np.flatnonzero(candidates)
        own = strata.ravel()[pixels]
        present = zip(*(part.tolist() for part in np.unique(own, return_counts=True)), strict=True)
        return stratified(own, pixels, {stratum: self._count(stratum, size) for stratum, size in present}, rng)

    def _count(self, stratum: int, size: int) -> int:
        if self.count is not None:
            return min(size, self.count.get(stratum, 0) if isinstance(self.count, Mapping) else self.count)
        fraction = self.fraction.get(stratum, 0) if isinstance(self.fraction, Mapping) else self.fraction
        return min(size, max(round(fraction * size), self.least)) if fraction else 0


@dataclass(frozen=True, kw_only=True)
class SystematicDesign:
    """The pixels of a regular grid that begins at random: spread evenly, and each drawn with the same probability.

    spacing_px: how many rows and columns from one pixel of the grid to the next. The probability is the inverse of
        their product, in each image, also where it is so small or so narrow that it may get no samples.

    Strata have no influence, and are noted beside the samples.
    """

    spacing_px: tuple[int, int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "spacing_px", checked_pair("spacing_px", self.spacing_px))

    def draw(self, candidates: NDArray[np.bool_], strata: NDArray[Any], rng: np.random.Generator) -> Draw:  # noqa: ARG002
        """See :class:`Design`. The pixels are drawn row after row."""
        return systematic(candidates, self.spacing_px, rng)


@dataclass(frozen=True, kw_only=True)
class MinimumDistanceDesign:
    """Pixels drawn one after another, each at least a distance from all before it.

    count: how many; fewer where no more have room.
    distance_px: between the centres of two pixels, in pixels. It doesn't reach over the edge of the image, into the
        next patch.

    The probability of a pixel depends on all places around it and has no closed formula: it is NaN, and so is the
    weight. So the samples are good for training, and not for estimates of areas. Strata have no influence, and are
    noted beside the samples.
    """

    count: int
    distance_px: float

    def __post_init__(self) -> None:
        _check_integers("count", [self.count], 0)
        if not 0 <= self.distance_px < np.inf:
            raise SettingError(f"distance_px must be at least 0, got {self.distance_px!r}.")

    def draw(self, candidates: NDArray[np.bool_], strata: NDArray[Any], rng: np.random.Generator) -> Draw:  # noqa: ARG002
        """See :class:`Design`."""
        return far_apart(np.flatnonzero(candidates), candidates.shape, self.count, float(self.distance_px), rng)


class DesignSamplingTask(BaseSamplingTask):
    """Samples single pixels by a design, and tells of each how likely it was to be drawn.

    features_to_sample, mask_of_samples, table_of_samples: as for :class:`BaseSamplingTask`.
    design: a :class:`StratifiedDesign`, :class:`SystematicDesign`, :class:`MinimumDistanceDesign`, or one of your own
        with the method ``draw``.
    strata: a MASK_TIMELESS feature of one band with the stratum of each pixel; classes of a map, for example, or fields
        for a number of pixels of each field.
    valid_mask: a MASK or MASK_TIMELESS feature. Pixels are drawn where it is set (not 0) in all of its dates and bands.
    polygons: a MASK_TIMELESS feature of one band with the number of the polygon that a pixel lies in, and 0 outside.
    most_per_polygon: how many samples of a polygon stay, chosen at random. Then inclusion probabilities are NaN.
        Polygons as strata of a StratifiedDesign with a count are a cap too, of which they are known.

    Example:
        >>> task = DesignSamplingTask(
        ...     [(FeatureType.DATA, "BANDS", "X"), (FeatureType.MASK_TIMELESS, "CROP", "Y")],
        ...     StratifiedDesign(count=50),
        ...     strata=(FeatureType.MASK_TIMELESS, "CROP"),
        ...     table_of_samples=(FeatureType.VECTOR_TIMELESS, "SAMPLES"),
        ... )
        >>> task.execute(eopatch, seed=42)[FeatureType.VECTOR_TIMELESS, "SAMPLES"].groupby("stratum")["weight"].sum()
    """

    def __init__(
        self,
        features_to_sample: FeaturesSpecification,
        design: Design,
        *,
        strata: Feature | None = None,
        valid_mask: Feature | None = None,
        polygons: Feature | None = None,
        most_per_polygon: int | None = None,
        mask_of_samples: Feature | None = None,
        table_of_samples: Feature | None = None,
    ):
        super().__init__(features_to_sample, mask_of_samples=mask_of_samples, table_of_samples=table_of_samples)
        if not callable(getattr(design, "draw", None)):
            raise SettingError(f"design must be a design such as StratifiedDesign(count=10), got {design!r}.")
        if (polygons is None) != (most_per_polygon is None):
            raise SettingError(f"polygons and most_per_polygon go together, got {polygons} and {most_per_polygon}.")
        _check_integers("most_per_polygon", [1 if most_per_polygon is None else most_per_polygon], 1)
        self.design, self.most_per_polygon = design, most_per_polygon
        self.strata, self.polygons = (
            None if feature is None else parse_feature(feature, None, [FeatureType.MASK_TIMELESS])
            for feature in (strata, polygons)
        )
        masks = [FeatureType.MASK, FeatureType.MASK_TIMELESS]
        self.valid_mask = None if valid_mask is None else parse_feature(valid_mask, None, masks)

    def execute(self, eopatch: EOPatch, *, seed: int | None = None, patch_probability: float = 1.0) -> EOPatch:
        """Sample, and add the samples to the patch.

        seed: the same seed gives the same samples.
        patch_probability: of the patch to be sampled at all: n / N where n of a region's N patches are drawn at random.

        Raises DataError for features of different sizes, and for strata or polygons of several bands.
        """
        shape, rng = self._image_shape(eopatch), np.random.default_rng(seed)
        strata = self._band(eopatch, self.strata, shape)
        draw = self.design.draw(self._valid(eopatch, shape), strata, rng)
        pixels, probability, design = draw.pixels, draw.probability, repr(self.design)
        if self.most_per_polygon is not None:
            polygons = self._band(eopatch, self.polygons, shape).ravel()
            pixels = pixels[capped(polygons[pixels], self.most_per_polygon, rng)]
            probability = np.full(pixels.size, np.nan)
            design += f", at most {self.most_per_polygon} of a polygon"
        inclusion = Inclusion(
            design=design,
            stratum=strata.ravel()[pixels],
            probability=probability,
            draws=probability,
            patch_probability=patch_probability,
        )
        return self._sample(eopatch, shape, *expand_to_grids(*np.divmod(pixels, shape[1])), inclusion)

    def _band(self, eopatch: EOPatch, feature: Feature | None, shape: tuple[int, int]) -> NDArray[Any]:
        if feature is None:
            return np.zeros(shape, dtype=np.uint8)
        image: NDArray[Any] = eopatch[feature]
        if image.shape != (*shape, 1):
            raise DataError(f"{feature} must have the shape {(*shape, 1)}, one band, but has {image.shape}.")
        return image[..., 0]

    def _valid(self, eopatch: EOPatch, shape: tuple[int, int]) -> NDArray[np.bool_]:
        if self.valid_mask is None:
            return np.ones(shape, dtype=bool)
        mask: NDArray[Any] = eopatch[self.valid_mask]
        if mask.shape[-3:-1] != shape:
            raise DataError(f"The mask {self.valid_mask} has the shape {mask.shape}, but images have {shape} pixels.")
        valid: NDArray[np.bool_] = np.all(mask, axis=(0, -1) if mask.ndim == 4 else -1)
        return valid


def _check_integers(name: str, numbers: Any, floor: int) -> None:
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < floor:
            raise SettingError(f"{name} must be an integer of at least {floor}, got {number!r}.")
