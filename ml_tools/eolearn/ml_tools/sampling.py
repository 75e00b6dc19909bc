"""Takes samples out of the images of an EOPatch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from eolearn.core.constants import FeatureType
from eolearn.core.eotask import EOTask
from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.utils.parsing import FeatureParser, parse_feature

from ._kernels.samples import expand_to_grids, get_mask_of_samples, sample_by_values, take_samples

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature, FeaturesSpecification

__all__ = [
    "BaseSamplingTask",
    "FractionSamplingTask",
    "expand_to_grids",
    "get_mask_of_samples",
    "sample_by_values",
]


class BaseSamplingTask(EOTask):
    """The base of tasks that sample pixels: takes the same ones from several features.

    features_to_sample: image features, best with new names for the samples, as otherwise these replace the images.
        From n blocks of h x w pixels, samples have shape (n * h, w, band), or (time, n * h, w, band).
    mask_of_samples: a MASK_TIMELESS feature to make, which tells how often each pixel was taken.

    A subclass chooses the pixels in ``execute`` and hands them to :meth:`_sample`.
    """

    def __init__(self, features_to_sample: FeaturesSpecification, *, mask_of_samples: Feature | None = None):
        self.features_parser = FeatureParser(features_to_sample, FeatureType.is_image)
        self.mask_of_samples = (
            None if mask_of_samples is None else parse_feature(mask_of_samples, None, [FeatureType.MASK_TIMELESS])
        )

    def _sample(
        self,
        eopatch: EOPatch,
        image_shape: tuple[int, int],
        row_grid: NDArray[np.int64],
        column_grid: NDArray[np.int64],
    ) -> EOPatch:
        """Add the samples of all features to an EOPatch.

        image_shape: the (height, width) that the positions are meant for. Raises DataError where a feature has another.
        """
        features = self.features_parser.get_renamed_features(eopatch)
        for feature_type, name, _ in features:
            size = eopatch.get_spatial_dimension(feature_type, name)
            if size != image_shape:
                raise DataError(
                    f"{feature_type} {name!r} has {size[0]} x {size[1]} pixels, but samples are taken from images of "
                    f"{image_shape[0]} x {image_shape[1]} pixels. Resize it first."
                )
        samples = [
            take_samples(eopatch[feature_type, name], row_grid, column_grid) for feature_type, name, _ in features
        ]
        for (feature_type, _, new_name), sample in zip(features, samples, strict=True):
            eopatch[feature_type, new_name] = sample
        if self.mask_of_samples is not None:
            eopatch[self.mask_of_samples] = get_mask_of_samples(image_shape, row_grid, column_grid)[..., np.newaxis]
        return eopatch


class FractionSamplingTask(BaseSamplingTask):
    """Samples a fraction of the pixels of each value of a mask, so that the samples are distributed as the mask is.

    features_to_sample, mask_of_samples: as for :class:`BaseSamplingTask`, with blocks of a single pixel.
    sampling_feature: the MASK_TIMELESS feature of one band with the values, classes for example.
    fraction: what part of the pixels of each value to take, or of which value what part, as {value: fraction}. From 0
        to 1, or above where pixels may be taken repeatedly.
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
    ):
        super().__init__(features_to_sample, mask_of_samples=mask_of_samples)
        self.sampling_feature = parse_feature(sampling_feature, None, [FeatureType.MASK_TIMELESS])
        self.fraction = _checked(fraction, replace)
        self.exclude_values = list(exclude_values or [])
        self.replace = replace

    def execute(
        self, eopatch: EOPatch, *, seed: int | None = None, fraction: float | Mapping[int, float] | None = None
    ) -> EOPatch:
        """Sample, and add the samples to the patch.

        seed: the same seed gives the same samples.
        fraction: instead of the one that the task was made with, unless it is None, 0 or empty.

        Raises DataError for features of different sizes and a sampling feature of several bands.
        """
        mask: NDArray[Any] = eopatch[self.sampling_feature]
        if mask.shape[-1] != 1:
            raise DataError(f"{self.sampling_feature} must have one band to sample by, but has shape {mask.shape}.")
        image = mask[..., 0]
        counts = self._samples_per_value(image, _checked(fraction or self.fraction, self.replace))
        rows, columns = sample_by_values(image, counts, np.random.default_rng(seed), replace=self.replace)
        return self._sample(eopatch, image.shape, *expand_to_grids(rows, columns))

    def _samples_per_value(self, image: NDArray[Any], fraction: float | Mapping[int, float]) -> dict[int, int]:
        values, counts = (array.tolist() for array in np.unique(image, return_counts=True))
        fractions = fraction if isinstance(fraction, Mapping) else dict.fromkeys(values, fraction)
        return {
            value: round(count * fractions[value])
            for value, count in zip(values, counts, strict=True)
            if value in fractions and value not in self.exclude_values
        }


def _checked(fraction: Any, replace: bool) -> float | dict[int, float]:
    """Return a fraction as a float, or as floats by value, after a check of their ranges."""
    if isinstance(fraction, Mapping):
        return {value: _checked_number(part, replace) for value, part in fraction.items()}
    return _checked_number(fraction, replace)


def _checked_number(fraction: Any, replace: bool) -> float:
    if not isinstance(fraction, (int, float, np.number)):
        raise SettingError(f"fraction must be a number, or numbers by value as {{1: 0.5}}, got {fraction!r}.")
    if not (0 <= fraction <= 1 or (replace and 1 < fraction < np.inf)):
        limit = "at least 0" if replace else "from 0 to 1, or above 1 with replace=True"
        raise SettingError(f"fraction must be {limit}, got {fraction!r}.")
    return float(fraction)
