"""Composites: one image for each month, dekad or other period."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.utils.parsing import parse_renamed_feature

from ._kernels.blocks import Float64, over_pixels
from ._kernels.composites import best, complete, geometric_median, mean, medoid, percentile
from ._kernels.dtypes import working_dtype
from .days import days_of
from .periods import Period, check_period, period_edges
from .validity import mask_parser, valid_by

if TYPE_CHECKING:
    from eolearn.core.types import Feature, FeaturesSpecification, SingleFeatureSpec

Method: TypeAlias = Literal["median", "mean", "percentile", "best", "medoid", "geometric_median"]


class PeriodCompositeTask(EOTask):
    """Makes one image of all the images of each period.

    feature: a DATA feature, with a new name for the result if it has one.
    period: "month", "dekad" (from the 1st, 11th and 21st of a month), "year", or a list of dates: each period lasts
        from one of them to before the next, and the last date ends the last period.
    method: "median", "mean" and "percentile" treat each band on its own. "best" takes the observation with the highest
        ``quality``, "medoid" the one with the least sum of distances to the others, over all bands; "geometric_median"
        makes the point with the least sum of distances to the observations.
    percent: of the method "percentile", 0 to 100.
    quality: a DATA or MASK feature of one band for the method "best", such as the score of a date or a cloud-free
        probability. An observation of which it is NaN doesn't count.
    count_feature: a MASK feature for the number of dates that count for each pixel, (periods, height, width, 1).
    mask_feature: any number of MASK, MASK_TIMELESS and LABEL features; an observation counts where none of them is 0.

    An observation of a pixel counts if all of its bands are finite numbers and, for all of them, no mask is 0. The
    result is a new patch: its timestamps are the beginnings of all periods, from that of the first to that of the last
    date, those without any observation too. There the result is NaN. It is float32 where that holds the values of the
    data exactly, else float64.

    Example:
        >>> task = PeriodCompositeTask((FeatureType.DATA, "BANDS"), "month", mask_feature=(FeatureType.MASK, "CLEAR"))
        >>> task(eopatch).mask["VALID_DATES"].shape
        (12, 101, 100, 1)
    """

    def __init__(
        self,
        feature: SingleFeatureSpec,
        period: Period,
        method: Method = "median",
        *,
        percent: float | None = None,
        quality: Feature | None = None,
        count_feature: Feature = (FeatureType.MASK, "VALID_DATES"),
        mask_feature: FeaturesSpecification | None = None,
    ):
        self.renamed_feature = parse_renamed_feature(feature, allowed_feature_types=(FeatureType.DATA,))
        self.period = check_period(period)
        self.method = method
        self.percent = percent
        types = (FeatureType.DATA, FeatureType.MASK)
        self.quality = None if quality is None else self.parse_feature(quality, allowed_feature_types=types)
        self.count_feature = self.parse_feature(count_feature, allowed_feature_types=(FeatureType.MASK,))
        self.mask_parser = mask_parser(mask_feature)
        self._check_method()

    def _check_method(self) -> None:
        if self.method not in get_args(Method):
            raise SettingError(f"method must be one of {get_args(Method)}, got {self.method!r}.")
        for name, method in (("percent", "percentile"), ("quality", "best")):
            if (getattr(self, name) is None) == (self.method == method):
                raise SettingError(
                    f"{name} goes with the method {method!r} and no other: got {name}={getattr(self, name)!r} and "
                    f"method={self.method!r}."
                )
        if self.percent is not None and not 0 <= self.percent <= 100:
            raise SettingError(f"percent must lie between 0 and 100, got {self.percent!r}.")

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return a new patch with the composites and their numbers of dates."""
        feature_type, name, new_name = self.renamed_feature
        data = eopatch[feature_type, name]
        days_of(eopatch, (feature_type, name))  # refuses dates out of order
        timestamps = eopatch.get_timestamps()
        quality = self._checked_quality(eopatch, data.shape)
        valid = valid_by(self.mask_parser, eopatch, data.shape)
        valid = None if valid is None else np.asarray(valid.all(axis=-1, keepdims=True))
        edges = period_edges(self.period, timestamps)
        shape = (max(0, len(edges) - 1), *data.shape[1:3])
        composites = np.empty((*shape, data.shape[3]), working_dtype(data.dtype))
        counts = np.empty((*shape, 1), np.uint16)
        for index, dates in enumerate(_dates_between(edges, timestamps)):
            observations = data[dates]
            if quality is not None:
                observations = np.concatenate([observations, quality[dates]], axis=-1)
            usable = None if valid is None else valid[dates]
            composites[index], counts[index] = _composed(self._kernel(), observations, usable, data.shape[3])

        result = EOPatch(bbox=eopatch.bbox, timestamps=edges[:-1])
        result[feature_type, new_name] = composites
        result[self.count_feature] = counts
        return result

    def _kernel(self) -> Callable[[Float64], Float64]:
        percent = 50.0 if self.percent is None else float(self.percent)
        return {
            "median": lambda pixels: percentile(pixels, percent),
            "percentile": lambda pixels: percentile(pixels, percent),
            "mean": mean,
            "best": best,
            "medoid": medoid,
            "geometric_median": geometric_median,
        }[self.method]

    def _checked_quality(self, eopatch: EOPatch, shape: tuple[int, ...]) -> NDArray[Any] | None:
        if self.quality is None:
            return None
        quality: NDArray[Any] = eopatch[self.quality]
        if quality.shape != (*shape[:3], 1):
            raise DataError(f"quality {self.quality} of shape {quality.shape} must be of shape {(*shape[:3], 1)}.")
        return quality


def _dates_between(edges: list[datetime], timestamps: list[datetime]) -> list[slice]:
    """Return for each period the dates that lie in it; timestamps ascend."""
    positions = [bisect_left(timestamps, edge) for edge in edges]
    return [slice(first, last) for first, last in pairwise(positions)]


def _composed(
    kernel: Callable[[Float64], Float64], data: NDArray[Any], valid: NDArray[np.bool_] | None, bands: int
) -> tuple[Float64, Float64]:
    """Return the composite of all dates, (height, width, bands), and how many count, (height, width, 1)."""
    result = np.empty((*data.shape[1:3], bands + 1))

    def compose(pixels: Float64) -> Float64:
        counting = complete(pixels)
        pixels[~counting] = np.nan
        return np.concatenate([kernel(pixels), counting.sum(axis=1, keepdims=True)], axis=1)

    over_pixels(compose, data, valid, result)
    return result[..., :bands], result[..., bands:]
