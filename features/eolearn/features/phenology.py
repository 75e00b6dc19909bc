"""Start, peak and end of the season of each pixel."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, SettingError

from ._kernels.blocks import over_series
from ._kernels.dtypes import working_dtype
from ._kernels.season import SEASON, season
from .days import days_of
from .validity import mask_parser, valid_by

if TYPE_CHECKING:
    from eolearn.core.types import Feature, FeaturesSpecification


class SeasonTask(EOTask):
    """Finds when the season of each pixel starts, culminates and ends, by the amplitude method.

    input_feature: a DATA feature of one band, such as NDVI, best smoothed. The patch should hold one season: choose its
        dates with :class:`FilterTimeSeriesTask`.
    output_feature: a DATA_TIMELESS feature, (height, width, 7): ``start``, ``peak`` and ``end`` as days of the year,
        ``length`` in days, ``base`` (the mean of the least values before and after the peak), ``peak_value``, and
        ``amplitude`` (the peak above the base).
    start_fraction, end_fraction: the season starts when this part of the rise is done, and ends when the value has
        fallen to this part of the fall above its end, 0 to 1.
    amplitude_min: pixels with a smaller amplitude have no season.
    first_day: what is day 1; by default the first of January of the year of the first timestamp. So the second of
        January of the next year is day 367 (or 368), and noon of day 1 is 1.5.
    mask_feature: any number of MASK, MASK_TIMELESS and LABEL features; an observation counts where none of them is 0.

    NaN and infinite values don't count. What can't be found is NaN: without a lower value before the peak there is no
    start, without one after it no end.

    Source: Jönsson and Eklundh (2004), TIMESAT, Computers & Geosciences 30(8), 833-845,
    https://doi.org/10.1016/j.cageo.2004.05.006.

    Example:
        >>> task = SeasonTask((FeatureType.DATA, "NDVI"), (FeatureType.DATA_TIMELESS, "SEASON"), amplitude_min=0.2)
        >>> start = task(eopatch)[FeatureType.DATA_TIMELESS, "SEASON"][..., 0]
    """

    def __init__(
        self,
        input_feature: Feature,
        output_feature: Feature,
        *,
        start_fraction: float = 0.2,
        end_fraction: float = 0.2,
        amplitude_min: float = 0,
        first_day: datetime | None = None,
        mask_feature: FeaturesSpecification | None = None,
    ):
        self.input_feature = self.parse_feature(input_feature, allowed_feature_types=(FeatureType.DATA,))
        self.output_feature = self.parse_feature(output_feature, allowed_feature_types=(FeatureType.DATA_TIMELESS,))
        for name, fraction in (("start_fraction", start_fraction), ("end_fraction", end_fraction)):
            if not 0 <= fraction <= 1:
                raise SettingError(f"{name} must lie between 0 and 1, got {fraction!r}.")
        if not amplitude_min >= 0:
            raise SettingError(f"amplitude_min must not be negative, got {amplitude_min!r}.")
        if first_day is not None and not isinstance(first_day, datetime):
            raise SettingError(f"first_day must be a datetime, got {first_day!r}.")
        self.start_fraction, self.end_fraction, self.amplitude_min = start_fraction, end_fraction, amplitude_min
        self.first_day = first_day
        self.mask_parser = mask_parser(mask_feature)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the seasons."""
        data = eopatch[self.input_feature]
        if data.shape[-1] != 1:
            raise DataError(
                f"{self.input_feature} must have one band, but it has {data.shape[-1]}: its shape is {data.shape}."
            )
        days = days_of(eopatch, self.input_feature, since=self._day_zero(eopatch))
        valid = valid_by(self.mask_parser, eopatch, data.shape)
        settings = {name: getattr(self, name) for name in ("start_fraction", "end_fraction", "amplitude_min")}
        result = np.empty((*data.shape[1:], len(SEASON)), working_dtype(data.dtype))
        over_series(lambda series: season(series, days, **settings), data, valid, result)
        eopatch[self.output_feature] = result[:, :, 0]
        return eopatch

    def _day_zero(self, eopatch: EOPatch) -> datetime | None:
        first_day = self.first_day
        if first_day is None and eopatch.timestamps:
            first_day = datetime(eopatch.timestamps[0].year, 1, 1)
        return None if first_day is None else first_day - timedelta(days=1)
