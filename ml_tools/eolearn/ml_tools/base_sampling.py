"""What all tasks that take samples out of the images of an EOPatch share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eolearn.core.constants import FeatureType
from eolearn.core.eotask import EOTask
from eolearn.core.exceptions import DataError
from eolearn.core.utils.parsing import FeatureParser, parse_feature

from ._kernels.samples import get_mask_of_samples, take_samples
from .sample_points import Inclusion, sample_points

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature, FeaturesSpecification


class BaseSamplingTask(EOTask):
    """The base of tasks that sample pixels: takes the same ones from several features.

    features_to_sample: image features, best with new names for the samples, as otherwise these replace the images.
        From n blocks of h x w pixels, samples have shape (n * h, w, band), or (time, n * h, w, band).
    mask_of_samples: a MASK_TIMELESS feature to make, which tells how often each pixel was taken.
    table_of_samples: a VECTOR_TIMELESS feature to make, which tells of each sampled pixel where it lies and how likely
        it was to be one: see :func:`~eolearn.ml_tools.sample_points.sample_points`.

    A subclass chooses the pixels in ``execute`` and hands them to :meth:`_sample`.
    """

    def __init__(
        self,
        features_to_sample: FeaturesSpecification,
        *,
        mask_of_samples: Feature | None = None,
        table_of_samples: Feature | None = None,
    ):
        self.features_parser = FeatureParser(features_to_sample, FeatureType.is_image)
        self.mask_of_samples = (
            None if mask_of_samples is None else parse_feature(mask_of_samples, None, [FeatureType.MASK_TIMELESS])
        )
        self.table_of_samples = (
            None if table_of_samples is None else parse_feature(table_of_samples, None, [FeatureType.VECTOR_TIMELESS])
        )

    def _image_shape(self, eopatch: EOPatch) -> tuple[int, int]:
        """Return the (height, width) of the first feature, which :meth:`_sample` demands of all others."""
        features = self.features_parser.get_features(eopatch)
        if not features:
            raise DataError("The EOPatch has none of the features to sample, so it is not known how large it is.")
        return eopatch.get_spatial_dimension(*features[0])

    def _sample(
        self,
        eopatch: EOPatch,
        image_shape: tuple[int, int],
        row_grid: NDArray[np.int64],
        column_grid: NDArray[np.int64],
        inclusion: Inclusion,
        take: Callable[[NDArray[Any]], NDArray[Any]] | None = None,
    ) -> EOPatch:
        """Add the samples of all features to an EOPatch.

        image_shape: the (height, width) that the positions are meant for. Raises DataError where a feature has another.
        take: a faster way to take the samples at these positions out of an image, where there is one.
        """
        features = self.features_parser.get_renamed_features(eopatch)
        for feature_type, name, _ in features:
            size = eopatch.get_spatial_dimension(feature_type, name)
            if size != image_shape:
                raise DataError(
                    f"{feature_type} {name!r} has {size[0]} x {size[1]} pixels, but samples are taken from images of "
                    f"{image_shape[0]} x {image_shape[1]} pixels. Resize it first."
                )
        made = {
            (feature_type, new_name): take(image) if take and image.size else take_samples(image, row_grid, column_grid)
            for feature_type, name, new_name in features
            for image in [eopatch[feature_type, name]]
        }
        if self.mask_of_samples is not None:
            made[self.mask_of_samples] = get_mask_of_samples(image_shape, row_grid, column_grid)[..., np.newaxis]
        if self.table_of_samples is not None:
            made[self.table_of_samples] = sample_points(eopatch, image_shape, row_grid, column_grid, inclusion)
        for feature, value in made.items():
            eopatch[feature] = value
        return eopatch
