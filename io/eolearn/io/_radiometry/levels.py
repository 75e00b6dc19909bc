"""Digital numbers that should be reflectances, and offsets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .._kernels import radiometry as kernel
from .._kernels.offsets import between, fill_between, joined, offsets
from .series import FILLS, SENTINEL2_SCALE, FindingKind, Found, Series

LARGEST_TYPICAL_REFLECTANCE = 2.0
"""A median above it is none of reflectances: that of thick cloud or fresh snow is about 1, and with a low sun 1.5."""
LARGEST_OF_8_BITS = 255
LEAST_OF_LANDSAT = 4500
"""Darkest digital number of a series: Landsat's is 5,000 (Level 1) or 7,273 (Collection 2 Level 2) where reflectance is
0, Sentinel-2's 0 or 1,000. A series of Sentinel-2 in which nothing is darker than 0.45 shows clouds only."""


def digital_numbers(series: Series) -> Iterator[Found]:
    """Find dates of digital numbers that are taken for reflectances; the series goes on with them scaled, if it can."""
    sizes = kernel.typical_sizes(series.pixels, series.usable)
    dates = sizes > LARGEST_TYPICAL_REFLECTANCE
    if not dates.any():
        return
    numbers = series.pixels[dates]
    numbers[np.isin(numbers, FILLS)] = np.nan
    series.usable[dates] &= np.isfinite(numbers).any(axis=-1)
    filled = numbers[series.usable[dates]]
    darkest = float(np.nanmin(kernel.lowest_levels(numbers, series.usable[dates], series.all_bands)))
    scaling, advice = _scaling(series, darkest, float(np.nanmax(filled, initial=-np.inf)))
    if scaling is not None:
        series.numbers = dates
        numbers = numbers * np.float32(scaling[0]) + np.float32(scaling[1])
    else:
        series.usable[dates] = False
    series.pixels[dates] = numbers
    figures = {"median": float(np.median(sizes[dates])), "darkest": darkest}
    what = f"has digital numbers and not reflectances, with a median of {figures['median']:.5g}"
    yield Found("digital_numbers", series.dates(dates), series.all_bands, figures, what, advice)


def _scaling(series: Series, darkest: float, largest: float) -> tuple[tuple[float, float] | None, str]:
    if series.scaling is not None:
        scale, offset = series.scaling
        return series.scaling, f"mend='digital_numbers' multiplies with {scale:g} and adds {offset:g}."
    if largest <= LARGEST_OF_8_BITS:
        return None, "These may be per cents or pictures of 8 bits: load reflectances instead, or set scaling=."
    if darkest >= LEAST_OF_LANDSAT:
        return None, (
            f"Nothing is darker than {darkest:.0f}, as with Landsat: set scaling=(0.0000275, -0.2) for Collection 2 "
            "Level 2; Level 1 has (0.00002, -0.1), and is to be divided by the sine of the sun's elevation too."
        )
    return (SENTINEL2_SCALE, 0.0), "Multiply with 0.0001, as mend='digital_numbers' does."


def offset(series: Series) -> Iterator[Found]:
    """Find dates with an offset that was missed or applied twice, and steps that may be either."""
    pixels, usable, roles = series.pixels, series.usable, series.roles
    dark, contrasts, blueness = kernel.dark_levels(pixels, usable, roles, series.cirrus)
    links = list(kernel.steps(pixels, usable, roles, dark, series.shifts))
    groups, levels = joined(len(pixels), links)
    known = offsets(groups, levels, kernel.Darkness(dark, contrasts, blueness), series.shifts)
    lowest = kernel.lowest_levels(pixels, usable, list(roles.values()) or [0])
    with_data = np.isfinite(lowest).any(axis=1)
    least = np.where(with_data, np.where(np.isfinite(lowest), lowest, np.inf).min(axis=1, initial=np.inf), np.nan)
    guessed = between(known, least)
    found = np.nan_to_num(fill_between(known, guessed))
    for size in np.unique(found[found != 0]):
        dates = found == size
        figures = {
            "offset": float(size),
            "dark_surfaces": _middle(dark[dates]),
            "dark_surfaces_elsewhere": _middle(dark[~dates]),
            "dates_by_neighbours": float((guessed & dates).sum()),
        }
        yield _offset_found(series, dates, float(size), {k: v for k, v in figures.items() if np.isfinite(v)})
    series.offsets = found
    series.pixels = pixels - found[:, np.newaxis, np.newaxis].astype(np.float32)
    yield from _unanchored(series, groups, levels, known, links)


def _offset_found(series: Series, dates: NDArray[np.bool_], offset: float, figures: Mapping[str, float]) -> Found:
    kind: FindingKind = "offset_missed" if offset > 0 else "offset_twice"
    word, verb = ("high", "Subtract") if offset > 0 else ("low", "Add")
    cause = "the offset of the product wasn't applied" if offset > 0 else "an offset was applied twice"
    what = f"has reflectances that are {abs(offset):g} too {word}: probably {cause}"
    advice = f"{verb} {abs(offset):g}, as mend={kind!r} does, or load with the right offset."
    return Found(kind, series.dates(dates), series.all_bands, figures, what, advice)


def _unanchored(
    series: Series,
    groups: NDArray[np.intp],
    levels: NDArray[np.float64],
    known: NDArray[np.float64],
    links: Sequence[tuple[int, int, float]],
) -> Iterator[Found]:
    """Steps between dates none of which shows a dark surface, if two of the dates beside agree."""
    counts_of_links = np.zeros(len(levels), dtype=int)
    for first, second, step in links:
        if step and np.isclose(levels[second] - levels[first], step):
            counts_of_links[[first, second]] += 1
    for group in np.unique(groups):
        members = groups == group
        steps, counts = np.unique(levels[members], return_counts=True)
        if len(steps) < 2 or np.isfinite(known[members]).any():
            continue
        usual = float(steps[np.argmax(counts)])
        for step in steps[steps != usual]:
            dates = members & np.isin(levels, [step]) & (counts_of_links >= 2)
            if not dates.any():
                continue
            what = f"differs from the dates beside by {step - usual:+.1f}, in all bands alike"
            advice = "An offset was applied on some dates only. Nothing dark is seen: the metadata must say on which."
            yield Found(
                "offset_step",
                series.dates(dates),
                series.all_bands,
                {"step": round(float(step) - usual, 1)},
                what,
                advice,
            )


def _middle(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else np.nan
