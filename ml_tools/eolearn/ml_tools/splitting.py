"""Splits samples for cross-validation so that a test sample has no training sample as its neighbour.

Samples that lie near each other are alike, in what was measured and in what can't be measured. A model that has seen
the neighbour of a test sample looks better than it is at places without samples. So whole blocks, fields, patches,
regions or years are left out together, and training samples within a buffer around them too. How wide the buffer should
be is measured by :func:`~eolearn.ml_tools.spatial_correlation.measure_spatial_correlation`.

Sources: Roberts et al. (2017), Cross-validation strategies for data with temporal, spatial, hierarchical, or
phylogenetic structure, Ecography 40, 913-929, doi:10.1111/ecog.02881; Le Rest et al. (2014), Spatial leave-one-out
cross-validation for variable selection in the presence of spatial autocorrelation, Global Ecology and Biogeography 23,
811-820, doi:10.1111/geb.12161.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError, SettingError

from ._coordinates import as_points, check_length, checked_length, within

Indices = NDArray[np.intp]
Split = tuple[Indices, Indices]


class FoldSplitter:
    """A splitter of scikit-learn for samples of which each is tested once, in its fold.

    folds: (samples,), integers from 0 to n_splits - 1: the fold that tests each sample. Each fold must have one.
    coordinates: the places of the samples in metres, (samples, 2) or points of geopandas. Only a buffer needs them.
    buffer_m: no training sample lies within this distance of a test sample.

    Pass it as ``cv=`` to what scikit-learn offers, with the samples in the order in which they were given here.

    Raises SettingError (a ValueError) for a bad buffer, DataError for coordinates that don't fit; :meth:`split` raises
    DataError for another number of samples, and where the buffer leaves nothing to train with.
    """

    def __init__(self, folds: Any, *, coordinates: Any = None, buffer_m: float = 0.0):
        self.folds = np.asarray(folds)
        self.buffer_m = checked_length("buffer_m", buffer_m, least=0)
        if self.folds.ndim != 1 or self.folds.dtype.kind not in "iu" or not len(self.folds):
            raise DataError(f"folds must be integers, one a sample, got {self.folds.dtype} of {self.folds.shape}.")
        counts = np.bincount(self.folds) if self.folds.min() >= 0 else np.zeros(1)
        if len(counts) < 2 or not counts.all():
            raise DataError(f"folds must be at least two, numbered from 0 without gaps, got {np.unique(self.folds)}.")
        if coordinates is None and buffer_m:
            raise SettingError("A buffer needs the coordinates of the samples: pass coordinates=.")
        self.coordinates = None if coordinates is None else as_points(coordinates)
        if self.coordinates is not None and len(self.coordinates) != len(self.folds):
            raise DataError(f"There are coordinates of {len(self.coordinates)} samples for {len(self.folds)}.")

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:  # noqa: ARG002, N803
        """Return the number of folds."""
        return int(self.folds.max()) + 1

    def split(self, X: Any = None, y: Any = None, groups: Any = None) -> Iterator[Split]:  # noqa: ARG002, N803
        """Yield for each fold the positions of the samples to train with, and of those to test. y, groups: not used."""
        check_length(X, len(self.folds))
        for fold in range(self.get_n_splits()):
            is_test = self.folds == fold
            is_train = ~is_test
            if self.buffer_m and self.coordinates is not None:
                is_train &= ~within(self.coordinates, self.coordinates[is_test], self.buffer_m)
            if not is_train.any():
                raise DataError(
                    f"A buffer of {self.buffer_m} m around the {np.count_nonzero(is_test)} samples of fold {fold} "
                    "leaves none to train with. Take a smaller buffer, or more folds."
                )
            yield np.flatnonzero(is_train), np.flatnonzero(is_test)


class SpatialBlockSplit(FoldSplitter):
    """K-fold cross-validation over square blocks of ground: all samples of a block are in one fold.

    coordinates: the places of the samples in metres, (samples, 2) or points of geopandas.
    block_size_m: the side of a block, best larger than the distance to which samples are alike.
    n_splits: the number of folds. Blocks are dealt out so that these have about the same number of samples.
    buffer_m: as for :class:`FoldSplitter`: samples of neighbouring blocks are near each other, so there should be one.
    seed: shuffles the blocks, and shifts their edges.

    Raises DataError where there are fewer blocks with samples than folds.

    Example:
        >>> splitter = SpatialBlockSplit(samples[["x", "y"]], block_size_m=2000, buffer_m=500, n_splits=5)
        >>> cross_val_score(model, features, labels, cv=splitter)
    """

    def __init__(
        self,
        coordinates: Any,
        *,
        block_size_m: float,
        n_splits: int = 5,
        buffer_m: float = 0.0,
        seed: int | None = 0,
    ):
        points = as_points(coordinates)
        self.block_size_m = checked_length("block_size_m", block_size_m)
        self.seed = seed
        generator = np.random.default_rng(seed)
        cells = np.floor((points - points.min(axis=0)) / block_size_m + generator.random(2)).astype(np.int64)
        super().__init__(balanced_folds(cells, n_splits, generator), coordinates=points, buffer_m=buffer_m)


class GroupSplit(FoldSplitter):
    """Cross-validation over groups of samples: fields, patches, regions.

    groups: what each sample belongs to, (samples,): numbers of fields, names of patches or regions, ...
    n_splits: the number of folds, into which groups are dealt out so that these have about the same number of samples.
        None leaves out one group after the other.
    coordinates, buffer_m: as for :class:`FoldSplitter`.
    seed: shuffles the groups.

    Raises DataError for fewer groups than folds, and for samples without a group.

    Example:
        >>> by_field = GroupSplit(samples["field"], n_splits=5, coordinates=samples[["x", "y"]], buffer_m=200)
        >>> by_region = GroupSplit(points.sjoin(regions)["region"])
    """

    def __init__(
        self,
        groups: Any,
        *,
        n_splits: int | None = None,
        coordinates: Any = None,
        buffer_m: float = 0.0,
        seed: int | None = 0,
    ):
        self.seed = seed
        codes, self.group_names = _codes(groups)
        folds = (
            codes if n_splits is None else balanced_folds(codes[:, np.newaxis], n_splits, np.random.default_rng(seed))
        )
        super().__init__(folds, coordinates=coordinates, buffer_m=buffer_m)


class LeaveOneYearOut(FoldSplitter):
    """Cross-validation over years: shows how well a model does in a year that it hasn't seen.

    dates: of the samples, anything that pandas reads as times.
    first_month: of the year, 1 to 12. With 10, October 2018 belongs to the harvest of 2019.
    coordinates, buffer_m: as for :class:`FoldSplitter`, for a model that shall do well in another year and elsewhere.

    Example:
        >>> splitter = LeaveOneYearOut(samples["date"], first_month=10)
        >>> splitter.years
        array([2018, 2019, 2020])
    """

    def __init__(self, dates: Any, *, first_month: int = 1, coordinates: Any = None, buffer_m: float = 0.0):
        import pandas as pd

        if first_month not in range(1, 13):
            raise SettingError(f"first_month must be from 1 to 12, got {first_month!r}.")
        self.first_month = first_month
        times = pd.DatetimeIndex(pd.to_datetime(np.asarray(dates)))
        codes, self.years = _codes(times.year + ((times.month >= first_month) & (first_month > 1)))
        super().__init__(codes, coordinates=coordinates, buffer_m=buffer_m)


def balanced_folds(groups: NDArray[Any], n_splits: int, generator: np.random.Generator) -> Indices:
    """Return a fold for each sample, the same within a group, so that folds have about as many samples.

    groups: (samples, columns): rows that are equal are a group. The largest groups are dealt out first, each into the
    fold with the fewest samples by then; groups of one size in random order.
    """
    if not isinstance(n_splits, (int, np.integer)) or n_splits < 2:
        raise SettingError(f"n_splits must be an integer of at least 2, got {n_splits!r}.")
    names, places, sizes = np.unique(groups, axis=0, return_inverse=True, return_counts=True)
    if len(names) < n_splits:
        raise DataError(f"The samples lie in {len(names)} groups or blocks, too few for {n_splits} folds.")
    order = generator.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    fold_of_group, filled = np.empty(len(sizes), dtype=np.intp), np.zeros(n_splits, dtype=np.int64)
    for group in order:
        fold_of_group[group] = filled.argmin()
        filled[fold_of_group[group]] += sizes[group]
    return fold_of_group[places.ravel()]


def _codes(groups: Any) -> tuple[Indices, NDArray[Any]]:
    """Return the number of the group of each sample, and the names of the groups in order."""
    import pandas as pd

    labels = np.asarray(groups)
    missing = np.count_nonzero(pd.isna(labels))
    if labels.ndim != 1 or missing:
        raise DataError(
            f"Each sample needs one group, but groups have the shape {labels.shape}, and {missing} are missing."
        )
    codes, names = pd.factorize(labels, sort=True)
    if len(names) < 2:
        raise DataError(f"All {len(labels)} samples belong to {names.tolist()}: there is nothing to leave out.")
    return codes.astype(np.intp), np.asarray(names)
