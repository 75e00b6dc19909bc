"""Values put in where a mask has certain values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def is_any_of(mask: NDArray[Any], values: Iterable[float]) -> NDArray[np.bool_]:
    """Return where a mask equals one of some numbers, in the shape of the mask. NaN equals nothing.

    values: Python numbers, which may lie outside of what the dtype of the mask can hold.
    """
    codes = mask.view(np.uint8) if mask.dtype == np.bool_ else mask  # numpy compares these without widening them
    hits = np.zeros(mask.shape, np.bool_)
    for value in values:
        hits |= codes == value
    return hits


def filled(data: NDArray[Any], mask: NDArray[Any], values: Iterable[float], new_value: float) -> NDArray[Any]:
    """Return a copy of the data with a new value where a mask equals one of some numbers.

    data: of shape (frames, height, width, bands), of any dtype.
    mask: of the same shape, or with one band that counts for all of them.
    new_value: must fit the dtype of the data.

    Works frame by frame, so that a frame is still in the processor's cache when its mask is applied.
    """
    values = list(values)
    result = np.empty(data.shape, data.dtype)
    for target, frame, frame_mask in zip(result, data, mask, strict=True):
        target[:] = frame
        hits = is_any_of(frame_mask, values)
        pixels = target.reshape(max(1, hits.size), -1)  # a row is what one value of the mask stands for
        pixels[np.flatnonzero(hits)] = new_value
    return result
