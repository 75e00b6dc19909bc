"""Statistics of the pixels of each polygon, for each date."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from eolearn.core.constants import TIMESTAMP_COLUMN, FeatureType
from eolearn.core.eotask import EOTask
from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.utils.naming import did_you_mean
from eolearn.core.utils.parsing import parse_feature, parse_features

from ._kernels.zonal import Image, zonal_statistics
from ._polygons import parse_polygons, place_of, polygons_in

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature

_STATISTICS = (
    "mean", "std", "min", "max", "median", "sum", "count", "valid_share", "majority", "minority", "variety"
)  # fmt: skip
_QUANTILE = re.compile(r"q(100|\d\d?)", re.ASCII)


class _Band(NamedTuple):
    """A band of an image."""

    prefix: str
    """How the names of its columns begin."""
    values: NDArray[Any]
    """(date, height, width), or (height, width) of one without dates."""
    valid: NDArray[np.bool_] | None
    """Of the shape of a mask: with or without dates."""

    def image(self, date: int) -> Image:
        """Return the band on a date."""
        values = self.values if self.values.ndim == 2 else self.values[date]
        valid = self.valid if self.valid is None or self.valid.ndim == 2 else self.valid[date]
        return Image(values, valid)


@dataclass(frozen=True, kw_only=True, eq=False)
class ZonalStatisticsTask(EOTask):
    """Computes statistics of the pixels in each polygon, for each date, into a table.

    A pixel counts with the share of it that the polygon covers, so that small and narrow polygons are measured too.
    NaN and pixels that aren't valid are left out. Where nothing is left, a statistic is NaN, and ``count``, ``sum``,
    ``variety`` and ``valid_share`` are 0.

    ===============  ====================================================================================
    statistic        what it is
    ===============  ====================================================================================
    ``mean``         mean, weighted by the covered shares
    ``std``          standard deviation, weighted as well: the root of the mean squared difference
    ``min, max``     least and greatest value, of pixels that are covered in part too
    ``median, q25``  quantiles, weighted as well; a percentage from ``q0`` to ``q100``
    ``sum``          sum of the values, each times its share
    ``count``        sum of the shares: how many pixels were measured
    ``valid_share``  share of the area of the whole polygon that was measured. What is outside of the patch was not
    ``majority``     the value that covers most, the greater one of two that cover the same; for classes
    ``minority``     the value that covers least
    ``variety``      number of different values
    ===============  ====================================================================================

    A column is named after feature, band and statistic, as ``NDVI_mean``, ``BANDS_B04_mean``, or ``BANDS_0_mean``
    without names; features of one band have none in it. Columns of the polygons are kept, and so are their geometries.

    The statistics are those of exactextract, https://isciences.github.io/exactextract/operations.html. Only quantiles
    are of all pixels, as in numpy, and not of their different values.

    Example:
        >>> task = ZonalStatisticsTask(
        ...     polygons=(FeatureType.VECTOR_TIMELESS, "FIELDS"),
        ...     sources=[(FeatureType.DATA, "NDVI")],
        ...     target=(FeatureType.VECTOR, "FIELD_NDVI"),
        ...     statistics=["median", "valid_share"],
        ...     valid=(FeatureType.MASK, "CLEAR"),
        ... )
        >>> list(task(eopatch).vector["FIELD_NDVI"].columns)
        ['field_id', 'TIMESTAMP', 'NDVI_median', 'NDVI_valid_share', 'geometry']
    """

    polygons: Feature | GeoDataFrame
    """A vector feature, or a table for all patches. Of one with a column TIMESTAMP, each polygon is measured on its own
    date only."""
    sources: Sequence[Feature]
    """Images, at least one. Those without dates are repeated for each date of the target."""
    target: Feature
    """The table: VECTOR, with a row for each date and polygon, in this order; or VECTOR_TIMELESS, where no image has
    dates. Polygons that share no area with the patch are left out."""
    statistics: Sequence[str] = ("mean",)
    """Names of the statistics above."""
    valid: Feature | None = None
    """A mask of one band, True (not 0) where pixels may be used, of the size of the images; with or without dates."""
    band_names: Mapping[Feature, Sequence[str]] | None = None
    """Names of the bands of a feature."""

    def __post_init__(self) -> None:
        parse_polygons(self.polygons)
        target = parse_feature(self.target, allowed_feature_types=FeatureType.is_vector)
        sources = parse_features(self.sources, allowed_feature_types=FeatureType.is_image)
        if not sources:
            raise SettingError("sources is empty: name at least one image.")
        for feature in sources if self.valid is None else [*sources, self.valid]:
            if feature[0].is_temporal() and not target[0].is_temporal():
                raise SettingError(f"{feature} has dates, so the target must be of FeatureType.VECTOR, got {target}.")
        if self.valid is not None:
            parse_feature(self.valid, allowed_feature_types=[FeatureType.MASK, FeatureType.MASK_TIMELESS])
        _check_statistics(self.statistics)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the table.

        Raises DataError (a ValueError) for a patch without bounding box, polygons without CRS, points or lines, a mask
        of another size, and columns that the polygons have already; FeatureMissing (a KeyError) for a missing feature;
        TimestampsMissing (a RuntimeError) for a target with dates in a patch without timestamps.
        """
        bbox = place_of(eopatch, self.target)
        table, geometries = polygons_in(parse_polygons(self.polygons), eopatch, bbox)
        bands = list(self._bands(eopatch))
        names = [f"{band.prefix}_{statistic}" for band in bands for statistic in self.statistics]
        _check_columns(table, names)
        times = eopatch.get_timestamps() if self.target[0].is_temporal() else None
        rows, dates, values = [np.empty(0, int)], [np.empty(0, int)], [np.empty((0, len(names)))]
        for group, its_dates in _groups(table, times):
            images = [band.image(date) for date in its_dates for band in bands]
            found = zonal_statistics(geometries[group], images, tuple(bbox), self.statistics)
            found = found.reshape(len(its_dates), len(bands), len(group), len(self.statistics)).swapaxes(1, 2)
            values.append(found.reshape(-1, len(names)))
            rows.append(np.tile(group, len(its_dates)))
            dates.append(np.repeat(its_dates, len(group)))
        result = table.iloc[np.concatenate(rows)].reset_index(drop=True)
        result[names] = np.concatenate(values)
        if times is not None:
            result[TIMESTAMP_COLUMN] = np.array(times, "datetime64[us]")[np.concatenate(dates)]
        eopatch[self.target] = result[_order(table, names, times is not None)]
        return eopatch

    def _bands(self, eopatch: EOPatch) -> Iterator[_Band]:
        for feature in parse_features(self.sources, eopatch):
            image, valid = eopatch[feature], None
            if self.valid is not None:
                valid = eopatch[self.valid]
                _check_mask(self.valid, valid.shape, feature, image.shape)
                valid = valid[..., 0] != 0
            for band, prefix in enumerate(self._prefixes(feature, image.shape[-1])):
                yield _Band(prefix, image[..., band], valid)

    def _prefixes(self, feature: Feature, count: int) -> list[str]:
        names = (self.band_names or {}).get(feature)
        if names is None:
            return [feature[1]] if count == 1 else [f"{feature[1]}_{band}" for band in range(count)]
        if len(names) != count:
            raise DataError(f"{feature} has {count} bands, but band_names has {list(names)} for them.")
        return [f"{feature[1]}_{name}" for name in names]


