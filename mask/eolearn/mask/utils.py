"""Functions on arrays that old scripts use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError, SettingError

from ._kernels.resizing import METHODS, resized


def resize_images(
    data: NDArray[Any],
    new_size: tuple[int, int] | None = None,
    scale_factors: tuple[float, float] | None = None,
    anti_alias: bool = True,
    interpolation: Literal["nearest", "linear", "cubic"] = "linear",
) -> NDArray[Any]:
    """Return images in another size, in their dtype.

    data: of shape (height, width), (height, width, bands) or (time, height, width, bands).
    new_size: height and width, in pixels. scale_factors: of the height and of the width, which are rounded. Exactly one
        of the two is given.
    anti_alias: whether images that become smaller are smoothed first, by a Gaussian of the standard deviation
        ``(1 / factor - 1) / 2`` pixels.
    interpolation: between pixels.

    Raises SettingError (a ValueError) for settings that don't go together, DataError for other numbers of axes.

    Example:
        >>> resize_images(np.ones((68, 100, 100, 3), np.float32), new_size=(50, 50)).shape
        (68, 50, 50, 3)
    """
    if data.ndim not in (2, 3, 4):
        raise DataError(f"resize_images takes arrays of 2, 3 or 4 axes, got the shape {data.shape}.")
    if (new_size is None) == (scale_factors is None):
        raise SettingError(f"Give either new_size or scale_factors, got {new_size=} and {scale_factors=}.")
    if interpolation not in METHODS:
        raise SettingError(f"interpolation must be one of {', '.join(METHODS)}, got {interpolation!r}.")
    images = data.reshape({2: (1, *data.shape, 1), 3: (1, *data.shape), 4: data.shape}[data.ndim])
    height, width = images.shape[1:3]
    size = new_size or (round(height * scale_factors[0]), round(width * scale_factors[1]))  # type: ignore[index]
    if min(*size, height, width) < 1:
        raise SettingError(f"Images of {height} x {width} pixels can't have the size {size}.")
    result = resized(images, (int(size[0]), int(size[1])), anti_alias=anti_alias, method=interpolation)
    return result if data.ndim == 4 else result.reshape(result.shape[1 : data.ndim + 1])


def map_over_axis(data: NDArray[Any], func: Callable[[NDArray[Any]], NDArray[Any]], axis: int = 0) -> NDArray[Any]:
    """Return what a function makes of each slice along an axis, stacked along the same axis.

    Example:
        >>> map_over_axis(np.ones((5, 4, 3)), lambda image: image[::2], axis=2).shape
        (3, 4, 3)
    """
    if not -data.ndim <= axis < data.ndim:
        raise SettingError(f"axis {axis} is out of the {data.ndim} axes of the data.")
    if data.shape[axis] == 0:
        raise DataError(f"Axis {axis} of the shape {data.shape} is empty: there is nothing to map.")
    return np.stack([func(part) for part in np.moveaxis(data, axis, 0)], axis=axis)
