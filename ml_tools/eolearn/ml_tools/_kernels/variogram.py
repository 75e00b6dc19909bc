"""How unlike two values are, by the distance between their places: the empirical variogram, and models of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Lags(NamedTuple):
    """An empirical variogram: for each class of distances that has pairs, (lags,)."""

    distances: Floats
    """Mean distance of the pairs."""

    semivariances: Floats
    """In the squared unit of the values."""

    counts: NDArray[np.int64]
    """Of pairs."""


def empirical_variogram(points: Floats, values: Floats, *, farthest: float, lags: int, robust: bool = True) -> Lags:
    """Return the variogram of values at places.

    points: (samples, 2). values: (samples,), float64. farthest: pairs at larger distances are left out. lags: how many
    classes of distances there are, of equal width. robust: square roots of differences make it insensitive to
    outliers, and unbiased for values of normal distribution. Yes and no, 1 and 0, need the mean of squares instead.

    Sources: Cressie and Hawkins (1980), Robust estimation of the variogram, Mathematical Geology 12, 115-125,
    doi:10.1007/BF01035243; Matheron (1963), Principles of geostatistics, Economic Geology 58, 1246-1266,
    doi:10.2113/gsecongeo.58.8.1246.
    """
    from scipy.spatial.distance import pdist

    distances, differences = pdist(points), pdist(values[:, np.newaxis])
    is_near = distances <= farthest
    distances, differences = distances[is_near], differences[is_near]
    lag = np.minimum((distances * (lags / farthest)).astype(np.int64), lags - 1)
    all_counts = np.bincount(lag, minlength=lags).astype(np.int64)
    filled = all_counts > 0
    counts = all_counts[filled]

    def mean_of(numbers: Floats) -> Floats:
        sums = np.bincount(lag, weights=numbers, minlength=lags).astype(np.float64)
        return sums[filled] / counts

    if robust:
        semivariances = mean_of(np.sqrt(differences)) ** 4 / (0.457 + 0.494 / counts) / 2
    else:
        semivariances = mean_of(differences**2) / 2
    return Lags(mean_of(distances), semivariances, counts)


def _spherical(reach: Floats) -> Floats:
    inside = np.minimum(reach, 1)
    return 1.5 * inside - 0.5 * inside**3


MODELS: dict[str, Callable[[Floats], Floats]] = {
    "spherical": _spherical,
    "exponential": lambda reach: 1 - np.exp(-3 * reach),
    "gaussian": lambda reach: 1 - np.exp(-3 * reach**2),
}
"""Models that rise from 0 to 1 with the distance as a part of the practical range, where they reach 0.95 or, the
spherical one, 1. Source: Cressie (1993), Statistics for spatial data, doi:10.1002/9781119115151."""


class Fit(NamedTuple):
    """A model of a variogram: nugget + partial sill * model(distance / range)."""

    model: str
    nugget: float
    partial_sill: float
    range: float
    misfit: float


def fit_model(lags: Lags, model: str, *, largest_range: float) -> Fit:
    """Fit a model to an empirical variogram by weighted least squares, weights n / semivariance of the model squared.

    Source: Cressie (1985), Fitting variogram models by weighted least squares, Mathematical Geology 17, 563-586,
    doi:10.1007/BF01032109.
    """
    from scipy.optimize import least_squares

    unit = lags.semivariances.max()
    measured, shape = lags.semivariances / unit, MODELS[model]
    roots_of_weights: Floats = np.sqrt(lags.counts / lags.counts.sum())

    def misfits(parameters: Floats) -> Floats:
        nugget, sill, reach = parameters
        modelled = nugget + sill * shape(lags.distances / (reach * largest_range)) + 1e-9
        relative: Floats = measured / modelled - 1
        return roots_of_weights * relative

    starts = [np.array([0.1, 0.9, reach]) for reach in (0.05, 0.15, 0.4)]
    fits = [least_squares(misfits, start, bounds=([0, 0, 1e-3], [2, 10, 1])) for start in starts]
    best = min(fits, key=lambda fit: float(fit.cost))
    nugget, sill, reach = (float(number) for number in best.x)
    return Fit(model, nugget * unit, sill * unit, reach * largest_range, float(best.cost))
