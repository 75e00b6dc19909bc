"""The channels of a raster file: what a file has in place of the times and bands of an array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_STORABLE = {f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32)} | {
    "uint64",
    "float32",
    "float64",
    "complex64",
    "complex128",
}
_REPLACED = {"bool": "uint8", "float16": "float32", "int64": "int32"}  # many programs read no int64


def storable_dtype(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """Return the dtype that values of a dtype are written as, None where GeoTIFF has none that holds them.

    It is the same one, but uint8 for bool, float32 for float16 and int32 for int64.
    """
    name = _REPLACED.get(dtype.name, dtype.name)
    return np.dtype(name) if name in _STORABLE else None


def fits(values: NDArray[Any], dtype: np.dtype[Any]) -> bool:
    """Whether all values lie in the range of a dtype, NaN and infinity only in that of floats."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return bool(((values >= limits.min) & (values <= limits.max)).all())
    return bool((~np.isfinite(values) | (np.abs(values) <= float(np.finfo(dtype).max))).all())


def without_nan(values: NDArray[Any], replacement: float) -> NDArray[Any]:
    """Return values with a number in place of NaN, the same array where there is none."""
    missing = np.isnan(values)
    return np.where(missing, values.dtype.type(replacement), values) if missing.any() else values


def select(
    array: NDArray[Any], *, frames: Sequence[int] | None = None, bands: Sequence[int] | None = None
) -> NDArray[Any]:
    """Return some positions of the first axis and some of the last one, in the given order; None for all."""
    if frames is not None:
        array = array[list(frames)]
    return array if bands is None else array[..., list(bands)]


def to_channels(array: NDArray[Any], dtype: np.dtype[Any], *, is_spatial: bool) -> NDArray[Any]:
    """Return an array as an image of the shape (channel, height, width), of a dtype, contiguous.

    array: (time, height, width, band), (height, width, band), or for what is not spatial (time, band) or (band,), which
        become 1 x 1 pixels.

    Times follow each other, and within a time its bands: T1B1, T1B2, T2B1, T2B2.
    """
    if not is_spatial:
        return np.ascontiguousarray(array.reshape(-1, 1, 1), dtype=dtype)
    height, width = array.shape[-3:-1]
    channels_first = np.ascontiguousarray(np.moveaxis(array, -1, -3), dtype=dtype)
    return channels_first.reshape(-1, height, width)


def from_channels(channels: NDArray[Any], *, times: int | None, is_spatial: bool) -> NDArray[Any]:
    """Return the channels of an image as an array of times and bands: what :func:`to_channels` undoes.

    channels: (channel, height, width).
    times: number of times, which must divide that of channels; None for an array without time.

    Returns (time, height, width, band) or (height, width, band), or for what is not spatial (time, value) or (value,),
    of the same dtype, contiguous.
    """
    if not is_spatial:
        return channels.reshape(-1) if times is None else channels.reshape(times, -1)
    if times is not None:
        channels = channels.reshape(times, -1, *channels.shape[1:])
    return np.ascontiguousarray(np.moveaxis(channels, -3, -1))
