"""Which dates have an offset left in their reflectances: dark surfaces and the steps between dates, put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .radiometry import DARK_PERCENTILE, FLATNESS, Darkness

BoolArray = NDArray[np.bool_]

STRONG_CONTRAST = 0.3
LEAST_AGREEING = 3
"""Dates whose dark surfaces are too bright by the same."""
LEAST_RUN = 8
"""Dates on end whose dark surfaces are too bright."""
GROUND_BLUENESS = 0.0
"""Of vegetation, blue minus red: plants absorb blue no less than red, and above them the air shines blue."""
LIKE_CONTRAST = 0.8
"""Of the contrast of other dates: what a veil is not to have lowered more."""


def joined(count: int, links: Iterable[tuple[int, int, float]]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the group of each of ``count`` dates, and its level in that group, from steps between dates.

    Nearer links come first; one that contradicts them is left out. Levels are multiples of 0.1, the first date's is 0.
    """
    groups, levels = np.arange(count), np.zeros(count)
    for first, second, step in links:
        if groups[first] != groups[second]:
            members = groups == groups[second]
            levels[members] += levels[first] + step - levels[second]
            groups[members] = groups[first]
    return groups, np.round(levels, 1)


def offsets(
    groups: NDArray[np.intp],
    levels: NDArray[np.float64],
    darkness: Darkness,
    shifts: Sequence[float],
) -> NDArray[np.float64]:
    """Return the offset left in each date: 0.1 for one that was missed, -0.1 for one applied twice, NaN if unknown.

    groups, levels: from :func:`joined`. darkness: from :func:`dark_levels`. shifts: as in :func:`steps`.

    Dark surfaces below what is possible are proof. Dark surfaces that are too bright are not, since haze looks so:
    there must be a step to a date where they are right; or a run of many dates without a right one, of reflectances at
    the ground; or no date of the series is right, and the darkest ones agree. A date by itself is then taken to be as
    those that are like it.
    """
    dark, contrasts = darkness.level, darkness.contrast
    result = np.full(len(dark), np.nan)
    for group in np.unique(groups):
        members = groups == group
        votes = members & np.isfinite(dark)
        if not votes.any():
            continue
        surface = _surface(darkness.blueness[votes])
        if surface is AT_TOP:  # water is darker than vegetation
            votes &= np.isfinite(darkness.blueness)
        base = float((dark - levels)[votes].min())
        if np.ptp(levels[members]) > 0:
            result[members] = levels[members] + surface.nearest(base, shifts)
        elif (anchor := surface.anchor(base, shifts)) is not None and anchor <= 0:
            result[members] = anchor
    if not (result == 0).any():
        result = np.where(np.isnan(result), _offset_of_all(darkness, shifts), result)
    result = np.where(np.isnan(result), _offsets_of_runs(darkness, shifts), result)
    result = np.round(_with_alike(result, dark, contrasts), 1)
    possible = [0.0, *shifts, *(-shift for shift in shifts)]
    is_sure = np.isin(result, possible) & ~_contradicted(result, darkness)
    return np.where(is_sure, result, np.nan) + 0.0


def _contradicted(found: NDArray[np.float64], darkness: Darkness) -> BoolArray:
    """Return which dates would have impossible dark surfaces without the offset that was found."""
    at_top = darkness.blueness > GROUND_BLUENESS
    lowest = np.where(at_top, AT_TOP.lowest, AT_GROUND.lowest)
    highest = np.where(at_top, AT_TOP.highest, AT_GROUND.highest)
    level = darkness.level - found
    contradicted: BoolArray = ((found < 0) & (level > highest)) | ((found > 0) & (level < lowest))
    return contradicted


class Surface(NamedTuple):
    """How bright dark surfaces are."""

    lowest: float
    typical: float
    highest: float
    least_if_shifted: float
    """What they have at least if an offset is taken back, so that haze is not taken for one."""

    def anchor(self, level: float, shifts: Sequence[float]) -> float | None:
        """Return the offset that makes a level possible; None if none does."""
        if self.lowest <= level <= self.highest:
            return 0.0
        if level < self.lowest:
            return next((-shift for shift in shifts if self.lowest <= level + shift <= self.highest), None)
        return next((shift for shift in shifts if self.least_if_shifted <= level - shift <= self.highest), None)

    def nearest(self, level: float, shifts: Sequence[float]) -> float:
        """Return the offset that makes a level the most typical."""
        signed = [0.0, *shifts, *(-shift for shift in shifts)]
        return min(signed, key=lambda shift: abs(level - shift - self.typical))


