"""Takes samples out of the images of an EOPatch: a fraction of each class, random blocks, or a grid of blocks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from eolearn.core.constants import FeatureType
from eolearn.core.exceptions import DataError
from eolearn.core.utils.parsing import parse_feature

from ._kernels.inclusion import block_coverage, inclusion_probability
from ._kernels.samples import expand_to_grids, get_mask_of_samples, sample_by_values, take_grid
from ._sampling_settings import checked_amount, checked_fraction, checked_pair
from .base_sampling import BaseSamplingTask
from .sample_points import Inclusion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from shapely import Point, Polygon

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature, FeaturesSpecification

__all__ = [
    "BaseSamplingTask",
    "BlockSamplingTask",
    "FractionSamplingTask",
    "GridSamplingTask",
    "expand_to_grids",
    "get_mask_of_samples",
    "random_point_in_triangle",
    "sample_by_values",
]


class FractionSamplingTask(BaseSamplingTask):
    """Samples a fraction of the pixels of each value of a mask, so that the samples are distributed as the mask is.

    features_to_sample, mask_of_samples, table_of_samples: as for :class:`BaseSamplingTask`, with blocks of a single
        pixel. The strata of the table are the values.
    sampling_feature: the MASK_TIMELESS feature of one band with the values, classes for example.
    fraction: what part of the pixels of each value to take, or of which value what part, as {value: fraction}. From 0
        to 1, or above where pixels may be taken repeatedly. Values that an image doesn't have give no samples.
    exclude_values: values of which no samples are taken.
    replace: whether a pixel may be taken more than once.

    Example:
        >>> task = FractionSamplingTask(
        ...     [(FeatureType.DATA, "BANDS", "X"), (FeatureType.MASK_TIMELESS, "CLASS", "Y")],
        ...     sampling_feature=(FeatureType.MASK_TIMELESS, "CLASS"),
        ...     fraction={1: 0.1, 2: 0.5},
        ... )
        >>> task.execute(eopatch, seed=42)[FeatureType.DATA, "X"].shape  # 24 dates, 3,120 samples, 10 bands
        (24, 3120, 1, 10)
    """

    def __init__(
        self,
        features_to_sample: FeaturesSpecification,
        sampling_feature: Feature,
        fraction: float | Mapping[int, float],
        exclude_values: Iterable[int] | None = None,
        replace: bool = False,
        mask_of_samples: Feature | None = None,
        *,
        table_of_samples: Feature | None = None,
    ):
        super().__init__(features_to_sample, mask_of_samples=mask_of_samples, table_of_samples=table_of_samples)
        self.sampling_feature = parse_feature(sampling_feature, None, [FeatureType.MASK_TIMELESS])
        self.fraction = checked_fraction(fraction, replace)
        self.exclude_values = list(exclude_values or [])
        self.replace = replace

    def execute(
        self,
        eopatch: EOPatch,
        *,
        seed: int | None = None,
        fraction: float | Mapping[int, float] | None = None,
        patch_probability: float = 1.0,
    ) -> EOPatch:
        """Sample, and add the samples to the patch.

        seed: the same seed gives the same samples.
        fraction: instead of the one that the task was made with, unless it is None, 0 or empty.
        patch_probability: of the patch to be sampled at all, where only some of a region's patches are.

        Raises DataError for features of different sizes and a sampling feature of several bands.
        """
        mask: NDArray[Any] = eopatch[self.sampling_feature]
        if mask.shape[-1] != 1:
            raise DataError(f"{self.sampling_feature} must have one band to sample by, but has shape {mask.shape}.")
        image = mask[..., 0]
        chosen = checked_fraction(fraction or self.fraction, self.replace)
        present = dict(zip(*(array.tolist() for array in np.unique(image, return_counts=True)), strict=True))
        counts = self._samples_per_value(present, chosen)
        rows, columns = sample_by_values(image, counts, np.random.default_rng(seed), replace=self.replace)
        probabilities = [self._probability(present[value], count) for value, count in counts.items()]
        inclusion = Inclusion(
            design=f"FractionSamplingTask(fraction={chosen}, replace={self.replace})",
            stratum=np.repeat(np.array(list(counts), dtype=np.int64), list(counts.values())),
            probability=np.repeat(probabilities, list(counts.values())),
            draws=np.repeat([count / present[value] for value, count in counts.items()], list(counts.values())),
            patch_probability=patch_probability,
        )
        return self._sample(eopatch, image.shape, *expand_to_grids(rows, columns), inclusion)

    def _samples_per_value(self, present: Mapping[int, int], fraction: float | dict[int, float]) -> dict[int, int]:
        fractions = fraction if isinstance(fraction, dict) else dict.fromkeys(present, fraction)
        return {
            value: round(count * fractions[value])
            for value, count in present.items()
            if value in fractions and value not in self.exclude_values
        }

    def _probability(self, pixels: int, count: int) -> float:
        return float(inclusion_probability(np.array([1]), pixels, count, replace=self.replace)[0])


class BlockSamplingTask(BaseSamplingTask):
    """Samples blocks of pixels at random places, each as likely as any other, which lie in the image as a whole.

    features_to_sample, mask_of_samples, table_of_samples: as for :class:`BaseSamplingTask`. A pixel near the edge of
        the image lies in fewer of the possible blocks than one in the middle: the table takes it into account.
    amount: how many blocks: an integer, or a float for a part of all places where one can lie, from 0 to 1.0.
    sample_size: the (height, width) of a block in pixels. Blocks may overlap.
    replace: whether a block may be taken more than once; then the amount may be more than there are.

    Example:
        >>> task = BlockSamplingTask([(FeatureType.DATA, "BANDS", "X")], amount=50, sample_size=(32, 32))
        >>> task.execute(eopatch, seed=42)[FeatureType.DATA, "X"].shape  # 24 dates, 50 blocks one below another
        (24, 1600, 32, 10)
    """

    def __init__(
        self,
        features_to_sample: FeaturesSpecification,
        amount: float,
        sample_size: Sequence[int] = (1, 1),
        replace: bool = False,
        mask_of_samples: Feature | None = None,
        *,
        table_of_samples: Feature | None = None,
    ):
        super().__init__(features_to_sample, mask_of_samples=mask_of_samples, table_of_samples=table_of_samples)
        self.amount = checked_amount(amount, replace)
        self.sample_size = checked_pair("sample_size", sample_size)
        self.replace = replace

    def execute(
        self,
        eopatch: EOPatch,
        *,
        seed: int | None = None,
        amount: float | None = None,
        patch_probability: float = 1.0,
    ) -> EOPatch:
        """Sample, and add the samples to the patch.

        seed: the same seed gives the same samples.
        amount: instead of the one that the task was made with, unless it is None.
        patch_probability: of the patch to be sampled at all, where only some of a region's patches are.

        Raises DataError for blocks larger than the images, for more blocks than there are, unless they may be taken
        repeatedly, and for features of different sizes.
        """
        shape = self._image_shape(eopatch)
        amount = self.amount if amount is None else checked_amount(amount, self.replace)
        places_down, places_across = _places(shape, self.sample_size)
        places = places_down * places_across
        count = round(amount * places) if isinstance(amount, float) else amount
        if count > places and not self.replace:
            raise DataError(
                f"Can't take {count} blocks of {self.sample_size} from an image of {shape}, in which {places} can lie, "
                "without taking one twice (replace=False)."
            )
        chosen = np.random.default_rng(seed).choice(places, size=count, replace=self.replace)
        grids = expand_to_grids(*np.divmod(chosen, places_across), self.sample_size)
        coverage = block_coverage(shape, self.sample_size, grids[0].ravel(), grids[1].ravel())
        inclusion = Inclusion(
            design=f"BlockSamplingTask(amount={amount}, sample_size={self.sample_size}, replace={self.replace})",
            probability=inclusion_probability(coverage, places, count, replace=self.replace),
            draws=count * coverage / places,
            patch_probability=patch_probability,
        )
        return self._sample(eopatch, shape, *grids, inclusion)


class GridSamplingTask(BaseSamplingTask):
    """Samples blocks of pixels on a regular grid that begins in the upper left corner, row after row.

    features_to_sample, mask_of_samples, table_of_samples: as for :class:`BaseSamplingTask`. No chance is involved, so
        that the inclusion probabilities of the table are NaN; ``SystematicDesign`` begins its grid at random.
    sample_size: the (height, width) of a block in pixels. Blocks that would reach beyond the image are left out.
    stride: how many rows and columns after a block the next one begins.

    Example:
        >>> task = GridSamplingTask([(FeatureType.DATA, "BANDS", "X")], sample_size=(32, 32), stride=(32, 32))
        >>> task(eopatch)[FeatureType.DATA, "X"].shape  # an image of 512 x 512 pixels in 256 blocks
        (24, 8192, 32, 10)
    """

    def __init__(
        self,
        features_to_sample: FeaturesSpecification,
        sample_size: Sequence[int] = (1, 1),
        stride: Sequence[int] = (1, 1),
        mask_of_samples: Feature | None = None,
        *,
        table_of_samples: Feature | None = None,
    ):
        super().__init__(features_to_sample, mask_of_samples=mask_of_samples, table_of_samples=table_of_samples)
        self.sample_size = checked_pair("sample_size", sample_size)
        self.stride = checked_pair("stride", stride)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Sample, and add the samples to the patch.

        Raises DataError for blocks larger than the images, and for features of different sizes.
        """
        shape = self._image_shape(eopatch)
        places = zip(_places(shape, self.sample_size), self.stride, strict=True)
        rows, columns = (np.arange(0, stop, step) for stop, step in places)
        grids = expand_to_grids(np.repeat(rows, len(columns)), np.tile(columns, len(rows)), self.sample_size)
        design = f"GridSamplingTask(sample_size={self.sample_size}, stride={self.stride})"
        take = partial(take_grid, sample_size=self.sample_size, stride=self.stride)
        return self._sample(eopatch, shape, *grids, Inclusion(design=design), take)


