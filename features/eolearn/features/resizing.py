"""A task that gives images another size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eolearn.core import EOPatch, EOTask
from eolearn.core.exceptions import DataError, SettingError

from .utils import ResizeLib, ResizeMethod, ResizeParam, choice, spatially_resize_image

if TYPE_CHECKING:
    from eolearn.core.types import FeaturesSpecification


class SpatialResizeTask(EOTask):
    """Gives images another number of rows and columns; the place that they show stays the same.

    resize_type: what the next two say: the new size in pixels, the factor by which it changes (sizes are rounded), or
        the size of the new pixels in metres, for which the patch must have a bounding box. A ResizeParam or its value.
    height_param, width_param: of the height and of the width.
    features: which ones, with new names for the results if they have them. Those that are no images are passed over.
    resize_method: nearest pixel, linear or cubic. Integers can't be cubic with OpenCV; masks are best with the nearest.
    resize_library: OpenCV, which looks at the neighbours of a new pixel only, or Pillow, which averages over all pixels
        that a new one covers and so is better for much smaller images.

    Raises SettingError for settings that don't fit together, DataError without a bounding box.

    Example:
        >>> task = SpatialResizeTask(
        ...     resize_type="resolution", height_param=20, width_param=20, features=(FeatureType.DATA, "BANDS")
        ... )
    """

    def __init__(
        self,
        *,
        resize_type: ResizeParam | str,
        height_param: float,
        width_param: float,
        features: FeaturesSpecification = ...,
        resize_method: ResizeMethod | str = ResizeMethod.LINEAR,
        resize_library: ResizeLib | str = ResizeLib.CV2,
    ):
        self.features_parser = self.get_feature_parser(features)
        self.resize_type = choice(ResizeParam, resize_type)
        for name, number in (("height_param", height_param), ("width_param", width_param)):
            if not 0 < number < float("inf"):
                raise SettingError(f"{name} must be a number above 0, got {number!r}.")
            if self.resize_type is ResizeParam.NEW_SIZE and number != int(number):
                raise SettingError(f"{name} must be a whole number of pixels, got {number!r}.")
        self.height_param = height_param
        self.width_param = width_param
        self.resize_method = choice(ResizeMethod, resize_method)
        self.resize_library = choice(ResizeLib, resize_library)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Store the resized images and return the patch."""
        size = self._size(eopatch)
        for feature_type, name, new_name in self.features_parser.get_renamed_features(eopatch):
            if feature_type.is_image():
                eopatch[feature_type, new_name] = spatially_resize_image(
                    eopatch[feature_type, name],
                    **size,
                    resize_method=self.resize_method,
                    resize_library=self.resize_library,
                )
        return eopatch

    def _size(self, eopatch: EOPatch) -> dict[str, Any]:
        if self.resize_type is ResizeParam.SCALE_FACTORS:
            return {"scale_factors": (self.height_param, self.width_param)}
        if self.resize_type is ResizeParam.NEW_SIZE:
            return {"new_size": (int(self.height_param), int(self.width_param))}
        if eopatch.bbox is None:
            raise DataError("A size by resolution needs a bounding box, which the EOPatch doesn't have.")
        from sentinelhub import bbox_to_dimensions

        width, height = bbox_to_dimensions(eopatch.bbox, (self.width_param, self.height_param))
        return {"new_size": (height, width)}
