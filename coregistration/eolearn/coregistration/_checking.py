"""The proof that a date lies better after its move than before, in windows that had no part in finding the move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._kernels.edges import edge_field
from ._kernels.move import move_image
from ._kernels.phase import Peak, correlation_peak, spectrum_of_edges
from .transforms import Transform

Bool = NDArray[np.bool_]

EVERY = 5
"""One of so many windows of a date is kept for its check. The next date has others: were they the same in two dates, no
shift at all would match best along their edges. Dates that are a power of two apart never have the same ones."""
LEAST_RELIABILITY = 0.4
"""A check that is less clear is none."""
_WINDOW_PX = 32


def check_windows(shape_hw: tuple[int, ...], date: int) -> Bool:
    """Return True in the windows that are kept for the check of a date; shape (height, width)."""
    side = min(_WINDOW_PX, max(4, min(shape_hw) // 8))
    rows, columns = (np.arange(length) // side for length in shape_hw)
    return np.asarray((rows[:, None] + 2 * columns + date) % EVERY == 0)


@dataclass(frozen=True, kw_only=True)
class Check:
    """How far a date lies from the others in its windows, before and after its move."""

    before: Peak
    """Of the date as it was."""
    after: Peak
    """Of the date as it was moved."""

    @property
    def residuals_px(self) -> tuple[float, float]:
        """The distances before and after, NaN where they can't be seen."""
        before, after = (
            float(np.hypot(*peak.shift_xy)) if peak.reliability >= LEAST_RELIABILITY else np.nan
            for peak in (self.before, self.after)
        )
        return before, after

    def is_better_than(self, other: Check) -> bool:
        """Whether a date lies nearer after this move than after another."""
        clear = self.after.reliability >= LEAST_RELIABILITY
        return clear and np.hypot(*self.after.shift_xy) < np.hypot(*other.after.shift_xy)

    def objection(self) -> str:
        """Return what speaks against the move, empty for nothing."""
        before, after = (float(np.hypot(*peak.shift_xy)) for peak in (self.before, self.after))
        if self.after.reliability < LEAST_RELIABILITY:
            return "the windows kept for checking show too little to tell whether it would lie better"
        if after >= before:
            return f"it would lie no better: {after:.2f} pixels off, {before:.2f} before"
        return ""


def check_moves(
    frames: list[NDArray[np.float32]],
    moved: list[NDArray[np.float32]],
    transforms: list[Transform],
    image: NDArray[np.float32] | None,
    *,
    radius_px: int,
    map_: Callable[..., Any],
) -> list[Check]:
    """Return the check of each date, against an image or the sum of the edges of all other dates as they are moved.

    frames, moved: one array (height, width) a date, NaN where nothing is known. transforms: those that are refused have
        no part in the sum. radius_px: how far the dates may lie off. map_: calls a function for all dates.

    The windows of a date move with it, so that after the move, too, they have only what was kept out.
    """
    shape = frames[0].shape
    every = np.ones(shape, np.bool_)
    edges = list(map_(lambda frame: edge_field(frame, every, shape), moved))
    if image is not None:
        total = edge_field(image, every, shape)
    else:
        total = sum((one for one, found in zip(edges, transforms, strict=True) if not found.reason), 0 * edges[0])

    def check(date: int) -> Check:
        counts = image is None and not transforms[date].reason
        others = total - edges[date] if counts else total
        window = check_windows(shape, date)
        moved_window = move_image(window, transforms[date].places(shape), interpolation="nearest")

        def peak(place: Bool, field: NDArray[np.complex64]) -> Peak:
            spectra = (spectrum_of_edges(np.where(place, one, 0)) for one in (others, field))
            return correlation_peak(*spectra, radius_px=radius_px)

        before = edge_field(frames[date], every, shape)
        return Check(before=peak(window, before), after=peak(moved_window, edges[date]))

    return list(map_(check, range(len(frames))))
