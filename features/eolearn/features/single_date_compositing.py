"""Composites that take the bands of each pixel from one of its dates."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Integral
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import IndexOutOfRange, SettingError
from eolearn.core.utils.raster import Method, fast_nanpercentile
from eolearn.core.utils.threads import over_row_blocks

from ._kernels.dtypes import working_dtype
from ._kernels.ndi import normalized_difference
from ._kernels.radiometry import at_dates, nearest_dates, ranked

if TYPE_CHECKING:
    from eolearn.core.types import Feature

_HAZE_SLOPE, _HAZE_OFFSET = 0.5, 0.08  # of the haze optimised transform, for reflectances
_WATER_NDVI_MAX = -0.05


class BaseCompositingTask(EOTask):
    """Makes an image of the observations of each pixel at which some band is nearest to its percentile.

    feature: a DATA feature.
    feature_composite: a DATA_TIMELESS feature for the result, (height, width, bands).
    percentile: of that band over the dates, 0 to 100.
    max_index: what :meth:`_get_indices` gives for pixels without data, or the number of dates if that is greater.
    interpolation: how the percentile is estimated between two values: a method of :func:`numpy.percentile`, or
        "geoville" for the value at the rounded rank.
    no_data_value: stands where a pixel has no data at any date.

    A date of a pixel counts if the band is a finite number there. Of equal distances the first date is taken. Integers
    become floats. Subclasses define :meth:`_get_reference_band`.
    """

    def __init__(
        self,
        feature: Feature,
        feature_composite: Feature,
        percentile: float,
        max_index: int = 255,
        interpolation: str = "lower",
        no_data_value: float = np.nan,
    ):
        self.feature = self.parse_feature(feature, allowed_feature_types=(FeatureType.DATA,))
        self.composite_feature = self.parse_feature(
            feature_composite, allowed_feature_types=(FeatureType.DATA_TIMELESS,)
        )
        if not 0 <= percentile <= 100:
            raise SettingError(f"percentile must lie between 0 and 100, got {percentile!r}.")
        methods = (*get_args(Method), "geoville")
        if interpolation not in methods:
            raise SettingError(f"interpolation must be one of {methods}, got {interpolation!r}.")
        self.percentile = percentile
        self.max_index = max_index
        self.interpolation: Any = interpolation
        self.no_data_value = no_data_value

    @abstractmethod
    def _get_reference_band(self, data: NDArray[Any]) -> NDArray[Any]:
        """Return the band to choose by, (dates, height, width), of data of shape (dates, height, width, bands)."""

    def _get_indices(self, images: NDArray[Any]) -> NDArray[np.intp]:
        """Return the date to take for each pixel, given the band to choose by, with NaN for no data."""
        if self.interpolation == "geoville":
            wanted = ranked(images, self.percentile)
        else:
            wanted = fast_nanpercentile(images, self.percentile, method=self.interpolation)
        return nearest_dates(images, wanted, self._nothing(images))

    def _nothing(self, images: NDArray[Any]) -> int:
        return max(self.max_index, len(images))

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the composite."""
        data = eopatch[self.feature]
        result = np.empty(data.shape[1:], working_dtype(data.dtype))
        with np.errstate(all="ignore"):
            band = np.asarray(self._get_reference_band(data))
        band = band.astype(working_dtype(band.dtype))
        band[~np.isfinite(band)] = np.nan

        def fill(start: int, stop: int) -> None:
            dates = self._get_indices(band[:, start:stop])
            result[start:stop] = at_dates(data[:, start:stop], dates, self.no_data_value)

        over_row_blocks(fill, data.shape[1])
        eopatch[self.composite_feature] = result
        return eopatch

    def _band(self, data: NDArray[Any], position: int) -> NDArray[np.floating[Any]]:
        """Return a band as floats, (dates, height, width)."""
        bands = data.shape[-1]
        if not -bands <= position < bands:
            raise IndexOutOfRange(
                f"There is no band {position} in {self.feature} of shape {data.shape}: it has {bands} bands."
            )
        return data[..., position].astype(working_dtype(data.dtype))


def _check_positions(**positions: Any) -> None:
    for name, position in positions.items():
        if not isinstance(position, Integral) or isinstance(position, bool):
            raise SettingError(f"{name} must be the position of a band, an int, got {position!r}.")


class BlueCompositingTask(BaseCompositingTask):
    """Takes the observation of each pixel at which blue is nearest to its 25th percentile: free of clouds and shadows.

    feature: a DATA feature. feature_composite: a DATA_TIMELESS feature for the result.
    blue_idx: the position of the blue band.
    interpolation: see :class:`BaseCompositingTask`.
    """

    def __init__(self, feature: Feature, feature_composite: Feature, blue_idx: int, interpolation: str = "lower"):
        super().__init__(feature, feature_composite, 25, interpolation=interpolation)
        _check_positions(blue_idx=blue_idx)
        self.blue_index = blue_idx

    def _get_reference_band(self, data: NDArray[Any]) -> NDArray[Any]:
        return self._band(data, self.blue_index)


