"""From the surface to the top of a clear atmosphere and back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from eolearn.core.utils.sun import sun_angles

from .bands import LANDSAT8_UM, WAVELENGTH_UM, Float

# What ozone, oxygen and water vapour let through, down and up, in a summer of middle latitudes. Assumed (rounded public
# knowledge); the dense grass of the L1C and of the L2A data then agrees to a few per cent in B05 to B12.
GAS = np.array([1.0, 0.985, 0.95, 0.965, 0.96, 0.97, 0.985, 0.93, 0.995, 0.30, 0.002, 0.97, 0.95])
GAS_LANDSAT8 = np.array([1.0, 0.985, 0.95, 0.97, 0.995, 0.98, 0.96])
CLEAR_AEROSOL = 0.1
"""Optical depth at 0.55 um. Assumed; dense grass of both then agrees to 0.015 in B02, B03 and B04."""


def sun_cosine(latitude_deg: float, longitude_deg: float, when: datetime) -> float:
    """Cosine of the zenith angle of the sun at a time in UTC."""
    zenith_deg, _ = sun_angles([when], longitude_deg, latitude_deg)
    return float(np.cos(np.radians(zenith_deg[0])))


@dataclass(frozen=True, kw_only=True)
class Sky:
    """A clear sky over flat ground, seen from straight above.

    ``toa = gas * (path + transmittance * surface / (1 - albedo * surface))``. The optical depth of air is that of
    Hansen and Travis (1974), doi:10.1007/BF00168069, at sea level. The aerosol has an Angstrom exponent of 1.3 and the
    phase function of Henyey and Greenstein (1941) with an asymmetry of 0.65. The path reflectance is that of single
    scattering; transmittance and spherical albedo are the approximations of 5S, Tanre et al. (1990),
    doi:10.1080/01431169008955048.
    """

    sun: float
    """Cosine of the zenith angle of the sun."""
    wavelength_um: Float
    gas: Float
    aerosol: float = CLEAR_AEROSOL

    def _terms(self) -> tuple[Float, Float, Float]:
        um = self.wavelength_um
        air = 0.008569 * um**-4 * (1 + 0.0113 * um**-2 + 0.00013 * um**-4)
        haze = self.aerosol * (um / 0.55) ** -1.3
        phase_air = 0.75 * (1 + self.sun**2)
        phase_haze = (1 - 0.65**2) / (1 + 0.65**2 + 2 * 0.65 * self.sun) ** 1.5
        path = (air * phase_air + haze * phase_haze) / (4 * self.sun)
        transmittance = np.exp(-(0.52 * air + 0.167 * haze) * (1 / self.sun + 1))
        albedo = (0.92 * air + 0.333 * haze) * np.exp(-air - haze)
        return path, transmittance, albedo

    def up(self, surface: Float) -> Float:
        """Reflectance at the top of the atmosphere over a surface; the last axis is the band."""
        path, transmittance, albedo = self._terms()
        return np.asarray(self.gas * (path + transmittance * surface / (1 - albedo * surface)))

    def down(self, toa: Float) -> Float:
        """The surface under a reflectance at the top of the atmosphere, at least 0.001: the inverse of `up`."""
        path, transmittance, albedo = self._terms()
        lifted = (toa / self.gas - path) / transmittance
        return np.asarray(np.maximum(lifted / (1 + albedo * lifted), 0.001))


def sentinel2_sky(sun: float) -> Sky:
    """The sky over the 13 bands of Sentinel-2."""
    return Sky(sun=sun, wavelength_um=WAVELENGTH_UM, gas=GAS)


def landsat8_sky(sun: float) -> Sky:
    """The sky over bands 1 to 7 of Landsat 8."""
    return Sky(sun=sun, wavelength_um=LANDSAT8_UM, gas=GAS_LANDSAT8)


SLOVENIA = (45.87, 14.55)
"""Latitude and longitude of the patch that the L1C frames show."""
REFERENCE = sentinel2_sky(sun_cosine(*SLOVENIA, datetime(2015, 7, 11, 10, 0)))
"""The sky of all spectra of the table: that of the L1C frame of 2015-07-11, the sun 27 degrees from the zenith."""
