"""Masks of the shadows that clouds throw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import SettingError
from eolearn.core.utils.threads import over_row_blocks

from ._bands import Bands, band_positions, reflectances_of
from ._inputs import check_types, days_of, mask_of, pixel_size_m
from ._kernels.course import clear_course
from ._kernels.metres import dilated_m
from ._kernels.shadow import cast_shadows, darkness, filled_pits, from_outside
from ._sun import angles_of, computed_sun, shadow_vectors

if TYPE_CHECKING:
    from eolearn.core.types import Feature

_ANGLES = (FeatureType.DATA, FeatureType.SCALAR, FeatureType.META_INFO)
_MOST_STEPS = 400


@dataclass(frozen=True, kw_only=True)
class CloudShadowMaskTask(EOTask):
    """Masks the shadows of clouds: dark pixels that the sun makes a cloud's shadow fall on.

    A pixel is dark if near infrared and short-wave infrared both lie below its clear course through time, or, where
    that isn't known, below the brim of the pit that it forms in the image. The height of each cloud is the one at
    which the shadow of its shape covers the most dark pixels. Pixels whose cloud would lie beyond the border of the
    patch are in shadow if they are much darker than they should be.

    Source: Zhu and Woodcock (2012), Remote Sensing of Environment 118, 83-94, https://doi.org/10.1016/j.rse.2011.10.028,
    section 3.2; the comparison through time is ours.

    Example:
        >>> task = CloudShadowMaskTask(source=(FeatureType.DATA, "L1C"), clouds=(FeatureType.MASK, "CLM"),
        ...                            target=(FeatureType.MASK, "SHADOWS"))
    """

    source: Feature
    """Reflectances, in DATA. NaN = no data."""
    clouds: Feature
    """A cloud mask, in MASK."""
    target: Feature
    """The shadows, bool (time, height, width, 1), without clouds."""
    bands: Bands = "sentinel2-l1c"
    """A sensor (sentinel2-l1c, sentinel2-l2a, landsat5, landsat8), the common names of all bands in their order, or
    positions by common names. nir is needed, swir1 is used."""
    valid: Feature | None = None
    """True where there are data, in MASK."""
    sun_zenith: Feature | None = None
    """Degrees, in DATA, SCALAR or META_INFO, of each date. By default computed from date and place."""
    sun_azimuth: Feature | None = None
    """Degrees clockwise from true north, likewise."""
    view_zenith: Feature | None = None
    """Of the satellite, likewise. By default it looks straight down."""
    view_azimuth: Feature | None = None
    """Of the satellite as seen from the ground, likewise."""
    heights_m: tuple[float, float] = (200.0, 12000.0)
    """The lowest and the highest cloud above the ground."""
    darker: float = 0.12
    """By which share a pixel must be darker than it should be."""
    darker_outside: float = 0.2
    """The same where its cloud would lie beyond the border; 1 for no such shadows."""
    dilation_m: float = 0.0
    """By how many metres shadows are widened at last."""

    def __post_init__(self) -> None:
        check_types(self, {"source": self.source}, FeatureType.DATA)
        masks = {"clouds": self.clouds, "target": self.target, "valid": self.valid}
        check_types(self, masks, FeatureType.MASK)
        band_positions(self.bands, ["nir"])
        for kind in ("sun", "view"):
            angles = {f"{kind}_{axis}": getattr(self, f"{kind}_{axis}") for axis in ("zenith", "azimuth")}
            check_types(self, angles, *_ANGLES)
            if list(angles.values()).count(None) == 1:
                raise SettingError(f"Give both {kind}_zenith and {kind}_azimuth, or none: got {angles}.")
        if not 0 < self.heights_m[0] < self.heights_m[1]:
            raise SettingError(f"heights_m must be the lowest and the highest, above 0, got {self.heights_m}.")

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the mask of shadows."""
        data = eopatch[self.source]
        positions = band_positions(self.bands, ["nir"])
        used: dict[str, int] = {name: positions[name] for name in ("nir", "swir1") if name in positions}
        values, valid = reflectances_of(eopatch, self.source, used, self.valid)
        clouds = mask_of(eopatch, self.clouds, data.shape) & valid
        result = np.zeros((*data.shape[:3], 1), np.bool_)
        if data.size:
            steps = self._steps(eopatch, data.shape)
            size = pixel_size_m(eopatch, data.shape[1:3])
            course = self._course(eopatch, values, valid & ~clouds, valid)

            def find(start: int, stop: int) -> None:
                for date in range(start, stop):
                    dark = _darkness(values[date], course[date], valid[date], clouds[date])
                    shadows = self._shadows(dark, clouds[date], clouds[date] | ~valid[date], steps[date])
                    shadows = dilated_m(shadows, self.dilation_m, size)
                    result[date, ..., 0] = shadows & valid[date] & ~clouds[date]

            over_row_blocks(find, len(data), least_rows=1)
        eopatch[self.target] = result
        return eopatch

    def _course(self, eopatch: EOPatch, values: Any, clear: Any, valid: Any) -> NDArray[np.float32]:
        if len(values) == 1:
            return np.full_like(values, np.nan)
        days = days_of(eopatch, len(values), "The course of a pixel through time needs dates")
        return clear_course(values, clear, valid, days)[0]

    def _steps(self, eopatch: EOPatch, shape: tuple[int, ...]) -> list[NDArray[np.float64]]:
        """Return for each date the steps (heights, 2), in rows and columns, from a cloud to its shadow."""
        dates, height, width, _ = shape
        if self.sun_zenith is not None and self.sun_azimuth is not None:
            sun = angles_of(eopatch, self.sun_zenith, dates), angles_of(eopatch, self.sun_azimuth, dates)
        else:
            sun = computed_sun(eopatch, dates)
        view = None
        if self.view_zenith is not None and self.view_azimuth is not None:
            view = angles_of(eopatch, self.view_zenith, dates), angles_of(eopatch, self.view_azimuth, dates)
        down_m, across_m = pixel_size_m(eopatch, (height, width))
        vectors = shadow_vectors(eopatch, sun, view)
        a_metre = np.stack([-vectors[:, 1] / down_m, vectors[:, 0] / across_m], axis=-1)
        return [_heights(self.heights_m, step, max(height, width)) for step in a_metre]

    def _shadows(self, dark: Any, clouds: Any, hidden: Any, steps: Any) -> NDArray[np.bool_]:
        is_dark = (dark > self.darker) & ~hidden
        cast = cast_shadows(clouds, hidden, is_dark, steps)
        outside = from_outside(clouds.shape, steps[-1]) & (dark > self.darker_outside)
        return np.asarray((_a_pixel_wider(cast) & is_dark) | (outside & is_dark))


