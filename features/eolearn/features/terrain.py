"""Slope, aspect, hillshade and illumination of a digital elevation model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.utils.sun import sun_angles

from ._kernels.blocks import Float64, usable
from ._kernels.terrain import gradients, illumination, slope_aspect
from .pixel_size import pixel_size_m

if TYPE_CHECKING:
    from eolearn.core.types import Feature

_HEIGHT_TYPES = (FeatureType.DATA_TIMELESS,)


class SlopeAspectTask(EOTask):
    """Computes how steep the ground is, and to where it falls.

    heights: a DATA_TIMELESS feature of one band, in metres.
    slope: a DATA_TIMELESS feature for the slope in degrees, 0 to 90.
    aspect: a DATA_TIMELESS feature for the direction of the steepest descent in degrees, clockwise from the north of
        the grid, 0 to 360, NaN where the ground is level.

    Both are float32, and NaN where a pixel or a neighbour of it has no height. The patch needs a bounding box: the size
    of its pixels is taken in metres, in geographic coordinates that at their latitude.

    Source: Horn (1981), Hill shading and the reflectance map, Proceedings of the IEEE 69(1), 14-47,
    https://doi.org/10.1109/PROC.1981.11918.

    Example:
        >>> SlopeAspectTask((FeatureType.DATA_TIMELESS, "DEM"))(eopatch)
    """

    def __init__(
        self,
        heights: Feature,
        slope: Feature = (FeatureType.DATA_TIMELESS, "SLOPE"),
        aspect: Feature = (FeatureType.DATA_TIMELESS, "ASPECT"),
    ):
        self.heights = self.parse_feature(heights, allowed_feature_types=_HEIGHT_TYPES)
        self.slope = self.parse_feature(slope, allowed_feature_types=_HEIGHT_TYPES)
        self.aspect = self.parse_feature(aspect, allowed_feature_types=_HEIGHT_TYPES)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with slope and aspect."""
        slope, aspect = slope_aspect(*_gradients(eopatch, self.heights))
        eopatch[self.slope], eopatch[self.aspect] = _as_image(slope), _as_image(aspect)
        return eopatch


