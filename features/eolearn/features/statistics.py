"""Statistics of the time series of each pixel."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, SettingError

from ._kernels.blocks import Float64, over_series
from ._kernels.dtypes import working_dtype
from ._kernels.moments import MOMENTS, moments
from ._kernels.percentiles import percentiles
from .days import days_of
from .validity import mask_parser, valid_by

if TYPE_CHECKING:
    from eolearn.core.types import Feature, FeaturesSpecification

_PERCENTILE = re.compile(r"p(\d+(\.\d+)?)")


class TemporalStatisticsTask(EOTask):
    """Describes the time series of each pixel and band by a few numbers.

    input_feature: a DATA or MASK feature.
    output_feature: a DATA_TIMELESS feature, (height, width, bands times statistics): first all the statistics of the
        first band, then those of the second.
    statistics: in the order wanted: ``count`` (of valid dates), ``mean``, ``std`` (of the population), ``min``,
        ``max``, ``amplitude`` (max less min), ``median``, ``area`` (under the straight lines between valid values, in
        the unit of the values times days), and percentiles, such as ``p10`` or ``p97.5``.
    mask_feature: any number of MASK, MASK_TIMELESS and LABEL features; an observation counts where none of them is 0.

    NaN and infinite values don't count. Where nothing counts, the count is 0 and the rest is NaN. The result is
    float32 where that holds the values of the data exactly, else float64.

    Example:
        >>> task = TemporalStatisticsTask(
        ...     (FeatureType.DATA, "NDVI"), (FeatureType.DATA_TIMELESS, "NDVI_STATS"), ["p5", "median", "p95", "area"]
        ... )
        >>> task(eopatch)[FeatureType.DATA_TIMELESS, "NDVI_STATS"].shape
        (101, 100, 4)
    """

    def __init__(
        self,
        input_feature: Feature,
        output_feature: Feature,
        statistics: Sequence[str] = ("mean", "std", "min", "median", "max", "count"),
        *,
        mask_feature: FeaturesSpecification | None = None,
    ):
        types = (FeatureType.DATA, FeatureType.MASK)
        self.input_feature = self.parse_feature(input_feature, allowed_feature_types=types)
        self.output_feature = self.parse_feature(output_feature, allowed_feature_types=(FeatureType.DATA_TIMELESS,))
        self.statistics = [statistics] if isinstance(statistics, str) else list(statistics)
        if not self.statistics:
            raise SettingError("statistics is empty: name at least one, such as 'median'.")
        self.percents = [_percent(name) for name in self.statistics if name not in MOMENTS]
        self.mask_parser = mask_parser(mask_feature)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the statistics."""
        data = eopatch[self.input_feature]
        if data.dtype.kind not in "biuf":
            raise DataError(f"Statistics need real numbers, but {self.input_feature} is of dtype {data.dtype}.")
        needs_days = "area" in self.statistics
        days = days_of(eopatch, self.input_feature) if needs_days else np.zeros(len(data))
        valid = valid_by(self.mask_parser, eopatch, data.shape)
        _, height, width, bands = data.shape
        result = np.empty((height, width, bands, len(self.statistics)), working_dtype(data.dtype))
        over_series(lambda series: self._describe(series, days), data, valid, result)
        eopatch[self.output_feature] = result.reshape(height, width, bands * len(self.statistics))
        return eopatch

    def _describe(self, series: Float64, days: Float64) -> Float64:
        result = np.empty((len(series), len(self.statistics)))
        is_moment = np.array([name in MOMENTS for name in self.statistics])
        if is_moment.any():
            wanted = [MOMENTS.index(name) for name in self.statistics if name in MOMENTS]
            result[:, is_moment] = moments(series, days)[:, wanted]
        if self.percents:
            result[:, ~is_moment] = percentiles(np.sort(series, axis=1), self.percents)
        return result


def _percent(name: str) -> float:
    if name == "median":
        return 50.0
    match = _PERCENTILE.fullmatch(str(name))
    percent = float(match[1]) if match else -1.0
    if not 0 <= percent <= 100:
        raise SettingError(
            f"There is no statistic {name!r}. There are {', '.join(MOMENTS)}, median, and percentiles from p0 to p100."
        )
    return percent
