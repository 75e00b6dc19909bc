"""Samples pixels by their labels, in the forms that eo-learn had up to 0.10.

:mod:`eolearn.ml_tools.sampling` has the newer ones, which also tell how probable it was that a pixel is sampled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core.constants import FeatureType
from eolearn.core.eotask import EOTask
from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.utils.parsing import FeatureParser, parse_feature

from .point_sampler import PointSampler, check_labels

if TYPE_CHECKING:
    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature, FeaturesSpecification

__all__ = ["PointRasterSampler", "PointSampler", "PointSamplingTask"]


class PointRasterSampler:
    """Samples pixels of an image that have one of some labels.

    labels: the labels, each once.
    even_sampling: whether to take as many pixels of each label that is there, even if some are taken repeatedly;
        otherwise labels are as frequent among the samples as in the image, and no pixel is taken twice.

    Example:
        >>> image = np.array([[1, 1, 0], [1, 1, 2]])
        >>> rows, cols = PointRasterSampler([1, 2]).sample(image, n_samples=5, rng=np.random.default_rng(42))
    """

    def __init__(self, labels: Sequence[int], even_sampling: bool = False):
        self.labels = list(labels)
        if not self.labels or len(set(self.labels)) < len(self.labels):
            raise SettingError(f"labels must be at least one number, and each of them once, got {self.labels}.")
        self.even_sampling = even_sampling

    def sample(
        self,
        raster: NDArray[Any],
        n_samples: int = 1000,
        sampling_fraction: float | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows and columns of some pixels, in random order.

        raster: labels as (height, width).
        n_samples: how many pixels.
        sampling_fraction: instead of n_samples, which part of the pixels that have one of the labels, above 0 and up
            to 1.
        rng: the generator of random numbers; a new one if there is none.

        Raises DataError for an image of other than two axes, none of the labels in it, fewer samples than labels, and,
        without even_sampling, fewer pixels than samples.
        """
        check_labels(raster)
        rng = rng or np.random.default_rng()
        pixels = [np.flatnonzero(raster == label) for label in self.labels]
        counts = np.array([len(found) for found in pixels])
        if not counts.any():
            raise DataError(f"None of the labels {self.labels} is in the image, so there is nothing to sample.")
        if sampling_fraction is not None:
            n_samples = _part(sampling_fraction, counts.sum())
        if n_samples < len(self.labels):
            raise DataError(
                f"{n_samples} samples are too few for {len(self.labels)} labels: there must be one for each."
            )
        shares = _shares((counts > 0).astype(int) if self.even_sampling else counts, n_samples)
        if not self.even_sampling and n_samples > counts.sum():
            raise DataError(
                f"{n_samples} samples can't be taken of {counts.sum()} pixels without taking one twice. Take fewer, or "
                "use even_sampling."
            )
        chosen = [
            rng.choice(found, size=share, replace=share > len(found))
            for found, share in zip(pixels, shares, strict=True)
            if share
        ]
        return np.divmod(rng.permutation(np.concatenate(chosen)), raster.shape[1])


def _part(fraction: float, count: int) -> int:
    if not 0 < fraction <= 1:
        raise SettingError(f"sampling_fraction must be above 0 and at most 1, got {fraction}.")
    return round(fraction * count)


def _shares(weights: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Divide a number in proportion to weights, by largest remainders: none is off by 1 or more."""
    whole, remainders = np.divmod(weights * total, weights.sum())
    rest = total - whole.sum()
    whole[np.argsort(-remainders, kind="stable")[:rest]] += 1
    return whole


class PointSamplingTask(EOTask):
    """Samples the pixels of an EOPatch that have one of some labels, the same from several features.

    n_samples: how many pixels; without meaning if there is a sampling_fraction.
    ref_mask_feature: the MASK_TIMELESS feature of one band with the labels, or its name.
    ref_labels: the labels that are sampled.
    sample_features: image features of the size of the mask, with new names for the samples, or ``<name>_SAMPLED``. From
        (time, height, width, band) they become (time, n, 1, band), and timeless ones (n, 1, band).
    sampling_fraction: instead of n_samples, the part of the pixels with one of the labels that is sampled.
    return_new_eopatch: True for a new patch of samples, bounding box, timestamps and META_INFO only.
    sampling_params: ``even_sampling``, see :class:`PointRasterSampler`.

    Example:
        >>> task = PointSamplingTask(500, "LULC", [1, 2, 3], [(FeatureType.DATA, "BANDS"), (FeatureType.MASK, "CLM")])
        >>> task.execute(eopatch, seed=42)[FeatureType.DATA, "BANDS_SAMPLED"].shape
        (68, 500, 1, 6)
    """

    def __init__(
        self,
        n_samples: int | None,
        ref_mask_feature: str | Feature,
        ref_labels: Sequence[int],
        sample_features: FeaturesSpecification,
        sampling_fraction: float | None = None,
        return_new_eopatch: bool = False,
        **sampling_params: Any,
    ):
        if isinstance(ref_mask_feature, str):
            ref_mask_feature = (FeatureType.MASK_TIMELESS, ref_mask_feature)
        self.ref_mask_feature = parse_feature(ref_mask_feature, None, (FeatureType.MASK_TIMELESS,))
        self.features_parser = FeatureParser(sample_features, FeatureType.is_image)
        self.sampler = PointRasterSampler(ref_labels, **sampling_params)
        if sampling_fraction is not None:
            _part(sampling_fraction, 0)
        elif n_samples is None or n_samples < 1:
            raise SettingError(f"n_samples must be at least 1, or sampling_fraction be given; got {n_samples!r}.")
        self.n_samples = n_samples
        self.sampling_fraction = sampling_fraction
        self.return_new_eopatch = return_new_eopatch

    def execute(self, eopatch: EOPatch, seed: int | None = None) -> EOPatch:
        """Add the samples to the patch, or return them in a new one.

        seed: the same seed gives the same samples.

        Raises DataError for labels of several bands, for features of another size, and as
        :meth:`PointRasterSampler.sample` does.
        """
        labels: NDArray[Any] = eopatch[self.ref_mask_feature]
        if labels.shape[-1] != 1:
            raise DataError(f"{self.ref_mask_feature} must have one band, but its shape is {labels.shape}.")
        features = self.features_parser.get_renamed_features(eopatch)
        for feature_type, name, _ in features:
            if (size := eopatch.get_spatial_dimension(feature_type, name)) != labels.shape[:2]:
                raise DataError(
                    f"{feature_type} {name!r} has {size} pixels, but {self.ref_mask_feature} has {labels.shape[:2]}. "
                    "Resize one of them."
                )
        rows, columns = self.sampler.sample(
            labels[..., 0], self.n_samples or 0, self.sampling_fraction, rng=np.random.default_rng(seed)
        )
        result = eopatch.copy([FeatureType.META_INFO], copy_timestamps=True) if self.return_new_eopatch else eopatch
        for feature_type, name, new_name in features:
            samples = eopatch[feature_type, name][..., rows, columns, :][..., np.newaxis, :]
            result[feature_type, f"{name}_SAMPLED" if new_name == name else new_name] = samples
        return result
