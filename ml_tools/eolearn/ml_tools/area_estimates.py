"""Areas of classes from samples whose inclusion probabilities are known, with their standard errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eolearn.core.exceptions import DataError, FeatureMissing

if TYPE_CHECKING:
    from pandas import DataFrame


def estimate_areas(
    samples: DataFrame, column: str, *, pixel_area: float = 1.0, clusters: str | None = None
) -> DataFrame:
    """Return the area of each class of a region, estimated from samples of its pixels.

    samples: with a line for each sample, its weight and its stratum, as tasks of sampling make it, together with the
        class that was found there. Of a table with dates, pass those of one date.
    column: that of the classes.
    pixel_area: in the unit that areas are wanted in.
    clusters: the column of the units that were drawn first, "patch", where only some patches of the region were.

    Returns a table with a line for each class and the columns area and standard_error; 1.96 standard errors to both
    sides make an interval of 95 %. Raises DataError where a weight is NaN, as of designs without known probabilities.

    The area is the sum of the weights of the samples of a class, times the area of a pixel, which is unbiased for any
    design with known probabilities (Horvitz and Thompson 1952). The variance is that of draws with replacement: over
    the strata or, with clusters, over the whole region, the sum of ``n * s²``, where s² is the variance of the n terms
    of that sum, one a sample or a cluster (Cochran 1977, Sampling Techniques, chapters 9A and 11). For a stratified
    sample of a map it is equation 10 of Olofsson et al. (2014), Good practices for estimating area and assessing
    accuracy of land change, https://doi.org/10.1016/j.rse.2014.02.015. It is a little too large where the samples are a
    good part of all pixels or spread evenly, and NaN where a stratum has a single sample.

    Example:
        >>> table = geopandas.read_parquet("samples.parquet")
        >>> estimate_areas(table, "label", pixel_area=0.01)  # hectares, with pixels of 10 m
    """
    needed = [name for name in (column, "weight", "stratum", clusters) if name is not None]
    if missing := [name for name in needed if name not in samples]:
        raise FeatureMissing(f"The table of samples lacks the columns {missing}. It has {list(samples.columns)}.")
    if unknown := int(samples["weight"].isna().sum()):
        raise DataError(
            f"{unknown} of {len(samples)} samples have no weight: their design has no known inclusion probabilities. "
            "Areas need samples of a StratifiedDesign or a SystematicDesign, without most_per_polygon."
        )
    if "date" in samples and samples["date"].nunique() > 1:
        raise DataError(
            "The table has samples of several dates, so that each place would count repeatedly. Choose one."
        )
    return _estimate(samples, column, pixel_area, clusters)


def _estimate(samples: DataFrame, column: str, pixel_area: float, clusters: str | None) -> DataFrame:
    from pandas import DataFrame

    classes = np.unique(samples[column])
    is_class = np.asarray(samples[column])[:, np.newaxis] == classes
    terms = DataFrame(is_class * (pixel_area * samples["weight"].to_numpy()[:, np.newaxis]), columns=classes)
    strata = samples["stratum"].to_numpy()
    if clusters is not None:
        terms = terms.groupby(samples[clusters].to_numpy(), observed=True).sum()
        strata = np.zeros(len(terms), dtype=np.int64)
    groups = terms.groupby(strata)
    variance = groups.var().mul(groups.size(), axis=0).sum(skipna=False)
    return DataFrame({"area": terms.sum(), "standard_error": np.sqrt(variance)}).rename_axis(column)
