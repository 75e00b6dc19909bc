"""How far apart samples must be to differ as much as any others: the buffer that cross-validation needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError, EORuntimeWarning, SettingError, warn_user
from eolearn.core.utils.threads import limit_library_threads

from ._coordinates import as_points, checked_length
from ._kernels.variogram import MODELS, Fit, empirical_variogram, fit_model

_FEWEST_SAMPLES = 30  # below, hardly any pairs are near each other
_NONE = 0.9  # share of the nugget above which nothing is said of a range: noise alone fits that well


@dataclass(frozen=True, eq=False)
class SpatialCorrelation:
    """What :func:`measure_spatial_correlation` found."""

    lags_m: NDArray[np.float64]
    """Mean distance of the pairs of samples in each class of distances, (lags,)."""

    semivariances: NDArray[np.float64]
    """Of the values in each class, in their squared unit, (lags,)."""

    pairs: NDArray[np.int64]
    """How many there are in each class, (lags,)."""

    model: str
    """That fits best: spherical, exponential or gaussian."""

    nugget: float
    """Semivariance of samples side by side, in the squared unit of the values: noise, and what varies within metres."""

    sill: float
    """Semivariance of samples far from each other, nugget included."""

    range_m: float
    """Distance at which the model reaches its sill, or, if it never does, 95 % of the way from the nugget."""

    farthest_m: float
    """Largest distance of the pairs that were looked at."""

    @property
    def nugget_share(self) -> float:
        """The nugget as a share of the semivariance of the farthest pairs: 1 without any correlation in space."""
        return self.nugget / float(self.semivariance(self.farthest_m))

    @property
    def is_correlated(self) -> bool:
        """Whether more than a tenth of the semivariance depends on the distance."""
        return self.nugget_share < _NONE

    @property
    def levels_off(self) -> bool:
        """Whether the range lies within the distances that were looked at."""
        return self.range_m <= self.farthest_m

    @property
    def buffer_m(self) -> float:
        """The narrowest honest buffer: 0 without correlation, infinity where the semivariances don't level off."""
        if not self.is_correlated:
            return 0.0
        return self.range_m if self.levels_off else np.inf

    def semivariance(self, distances_m: Any) -> NDArray[np.float64]:
        """Return what the model says of distances in metres, an array of any shape."""
        reach = np.asarray(distances_m, dtype=np.float64) / self.range_m
        return self.nugget + (self.sill - self.nugget) * MODELS[self.model](reach)

    def __str__(self) -> str:
        """Return what it means for cross-validation."""
        if not self.is_correlated:
            return f"Values are no more alike at small distances than at {self.farthest_m:.0f} m: no buffer is needed."
        if not self.levels_off:
            return (
                f"Values differ more and more up to {self.farthest_m:.0f} m, as far as pairs were looked at: no buffer "
                "within that is honest. Leave out whole regions, or take the trend out of the values first."
            )
        return (
            f"Values are alike up to {self.range_m:.0f} m ({self.model} model, nugget {self.nugget_share:.0%}): "
            "a buffer of that width is honest."
        )


def measure_spatial_correlation(
    coordinates: Any,
    values: Any,
    *,
    farthest_m: float | None = None,
    lags: int = 20,
    most_samples: int = 2000,
    seed: int | None = 0,
) -> SpatialCorrelation:
    """Measure how far the likeness of neighbouring samples reaches: a variogram, and the model that fits best.

    coordinates: the places of the samples in metres, (samples, 2) or points of geopandas; at least 30 samples.
    values: numbers, (samples,). Best the errors of a model at samples that it was not trained with, as these must not
        be alike; else what shall be predicted, or ``labels == a_class``.
    farthest_m: pairs at larger distances are left out. By default half of the diagonal of the area.
    lags: the number of classes of distances up to there, at least 5.
    most_samples: of more than these a random part is taken, by ``seed``.

    One measurement is uncertain: by half of the range or more if the area is ten ranges wide, by more in smaller ones.
    Correlation is taken as equal in all directions. Values with a trend across the area don't level off, and a warning
    says so.

    The variogram is robust against outliers, but for values of two kinds only, where it is the classical one.

    Sources: Cressie and Hawkins (1980), doi:10.1007/BF01035243; Cressie (1985), doi:10.1007/BF01032109.

    Raises DataError for values that don't fit, aren't finite, or are mostly equal; SettingError for bad settings.

    Example:
        >>> correlation = measure_spatial_correlation(samples[["x", "y"]], predicted - observed)
        >>> print(correlation)
        Values are alike up to 812 m (spherical model, nugget 12%): a buffer of that width is honest.
        >>> splitter = SpatialBlockSplit(samples[["x", "y"]], block_size_m=2000, buffer_m=correlation.buffer_m)
    """
    points = as_points(coordinates)
    numbers = _checked_values(values, len(points))
    if lags < 5 or most_samples < _FEWEST_SAMPLES:
        raise SettingError(
            f"lags must be at least 5 and most_samples {_FEWEST_SAMPLES}, got {lags} and {most_samples}."
        )
    extent = float(np.hypot(*np.ptp(points, axis=0)))
    farthest = checked_length("farthest_m", extent / 2 if farthest_m is None else farthest_m)
    chosen = np.random.default_rng(seed).permutation(len(points))[:most_samples]
    points, numbers = points[chosen], numbers[chosen]
    is_binary = len(np.unique(numbers)) <= 2
    found = empirical_variogram(points, numbers, farthest=farthest, lags=lags, robust=not is_binary)
    if len(found.counts) < 4 or not found.semivariances.any():
        raise DataError(
            f"Pairs of samples at up to {farthest:.0f} m fill {len(found.counts)} of {lags} classes of distances, with "
            f"semivariances up to {found.semivariances.max(initial=0):.3g}: too little to measure. Take another "
            "farthest_m, or other values."
        )
    with limit_library_threads(1):  # three numbers are fitted: threads would only wait for each other
        fits = [fit_model(found, model, largest_range=2 * farthest) for model in MODELS]
    return _result(*found, min(fits, key=lambda fit: fit.misfit), farthest)


def _result(lags_m: Any, semivariances: Any, pairs: Any, best: Fit, farthest: float) -> SpatialCorrelation:
    sill = best.nugget + best.partial_sill
    result = SpatialCorrelation(lags_m, semivariances, pairs, best.model, best.nugget, sill, best.range, farthest)
    if result.is_correlated and not result.levels_off:
        warn_user(str(result), EORuntimeWarning)
    return result


def _checked_values(values: Any, samples: int) -> NDArray[np.float64]:
    numbers = np.asarray(values)
    if numbers.shape != (samples,) or numbers.dtype.kind not in "biuf":
        raise DataError(f"values must be {samples} numbers, one a sample, got {numbers.dtype} of {numbers.shape}.")
    if samples < _FEWEST_SAMPLES:
        raise DataError(f"Spatial correlation needs at least {_FEWEST_SAMPLES} samples, got {samples}.")
    numbers = numbers.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise DataError(f"{np.count_nonzero(~np.isfinite(numbers))} of {samples} values are not finite numbers.")
    return numbers
