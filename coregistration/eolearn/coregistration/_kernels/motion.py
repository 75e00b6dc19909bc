"""The motion that takes points to points: fitted by least squares, and found among wrong pairs."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Motion = Literal["translation", "euclidean", "affine"]
LEAST_POINTS: dict[Motion, int] = {"translation": 1, "euclidean": 2, "affine": 3}
_CONFIDENCE = 0.999


def fit_motion(source: Float, target: Float, motion: Motion) -> Float:
    """Return the matrix (2, 3) that takes points nearest to others, in the sense of least squares.

    source, target: (points, 2), at least as many as ``LEAST_POINTS``. A Euclidean motion turns and shifts.

    Source of the turn: S. Umeyama, Least-squares estimation of transformation parameters between two point patterns,
    IEEE Transactions on Pattern Analysis and Machine Intelligence 13 (4), 1991, DOI 10.1109/34.88573.
    """
    if motion == "affine":
        rows = np.column_stack([source, np.ones(len(source))])
        return np.asarray(np.linalg.lstsq(rows, target, rcond=None)[0].T, np.float64)
    from_mean, to_mean = source.mean(axis=0), target.mean(axis=0)
    turn = np.eye(2)
    if motion == "euclidean":
        left, _, right = np.linalg.svd((target - to_mean).T @ (source - from_mean))
        turn = left @ np.diag([1, np.sign(np.linalg.det(left @ right))]) @ right
    return np.column_stack([turn, to_mean - turn @ from_mean])


def consensus(
    source: Float, target: Float, motion: Motion, *, threshold_px: float, most_trials: int = 1000
) -> tuple[Float, NDArray[np.bool_]]:
    """Return the motion (2, 3) that most pairs of points agree with, fitted to these, and which ones they are.

    threshold_px: how far a pair may be off. most_trials: so many smallest samples are tried, or fewer when it is nearly
    sure (0.999) that one of them was all right. Of the same input it makes the same result.

    Source: M. A. Fischler and R. C. Bolles, Random sample consensus, Communications of the ACM 24 (6), 1981,
    DOI 10.1145/358669.358692.
    """
    random = np.random.default_rng(0)
    size, count = LEAST_POINTS[motion], len(source)
    best = np.zeros(count, np.bool_)
    trials, needed = 0, float(most_trials)
    while count >= size and trials < needed:
        trials += 1
        sample = random.choice(count, size, replace=False)
        agreeing = _offsets(fit_motion(source[sample], target[sample], motion), source, target) <= threshold_px
        if agreeing.sum() > best.sum():
            best = agreeing
            all_right = float(best.mean()) ** size
            needed = min(needed, np.log(1 - _CONFIDENCE) / np.log1p(-min(all_right, 1 - 1e-12)))
    if best.sum() < size:
        return np.eye(2, 3), np.zeros(count, np.bool_)
    return fit_motion(source[best], target[best], motion), best


def _offsets(matrix: Float, source: Float, target: Float) -> Float:
    return np.asarray(np.linalg.norm(source @ matrix[:, :2].T + matrix[:, 2] - target, axis=1))
