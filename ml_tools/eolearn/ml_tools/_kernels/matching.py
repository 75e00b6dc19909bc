"""Which samples to leave out so that test samples are as far from training samples as places on a map are."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def matched_radii(points: Floats, wanted: Floats, *, most_left_out: int, farthest: float) -> Floats:
    """Return for each sample the distance to which others are left out when it is tested.

    points: (samples, 2), at least two. wanted: (n,), the distances from the places to predict to the nearest sample.
    most_left_out: how many samples may be left out for one, at most samples - 2. farthest: distances above this one
        aren't matched.

    Samples nearer than the radius are left out, so the radius is the distance to the nearest one that is left. Going
    from small distances to large ones, a sample loses its nearest other as long as, without it, the share of samples
    with a nearest other so near is at least that of the places. Memory is 8 * samples ** 2 bytes.

    Source: Mila, Mateu, Pebesma and Meyer (2022), Nearest neighbour distance matching leave-one-out cross-validation
    for map validation, Methods in Ecology and Evolution 13, 1304-1316, doi:10.1111/2041-210X.13851. Here equal
    distances are treated one after another.
    """
    from scipy.spatial.distance import cdist

    distances = cdist(points, points)
    distances.sort(axis=1)  # the first is the sample itself, or one at the same place
    wanted = np.sort(wanted)
    radii: Floats = distances[:, 1].copy()
    settled, left_out = 0, np.zeros(len(points), dtype=np.int64)
    nearest = [(radius, sample) for sample, radius in enumerate(radii.tolist())]
    heapq.heapify(nearest)
    while nearest and nearest[0][0] <= farthest:
        radius, sample = nearest[0]
        share = np.searchsorted(wanted, radius, side="right") / len(wanted)
        if settled / len(points) >= share and left_out[sample] < most_left_out:
            left_out[sample] += 1
            radii[sample] = distances[sample, left_out[sample] + 1]
            heapq.heapreplace(nearest, (float(radii[sample]), sample))
        else:
            settled += 1
            heapq.heappop(nearest)
    return radii


def nearest_others(points: Floats) -> Floats:
    """Return for each sample the distance to the nearest other one: (samples,), at least two."""
    from scipy.spatial import cKDTree

    distances: Floats = cKDTree(points).query(points, k=2)[0][:, 1]
    return distances


def nearest_in_other_folds(points: Floats, folds: NDArray[np.intp]) -> Floats:
    """Return for each sample the distance to the nearest one of another fold: (samples,)."""
    from scipy.spatial import cKDTree

    distances = np.empty(len(points))
    for fold in np.unique(folds):
        is_test = folds == fold
        distances[is_test], _ = cKDTree(points[~is_test]).query(points[is_test])
    return distances


def distance_between(first: Floats, second: Floats) -> float:
    """Return W, the area between the cumulative distributions of two sets of distances, in their unit.

    Source: Linnenbrink et al. (2024), kNNDM cross-validation, Geoscientific Model Development 17, 5897-5912,
    doi:10.5194/gmd-17-5897-2024: the Wasserstein distance of order 1.
    """
    from scipy.stats import wasserstein_distance

    result: Any = wasserstein_distance(first, second)
    return float(result)
