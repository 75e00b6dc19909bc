"""Tasks that mask snow."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, IndexOutOfRange, SettingError

from ._kernels.disks import dilated
from ._kernels.snow import snow_and_unknown
from ._kernels.snow_line import CIRRUS, CIRRUS_PER_M, SnowLineSettings, snow_in_two_passes

if TYPE_CHECKING:
    from eolearn.core.types import Feature


class BaseSnowMaskTask(EOTask, metaclass=ABCMeta):
    """What tasks that mask snow have in common.

    data_feature: reflectances, in DATA.
    band_indices: where the bands lie that the method needs.
    dilation_size: by how many pixels snow is widened.
    undefined_value: 0 or 1, of the mask where there are no data.
    mask_name: of the mask, in MASK.
    """

    BANDS: tuple[str, ...]
    """Of Sentinel-2, that the method needs."""

    def __init__(
        self,
        data_feature: Feature,
        band_indices: Sequence[int],
        dilation_size: int = 0,
        undefined_value: int = 0,
        mask_name: str = "SNOW_MASK",
    ):
        self.bands_feature = self.parse_feature(data_feature, allowed_feature_types=[FeatureType.DATA])
        self.band_indices = list(band_indices)
        if len(self.band_indices) != len(self.BANDS):
            raise SettingError(f"band_indices must be those of {', '.join(self.BANDS)}, got {band_indices!r}.")
        if dilation_size < 0:
            raise SettingError(f"dilation_size must be at least 0 pixels, got {dilation_size!r}.")
        self.dilation_size = dilation_size
        self.disk_size = 2 * dilation_size + 1
        self.undefined_value = undefined_value
        self.mask_feature = (FeatureType.MASK, mask_name)

    @abstractmethod
    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Store the mask and return the patch."""

    def _bands(self, eopatch: EOPatch, indices: Sequence[int]) -> NDArray[np.floating[Any]]:
        """Return all bands as floats."""
        bands = eopatch[self.bands_feature]
        count = bands.shape[-1]
        if not all(-count <= index < count for index in indices):
            raise IndexOutOfRange(
                f"band_indices {list(indices)} don't all lie in {self.bands_feature} of shape {bands.shape}."
            )
        return np.asarray(bands, np.result_type(bands.dtype, np.float32))

    def _store(self, eopatch: EOPatch, snow: NDArray[np.bool_], unknown: NDArray[np.bool_]) -> EOPatch:
        """Widen the snow, put the undefined value where nothing is known, and store the mask."""
        if self.dilation_size:
            import cv2

            element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (self.disk_size, self.disk_size))
            for frame in snow:
                if frame.size:
                    frame[:] = dilated(frame, element)
        snow[unknown] = bool(self.undefined_value)
        eopatch[self.mask_feature] = snow[..., np.newaxis]
        return eopatch