def random_point_in_triangle(
    triangle: Polygon, rng: np.random.Generator | None = None, use_int_coords: bool = False
) -> Point:
    """Return a point that is uniformly distributed over a triangle.

    triangle: a polygon of three corners.
    rng: the generator of random numbers; a new one if there is none.
    use_int_coords: whether to round the coordinates, so that the point may lie outside by up to half a unit in each.

    Raises DataError for a polygon that is no triangle. Source: Osada, Funkhouser, Chazelle and Dobkin (2002), Shape
    distributions, ACM Transactions on Graphics 21(4), 807-832, equation 1.

    Example:
        >>> random_point_in_triangle(Polygon([(1, 2), (5, 3.5), (2, 9)]), np.random.default_rng(42))
        <POINT (3.361 5.443)>
    """
    from shapely import Point

    corners = np.asarray(triangle.exterior.coords)[:-1, :2]
    if len(corners) != 3:
        raise DataError(f"A triangle has 3 corners, but this polygon has {len(corners)}.")
    rng = rng or np.random.default_rng()
    root, along = np.sqrt(rng.random()), rng.random()
    a, b, c = corners
    point = (1 - root) * a + root * (1 - along) * b + root * along * c
    return Point(np.rint(point) if use_int_coords else point)


def _places(image_shape: tuple[int, int], sample_size: tuple[int, int]) -> tuple[int, int]:
    """Return in how many rows and columns of an image the corner of a block can lie."""
    down, across = (length - block + 1 for length, block in zip(image_shape, sample_size, strict=True))
    if min(down, across) < 1:
        raise DataError(
            f"A block of {sample_size[0]} x {sample_size[1]} pixels is larger than the image of {image_shape[0]} x "
            f"{image_shape[1]} pixels. Choose a smaller sample_size, or larger patches."
        )
    return down, across
