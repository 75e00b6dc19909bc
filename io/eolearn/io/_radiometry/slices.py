"""Slices without data, what is there twice, and saturated pixels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._kernels import radiometry as kernel
from .series import FILLS, Found, Series

NOISE = 0.001
"""A slice may be constant at less than this: negative reflectances that were clipped."""
PILE_SHARE, PILE_RATIO, LEAST_SATURATED = 0.01, 3, 0.5
"""Saturated: such a part of a date has the band's largest value, so many times more than each of the next five has."""
_NOTHING = float("inf")
"""In place of NaN, which is no key of a dict."""


def empty(series: Series) -> Iterator[Found]:
    """All-zero slices, slices of one number, and slices without any."""
    groups: dict[tuple[float, tuple[int, ...]], list[int]] = defaultdict(list)
    for date, frame in enumerate(series.data):
        if not frame.size or (series.has_clear and not series.usable[date].any() and _varies(frame)):
            continue
        by_value: dict[float, list[int]] = defaultdict(list)
        for band in series.all_bands:
            value = _constant(frame[..., band])
            if value is not None:
                by_value[value].append(band)
                series.empty[date, band] = True
        for value, bands in by_value.items():
            groups[value, tuple(bands)].append(date)
    for (value, constant), dates in groups.items():
        text = "no number at all" if value == _NOTHING else f"{value:g} in every pixel"
        yield Found(
            "empty",
            tuple(dates),
            constant,
            {} if value == _NOTHING else {"value": value},
            f"has {text}",
            "Remove the dates, or load them again; mend='empty' makes them NaN.",
        )


def _varies(frame: NDArray[Any]) -> bool:
    return any(_constant(frame[..., band]) is None for band in range(frame.shape[-1]))


def _constant(values: NDArray[Any]) -> float | None:
    first = values.flat[0]
    if np.isnan(first):
        return _NOTHING if np.isnan(values).all() else None
    if not (values == first).all():
        return None
    is_number = values.size >= kernel.LEAST_PIXELS and abs(float(first)) > NOISE
    return float(first) if first in FILLS or is_number else None


def duplicated(series: Series) -> Iterator[Found]:
    """Find bands that equal another, and dates that equal another."""
    filled = ~series.empty
    probe = series.pixels[series.usable][:: max(1, int(series.usable.sum()) // 200)]
    for first, second in combinations(series.all_bands, 2):
        if ((probe[:, first] != probe[:, second]) & np.isfinite(probe[:, [first, second]]).all(axis=1)).any():
            continue
        dates = filled[:, first] & filled[:, second]
        pair = series.pixels[..., [first, second]]
        where = series.usable & dates[:, np.newaxis] & np.isfinite(pair).all(axis=-1)
        left, right = pair[where].T
        if len(left) >= kernel.LEAST_PIXELS and np.array_equal(left, right) and np.ptp(left) > 0:
            advice = "One of them isn't what its name says: load it again."
            yield Found("duplicated_bands", series.dates(dates), (first, second), {}, "has twice the same band", advice)
    seen: dict[bytes, list[int]] = defaultdict(list)
    for date in np.flatnonzero(filled.any(axis=1)):
        if series.usable[date].sum() >= kernel.LEAST_PIXELS:
            seen[series.pixels[date].tobytes()].append(int(date))
    for same in seen.values():
        if len(same) > 1:
            advice = "Remove all but one of them."
            yield Found("duplicated_dates", tuple(same), series.all_bands, {}, "are one and the same image", advice)


def saturated(series: Series) -> Iterator[Found]:
    """Find dates of which many pixels have the largest value of a band."""
    shares = np.zeros(series.empty.shape)
    for band in series.all_bands:
        top = np.nanmax(series.pixels[series.usable & ~series.empty[:, [band]], band], initial=-np.inf)
        if top < LEAST_SATURATED:
            continue
        for date in np.flatnonzero(~series.empty[:, band]):
            values, counts = np.unique(series.pixels[date, series.usable[date], band], return_counts=True)
            least = max(kernel.LEAST_PIXELS, PILE_SHARE * counts.sum())
            # pixels of 60 m stand in blocks of equal values on a grid of 10 m, the largest one too
            is_pile = counts.size and values[-1] == top and counts[-1] > PILE_RATIO * counts[-6:-1].max(initial=0)
            if is_pile and counts[-1] >= least:
                shares[date, band] = counts[-1] / counts.sum()
    if shares.any():
        piled = shares > 0
        bands = tuple(map(int, np.flatnonzero(piled.any(axis=0))))
        what = f"is saturated or clipped, in up to {shares.max():.0%} of the pixels"
        advice = "Mask these pixels, or load the data without clipping."
        yield Found(
            "saturated",
            tuple(map(int, np.flatnonzero(piled.any(axis=1)))),
            bands,
            {"share": float(shares.max())},
            what,
            advice,
        )