class HillshadeTask(EOTask):
    """Draws the ground as if it were lit from one side.

    heights: a DATA_TIMELESS feature of one band, in metres.
    output_feature: a DATA_TIMELESS feature for the light, float32, from 0 (the ground faces away) to 1.
    azimuth_deg, altitude_deg: from where the light comes, clockwise from north and above the horizon.
    exaggeration: what heights are multiplied by.

    The source, and what the patch needs, is told at :class:`SlopeAspectTask`.
    """

    def __init__(
        self,
        heights: Feature,
        output_feature: Feature = (FeatureType.DATA_TIMELESS, "HILLSHADE"),
        *,
        azimuth_deg: float = 315,
        altitude_deg: float = 45,
        exaggeration: float = 1,
    ):
        self.heights = self.parse_feature(heights, allowed_feature_types=_HEIGHT_TYPES)
        self.output_feature = self.parse_feature(output_feature, allowed_feature_types=_HEIGHT_TYPES)
        if not 0 <= altitude_deg <= 90:
            raise SettingError(f"altitude_deg must lie between 0 and 90, got {altitude_deg!r}.")
        if not np.isfinite(azimuth_deg) or not 0 < exaggeration < np.inf:
            raise SettingError(
                "azimuth_deg must be a number of degrees and exaggeration a positive number, got "
                f"azimuth_deg={azimuth_deg!r} and exaggeration={exaggeration!r}."
            )
        self.azimuth_deg, self.altitude_deg, self.exaggeration = azimuth_deg, altitude_deg, exaggeration

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the hillshade."""
        east, north = (gradient * self.exaggeration for gradient in _gradients(eopatch, self.heights))
        light = illumination(east, north, 90 - self.altitude_deg, self.azimuth_deg)
        eopatch[self.output_feature] = _as_image(np.maximum(light, 0))
        return eopatch


class IlluminationTask(EOTask):
    """Computes how the sun shines on the ground at each date, as corrections of slopes need it.

    heights: a DATA_TIMELESS feature of one band, in metres.
    output_feature: a DATA feature for the cosine of the angle between the sun and the normal of the ground, float32,
        (dates, height, width, 1). It is negative where the ground faces away from the sun.
    sun_zenith, sun_azimuth: DATA or SCALAR features of one band with the angles of the sun in degrees, both or none.
        Without them, the sun stands where it does over the middle of the patch at the timestamps, which are UTC.

    The north of the sun is that of the globe, and that of the aspect the one of the grid: in UTM the two differ by up
    to three degrees far from the equator. The source, and what the patch needs, is told at :class:`SlopeAspectTask`.

    Example:
        >>> IlluminationTask((FeatureType.DATA_TIMELESS, "DEM"))(eopatch)
    """

    def __init__(
        self,
        heights: Feature,
        output_feature: Feature = (FeatureType.DATA, "ILLUMINATION"),
        *,
        sun_zenith: Feature | None = None,
        sun_azimuth: Feature | None = None,
    ):
        self.heights = self.parse_feature(heights, allowed_feature_types=_HEIGHT_TYPES)
        self.output_feature = self.parse_feature(output_feature, allowed_feature_types=(FeatureType.DATA,))
        if (sun_zenith is None) != (sun_azimuth is None):
            raise SettingError(
                f"Give both sun_zenith and sun_azimuth or none of them, got {sun_zenith!r} and {sun_azimuth!r}."
            )
        types = (FeatureType.DATA, FeatureType.SCALAR)
        self.sun = [
            self.parse_feature(feature, allowed_feature_types=types)
            for feature in (sun_zenith, sun_azimuth)
            if feature is not None
        ]

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the illumination."""
        timestamps = eopatch.get_timestamps("Illumination has a time axis, but the EOPatch has no timestamps.")
        east, north = _gradients(eopatch, self.heights)
        angles = [_angles(eopatch, feature, (len(timestamps), *east.shape)) for feature in self.sun]
        zenith, azimuth = angles or _sun_over(eopatch)
        result = np.empty((len(timestamps), *east.shape, 1), np.float32)
        for date in range(len(timestamps)):
            result[date, ..., 0] = illumination(east, north, zenith[date], azimuth[date])
        eopatch[self.output_feature] = result
        return eopatch


def _gradients(eopatch: EOPatch, feature: Feature) -> tuple[Float64, Float64]:
    heights = eopatch[feature]
    if heights.shape[-1] != 1:
        raise DataError(f"{feature} must have one band, but it has {heights.shape[-1]}: its shape is {heights.shape}.")
    if heights.size == 0:
        return np.zeros(heights.shape[:2]), np.zeros(heights.shape[:2])
    return gradients(usable(heights[..., 0]), *pixel_size_m(_bbox(eopatch), heights.shape[:2]))


def _bbox(eopatch: EOPatch) -> BBox:
    if eopatch.bbox is None:
        raise DataError("The ground is measured in metres, but the EOPatch has no bbox. Give it one.")
    return eopatch.bbox


def _as_image(values: Float64) -> NDArray[np.float32]:
    return values.astype(np.float32)[..., np.newaxis]


def _angles(eopatch: EOPatch, feature: Feature, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return one angle for each date, or one for each date and pixel."""
    angles = eopatch[feature]
    needed = (*shape, 1) if feature[0] is FeatureType.DATA else (shape[0], 1)
    if angles.shape != needed:
        raise DataError(f"{feature} of shape {angles.shape} must be of shape {needed}.")
    values: NDArray[Any] = angles[..., 0].astype(np.float64)
    return values


def _sun_over(eopatch: EOPatch) -> tuple[Float64, Float64]:
    longitude, latitude = _bbox(eopatch).transform(CRS.WGS84).middle
    return sun_angles(eopatch.get_timestamps(), longitude, latitude)
