"""Cross-validation in which test samples are as far from training samples as the places of a map are from the samples.

A random split tests a model at places next to its training samples. If the samples lie in clusters and the map doesn't,
that says little about the map; if they cover the map evenly, wide buffers say too little good of it. Matching the
distances is the fair way between.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError, SettingError

from ._coordinates import Points, as_points, check_length, checked_length
from ._kernels.matching import distance_between, matched_radii, nearest_in_other_folds, nearest_others
from .splitting import FoldSplitter, Split

_MOST_SAMPLES = 5000  # of leave-one-out: 200 MB of distances, and as many models. Of clustering: 100 MB
_CANDIDATES = 25  # numbers of clusters that are tried


class DistanceMatchedLeaveOneOut:
    """Leave-one-out in which each test sample loses its nearest neighbours, as many as it takes to match the map.

    coordinates: the places of the samples, in metres, (samples, 2) or points of geopandas; 3 to 5,000.
    prediction_points: places spread evenly over the map that the model shall make, or at random: a thousand will do.
    farthest_m: distances above this one needn't match, best the range of the spatial correlation. None for all.
    least_training_share: of the samples, that are trained with at least.

    Attributes: ``radii_m``, (samples,): training samples are at least as far as this from the test sample;
    ``prediction_distances_m``, from each prediction point to its nearest sample; ``mismatch_m``, the area between the
    distributions of the two, and ``plain_mismatch_m``, the same for leave-one-out without matching.

    Source: Mila et al. (2022), doi:10.1111/2041-210X.13851.

    Raises SettingError for a share outside of 0 to 1, DataError for samples too few or too many.

    Example:
        >>> splitter = DistanceMatchedLeaveOneOut(samples[["x", "y"]], grid_points)
        >>> splitter.mismatch_m, splitter.plain_mismatch_m
        (21.5, 310.2)
        >>> predicted = cross_val_predict(model, features, labels, cv=splitter)
    """

    def __init__(
        self,
        coordinates: Any,
        prediction_points: Any,
        *,
        farthest_m: float | None = None,
        least_training_share: float = 0.5,
    ):
        self.coordinates = as_points(coordinates)
        n = len(self.coordinates)
        if not 3 <= n <= _MOST_SAMPLES:
            raise DataError(f"Leave-one-out takes 3 to {_MOST_SAMPLES} samples, got {n}. See DistanceMatchedKFold.")
        if not 0 <= least_training_share <= 1:
            raise SettingError(f"least_training_share must be from 0 to 1, got {least_training_share!r}.")
        self.farthest_m = None if farthest_m is None else checked_length("farthest_m", farthest_m)
        self.least_training_share = least_training_share
        self.prediction_distances_m = _prediction_distances(self.coordinates, prediction_points)
        least_training = max(1, int(np.ceil(least_training_share * n)))
        self.radii_m = matched_radii(
            self.coordinates,
            self.prediction_distances_m,
            most_left_out=max(0, n - 1 - least_training),
            farthest=self.farthest_m or np.inf,
        )
        self.mismatch_m = distance_between(self.radii_m, self.prediction_distances_m)
        self.plain_mismatch_m = distance_between(nearest_others(self.coordinates), self.prediction_distances_m)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:  # noqa: ARG002, N803
        """Return the number of samples."""
        return len(self.coordinates)

    def split(self, X: Any = None, y: Any = None, groups: Any = None) -> Iterator[Split]:  # noqa: ARG002, N803
        """Yield for each sample the positions of those to train with, and its own. y, groups: not used."""
        check_length(X, len(self.coordinates))
        for sample, radius in enumerate(self.radii_m):
            is_train = _distances(self.coordinates, self.coordinates[sample]) >= radius
            is_train[sample] = False
            yield np.flatnonzero(is_train), np.array([sample])


class DistanceMatchedKFold(FoldSplitter):
    """K-fold cross-validation with folds of such clusters of samples that the distances match those of the map.

    coordinates: the places of the samples in metres, (samples, 2) or points of geopandas.
    prediction_points: as for :class:`DistanceMatchedLeaveOneOut`.
    n_splits: the number of folds.
    largest_fold_share: of the samples, that one fold may have at most.
    seed: of the random folds, which are the best ones where the samples cover the map.

    Attributes: ``folds``, (samples,); ``prediction_distances_m``; ``mismatch_m``, the area between the distribution of
    these and that of the distances between test and training samples; ``plain_mismatch_m``, the same for random folds.

    Samples are joined to some number of clusters, and those are dealt out to the folds in order of their first
    principal component. Of all numbers of clusters that are tried, and of random folds, the best match is taken. Of
    more than 5,000 samples, as many are clustered, and the others join the nearest of them.

    Source: Linnenbrink et al. (2024), doi:10.5194/gmd-17-5897-2024.

    Example:
        >>> splitter = DistanceMatchedKFold(samples[["x", "y"]], grid_points, n_splits=5)
        >>> cross_val_score(model, features, labels, cv=splitter)
    """

    def __init__(
        self,
        coordinates: Any,
        prediction_points: Any,
        *,
        n_splits: int = 5,
        largest_fold_share: float = 0.5,
        seed: int | None = 0,
    ):
        points = as_points(coordinates)
        if not isinstance(n_splits, (int, np.integer)) or not 2 <= n_splits <= len(points):
            raise SettingError(f"n_splits must be from 2 to the number of samples, {len(points)}, got {n_splits!r}.")
        if not 1 / n_splits <= largest_fold_share < 1:
            raise SettingError(f"largest_fold_share must be from 1 / n_splits to 1, got {largest_fold_share!r}.")
        self.largest_fold_share = largest_fold_share
        self.seed = seed
        self.prediction_distances_m = _prediction_distances(points, prediction_points)
        plain = np.random.default_rng(seed).permutation(np.arange(len(points)) % n_splits)
        candidates = [plain, *_clustered_folds(points, n_splits, largest_fold_share, seed)]
        mismatches = [
            distance_between(nearest_in_other_folds(points, folds), self.prediction_distances_m) for folds in candidates
        ]
        best = int(np.argmin(mismatches))
        self.mismatch_m, self.plain_mismatch_m = mismatches[best], mismatches[0]
        super().__init__(candidates[best])


def _clustered_folds(
    points: Points, n_splits: int, largest_fold_share: float, seed: int | None
) -> Iterator[NDArray[np.intp]]:
    """Yield folds made of few to many clusters."""
    from scipy.cluster.hierarchy import fcluster, ward
    from scipy.spatial import cKDTree

    clustered = np.random.default_rng(seed).permutation(len(points))[:_MOST_SAMPLES]
    tree = ward(points[clustered])
    _, representative = cKDTree(points[clustered]).query(points)
    centred = points - points.mean(axis=0)
    component = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
    for count in np.unique(np.geomspace(n_splits, len(clustered), _CANDIDATES).astype(int)):
        labels = fcluster(tree, count, criterion="maxclust")[representative]
        clusters = np.unique(labels, return_inverse=True)[1]
        places = np.bincount(clusters, weights=component) / np.bincount(clusters)
        folds = (np.argsort(np.argsort(places)) % n_splits)[clusters]
        shares = np.bincount(folds, minlength=n_splits) / len(points)
        if shares.min() > 0 and shares.max() <= largest_fold_share:
            yield folds


def _prediction_distances(points: Points, prediction_points: Any) -> NDArray[np.float64]:
    from scipy.spatial import cKDTree

    distances, _ = cKDTree(points).query(as_points(prediction_points, "prediction_points"))
    return np.asarray(distances, dtype=np.float64)


def _distances(points: Points, place: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(place[np.newaxis], points)[0], dtype=np.float64)
