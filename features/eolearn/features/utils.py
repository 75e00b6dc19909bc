"""Images of another size: the choices that there are, and the function that resizes."""

from __future__ import annotations

import math
import operator
from enum import Enum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from eolearn.core.exceptions import DataError, EORuntimeWarning, SettingError, warn_user
from eolearn.core.utils.common import is_discrete_type

from ._kernels.resizing import resize_with_cv2, resize_with_pil

_Choice = TypeVar("_Choice", bound=Enum)


class ResizeParam(Enum):
    """What the numbers mean that say how large an image becomes."""

    NEW_SIZE = "new_size"
    """Its height and width, in pixels."""
    SCALE_FACTORS = "scale_factors"
    """How many times as high and as wide it becomes."""
    RESOLUTION = "resolution"
    """The height and the width of its pixels, in metres."""


class ResizeMethod(Enum):
    """How pixels between those of the old image are computed."""

    NEAREST = "nearest"
    LINEAR = "linear"
    CUBIC = "cubic"

    def get_cv2_method(self, dtype: DTypeLike) -> int:
        """Return OpenCV's number for this method with images of a dtype.

        Raises SettingError (a ValueError) for integers with CUBIC, and for what is neither float nor integer.
        """
        import cv2

        if np.issubdtype(dtype, np.floating):
            return int(getattr(cv2, f"INTER_{self.name}"))
        if not is_discrete_type(dtype):
            raise SettingError(f"Images of {np.dtype(dtype)} can't be resized, only those of numbers and bools.")
        if self is ResizeMethod.CUBIC:
            raise SettingError(
                f"OpenCV can't resize images of {np.dtype(dtype)} with the method 'cubic': use the library PIL, "
                "another method, or floats."
            )
        return int(getattr(cv2, f"INTER_{self.name}_EXACT"))

    def get_pil_method(self) -> Any:
        """Return Pillow's name for this method."""
        from PIL.Image import Resampling

        names = {"NEAREST": "NEAREST", "LINEAR": "BILINEAR", "CUBIC": "BICUBIC"}
        return Resampling[names[self.name]]


class ResizeLib(Enum):
    """The library that resizes."""

    PIL = "PIL"
    """Pillow, which averages over all pixels that a new one covers; float64 has the precision of float32."""
    CV2 = "cv2"
    """OpenCV, which looks only at the neighbours of the middle of a new pixel."""

    def get_compatible_dtype(self, dtype: DTypeLike) -> np.dtype[Any]:
        """Return the dtype that the library knows and that is nearest to another one, with a warning if it is less.

        :func:`spatially_resize_image` does not need it: OpenCV resizes large integers as float64.
        """
        given = np.dtype(dtype)
        large = {"uint32", "int64", "uint64"} | ({"uint16"} if self is ResizeLib.PIL else set())
        if given.name in large:
            message = f"{self.name} has no images of {given}: int32 takes its place, where large numbers have no room."
            warn_user(message, EORuntimeWarning)
            return np.dtype(np.int32)
        silent = {"float16": np.float32} | ({"bool": np.uint8} if self is ResizeLib.CV2 else {})
        return np.dtype(silent.get(given.name, given))


def spatially_resize_image(
    data: NDArray[Any],
    new_size: tuple[int, int] | None = None,
    scale_factors: tuple[float, float] | None = None,
    spatial_axes: tuple[int, int] | None = None,
    resize_method: ResizeMethod | str = ResizeMethod.LINEAR,
    resize_library: ResizeLib | str = ResizeLib.CV2,
) -> NDArray[Any]:
    """Return the images of an array in another size, in the dtype of the array.

    data: of two axes or more: images, or stacks of them along other axes. Floats, integers and bools.
    new_size: height and width, in pixels. scale_factors: of the height and of the width, which are rounded. Exactly one
        of the two is given.
    spatial_axes: the positions of height and width, ascending; by default (1, 2) for four axes, else (0, 1).
    resize_method, resize_library: or their values, as strings.

    Integers are rounded to the nearest one. NaN spreads to the pixels that are computed from it. Raises SettingError
    for settings that don't fit together or that lead to an image without pixels, DataError for an image without pixels
    and for integers that Pillow can't hold.

    Example:
        >>> spatially_resize_image(np.array([[0.0, 4.0], [0.0, 4.0]]), new_size=(1, 4))
        array([[0., 1., 3., 4.]])
    """
    method = choice(ResizeMethod, resize_method)
    library = choice(ResizeLib, resize_library)
    axes = _checked_axes(spatial_axes, data)
    old_size = data.shape[axes[0]], data.shape[axes[1]]
    if 0 in old_size:
        raise DataError(f"An image without pixels can't be resized: {axes} of shape {data.shape} are height and width.")
    size = _new_size(old_size, new_size, scale_factors)
    stack = np.moveaxis(data, axes[1], axes[0] + 1)
    before, after = stack.shape[: axes[0]], stack.shape[axes[0] + 2 :]
    images = stack.reshape(math.prod(before), *old_size, math.prod(after))
    if library is ResizeLib.CV2:
        resized = resize_with_cv2(images, size, method.get_cv2_method(data.dtype))
    else:
        _check_pillow_holds(data)
        resized = resize_with_pil(images, size, method.get_pil_method())
    return np.moveaxis(resized.reshape(*before, *size, *after), axes[0] + 1, axes[1])


def choice(choices: type[_Choice], given: object) -> _Choice:
    """Return the member of an enumeration, given itself or its value; SettingError for anything else."""
    try:
        return choices(given)
    except ValueError:
        values = ", ".join(repr(member.value) for member in choices)
        raise SettingError(f"{given!r} is no {choices.__name__}, these are: {values}.") from None


def _checked_axes(spatial_axes: tuple[int, int] | None, data: NDArray[Any]) -> tuple[int, int]:
    axes = ((1, 2) if data.ndim == 4 else (0, 1)) if spatial_axes is None else tuple(spatial_axes)
    if len(axes) != 2 or not 0 <= axes[0] < axes[1] < data.ndim:
        raise SettingError(
            f"spatial_axes must be the positions of height and width, ascending and less than {data.ndim}, the number "
            f"of axes, got {spatial_axes!r}."
        )
    return axes[0], axes[1]


def _new_size(
    old_size: tuple[int, int], new_size: tuple[int, int] | None, scale_factors: tuple[float, float] | None
) -> tuple[int, int]:
    if (new_size is None) == (scale_factors is None):
        raise SettingError(f"Give either new_size or scale_factors, got {new_size=} and {scale_factors=}.")
    if new_size is not None:
        height, width = (operator.index(length) for length in new_size)
    else:
        height, width = (round(length * factor) for length, factor in zip(old_size, scale_factors or (), strict=True))
    if height < 1 or width < 1:
        raise SettingError(
            f"An image of {old_size} pixels can't have the size {(height, width)}, got {new_size=} and "
            f"{scale_factors=}."
        )
    return height, width


def _check_pillow_holds(data: NDArray[Any]) -> None:
    if data.dtype.kind not in "fiub":
        raise SettingError(f"Images of {data.dtype} can't be resized, only those of numbers and bools.")
    limits = np.iinfo(np.int32)
    if data.dtype.kind in "iu" and data.size and (data.max() > limits.max or data.min() < limits.min):
        raise DataError(
            f"Pillow can't resize {data.dtype} images with values from {data.min()} to {data.max()}, beyond int32: use "
            "the library CV2."
        )
