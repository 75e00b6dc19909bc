"""Random sample consensus, in the form of eo-learn 1.3; see :mod:`._kernels.motion` for the sources."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eolearn.core.exceptions import DataError, SettingError

from ._kernels.motion import fit_motion


class RansacModel(Protocol):
    """What can be fitted to points, by their positions in a list."""

    def fit(self, idx: NDArray[np.intp]) -> Any:
        """Return the model of some points."""
        ...

    def score(self, idx: NDArray[np.intp], warp_matrix: Any) -> NDArray[np.float64]:
        """Return how far each of some points is off from a model."""
        ...


def random_partition(n: int, n_data: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return ``n`` random positions of ``n_data``, and all others."""
    if not 0 <= n <= n_data:
        raise SettingError(f"Of {n_data} points, {n} can't be chosen.")
    order = np.random.default_rng().permutation(n_data)
    return order[:n], order[n:]


def ransac(npts: int, model: RansacModel, n: int, k: int, t: float, d: int) -> Any:
    """Return the model that fits best to the points that agree with it, None where not enough of them do.

    npts: number of points. model: see :class:`RansacModel`. n: how many points a model is fitted to first. k: how
    often that is tried. t: how far a point may be off to agree. d: how many points beside those must agree.

    Example:
        >>> model = EstimateEulerTransformModel(points, moved_points)
        >>> matrix = ransac(len(points), model, 3, 1000, 7.0, 5)
    """
    best, least = None, np.inf
    for _ in range(k):
        sample, others = random_partition(n, npts)
        agreeing = others[model.score(others, model.fit(sample)) < t]
        if len(agreeing) < d:
            continue
        chosen = np.concatenate([sample, agreeing])
        fitted = model.fit(chosen)
        error = float(np.mean(model.score(chosen, fitted)))
        if error < least:
            best, least = fitted, error
    return best


class EstimateEulerTransformModel:
    """A turn and a shift between points.

    src_pts, trg_pts: (points, 2), x and y.

    Example:
        >>> EstimateEulerTransformModel([[0, 0], [1, 0]], [[2, 3], [2, 4]]).fit([0, 1]).round()  # a quarter turn
        array([[ 0., -1.,  2.],
               [ 1.,  0.,  3.]])
    """

    def __init__(self, src_pts: ArrayLike, trg_pts: ArrayLike):
        self.src_pts, self.trg_pts = (np.asarray(points, np.float64).reshape(-1, 2) for points in (src_pts, trg_pts))
        if len(self.src_pts) != len(self.trg_pts):
            raise DataError(f"There must be as many points as points: got {len(self.src_pts)} and {len(self.trg_pts)}.")

    def estimate_rigid_transformation(self, idx: ArrayLike) -> NDArray[np.float64]:
        """Return the matrix (2, 3) from source points to target points, by least squares."""
        chosen = np.asarray(idx, np.intp)
        return fit_motion(self.src_pts[chosen], self.trg_pts[chosen], "euclidean")

    def fit(self, idx: ArrayLike) -> NDArray[np.float64]:
        """Return the same as :meth:`estimate_rigid_transformation`."""
        return self.estimate_rigid_transformation(idx)

    def score(self, idx: ArrayLike, warp_matrix: NDArray[Any]) -> NDArray[np.float64]:
        """Return the distances in pixels between the target points and the moved source points."""
        chosen = np.asarray(idx, np.intp)
        moved = self.src_pts[chosen] @ warp_matrix[:, :2].T + warp_matrix[:, 2]
        return np.asarray(np.linalg.norm(moved - self.trg_pts[chosen], axis=1))
