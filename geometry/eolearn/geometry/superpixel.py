"""Divides the place of an EOPatch into segments of similar pixels, and marks the boundaries between them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from eolearn.core.constants import FeatureType
from eolearn.core.eotask import EOTask
from eolearn.core.exceptions import DataError, EODeprecationWarning, EORuntimeWarning, SettingError, warn_user
from eolearn.core.utils.parsing import parse_feature

if TYPE_CHECKING:
    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature

_TIMELESS = (FeatureType.MASK_TIMELESS,)


class SuperpixelSegmentationTask(EOTask):
    """Divides an image into segments of similar pixels that lie together, such as fields.

    feature: an image feature. Its dates and bands together are the channels of one image.
    superpixel_feature: the MASK_TIMELESS feature to make, of shape (height, width, 1), with a number for each segment.
    segmentation_object: a function that takes an image of shape (height, width, channels) and returns the numbers of
        segments, of shape (height, width); by default :func:`skimage.segmentation.felzenszwalb`.
    segmentation_params: further arguments of the function. Which are good depends on the values of the image. Mind that
        scikit-image divides integers by the largest one of their dtype: make reflectances floats first.

    Missing values (NaN) are passed on to the function, with an EORuntimeWarning: few methods have a use for them.

    Source: P. F. Felzenszwalb and D. P. Huttenlocher, Efficient Graph-Based Image Segmentation, International Journal
    of Computer Vision 59(2), 2004, doi:10.1023/B:VISI.0000022288.19776.77.

    Example:
        >>> task = SuperpixelSegmentationTask(
        ...     (FeatureType.DATA_TIMELESS, "BANDS"), (FeatureType.MASK_TIMELESS, "SEGMENTS"), scale=0.5, min_size=20
        ... )
        >>> segments = task(eopatch)[FeatureType.MASK_TIMELESS, "SEGMENTS"]
    """

    def __init__(
        self,
        feature: Feature,
        superpixel_feature: Feature,
        *,
        segmentation_object: Callable[..., NDArray[Any]] | None = None,
        **segmentation_params: Any,
    ):
        if segmentation_object is None:
            from skimage.segmentation import felzenszwalb as segmentation_object
        if not callable(segmentation_object):
            raise SettingError(f"segmentation_object must be a function, got {segmentation_object!r}.")
        self.feature = parse_feature(feature, None, FeatureType.is_image)
        self.superpixel_feature = parse_feature(superpixel_feature, None, _TIMELESS)
        self.segmentation_object = segmentation_object
        self.segmentation_params = segmentation_params

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Add the numbers of the segments.

        Raises DataError if the function returns something of another size than that of the image.
        """
        data: NDArray[Any] = eopatch[self.feature]
        image = data if data.ndim == 3 else np.moveaxis(data, 0, 2).reshape(*data.shape[1:3], -1)
        if image.dtype.kind == "f" and np.isnan(image).any():
            warn_user(
                f"{np.isnan(image).mean():.1%} of {self.feature} is NaN, where segments may be wrong. Fill it first.",
                EORuntimeWarning,
            )
        segments = np.asarray(self._segments(image))
        if segments.shape != image.shape[:2]:
            raise DataError(
                f"The segmentation of {self.feature} must have the shape {image.shape[:2]}, but is {segments.shape}."
            )
        eopatch[self.superpixel_feature] = segments[..., np.newaxis]
        return eopatch

    def _segments(self, image: NDArray[Any]) -> NDArray[Any]:
        with warnings.catch_warnings():  # scikit-image expects photographs, of at most 3 channels
            warnings.filterwarnings("ignore", "Got image with third dimension", RuntimeWarning)
            return self.segmentation_object(image, **self.segmentation_params)


class FelzenszwalbSegmentationTask(SuperpixelSegmentationTask):
    """Old form of :class:`SuperpixelSegmentationTask` with its default."""

    def __init__(self, feature: Feature, superpixel_feature: Feature, **kwargs: Any):
        warn_user("FelzenszwalbSegmentationTask is deprecated, use SuperpixelSegmentationTask.", EODeprecationWarning)
        super().__init__(feature, superpixel_feature, **kwargs)


class SlicSegmentationTask(SuperpixelSegmentationTask):
    """Divides an image into compact segments of about the same size, as :func:`skimage.segmentation.slic` does.

    feature, superpixel_feature: as for :class:`SuperpixelSegmentationTask`. Segments are numbered from 0.
    kwargs: arguments of ``slic``, ``n_segments`` and ``compactness`` above all.

    Source: R. Achanta et al., SLIC Superpixels Compared to State-of-the-Art Superpixel Methods, IEEE Transactions on
    Pattern Analysis and Machine Intelligence 34(11), 2012, doi:10.1109/TPAMI.2012.120.

    Example:
        >>> task = SlicSegmentationTask(
        ...     (FeatureType.DATA, "BANDS"), (FeatureType.MASK_TIMELESS, "SEGMENTS"), n_segments=200, compactness=0.1
        ... )
    """

    def __init__(self, feature: Feature, superpixel_feature: Feature, **kwargs: Any):
        from skimage.segmentation import slic

        super().__init__(
            feature, superpixel_feature, segmentation_object=slic, **{"start_label": 0, "channel_axis": -1, **kwargs}
        )

    def _segments(self, image: NDArray[Any]) -> NDArray[Any]:
        return super()._segments(image.astype(np.float64))


class MarkSegmentationBoundariesTask(EOTask):
    """Marks the pixels at the boundaries of segments with 1, all others with 0.

    feature: a MASK_TIMELESS feature of one band, with the numbers of segments.
    new_feature: the MASK_TIMELESS feature to make, of uint8.
    mode: "outer" marks pixels of background beside segments, and one of each pair of segments that meet; "inner" the
        pixels within segments; "thick" those on both sides. See :func:`skimage.segmentation.find_boundaries`.
    background_label: the number that is background for "outer" and "inner".

    Example:
        >>> task = MarkSegmentationBoundariesTask(
        ...     (FeatureType.MASK_TIMELESS, "SEGMENTS"), (FeatureType.MASK_TIMELESS, "BOUNDARIES")
        ... )
    """

    def __init__(
        self,
        feature: Feature,
        new_feature: Feature,
        *,
        mode: Literal["thick", "inner", "outer"] = "outer",
        background_label: int = 0,
    ):
        self.feature = parse_feature(feature, None, _TIMELESS)
        self.new_feature = parse_feature(new_feature, None, _TIMELESS)
        if mode not in ("thick", "inner", "outer"):
            raise SettingError(f"mode must be 'thick', 'inner' or 'outer', got {mode!r}.")
        self.mode = mode
        self.background_label = background_label

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Add the boundaries. Raises DataError for segments of several bands."""
        from skimage.segmentation import find_boundaries

        segments: NDArray[Any] = eopatch[self.feature]
        if segments.shape[-1] != 1:
            raise DataError(f"{self.feature} must have one band, but its shape is {segments.shape}.")
        boundaries: NDArray[np.bool_] = find_boundaries(  # type: ignore[no-untyped-call]
            segments[..., 0], mode=self.mode, background=self.background_label
        )
        eopatch[self.new_feature] = boundaries[..., np.newaxis].astype(np.uint8)
        return eopatch