class HOTCompositingTask(BaseCompositingTask):
    """Takes the observation of each pixel at which its haze is nearest to the 25th percentile.

    The haze optimised transform is ``blue - 0.5 red - 0.08`` of reflectances between 0 and 1.

    feature: a DATA feature. feature_composite: a DATA_TIMELESS feature for the result.
    blue_idx, red_idx: the positions of the bands.
    interpolation: see :class:`BaseCompositingTask`.

    Source: Zhu and Woodcock (2012), Object-based cloud and cloud shadow detection in Landsat imagery, Remote Sensing of
    Environment 118, 83-94, equation 3, https://doi.org/10.1016/j.rse.2011.10.028.
    """

    def __init__(
        self, feature: Feature, feature_composite: Feature, blue_idx: int, red_idx: int, interpolation: str = "lower"
    ):
        super().__init__(feature, feature_composite, 25, interpolation=interpolation)
        _check_positions(blue_idx=blue_idx, red_idx=red_idx)
        self.blue_index, self.red_index = blue_idx, red_idx

    def _get_reference_band(self, data: NDArray[Any]) -> NDArray[Any]:
        return self._band(data, self.blue_index) - _HAZE_SLOPE * self._band(data, self.red_index) - _HAZE_OFFSET


class MaxNDVICompositingTask(BaseCompositingTask):
    """Takes the observation of each pixel with the highest NDVI, over water (median below -0.05) the lowest.

    feature: a DATA feature. feature_composite: a DATA_TIMELESS feature for the result.
    red_idx, nir_idx: the positions of the bands.
    interpolation: of the median, see :class:`BaseCompositingTask`.

    Source: Holben (1986), Characteristics of maximum-value composite images from temporal AVHRR data, International
    Journal of Remote Sensing 7(11), 1417-1434, https://doi.org/10.1080/01431168608948945.
    """

    def __init__(
        self, feature: Feature, feature_composite: Feature, red_idx: int, nir_idx: int, interpolation: str = "lower"
    ):
        super().__init__(feature, feature_composite, 100, interpolation=interpolation)
        _check_positions(red_idx=red_idx, nir_idx=nir_idx)
        self.red_index, self.nir_index = red_idx, nir_idx

    def _get_reference_band(self, data: NDArray[Any]) -> NDArray[Any]:
        return normalized_difference(self._band(data, self.nir_index), self._band(data, self.red_index))

    def _get_indices(self, images: NDArray[Any]) -> NDArray[np.intp]:
        if self.interpolation == "geoville":
            median = ranked(images, 50)
        else:
            median = fast_nanpercentile(images, 50, method=self.interpolation)
        greener = np.where(median < _WATER_NDVI_MAX, -images, images)
        greenest = np.fmax.reduce(greener, axis=0, initial=np.nan)
        return nearest_dates(greener, greenest, self._nothing(images))


class MaxNDWICompositingTask(BaseCompositingTask):
    """Takes the observation of each pixel with the highest NDWI, ``(nir - swir1) / (nir + swir1)``.

    feature: a DATA feature. feature_composite: a DATA_TIMELESS feature for the result.
    nir_idx, swir1_idx: the positions of the bands.
    interpolation: see :class:`BaseCompositingTask`.

    Source of the index: Gao (1996), Remote Sensing of Environment 58(3), 257-266,
    https://doi.org/10.1016/S0034-4257(96)00067-3.
    """

    def __init__(
        self, feature: Feature, feature_composite: Feature, nir_idx: int, swir1_idx: int, interpolation: str = "lower"
    ):
        super().__init__(feature, feature_composite, 100, interpolation=interpolation)
        _check_positions(nir_idx=nir_idx, swir1_idx=swir1_idx)
        self.nir_index, self.swir1_index = nir_idx, swir1_idx

    def _get_reference_band(self, data: NDArray[Any]) -> NDArray[Any]:
        return normalized_difference(self._band(data, self.nir_index), self._band(data, self.swir1_index))


class MaxRatioCompositingTask(BaseCompositingTask):
    """Takes the observation of each pixel with the highest ratio of the brighter infrared band to blue.

    feature: a DATA feature. feature_composite: a DATA_TIMELESS feature for the result.
    blue_idx, nir_idx, swir1_idx: the positions of the bands.
    interpolation: see :class:`BaseCompositingTask`.
    """

    def __init__(
        self,
        feature: Feature,
        feature_composite: Feature,
        blue_idx: int,
        nir_idx: int,
        swir1_idx: int,
        interpolation: str = "lower",
    ):
        super().__init__(feature, feature_composite, 100, interpolation=interpolation)
        _check_positions(blue_idx=blue_idx, nir_idx=nir_idx, swir1_idx=swir1_idx)
        self.blue_index, self.nir_index, self.swir1_index = blue_idx, nir_idx, swir1_idx

    def _get_reference_band(self, data: NDArray[Any]) -> NDArray[Any]:
        infrared = np.maximum(self._band(data, self.nir_index), self._band(data, self.swir1_index))
        ratio: NDArray[Any] = infrared / self._band(data, self.blue_index)
        return ratio
