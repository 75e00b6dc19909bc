"""What the air does to light on its way down and up, per band of Sentinel-2."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._kernels.imaging import Optics
from .tables import spectra

WAVELENGTHS_UM = np.array(
    [0.443, 0.492, 0.560, 0.665, 0.704, 0.741, 0.783, 0.833, 0.865, 0.945, 1.374, 1.614, 2.202]
)  # centres, ESA (2015), Sentinel-2 User Handbook
NATIVE_M = np.array([60, 10, 10, 10, 20, 20, 20, 10, 20, 60, 60, 20, 20])
"""Ground sampling distances, metres, of the same source."""
WATER_VAPOUR_LETS_THROUGH = np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 0.3, 0.0, 1, 1])
"""Of the light of low layers; assumed from the strong absorption at 0.945 and 1.374 um."""
_SPECTRA_SUN_ZENITH_DEG = 27.4  # of the images that most of the spectra come from
_ANGSTROM_EXPONENT = 1.3  # continental haze, Angstrom (1964), doi:10.3402/tellusa.v16i1.8885
_HAZE_BACKSCATTER = 0.9 * 0.4  # assumed: single scattering albedo, and phase function of fine dust seen from above
_CIRRUS_VISIBLE, _CIRRUS_IN_B10 = 0.45, 0.28  # assumed: of an opaque layer; B10 is dimmed by the vapour above it
_NOISE = 0.0009 * np.array([1, 1, 1, 1, 1.2, 1.2, 1.2, 1, 1.2, 1.5, 0.3, 1.2, 1.4])  # assumed, near the user handbook's


def rayleigh_depth(wavelengths_um: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the optical thickness of the molecules of air at sea level (Hansen and Travis 1974, equation 2.30).

    doi:10.1007/BF00168069
    """
    inverse = wavelengths_um**-2
    return np.asarray(0.008569 * inverse**2 * (1 + 0.0113 * inverse + 0.00013 * inverse**2), np.float64)


def _rayleigh_reflectance(sun_zenith_deg: float) -> NDArray[np.float64]:
    """Return what air reflects to the zenith by single scattering, after the water vapour that dims it."""
    cosine = np.cos(np.radians(min(sun_zenith_deg, 85.0)))
    phase = 0.75 * (1 + cosine**2)
    reflectance = rayleigh_depth(WAVELENGTHS_UM) * phase / (4 * cosine) * WATER_VAPOUR_LETS_THROUGH
    return np.asarray(reflectance, np.float64)


def optics(bands: list[int], sun_zenith_deg: float, haze_depth: float) -> Optics:
    """Return what light meets on the way to flat ground and up to the zenith, in some of the bands.

    sun_zenith_deg: angle of the sun to the zenith. haze_depth: mean aerosol optical thickness at 550 nm, which makes
    part of the light diffuse.
    """
    cosine = np.cos(np.radians(min(sun_zenith_deg, 85.0)))
    air, table = rayleigh_depth(WAVELENGTHS_UM), spectra()
    haze = (WAVELENGTHS_UM / 0.55) ** -_ANGSTROM_EXPONENT
    standard = _rayleigh_reflectance(_SPECTRA_SUN_ZENITH_DEG)
    cirrus = np.full(len(air), _CIRRUS_VISIBLE)
    cirrus[10] = _CIRRUS_IN_B10
    cirrus[11:] = 0.6 * _CIRRUS_VISIBLE  # ice absorbs there
    more = _rayleigh_reflectance(sun_zenith_deg) - standard
    diffuse = np.clip(1 - np.exp(-(0.5 * air + 0.6 * haze * haze_depth) / cosine), 0.02, 0.8)
    return Optics(
        rayleigh=standard[bands],
        more_rayleigh=more[bands],
        diffuse=diffuse[bands],
        haze=(haze * _HAZE_BACKSCATTER / (4 * cosine) * WATER_VAPOUR_LETS_THROUGH)[bands],
        extinction=0.35 * haze[bands],
        snow=table["snow"][bands],
        cloud=table["cloud"][bands],
        cirrus=cirrus[bands],
        noise=_NOISE[bands],
        noise_gain=0.006,
    )
