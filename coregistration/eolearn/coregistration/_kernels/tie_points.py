"""Shifts of many small windows, and the smooth field of displacements that they make."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .phase import correlation_peak, edge_spectrum

Float = NDArray[np.float64]
_PRIOR = 0.1  # the weight that no displacement has beside those that were found


class TiePoints(NamedTuple):
    """The windows of a grid, each with the shift of a frame in it."""

    middles_xy: Float
    """Shape (rows, columns, 2), pixels of the reference."""

    shifts_xy: Float
    """Shape (rows, columns, 2), pixels to the right and downwards."""

    reliability: Float
    """Shape (rows, columns), 0 to 1."""


def tie_points(
    reference: NDArray[np.float32],
    frame: NDArray[np.float32],
    reference_valid: NDArray[np.bool_],
    valid: NDArray[np.bool_],
    *,
    window_px: int,
    radius_px: int,
) -> TiePoints:
    """Return the shifts of windows that tile two images, each found by phase correlation.

    reference, frame: shape (height, width). window_px: about the side of a window. radius_px: how far they may shift.
    """
    height, width = reference.shape
    edges_y, edges_x = (
        np.rint(np.linspace(0, side, max(1, round(side / window_px)) + 1)).astype(int) for side in (height, width)
    )
    rows, columns = len(edges_y) - 1, len(edges_x) - 1
    shifts, reliability = np.zeros((rows, columns, 2)), np.zeros((rows, columns))
    for row, column in np.ndindex(rows, columns):
        window = slice(edges_y[row], edges_y[row + 1]), slice(edges_x[column], edges_x[column + 1])
        first = edge_spectrum(reference[window], reference_valid[window])
        second = edge_spectrum(frame[window], valid[window])
        peak = correlation_peak(first, second, radius_px=radius_px)
        shifts[row, column], reliability[row, column] = peak.shift_xy, peak.reliability
    middles = np.meshgrid((edges_x[:-1] + edges_x[1:] - 1) / 2, (edges_y[:-1] + edges_y[1:] - 1) / 2)
    return TiePoints(np.stack(middles, axis=-1), shifts, reliability)


def smooth_field(displacements: Float, weights: Float) -> Float:
    """Return displacements as weighted means over the windows around, a Gaussian of deviation 1 window wide.

    displacements: shape (rows, columns, 2). weights: shape (rows, columns), 0 for windows to be left out. Where there
    are none around, the displacement fades to 0.
    """
    known = np.where(weights[..., None] > 0, displacements, 0)
    sums = cv2.GaussianBlur(known * weights[..., None], (5, 5), 1, borderType=cv2.BORDER_REFLECT)
    norms = cv2.GaussianBlur(weights, (5, 5), 1, borderType=cv2.BORDER_REFLECT)
    return np.asarray(sums).reshape(displacements.shape) / (np.asarray(norms) + _PRIOR)[..., None]