def _groups(table: GeoDataFrame, times: Sequence[datetime] | None) -> Iterator[tuple[NDArray[np.intp], list[int]]]:
    """Yield positions of rows, and the dates on which these polygons are measured; an only date without times."""
    everything = np.arange(len(table))
    if times is None:
        yield everything, [0]
    elif TIMESTAMP_COLUMN not in table:
        yield everything, list(range(len(times)))
    else:
        own = pd.to_datetime(table[TIMESTAMP_COLUMN], utc=True)
        for date, time in enumerate(pd.to_datetime(times, utc=True)):
            yield np.flatnonzero(own == time), [date]


def _order(table: GeoDataFrame, names: Sequence[str], with_times: bool) -> list[str]:
    """Return all columns: those of the polygons, the times, the statistics, and the geometry."""
    geometry = table.geometry.name
    others = [name for name in table.columns if name != geometry and not (with_times and name == TIMESTAMP_COLUMN)]
    return [*others, *([TIMESTAMP_COLUMN] if with_times else []), *names, geometry]


def _check_statistics(statistics: Sequence[str]) -> None:
    if isinstance(statistics, str) or not len(statistics):
        raise SettingError(f"statistics must be a list of names, such as ['mean'], got {statistics!r}.")
    for name in statistics:
        if name not in _STATISTICS and not _QUANTILE.fullmatch(name):
            raise SettingError(
                f"There is no statistic {name!r}.{did_you_mean(name, _STATISTICS)} There are {', '.join(_STATISTICS)}, "
                "and quantiles such as q25."
            )
    if len(set(statistics)) != len(statistics):
        raise SettingError(f"statistics must differ from each other, got {list(statistics)}.")


def _check_mask(mask: Feature, mask_shape: tuple[int, ...], feature: Feature, shape: tuple[int, ...]) -> None:
    dates_fit = len(mask_shape) == 3 or len(shape) == 3 or mask_shape[0] == shape[0]
    if not dates_fit or mask_shape[-3:] != (*shape[-3:-1], 1):
        raise DataError(
            f"Mask {mask} is of shape {mask_shape}, and doesn't fit {feature} of shape {shape}: it must have the same "
            "dates, height and width, and one band."
        )


def _check_columns(table: GeoDataFrame, names: Sequence[str]) -> None:
    twice = [name for name in names if name in table or names.count(name) > 1]
    if twice:
        raise DataError(
            f"The columns {twice} would be there twice; the polygons have {list(table.columns)}. Rename those of the "
            "polygons, or the features."
        )
