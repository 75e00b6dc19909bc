"""All checks, one after another, each on what the ones before it have put right; and the mending."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._kernels import radiometry as kernel
from . import levels, order, slices
from .series import FILLS, SENTINEL2_SCALE, Report, Series, cirrus_of, roles_of, shifts_of


def check(
    data: NDArray[Any],
    bands: Sequence[str],
    clear: NDArray[np.bool_] | None,
    scaling: tuple[float, float] | None,
) -> Report:
    """Return what is wrong with ``(time, height, width, band)``; ``clear`` is ``(time, height, width)``."""
    pixels = kernel.sample(data).astype(np.float32)
    usable = kernel.usable_pixels(pixels)
    if clear is not None:
        usable &= kernel.sample(clear[..., np.newaxis])[..., 0].astype(bool)
    roles = roles_of(bands)
    series = Series(data, pixels, usable, roles, scaling, shifts_of(bands), cirrus_of(bands), clear is not None)
    steps = (
        slices.empty,
        slices.duplicated,
        levels.digital_numbers,
        levels.offset,
        slices.saturated,
        order.swapped_bands,
        order.jumps,
    )
    found = [one for step in steps for one in step(series)]
    return Report(found, series.numbers, series.offsets, series.empty)


def mended(
    data: NDArray[Any], report: Report, kinds: Iterable[str], scaling: tuple[float, float] | None
) -> NDArray[Any]:
    """Return a copy of the data as float32, put right as far as the kinds say.

    A digital number that stands for no data becomes NaN, and a 0 in all bands stays 0. Where digital numbers stay what
    they are, an offset is taken back in digital numbers.
    """
    wanted = set(kinds)
    result = data.astype(np.float32)
    scale, shift = scaling or (SENTINEL2_SCALE, 0.0)
    scaled = report.numbers & ("digital_numbers" in wanted)
    if scaled.any():
        numbers = data[scaled]
        result[scaled] = np.where(
            np.isin(numbers, FILLS), np.nan, result[scaled] * np.float32(scale) + np.float32(shift)
        )
    for date in np.flatnonzero(report.offsets):
        offset = report.offsets[date]
        if ("offset_missed" if offset > 0 else "offset_twice") in wanted:
            unit = scale if report.numbers[date] and not scaled[date] else 1.0
            result[date] = _without_offset(result[date], np.float32(offset / unit))
    if "empty" in wanted:
        dates, bands = np.nonzero(report.empty)
        result[dates, :, :, bands] = np.nan
    return result


def _without_offset(frame: NDArray[np.float32], offset: np.float32) -> NDArray[np.float32]:
    """Return an image, (height, width, band), less an offset; what is 0 in all bands for want of data stays so."""
    no_data = np.float32(0) if offset > 0 else offset
    is_no_data = np.isclose(frame, no_data, rtol=1e-5, atol=1e-7).all(axis=-1, keepdims=True)
    return np.where(is_no_data, np.float32(0), frame - offset)