class SnowMaskTask(BaseSnowMaskTask):
    """Masks snow by the indices NDSI and NDVI and by brightness.

    data_feature: reflectances, in DATA. Their unit is that of brightness_threshold.
    band_indices: where green, red, near infrared and short-wave infrared lie, of Sentinel-2 B03, B04, B08, B11.
    ndsi_threshold: snow has at least this ``NDSI = (B03 - B11) / (B03 + B11)``, or an NDVI between 0.05 and 0.15.
    brightness_threshold: and at least this green reflectance.
    dilation_size: by how many pixels snow is widened.
    undefined_value: 0 or 1, of the mask where one of the indices is not a finite number.
    mask_name: of the mask, in MASK: bool, of shape (time, height, width, 1).

    It takes bright clouds for snow if they look like it, so use it with a cloud mask.

    Example:
        >>> task = SnowMaskTask((FeatureType.DATA, "BANDS"), [2, 3, 7, 9])
        >>> snow = task(eopatch)[FeatureType.MASK, "SNOW_MASK"]
    """

    BANDS = ("B03", "B04", "B08", "B11")
    NDVI_THRESHOLD = 0.1

    def __init__(
        self,
        data_feature: Feature,
        band_indices: Sequence[int],
        ndsi_threshold: float = 0.4,
        brightness_threshold: float = 0.3,
        dilation_size: int = 0,
        undefined_value: int = 0,
        mask_name: str = "SNOW_MASK",
    ):
        super().__init__(data_feature, band_indices, dilation_size, undefined_value, mask_name)
        self.ndsi_threshold = ndsi_threshold
        self.brightness_threshold = brightness_threshold

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Store the mask and return the patch."""
        bands = self._bands(eopatch, self.band_indices)
        green, red, nir, swir = (index % bands.shape[-1] for index in self.band_indices)
        snow, unknown = snow_and_unknown(
            bands.reshape(-1, *bands.shape[2:]),
            (green, red, nir, swir),
            ndsi_threshold=self.ndsi_threshold,
            brightness_threshold=self.brightness_threshold,
            undefined_value=self.undefined_value,
        )
        return self._store(eopatch, snow.reshape(bands.shape[:3]), unknown.reshape(bands.shape[:3]))


class TheiaSnowMaskTask(BaseSnowMaskTask):
    """Masks snow in mountains with the help of a terrain model: the Let-it-snow algorithm of Theia.

    Dark clouds are looked at again; clear snow is found by strict thresholds; and above the snow line, which these
    pixels show, weaker signs of snow count too.

    data_feature: reflectances between 0 and 1, in DATA.
    band_indices: where green, red and short-wave infrared lie, of Sentinel-2 B03, B04, B11.
    cloud_mask_feature: True for cloud, of shape (time, height, width, 1).
    dem_feature: elevations in metres, of shape (height, width, 1).
    dem_params: the height of an elevation band in metres, and the share of snow in the first band that counts as snowy.
    red_params: how many pixels a side are averaged to see whether a cloud is dark; the red reflectance up to which it
        is; the one above which a cloud that is no snow stays cloud; the ones that snow exceeds in the first and in the
        second pass.
    ndsi_params: the NDSI that snow exceeds in the first and in the second pass, and the share of snow in the image
        from which there is a snow line.
    b10_index: where the cirrus band lies. A cloud in which it exceeds ``0.015 + 1e-5 * elevation`` stays cloud.
    dilation_size: by how many pixels snow is widened.
    undefined_value: 0 or 1, of the mask where the NDSI is not a finite number.
    mask_name: of the mask, in MASK: bool, of shape (time, height, width, 1).

    Source: Gascoin et al. (2019), Earth System Science Data 11, 493-514, https://doi.org/10.5194/essd-11-493-2019.

    Example:
        >>> clouds, dem = (FeatureType.MASK, "CLM"), (FeatureType.DATA_TIMELESS, "DEM")
        >>> task = TheiaSnowMaskTask((FeatureType.DATA, "L1C"), [2, 3, 11], clouds, dem, b10_index=10)
    """

    BANDS = ("B03", "B04", "B11")
    B10_THR = CIRRUS
    DEM_FACTOR = CIRRUS_PER_M

    def __init__(
        self,
        data_feature: Feature,
        band_indices: Sequence[int],
        cloud_mask_feature: Feature,
        dem_feature: Feature,
        dem_params: tuple[float, float] = (100, 0.1),
        red_params: tuple[int, float, float, float, float] = (12, 0.3, 0.1, 0.2, 0.040),
        ndsi_params: tuple[float, float, float] = (0.4, 0.15, 0.001),
        b10_index: int | None = None,
        dilation_size: int = 0,
        undefined_value: int = 0,
        mask_name: str = "SNOW_MASK",
    ):
        super().__init__(data_feature, band_indices, dilation_size, undefined_value, mask_name)
        self.cloud_mask_feature = self.parse_feature(cloud_mask_feature, allowed_feature_types=[FeatureType.MASK])
        self.dem_feature = self.parse_feature(dem_feature, allowed_feature_types=[FeatureType.DATA_TIMELESS])
        self.dem_params, self.red_params, self.ndsi_params = dem_params, red_params, ndsi_params
        self.b10_index = b10_index
        self.settings = _settings(dem_params, red_params, ndsi_params)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Store the mask and return the patch."""
        indices = self.band_indices + ([] if self.b10_index is None else [self.b10_index])
        bands = self._bands(eopatch, indices)
        clouds, dem = eopatch[self.cloud_mask_feature], eopatch[self.dem_feature]
        for feature, given, expected in (
            (self.cloud_mask_feature, clouds.shape, (*bands.shape[:3], 1)),
            (self.dem_feature, dem.shape, (*bands.shape[1:3], 1)),
        ):
            if given != expected:
                raise DataError(
                    f"{feature} of shape {given} doesn't fit {self.bands_feature} of shape {bands.shape}: it must be "
                    f"of shape {expected}."
                )
        snow, unknown = np.empty(bands.shape[:3], np.bool_), np.empty(bands.shape[:3], np.bool_)
        for index in range(len(bands) if dem.size else 0):
            green, red, swir = (bands[index, ..., place] for place in self.band_indices)
            cirrus = None if self.b10_index is None else bands[index, ..., self.b10_index]
            with np.errstate(divide="ignore", invalid="ignore"):
                ndsi = (green - swir) / (green + swir)
            unknown[index] = ~np.isfinite(ndsi)
            ndsi[unknown[index]] = np.nan
            cloud = clouds[index, ..., 0] != 0
            snow[index] = snow_in_two_passes(ndsi, red, cloud, dem[..., 0], cirrus, self.settings)
        return self._store(eopatch, snow, unknown)


def _settings(
    dem_params: Sequence[float], red_params: Sequence[float], ndsi_params: Sequence[float]
) -> SnowLineSettings:
    for name, given, count in (
        ("dem_params", dem_params, 2),
        ("red_params", red_params, 5),
        ("ndsi_params", ndsi_params, 3),
    ):
        if len(given) != count:
            raise SettingError(f"{name} must be {count} numbers, got {given!r}.")
    (d_z, f_t), (n_1, n_2, f_s) = dem_params, ndsi_params
    r_f, r_d, r_b, r_1, r_2 = red_params
    if d_z <= 0 or r_f < 1:
        raise SettingError(f"Elevation bands and blocks need a size, got dem_params={dem_params}, {red_params=}.")
    return SnowLineSettings(
        d_z=d_z, f_t=f_t, r_f=int(r_f), r_d=r_d, r_b=r_b, r_1=r_1, r_2=r_2, n_1=n_1, n_2=n_2, f_s=f_s
    )
