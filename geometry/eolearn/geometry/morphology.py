"""Erodes, dilates and cleans the images of an EOPatch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from eolearn.core.constants import FeatureType
from eolearn.core.core_tasks import MapFeatureTask
from eolearn.core.eotask import EOTask
from eolearn.core.exceptions import DataError, EODeprecationWarning, SettingError, warn_user
from eolearn.core.utils.common import _apply_to_spatial_axes
from eolearn.core.utils.parsing import parse_renamed_feature, parse_renamed_features

from ._kernels.morphology import Extreme, eroded_labels, extremes, median
from ._number_fit import as_numbers, cast

if TYPE_CHECKING:
    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import FeaturesSpecification, SingleFeatureSpec

ImageOperation: TypeAlias = Callable[[NDArray[Any], Any], NDArray[Any]]


class UnknownOperation(SettingError, KeyError):
    """An operation was named that does not exist."""


class ErosionTask(EOTask):
    """Takes the edges off areas of equal label, where pixels are often mixed or wrongly labelled.

    mask_feature: an image of one band, with a new name for the result if it has one. Each date is eroded by itself.
    disk_radius: a label stays only where it fills the surroundings of a pixel, as far as they lie in the image. These
        are an ellipse of disk_radius x disk_radius pixels, so this is a diameter, named as in 1.x: 3 for the pixel and
        the four beside it, 2 * r + 1 for a radius of r. 1 changes nothing, and even numbers erode one edge further.
    erode_labels: the labels that are eroded, None or an empty list for all. Others stay as they are.
    no_data_label: comes where a label is eroded away; it is not eroded itself.

    Example:
        >>> task = ErosionTask((FeatureType.MASK_TIMELESS, "LULC", "LULC_ERODED"), disk_radius=3, erode_labels=[1, 2])
        >>> eopatch = task(eopatch)
    """

    def __init__(
        self,
        mask_feature: SingleFeatureSpec,
        disk_radius: int = 1,
        erode_labels: Iterable[int] | None = None,
        no_data_label: int = 0,
    ):
        if not isinstance(disk_radius, int) or isinstance(disk_radius, bool) or disk_radius < 1:
            raise SettingError(f"disk_radius must be an int of at least 1, got {disk_radius!r}.")
        self.mask_type, self.mask_name, self.new_mask_name = parse_renamed_feature(
            mask_feature, None, FeatureType.is_array
        )
        self.disk = MorphologicalStructFactory.get_disk(disk_radius)
        self.erode_labels = None if erode_labels is None else list(erode_labels)
        self.no_data_label = no_data_label

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Add the eroded image, of the dtype of the old one.

        Raises DataError for other than images of one band, and a no_data_label that the dtype can't hold.
        """
        image: NDArray[Any] = eopatch[self.mask_type, self.mask_name]
        what = f"{self.mask_type} {self.mask_name!r}"
        if not self.mask_type.is_image() or image.shape[-1] != 1:
            raise DataError(f"Only images of one band can be eroded; {what} has the shape {image.shape}.")
        no_data_label = cast(as_numbers(self.no_data_label, "no_data_label"), image.dtype, f"no_data_label of {what}")
        labels = [label for label in self.erode_labels or [] if label != self.no_data_label]

        def eroded(labelled: NDArray[Any]) -> NDArray[Any]:
            return eroded_labels(
                labelled, self.disk, labels=labels if self.erode_labels else None, no_data_label=no_data_label
            )

        eopatch[self.mask_type, self.new_mask_name] = _over_images(eroded, image)
        return eopatch


class MorphologicalOperations(Enum):
    """What can be done to an image by the surroundings of each pixel."""

    OPENING = "opening"
    """Removes what is bright and smaller than the surroundings: an erosion, then a dilation."""
    CLOSING = "closing"
    """Fills what is dark and smaller than the surroundings: a dilation, then an erosion."""
    DILATION = "dilation"
    """The largest value of the surroundings."""
    EROSION = "erosion"
    """The least value of the surroundings."""
    MEDIAN = "median"
    """The value in the middle; of an even number the lower of the two in the middle."""

    @classmethod
    def get_operation(cls, morph_type: MorphologicalOperations) -> int | ImageOperation:
        """Return the constant of OpenCV for an operation; for MEDIAN, which it has not, a function.

        Raises UnknownOperation (a KeyError and a ValueError) for anything else, also for the name of an operation.
        """
        operation = _parse_operation(morph_type)
        return median if operation is cls.MEDIAN else _OPENCV[operation]


_OPENCV: dict[MorphologicalOperations, int] = {
    MorphologicalOperations.OPENING: cv2.MORPH_OPEN,
    MorphologicalOperations.CLOSING: cv2.MORPH_CLOSE,
    MorphologicalOperations.DILATION: cv2.MORPH_DILATE,
    MorphologicalOperations.EROSION: cv2.MORPH_ERODE,
}
_STEPS: dict[MorphologicalOperations, tuple[Extreme, ...]] = {
    MorphologicalOperations.OPENING: ("least", "largest"),
    MorphologicalOperations.CLOSING: ("largest", "least"),
    MorphologicalOperations.DILATION: ("largest",),
    MorphologicalOperations.EROSION: ("least",),
}


def _parse_operation(operation: Any) -> MorphologicalOperations:
    if not isinstance(operation, MorphologicalOperations):
        raise UnknownOperation(
            f"The operation must be one of {', '.join(map(str, MorphologicalOperations))}, got {operation!r}."
        )
    return operation


