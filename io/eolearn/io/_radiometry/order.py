"""Bands in a wrong order, and dates that don't fit those beside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .._kernels import radiometry as kernel
from .._kernels.spectra import Swap, swapped
from .series import Found, Series

LEAST_SWAPPED = 0.25
"""The part of the dates that must show a swap: with a low sun over snow single dates may look so."""
DIM = 0.2
"""In one visible band at least: what is brighter in all is cloud or snow, and says nothing of the order of bands."""
LARGEST_JUDGED = 0.5
"""Brighter values may be saturated."""
LEAST_JUMP, JUMP_DEVIATIONS, DATES_FOR_DEVIATION = 0.1, 6, 5
"""A jump is larger than 0.1 and than six deviations of the steps in the series."""


def swapped_bands(series: Series) -> Iterator[Found]:
    """Bands whose spectra aren't known in nature, and would be if two of them were swapped."""
    judged = 0
    groups: dict[tuple[tuple[str, str], ...], list[tuple[int, Swap]]] = defaultdict(list)
    for date in range(len(series.data)):
        bands = _dim_spectra(series, date)
        if not bands or len(next(iter(bands.values()))) < kernel.LEAST_PIXELS:
            continue
        judged += 1
        result = swapped(bands)
        if result is not None:
            groups[result.pairs].append((date, result))
    for pairs, dates in groups.items():
        if len(dates) < max(min(2, judged), LEAST_SWAPPED * judged):
            continue
        share, after = np.median([(result.share, result.share_after) for _, result in dates], axis=0)
        figures = {"natural_share": float(share), "natural_share_if_swapped": float(after)}
        named = tuple(sorted({series.roles[role] for pair in pairs for role in pair}))
        what = f"has spectra that nature hasn't, in {1 - share:.0%} of the pixels, and would be right with "
        what += ", or ".join(f"{first} and {second}" for first, second in pairs) + " swapped"
        advice = "Look at the order of bands where the data were loaded."
        yield Found("swapped_bands", tuple(date for date, _ in dates), named, figures, what, advice)


def _dim_spectra(series: Series, date: int) -> dict[str, NDArray[np.float32]]:
    """Return the spectra of a date by role, without cloud, snow and what may be saturated."""
    roles = {role: band for role, band in series.roles.items() if not series.empty[date, band]}
    values = series.pixels[date, series.usable[date]][:, list(roles.values())]
    visible = [column for column, role in enumerate(roles) if role in ("blue", "green", "red")]
    if not visible:
        return {}
    is_dim = (values[:, visible].min(axis=1) < DIM) & (values < LARGEST_JUDGED).all(axis=1)
    return {role: values[is_dim, column] for column, role in enumerate(roles)}


def jumps(series: Series) -> Iterator[Found]:
    """Dates that differ from the one before and the one after alike, in all bands; with a mask of clear pixels only."""
    columns = list(series.roles.values())
    if not series.has_clear or not columns:
        return
    usable = series.usable
    if "swir1" not in series.roles:  # then snow can't be told from what is wrong
        usable = usable & (series.pixels[..., columns[0]] < kernel.BRIGHT)
    dates = np.flatnonzero(usable.sum(axis=1) >= kernel.LEAST_PIXELS)
    changes = [_change(series.pixels[..., columns], usable, first, second) for first, second in pairwise(dates)]
    sizes = np.array([np.abs(change).max() for change in changes if change is not None])
    limit = LEAST_JUMP
    if len(sizes) >= DATES_FOR_DEVIATION:
        limit = max(limit, float(JUMP_DEVIATIONS * 1.4826 * np.median(sizes)))
    found = {
        int(date): float(np.median(before))
        for date, before, after in zip(dates[1:-1], changes[:-1], changes[1:], strict=True)
        if before is not None and after is not None and _sticks_out(before, -after, limit)
    }
    if found:
        figures = {"largest": max(found.values(), key=abs), "limit": limit}
        what = f"doesn't fit the dates before and after, by up to {abs(figures['largest']):.2f} in all bands"
        advice = "Look at these images: a cloud or shadow that the mask lacks, or another product."
        yield Found("jump", tuple(found), tuple(columns), figures, what, advice)


def _sticks_out(before: NDArray[np.float32], after: NDArray[np.float32], limit: float) -> bool:
    signs = set(np.sign(before)) | set(np.sign(after))
    return len(signs) == 1 and bool(min(abs(np.median(before)), abs(np.median(after))) > limit)


def _change(
    pixels: NDArray[np.float32], usable: NDArray[np.bool_], first: np.intp, second: np.intp
) -> NDArray[np.float32] | None:
    pair = pixels[[first, second]]
    common = usable[first] & usable[second] & np.isfinite(pair).all(axis=(0, -1))
    if common.sum() < kernel.LEAST_PIXELS:
        return None
    change: NDArray[np.float32] = np.median(pair[1, common] - pair[0, common], axis=0)
    return change
