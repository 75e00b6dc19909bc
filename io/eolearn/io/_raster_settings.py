"""Settings of the tasks for raster files, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import DTypeLike
from rasterio.enums import Compression, Resampling

from eolearn.core.exceptions import SettingError, SettingTypeError
from eolearn.core.utils.naming import did_you_mean

from ._geotiff import TiffLayout

_WITH_PREDICTOR = ("deflate", "lzw", "zstd")


def checked_dtype(image_dtype: DTypeLike | None) -> DTypeLike | None:
    """Return a setting that stands for a dtype. Raises SettingTypeError (a TypeError) for all else."""
    try:
        np.dtype(image_dtype)
    except TypeError as error:
        raise SettingTypeError(f"image_dtype must be a dtype of numpy, got {image_dtype!r}.") from error
    return image_dtype


def resampling_of(name: str) -> Resampling:
    """Return the resampling of this name. Raises SettingError (a ValueError) with the ones that are alike."""
    try:
        return Resampling[name]
    except KeyError:
        raise SettingError(f"{name!r} is no resampling of rasterio.{nearest(name, Resampling.__members__)}") from None


def nearest(name: str, names: Sequence[str] | Mapping[str, object]) -> str:
    """Return the end of a message about a name that is not known: those that are like it, and all of them."""
    return f"{did_you_mean(name, names)} There are: {', '.join(names)}."


def checked_resolution(resolution: float | Sequence[float] | None) -> tuple[float, float] | None:
    """Return width and height of a pixel, for one number or for both."""
    if resolution is None:
        return None
    pair = (resolution, resolution) if isinstance(resolution, int | float | np.number) else tuple(resolution)
    if len(pair) != 2 or not all(0 < size < float("inf") for size in pair):
        raise SettingError(f"resolution must be the size of a pixel, or its width and height, got {resolution!r}.")
    return float(pair[0]), float(pair[1])


def checked_colors(colors: Mapping[int, Sequence[int]]) -> dict[int, tuple[int, int, int]]:
    """Return the colours of values."""
    checked = {}
    for value, color in colors.items():
        parts = tuple(int(part) for part in color)
        if not 0 <= value < 2**16 or len(parts) != 3 or not all(0 <= part < 256 for part in parts):
            raise SettingError(
                f"colors are (red, green, blue) from 0 to 255 of values from 0 to 65535, got {color!r} of {value!r}."
            )
        checked[int(value)] = parts
    return checked


def tiff_layout(
    *, compress: str | None, cog: bool, overview_resampling: str | None, predictor: bool | None, is_discrete: bool
) -> TiffLayout:
    """Return the layout of files for the settings of an export. is_discrete: whether values can't be averaged."""
    if compress is not None and compress.lower() not in Compression.__members__:
        raise SettingError(f"compress can't be {compress!r}, only one of {', '.join(Compression.__members__)}.")
    if overview_resampling is not None:
        resampling_of(overview_resampling)
        if not cog:
            raise SettingError(f"overview_resampling={overview_resampling!r} is for COG: set cog=True.")
    if cog and compress is None:
        compress = "deflate"
    can_predict = (compress or "").lower() in _WITH_PREDICTOR
    if predictor and not can_predict:
        raise SettingError(f"predictor=True needs a compress of {', '.join(_WITH_PREDICTOR)}, not {compress!r}.")
    overviews = overview_resampling or ("mode" if is_discrete else "average")
    return TiffLayout(
        compress=compress,
        predictor=cog and can_predict and not is_discrete if predictor is None else predictor,
        overviews=overviews if cog else None,
    )
