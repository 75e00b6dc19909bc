"""Shadows of clouds: dark pixels where a cloud, moved along the rays of the sun, darkens the ground."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Float = NDArray[np.float32]
LEAST_MATCH = 0.3
"""The least share of dark pixels under a cloud's shadow (Zhu and Woodcock 2012)."""
_LEAST_SHADOW_PX = 4


def darkness(values: Float, reference: Float) -> Float:
    """Return by which share pixels are darker than they should be, the least of all bands; (height, width).

    values, reference: reflectances (height, width, bands). NaN where a band of either is.
    """
    with np.errstate(all="ignore"):
        share = 1 - values / reference
    return np.asarray(share.min(axis=-1), np.float32)


def filled_pits(image: Float, valid: NDArray[np.bool_]) -> Float:
    """Return an image of shape (height, width) with its pits filled to their brims: what it would be without shadows.

    Pits at the border are filled to the 17.5th percentile of the image. Source: Zhu and Woodcock (2012), section 3.2.1.
    """
    from skimage.morphology import reconstruction

    if not valid.any():
        return image
    border = np.float32(np.percentile(image[valid], 17.5))
    mask = np.pad(np.where(valid, image, border), 1, constant_values=border)
    seed = np.full_like(mask, mask.max())
    seed[0], seed[-1], seed[:, 0], seed[:, -1] = mask[0], mask[-1], mask[:, 0], mask[:, -1]
    filled: Any = reconstruction(seed, mask, method="erosion")  # type: ignore[no-untyped-call]
    return np.asarray(filled[1:-1, 1:-1], np.float32)


@njit(cache=True, nogil=True)
def count_shadows(
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    cloud: NDArray[np.bool_],
    dark: NDArray[np.bool_],
    steps: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> None:
    """Count for each height how many pixels the shadow of a cloud covers, and how many of them are dark.

    rows, columns: of the pixels of a cloud. cloud: pixels that can't show a shadow, clouds and those without data.
    dark: pixels that may be in shadow. steps: (heights, 2), rows and columns from cloud to shadow.
    counts: int64 (heights, 2), covered and dark ones.
    """
    height, width = cloud.shape
    for step in range(steps.shape[0]):
        down, right = int(np.rint(steps[step, 0])), int(np.rint(steps[step, 1]))
        covered, matched = 0, 0
        for pixel in range(rows.size):
            row, column = rows[pixel] + down, columns[pixel] + right
            if 0 <= row < height and 0 <= column < width and not cloud[row, column]:
                covered += 1
                matched += dark[row, column]
        counts[step, 0], counts[step, 1] = covered, matched


def _scores(counts: Any, dark_share: float) -> NDArray[np.float64]:
    """Return how much more dark pixels a shadow covers than chance would, in standard deviations."""
    covered, matched = counts[:, 0], counts[:, 1]
    deviation = np.sqrt(np.maximum(covered * dark_share * (1 - dark_share), 0.25))
    scores = (matched - covered * dark_share) / deviation
    scores[(covered < _LEAST_SHADOW_PX) | (matched < LEAST_MATCH * covered)] = -np.inf
    return np.asarray(scores)


def cast_shadows(
    clouds: NDArray[np.bool_], hidden: NDArray[np.bool_], dark: NDArray[np.bool_], steps: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return where the clouds of a date cast their shadows.

    clouds: (height, width). hidden: where no shadow can be seen, clouds among them. dark: where one may be.
    steps: (heights, 2), rows and columns from a cloud to its shadow.

    All clouds vote for a common height first. Each cloud then takes the height at which its own shape fits the dark
    pixels best, if the match is no worse than at the common height by chance, else the common one.
    """
    import cv2

    shadows = np.zeros(clouds.shape, np.bool_)
    number, labels = cv2.connectedComponents(clouds.view(np.uint8), connectivity=8)
    visible = ~hidden
    share = float(np.clip(dark.sum() / max(1, visible.sum()), 0.01, 0.99))
    order = np.argsort(labels, axis=None, kind="stable")
    edges = np.searchsorted(labels.ravel()[order], np.arange(1, number + 1))
    objects = [np.divmod(order[start:stop], clouds.shape[1]) for start, stop in pairwise(edges)]
    counts = np.zeros((len(objects), len(steps), 2), np.int64)
    for pixels, count in zip(objects, counts, strict=True):
        count_shadows(*pixels, hidden, dark, steps, count)
    common = _scores(counts.sum(axis=0), share) if objects else np.full(len(steps), -np.inf)
    best = int(np.argmax(common)) if np.isfinite(common).any() else None
    for (rows, columns), count in zip(objects, counts, strict=True):
        height = _height_of(count, share, best)
        if height is not None:
            _draw(rows, columns, steps[height], shadows)
    return shadows


def _height_of(counts: Any, share: float, common: int | None) -> int | None:
    own = _scores(counts, share)
    if not np.isfinite(own).any():
        return common if common is not None and counts[common, 0] < _LEAST_SHADOW_PX else None
    height = int(np.argmax(own))
    if common is not None and own[common] > own[height] - 3:
        return common
    return height


def _draw(rows: Any, columns: Any, step: Any, shadows: NDArray[np.bool_]) -> None:
    moved_rows, moved_columns = rows + int(np.rint(step[0])), columns + int(np.rint(step[1]))
    inside = (
        (moved_rows >= 0) & (moved_rows < shadows.shape[0]) & (moved_columns >= 0) & (moved_columns < shadows.shape[1])
    )
    shadows[moved_rows[inside], moved_columns[inside]] = True


def from_outside(shape: tuple[int, int], step: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which pixels would be in the shadow of a cloud beyond the border; step: rows and columns to its shadow."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    inside_rows = (rows - step[0] >= 0) & (rows - step[0] < shape[0])
    inside_columns = (columns - step[1] >= 0) & (columns - step[1] < shape[1])
    return np.asarray(~(inside_rows & inside_columns))
