"""Draws pixels of an image by the designs of survey sampling. Pixels are numbered row after row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numba
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class Draw(NamedTuple):
    """Pixels that were drawn, and how likely each of them was to be."""

    pixels: NDArray[np.int64]
    """Their numbers, of shape (n,)."""
    probability: NDArray[np.float64]
    """Of each to be in the sample, (n,); NaN where the design has no closed formula for it."""


def stratified(
    strata: NDArray[Any], candidates: NDArray[np.int64], counts: Mapping[int, int], rng: np.random.Generator
) -> Draw:
    """Draw a simple random sample without replacement of each stratum: of n of N pixels, each has probability n / N.

    strata: the stratum of each candidate, of shape (candidates,).
    candidates: the numbers of the pixels that may be drawn.
    counts: how many of which stratum, in the order in which they are drawn; there must be as many.
    """
    by_stratum = np.argsort(strata, kind="stable")
    ordered = strata[by_stratum]
    wanted = list(counts)
    starts, stops = (np.searchsorted(ordered, wanted, side=side) for side in ("left", "right"))
    pixels, probabilities = [np.empty(0, dtype=np.int64)], [np.empty(0)]
    for count, start, stop in zip(counts.values(), starts.tolist(), stops.tolist(), strict=True):
        chosen = start + rng.choice(stop - start, size=count, replace=False)
        pixels.append(candidates[by_stratum[chosen]])
        probabilities.append(np.full(count, count / max(1, stop - start)))
    return Draw(np.concatenate(pixels), np.concatenate(probabilities))


def systematic(candidates: NDArray[np.bool_], spacing: tuple[int, int], rng: np.random.Generator) -> Draw:
    """Draw the pixels of a grid that begins at random: each has probability ``1 / (spacing[0] * spacing[1])``.

    candidates: the pixels that may be drawn, (height, width).
    spacing: rows and columns from one pixel of the grid to the next.
    """
    first_row, first_column = rng.integers(0, spacing)
    on_grid = np.zeros_like(candidates)
    on_grid[first_row :: spacing[0], first_column :: spacing[1]] = True
    pixels = np.flatnonzero(on_grid & candidates)
    return Draw(pixels, np.full(pixels.size, 1 / math.prod(spacing)))


def far_apart(
    candidates: NDArray[np.int64], image_shape: tuple[int, int], count: int, distance: float, rng: np.random.Generator
) -> Draw:
    """Draw pixels one after another, each at least a distance from all before it, until there are enough or no more.

    candidates: the numbers of the pixels that may be drawn.
    distance: between the centres of pixels, in pixels.

    The probability of a pixel depends on all places around it and isn't known. Source: simple sequential inhibition,
    Diggle (2013), Statistical Analysis of Spatial and Spatio-Temporal Point Patterns, 3rd edition, section 6.5.
    """
    pixels = _first_far_apart(rng.permutation(candidates), *image_shape, count, distance)
    return Draw(pixels, np.full(pixels.size, np.nan))


@numba.njit(cache=True, nogil=True)
def _first_far_apart(order: Any, height: int, width: int, count: int, distance: float) -> Any:
    taken, reach = np.zeros((height, width), dtype=np.bool_), int(np.ceil(distance)) - 1
    chosen, found = np.empty(min(count, order.size), dtype=np.int64), 0
    for pixel in order:
        row, column = pixel // width, pixel % width
        if found == count or taken[row, column]:
            continue
        chosen[found] = pixel
        found += 1
        taken[row, column] = True
        for near_row in range(max(0, row - reach), min(height, row + reach + 1)):
            for near_column in range(max(0, column - reach), min(width, column + reach + 1)):
                if (near_row - row) ** 2 + (near_column - column) ** 2 < distance * distance:
                    taken[near_row, near_column] = True
    return chosen[:found]


def capped(groups: NDArray[Any], most: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Choose at random which samples stay, so that no group has more than some of them.

    groups: the group of each sample, of shape (n,); those of group 0 belong to none and stay.

    Returns (n,), True for those that stay.
    """
    order = rng.permutation(groups.size)
    by_group = order[np.argsort(groups[order], kind="stable")]
    ordered = groups[by_group]
    rank = np.arange(groups.size) - np.searchsorted(ordered, ordered, side="left")
    stays = np.empty(groups.size, dtype=np.bool_)
    stays[by_group] = (rank < most) | (ordered == 0)
    return stays