AT_GROUND = Surface(-0.045, 0.03, 0.085, 0.015)
"""Dense dark vegetation reflects 0.02 to 0.06 in red (Kaufman et al. 1997, https://doi.org/10.1109/36.628795), water
nearly nothing beyond 1.5 um. Atmospheric correction errs by 0.005 + 0.05 of the reflectance (its specification: Vermote
and Kotchenova 2008, https://doi.org/10.1029/2007JD009662), and by a few times that over water and in haze."""
AT_TOP = Surface(0.0, 0.06, 0.112, 0.025)
"""The same seen through air, which adds 0.015 in red at least, and 0.05 in haze."""


def _surface(blueness: NDArray[np.float64]) -> Surface:
    known = blueness[np.isfinite(blueness)]
    return AT_TOP if known.size and np.median(known) > GROUND_BLUENESS else AT_GROUND


def _offset_of_all(darkness: Darkness, shifts: Sequence[float]) -> NDArray[np.float64]:
    """Return the offset of the darkest dates: an offset is the same on all of them, haze isn't.

    Three at the ground, or else one with vegetation of strong contrast, since a low sun makes air bright for months.
    """
    dark = darkness.level
    result = np.full(len(dark), np.nan)
    if np.isfinite(dark).any():
        darkest = float(np.nanpercentile(dark, DARK_PERCENTILE, method="lower"))
        agreeing = dark <= darkest + FLATNESS
        surface = _surface(darkness.blueness[agreeing])
        anchor = surface.anchor(darkest, shifts)
        is_known = np.isfinite(darkness.blueness[agreeing]).any() or np.isnan(darkness.contrast).all()
        is_ground = surface is AT_GROUND and is_known
        is_strong = (darkness.contrast[agreeing] >= STRONG_CONTRAST).any()
        if anchor is not None and (is_strong or is_ground) and (agreeing.sum() >= LEAST_AGREEING or is_strong):
            result[agreeing] = anchor
    return result


def _offsets_of_runs(darkness: Darkness, shifts: Sequence[float]) -> NDArray[np.float64]:
    """Return the offset of runs of dates none of which is right, at the ground: long ones, or of strong contrast."""
    dark = darkness.level
    result = np.full(len(dark), np.nan)
    voters = np.flatnonzero(np.isfinite(dark))
    anchors = [AT_GROUND.anchor(float(dark[voter]), shifts) for voter in voters]
    edges = [0, *(i for i in range(1, len(voters)) if anchors[i] != anchors[i - 1]), len(voters)]
    for first, last in pairwise(edges):
        run = voters[first:last]
        if not len(run) or not anchors[first] or not np.median(darkness.blueness[run]) <= GROUND_BLUENESS:
            continue
        is_strong = (darkness.contrast[run] >= STRONG_CONTRAST).all()
        if len(run) >= (LEAST_AGREEING if is_strong else LEAST_RUN):
            result[run] = anchors[first]
    return result


def _with_alike(
    found: NDArray[np.float64], dark: NDArray[np.float64], contrasts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return offsets with those of single dates whose dark surfaces and contrast are as on dates with an offset."""
    result = found.copy()
    for offset in np.unique(found[found > 0]):
        sure = (found == offset) & np.isfinite(dark) & np.isfinite(contrasts)
        if not sure.any():
            continue
        level, contrast = (np.median(values[sure]) for values in (dark, contrasts))
        alike = np.isnan(found) & (np.abs(dark - level) <= FLATNESS) & (contrasts >= LIKE_CONTRAST * contrast)
        result[alike] = offset
    return result


def between(found: NDArray[np.float64], lowest: NDArray[np.float64]) -> BoolArray:
    """Return which dates of unknown offset, cloudy ones mostly, have it from the known ones before and after.

    found: from :func:`offsets`. lowest: the dark percentile of each date over all bands, NaN for one without data. A
    date is taken where the nearest two known dates on both sides have the same offset, at an end of the series the
    nearest three, and its darkest pixels allow it.
    """
    known = np.flatnonzero(np.isfinite(found))
    result = np.zeros(len(found), dtype=bool)
    for date in np.flatnonzero(np.isnan(found) & np.isfinite(lowest)):
        before, after = known[known < date], known[known > date]
        nearest = [*before[-2:], *after[:2]] if len(before) and len(after) else [*before[-3:], *after[:3]]
        sides = set(found[nearest]) if len(nearest) >= LEAST_AGREEING else set()
        result[date] = len(sides) == 1 and lowest[date] >= sides.pop() + AT_GROUND.lowest
    return result


def fill_between(found: NDArray[np.float64], dates: BoolArray) -> NDArray[np.float64]:
    """Return offsets with those of marked dates taken from the nearest known date before, or else after."""
    known = np.flatnonzero(np.isfinite(found))
    result = found.copy()
    for date in np.flatnonzero(dates):
        before = known[known < date]
        result[date] = found[before[-1] if len(before) else known[0]]
    return result
