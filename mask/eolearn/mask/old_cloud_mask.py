"""Cloud masks under the names of eo-learn 0.x."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, EODeprecationWarning, FeatureMissing, SettingError, warn_user

from .multi_frame_cloud_mask import CloudMaskTask
from .pixel_cloud_mask import s2cloudless_detector
from .utils import resize_images

if TYPE_CHECKING:
    from eolearn.core.types import Feature


def get_s2_pixel_cloud_detector(
    threshold: float = 0.4, average_over: int = 4, dilation_size: int = 2, all_bands: bool = True
) -> Any:
    """Return an ``S2PixelCloudDetector`` of s2cloudless; raise MissingExtra where it isn't installed."""
    return s2cloudless_detector(
        threshold=threshold, average_over=average_over, dilation_size=dilation_size, all_bands=all_bands
    )


class AddCloudMaskTask(EOTask):
    """Adds a cloud mask, and probabilities, by a detector as that of s2cloudless. Old: use CloudMaskTask.

    classifier: has ``get_cloud_probability_maps``, which makes (time, height, width) of (time, height, width, bands),
        and ``get_mask_from_prob``.
    data_feature: the name in DATA of the images, or the feature, with the bands that the classifier wants.
    cm_size_x, cm_size_y: the size of the images that are classified, the result being brought back to the size of the
        data: width and height in pixels, or the size of a pixel as ``"20m"``. If one is given, the other is in the same
        proportion; without both the images are classified as they are.
    cmask_feature, cprobs_feature: names of the mask in MASK, and of the probabilities in DATA if they are wanted.
    instance_id, data_collection, image_format, model_evalscript, data_source: of the requests that 0.x made where the
        data were missing. Here they are not made, and these settings are kept only for old scripts.

    The mask is bool and the probabilities are float32, of shape (time, height, width, 1).

    Example:
        >>> task = AddCloudMaskTask(get_s2_pixel_cloud_detector(), "BANDS-S2-L1C", "160m", "160m", cprobs_feature="CLP")
    """

    def __init__(
        self,
        classifier: Any,
        data_feature: str | Feature,
        cm_size_x: int | str | None = None,
        cm_size_y: int | str | None = None,
        cmask_feature: str | Feature = "CLM",
        cprobs_feature: str | Feature | None = None,
        instance_id: str | None = None,
        data_collection: Any = None,
        image_format: Any = None,
        model_evalscript: str | None = None,
        data_source: Any = None,
    ):
        for method in ("get_cloud_probability_maps", "get_mask_from_prob"):
            if not callable(getattr(classifier, method, None)):
                raise SettingError(f"The classifier {classifier!r} has no method {method}.")
        self.classifier = classifier
        self.data_feature = _feature(self, FeatureType.DATA, data_feature)
        self.cm_size_x, self.cm_size_y = cm_size_x, cm_size_y
        self.cm_feature = _feature(self, FeatureType.MASK, cmask_feature)
        self.cprobs_feature = None if cprobs_feature is None else _feature(self, FeatureType.DATA, cprobs_feature)
        self.instance_id, self.data_collection = instance_id, data_collection if data_source is None else data_source
        self.image_format, self.model_evalscript = image_format, model_evalscript

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Store the mask, and the probabilities if these are wanted, and return the patch."""
        if self.data_feature not in eopatch:
            raise FeatureMissing(
                f"The patch has no {self.data_feature}. It isn't requested from a service any more: load the bands "
                "first, with eolearn.io.SentinelHubInputTask or eolearn.io.STACInputTask."
            )
        images = eopatch[self.data_feature]
        size_hw = self._size(eopatch, images.shape[1:3])
        small = images if size_hw == images.shape[1:3] else resize_images(images, new_size=size_hw)
        probabilities = np.asarray(self.classifier.get_cloud_probability_maps(small), np.float32)
        clouds = np.asarray(self.classifier.get_mask_from_prob(probabilities)).astype(np.bool_)
        eopatch[self.cm_feature] = _brought_to(images.shape[1:3], clouds, "nearest")
        if self.cprobs_feature is not None:
            eopatch[self.cprobs_feature] = _brought_to(images.shape[1:3], probabilities, "linear")
        return eopatch

    def _size(self, eopatch: EOPatch, size_hw: tuple[int, int]) -> tuple[int, int]:
        height = self._pixels(eopatch, self.cm_size_y, size_hw, 0)
        width = self._pixels(eopatch, self.cm_size_x, size_hw, 1)
        if height is not None and width is not None:
            return height, width
        if height is not None:
            return height, max(1, round(size_hw[1] * height / size_hw[0]))
        if width is not None:
            return max(1, round(size_hw[0] * width / size_hw[1])), width
        return size_hw

    def _pixels(self, eopatch: EOPatch, given: int | str | None, size_hw: tuple[int, int], axis: int) -> int | None:
        if given is None:
            return None
        try:
            if not isinstance(given, str):
                return max(1, int(given))
            metres = float(given.removesuffix("m"))
        except ValueError as error:
            raise SettingError(f"A size is a number of pixels, or of metres as '20m', got {given!r}.") from error
        if eopatch.bbox is None:
            raise DataError("A size by metres needs a bounding box, which the EOPatch doesn't have.")
        from sentinelhub import bbox_to_resolution

        return max(1, round(size_hw[axis] * bbox_to_resolution(eopatch.bbox, *size_hw[::-1])[1 - axis] / metres))


def _brought_to(size_hw: tuple[int, int], values: NDArray[Any], interpolation: Any) -> NDArray[Any]:
    values = values[..., np.newaxis]
    return values if values.shape[1:3] == size_hw else resize_images(values, size_hw, interpolation=interpolation)


def _feature(task: EOTask, feature_type: FeatureType, given: str | Feature) -> Feature:
    feature = (feature_type, given) if isinstance(given, str) else given
    return task.parse_feature(feature, allowed_feature_types=[feature_type])


class AddMultiCloudMaskTask(CloudMaskTask):
    """The old form of the multi-temporal CloudMaskTask, with the classifiers first, and names instead of features."""

    def __init__(
        self,
        mono_classifier: Any = None,
        multi_classifier: Any = None,
        data_feature: str | Feature = "BANDS-S2-L1C",
        is_data_feature: str | Feature = "IS_DATA",
        all_bands: bool = True,
        processing_resolution: Any = None,
        max_proc_frames: int = 11,
        mono_features: tuple[str | None, str | None] | None = None,
        multi_features: tuple[str | None, str | None] | None = None,
        mask_feature: str | Feature | None = "CLM_INTERSSIM",
        mono_threshold: float = 0.4,
        multi_threshold: float = 0.5,
        average_over: int | None = 1,
        dilation_size: int | None = 1,
    ):
        warn_user(
            "AddMultiCloudMaskTask is deprecated, use eolearn.mask.cloud_mask.CloudMaskTask.", EODeprecationWarning
        )
        super().__init__(
            data_feature=_feature(self, FeatureType.DATA, data_feature),
            is_data_feature=_feature(self, FeatureType.MASK, is_data_feature),
            all_bands=all_bands,
            processing_resolution=processing_resolution,
            max_proc_frames=max_proc_frames,
            mono_features=mono_features,
            multi_features=multi_features,
            mask_feature=None if mask_feature is None else _feature(self, FeatureType.MASK, mask_feature),
            mono_threshold=mono_threshold,
            multi_threshold=multi_threshold,
            average_over=average_over,
            dilation_size=dilation_size,
            mono_classifier=mono_classifier,
            multi_classifier=multi_classifier,
        )
