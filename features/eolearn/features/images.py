"""The single images, of one date and one band, of which an image feature consists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError
from eolearn.core.utils.threads import over_row_blocks

from ._kernels.blocks import usable

Place: TypeAlias = tuple[int, slice, slice, int]


def real_stack(data: NDArray[Any], name: str) -> NDArray[Any]:
    """Return an image feature, timeless or not, as an array of shape (dates, height, width, bands).

    name: of the feature, for the DataError that is raised for other than real numbers.
    """
    if data.dtype.kind not in "biuf":
        raise DataError(f"Real numbers are needed, but {name!r} is of dtype {data.dtype}.")
    return data if data.ndim == 4 else data[np.newaxis]


def over_images(function: Callable[[NDArray[np.float64], Place], None], stack: NDArray[Any]) -> None:
    """Call ``function(image, place)`` for each image of a stack, spread over the threads that may be used.

    The image is a copy of ``stack[place]`` as float64, with NaN in place of infinite values.
    """
    dates, bands = stack.shape[0], stack.shape[3]

    def call(start: int, stop: int) -> None:
        for index in range(start, stop):
            place = (index // bands, slice(None), slice(None), index % bands)
            function(usable(stack[place]), place)

    over_row_blocks(call, dates * bands, least_rows=1)
