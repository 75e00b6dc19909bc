"""What the file of a mosaic holds of the pixels that were put together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from eolearn.core.exceptions import DataError, SettingError, SettingTypeError

from .._kernels.blending import most_likely
from .._kernels.channels import fits, storable_dtype
from .._raster_settings import checked_colors

Color: TypeAlias = str | tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How pixels become numbers of a file."""

    dtype: np.dtype[Any]
    no_data_value: float
    scale: float = 1
    """What values are multiplied with, not those of classes."""
    classes: NDArray[Any] | None = None
    """The class of each band of probabilities, of which the likeliest is written; None to write what there is."""

    def encoded(self, values: NDArray[Any], rank: NDArray[np.uint8]) -> NDArray[Any]:
        """Return pixels as they are written (band, height, width), from values of this shape; rank 0 is no data.

        Raises DataError for values beyond the range of the dtype, and for those that would be taken for no data.
        """
        if self.classes is not None:
            best = most_likely(values, rank)
            return np.where(best < 0, self.no_data_value, self.classes[best])[np.newaxis].astype(self.dtype)
        has_data = rank > 0
        written = np.where(has_data, values if self.scale == 1 else values * np.float32(self.scale), 0)
        if self.dtype.kind in "iu" and written.dtype.kind == "f":
            written = np.rint(written)
        if not np.can_cast(written.dtype, self.dtype) and not fits(written, self.dtype):
            raise DataError(
                f"Values from {written.min()} to {written.max()} don't fit into {self.dtype}: choose another "
                "image_dtype or scale."
            )
        written = written.astype(self.dtype)
        if np.any(has_data & (written == self.no_data_value)):
            raise DataError(f"Pixels with data have the value {self.no_data_value} too: choose another no_data_value.")
        written[~has_data] = self.no_data_value
        return written


def choose_encoding(
    stored: np.dtype[Any],
    bands: int,
    *,
    dtype: DTypeLike | None,
    scale: float,
    no_data_value: float | None,
    classes: Sequence[int] | NDArray[np.integer] | None,
) -> Encoding:
    """Return how pixels of a dtype are written, SettingError (a ValueError) for settings that don't go together.

    stored: the dtype of the patches.
    """
    known = None if classes is None else _known_classes(classes, bands)
    wanted = np.dtype(dtype) if dtype is not None else stored if known is None else np.min_scalar_type(known.max())
    if known is not None and dtype is None and known.min() < 0:
        wanted = np.dtype(np.int32)
    chosen = storable_dtype(wanted)
    if chosen is None or chosen.kind not in "iuf":
        raise SettingError(f"GeoTIFF has no {wanted}: set image_dtype.")
    is_scaled = known is None and stored.kind == "f" and chosen.kind in "iu"
    if no_data_value is None and is_scaled:
        raise SettingError(f"To write {stored} as {chosen}, set no_data_value: a number that no pixel has, say 255.")
    if no_data_value is None:
        no_data_value = np.nan if chosen.kind == "f" else 0
    if not fits(np.asarray(no_data_value), chosen):
        raise SettingError(f"no_data_value={no_data_value} can't be written as {chosen}.")
    if known is not None and (no_data_value in known or not fits(known, chosen)):
        raise SettingError(
            f"The classes {known.tolist()} must fit {chosen} and differ from no_data_value={no_data_value}."
        )
    if scale != 1 and (known is not None or stored.kind != "f"):
        raise SettingError(f"scale={scale} is for numbers that are written as they are, not for classes.")
    if not np.isfinite(scale) or scale <= 0:
        raise SettingError(f"scale must be a number above 0, got {scale}.")
    return Encoding(dtype=chosen, no_data_value=no_data_value, scale=scale, classes=known)


def _known_classes(classes: Sequence[int] | NDArray[np.integer], bands: int) -> NDArray[Any]:
    known = np.asarray(classes)
    if known.ndim != 1 or known.dtype.kind not in "iu" or len(known) != bands:
        raise SettingError(f"classes must hold an integer for each of {bands} bands, got {classes!r}.")
    return known


def color_table(colors: Mapping[int, Color], dtype: np.dtype[Any]) -> dict[int, tuple[int, int, int]]:
    """Return the colours of classes as red, green and blue, 0 to 255.

    colors: of each class, ``"#e69f00"`` or (red, green, blue).

    Raises SettingTypeError (a TypeError) or SettingError (a ValueError) for anything else, and for a dtype other than
    uint8 and uint16, of which GeoTIFF has no colours.
    """
    if dtype not in (np.dtype(np.uint8), np.dtype(np.uint16)):
        raise SettingError(f"Only uint8 and uint16 have colors in GeoTIFF, not {dtype}: set image_dtype.")
    for value in colors:
        if not isinstance(value, int | np.integer):
            raise SettingTypeError(f"colors must have integers as keys, got {value!r}.")
        if value > np.iinfo(dtype).max:
            raise SettingError(f"colors has the class {value}, which {dtype} can't hold.")
    return checked_colors({value: _rgb(color) for value, color in colors.items()})


def _rgb(color: Color) -> Sequence[int]:
    if not isinstance(color, str):
        return color
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", color):
        raise SettingError(f"A color is '#rrggbb', or three numbers from 0 to 255, got {color!r}.")
    return bytes.fromhex(color[1:])
