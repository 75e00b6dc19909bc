"""Blobs: spots that are brighter than what is around them, and how large they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import EODeprecationWarning, SettingTypeError, warn_user

from .images import real_stack

if TYPE_CHECKING:
    from eolearn.core.types import FeaturesSpecification


class BlobTask(EOTask):
    """Finds blobs in each date and band, and marks their centres with their radii.

    feature: DATA features, with new names for the results if they have some.
    blob_object: a function that is called with an image, a float64 array of shape (height, width), and returns an array
        with a row (row, column, sigma) for each blob, such as ``skimage.feature.blob_log``, ``blob_dog`` and
        ``blob_doh``. Sigma is the standard deviation of the Gaussian that fits the blob.
    blob_parameters: further arguments of the function. Thresholds are in units of the image.

    The result is float32 and of the shape of the feature: at the centre of a blob it is its radius in pixels, sigma
    times the root of 2, elsewhere 0. Pixels without data, NaN or infinite, take the value of the nearest one with data,
    so that their edges are no blobs; the result is NaN there.

    Example:
        >>> from skimage.feature import blob_log
        >>> task = BlobTask((FeatureType.DATA, "NDVI", "BLOBS"), blob_log, max_sigma=10, threshold=0.05)
    """

    def __init__(
        self, feature: FeaturesSpecification, blob_object: Callable[..., NDArray[Any]], **blob_parameters: Any
    ):
        self.feature_parser = self.get_feature_parser(feature, [FeatureType.DATA])
        if not callable(blob_object):
            raise SettingTypeError(f"blob_object must be a function such as skimage's blob_log, got {blob_object!r}.")
        self.blob_object = blob_object
        self.blob_parameters = blob_parameters

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the blobs of each feature."""
        for feature_type, name, new_name in self.feature_parser.get_renamed_features(eopatch):
            stack = real_stack(eopatch[feature_type, name], name)
            result = np.empty(stack.shape, np.float32)
            for date, band in np.ndindex(stack.shape[0], stack.shape[3]):
                result[date, :, :, band] = self._radii(stack[date, :, :, band].astype(np.float64))
            eopatch[feature_type, new_name] = result
        return eopatch

    def _radii(self, image: NDArray[np.float64]) -> NDArray[np.float32]:
        known = np.isfinite(image)
        radii = np.zeros(image.shape, np.float32)
        if known.any():
            blobs = self.blob_object(_without_gaps(image, known), **self.blob_parameters)
            rows, columns = blobs[:, 0].astype(int), blobs[:, 1].astype(int)
            radii[rows, columns] = blobs[:, 2] * np.sqrt(2)
        radii[~known] = np.nan
        return radii


def _without_gaps(image: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    from scipy.ndimage import distance_transform_edt

    if known.all():
        return image
    nearest = distance_transform_edt(~known, return_distances=False, return_indices=True)
    filled: NDArray[np.float64] = image[tuple(nearest)]
    return filled


def _blob_function(name: str, task: EOTask) -> Callable[..., NDArray[Any]]:
    import skimage.feature

    warn_user(
        f"{type(task).__name__} is deprecated, use BlobTask with skimage.feature.{name} instead.", EODeprecationWarning
    )
    function: Callable[..., NDArray[Any]] = getattr(skimage.feature, name)
    return function


class DoGBlobTask(BlobTask):
    """Deprecated: :class:`BlobTask` with ``skimage.feature.blob_dog``, the differences of Gaussians."""

    def __init__(
        self,
        feature: FeaturesSpecification,
        *,
        sigma_ratio: float = 1.6,
        min_sigma: float = 1,
        max_sigma: float = 30,
        threshold: float = 0.1,
        overlap: float = 0.5,
        **kwargs: Any,
    ):
        super().__init__(
            feature,
            _blob_function("blob_dog", self),
            sigma_ratio=sigma_ratio,
            min_sigma=min_sigma,
            max_sigma=max_sigma,
            threshold=threshold,
            overlap=overlap,
            **kwargs,
        )


class _HessianOrLaplacianTask(BlobTask):
    _function: str

    def __init__(
        self,
        feature: FeaturesSpecification,
        *,
        num_sigma: int = 10,
        log_scale: bool = False,
        min_sigma: float = 1,
        max_sigma: float = 30,
        threshold: float = 0.1,
        overlap: float = 0.5,
        **kwargs: Any,
    ):
        super().__init__(
            feature,
            _blob_function(self._function, self),
            num_sigma=num_sigma,
            log_scale=log_scale,
            min_sigma=min_sigma,
            max_sigma=max_sigma,
            threshold=threshold,
            overlap=overlap,
            **kwargs,
        )


class DoHBlobTask(_HessianOrLaplacianTask):
    """Deprecated: :class:`BlobTask` with ``skimage.feature.blob_doh``, the determinant of the Hessian."""

    _function = "blob_doh"


class LoGBlobTask(_HessianOrLaplacianTask):
    """Deprecated: :class:`BlobTask` with ``skimage.feature.blob_log``, the Laplacian of a Gaussian."""

    _function = "blob_log"