class MorphologicalStructFactory:
    """Makes the surroundings of a pixel for :class:`MorphologicalFilterTask`, as arrays of 0 and 1.

    The pixel itself is at (rows // 2, columns // 2). With sides of an even number of pixels, opening and closing move
    an image by a pixel, as in OpenCV: better use odd ones.
    """

    @staticmethod
    def get_disk(radius: int) -> NDArray[np.uint8]:
        """Return an ellipse of radius x radius pixels: a diameter, in truth, as in 1.5.

        ``skimage.morphology.disk(radius)`` makes the disks of 1.4, of 2 * radius + 1 pixels.
        """
        return _element(cv2.MORPH_ELLIPSE, radius, radius)

    @staticmethod
    def get_rectangle(width: int, height: int) -> NDArray[np.uint8]:
        """Return a rectangle, of shape (width, height): as in 1.5, the first number is that of rows."""
        return _element(cv2.MORPH_RECT, width, height)

    @staticmethod
    def get_square(width: int) -> NDArray[np.uint8]:
        """Return a square."""
        return _element(cv2.MORPH_RECT, width, width)

    @staticmethod
    def get_diamond(radius: int) -> NDArray[np.uint8]:
        """Return the pixels that are at most radius steps away, of shape (2 * radius + 1, 2 * radius + 1)."""
        if radius < 0:
            raise SettingError(f"radius must be at least 0, got {radius}.")
        steps = np.abs(np.arange(-radius, radius + 1))
        return np.asarray(steps[:, np.newaxis] + steps <= radius, dtype=np.uint8)


def _element(form: int, rows: int, columns: int) -> NDArray[np.uint8]:
    if min(rows, columns) < 1:
        raise SettingError(f"Surroundings must have at least one pixel, got {rows} x {columns}.")
    return np.asarray(cv2.getStructuringElement(form, (columns, rows)), dtype=np.uint8)


class MorphologicalFilterTask(MapFeatureTask):
    """Filters each image of some features, one date and one band at a time.

    input_features: image features, of any dtype of numbers.
    output_features: where the results are stored, of the same dtypes. By default under the new names of the input
        features, or in their place.
    morph_operation: what is done; or a function that takes an image, of shape (height, width), and struct_elem, and
        returns an image, as those of ``skimage.morphology`` do.
    struct_elem: the surroundings of a pixel, an array of 0 and 1 as :class:`MorphologicalStructFactory` makes them;
        None for 3 x 3 pixels.

    What lies beyond the image, and NaN, is left out; pixels that are NaN stay so. The form of 1.4, with morph_operation
    as second argument, works too, with an EODeprecationWarning.

    Example:
        >>> task = MorphologicalFilterTask(
        ...     (FeatureType.MASK, "CLM", "CLM_GROWN"),
        ...     morph_operation=MorphologicalOperations.DILATION,
        ...     struct_elem=MorphologicalStructFactory.get_disk(5),
        ... )
    """

    def __init__(
        self,
        input_features: FeaturesSpecification,
        output_features: FeaturesSpecification | MorphologicalOperations | ImageOperation | None = None,
        struct_elem: NDArray[Any] | None = None,
        *,
        morph_operation: MorphologicalOperations | ImageOperation | None = None,
    ):
        if isinstance(output_features, MorphologicalOperations) or callable(output_features):
            warn_user("Pass the operation as morph_operation=..., not as second argument.", EODeprecationWarning)
            morph_operation, output_features = output_features, None
        if output_features is None:
            renamed = parse_renamed_features(input_features)
            output_features = [(feature_type, new_name) for feature_type, _, new_name in renamed]
        super().__init__(input_features, output_features)
        self.morph_operation = morph_operation if callable(morph_operation) else _parse_operation(morph_operation)
        self.struct_elem = None if struct_elem is None else _parse_element(struct_elem)

    def map_method(self, feature: NDArray[Any]) -> NDArray[Any]:
        """Return a filtered feature. Raises DataError (a ValueError) for other than images of numbers."""
        if feature.ndim not in (3, 4) or feature.dtype.kind not in "biuf":
            raise DataError(
                "Only images of numbers can be filtered, with 3 or 4 axes; got an array of "
                f"{feature.dtype} and of shape {feature.shape}."
            )
        return _over_images(self._filtered, feature)

    def _filtered(self, image: NDArray[Any]) -> NDArray[Any]:
        if not isinstance(self.morph_operation, MorphologicalOperations):
            return self.morph_operation(image, self.struct_elem)
        element = np.ones((3, 3), dtype=np.uint8) if self.struct_elem is None else self.struct_elem
        if self.morph_operation is MorphologicalOperations.MEDIAN:
            return median(image, element)
        return extremes(image, element, *_STEPS[self.morph_operation])


def _parse_element(element: Any) -> NDArray[np.uint8]:
    array = np.asarray(element)
    if array.ndim != 2 or array.dtype.kind not in "biuf" or not array.any():
        raise SettingError(f"struct_elem must be an array of two axes that is not 0 everywhere, got {element!r}.")
    return np.asarray(array != 0, dtype=np.uint8)


def _over_images(function: Callable[[NDArray[Any]], NDArray[Any]], feature: NDArray[Any]) -> NDArray[Any]:
    return _apply_to_spatial_axes(function, feature, (feature.ndim - 3, feature.ndim - 2))