def _heights(limits_m: tuple[float, float], a_metre: Any, longest_px: int) -> NDArray[np.float64]:
    """Return steps of about a pixel, from the lowest to the highest cloud whose shadow may fall on the image."""
    speed = max(float(np.abs(a_metre).max()), 1e-9)
    highest = min(limits_m[1], max(limits_m[0] + 1 / speed, longest_px / speed))
    count = int(np.clip(np.ceil((highest - limits_m[0]) * speed), 1, _MOST_STEPS))
    return np.asarray(np.linspace(limits_m[0], highest, count + 1)[:, np.newaxis] * a_metre)


def _a_pixel_wider(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    import cv2

    return np.asarray(cv2.dilate(mask.view(np.uint8), np.ones((3, 3), np.uint8))).view(np.bool_)


def _darkness(values: Any, course: Any, valid: Any, clouds: Any) -> NDArray[np.float32]:
    """Return by which share pixels are darker than their course, or than the image without pits where there is none."""
    known = np.isfinite(course).all(axis=-1)
    result = darkness(values, course)
    if not known[valid & ~clouds].all():
        brims = np.stack([filled_pits(values[..., band], valid) for band in range(values.shape[-1])], axis=-1)
        result = np.where(known, result, darkness(values, brims))
    return np.where(valid, result, np.float32(0))
