"""Clouds of a single image, by rules on its bands."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Band = NDArray[np.float32]
LEAST_CIRRUS = 0.02
_HAZE_OFFSET = 0.08
_LEAST_SWIR = 0.03
_MOST_INDEX = 0.8
_SNOW_INDEX, _SNOW_NIR = 0.5, 0.11
_LEAST_NIR_TO_SWIR = 0.75
_MOST_KELVIN = 300.0


def rule_based_clouds(bands: Mapping[str, Band], *, brightness: float, whiteness: float) -> NDArray[np.bool_]:
    """Return where an image shows clouds, by the spectral tests of Fmask that its bands allow.

    bands: top-of-atmosphere reflectances of one shape, by name: ``blue`` and ``red``, and as there are any ``green``,
    ``nir``, ``swir1``, ``cirrus``; ``lwir`` is a temperature in kelvin. NaN = no data, where there is no cloud.
    brightness: the least mean of the visible bands. whiteness: the greatest deviation of the visible bands from their
    mean, in units of it.

    A cloud is bright, white, hazy (``blue - 0.5 red > 0.08``), neither snow nor plants nor bare rock, and not warm; or
    it shows in the cirrus band. Source: Zhu and Woodcock (2012), Remote Sensing of Environment 118, 83-94, equations
    1 to 5 and 20, https://doi.org/10.1016/j.rse.2011.10.028; cirrus: Zhu, Wang and Woodcock (2015),
    https://doi.org/10.1016/j.rse.2014.12.014.
    """
    visible = [bands[name] for name in ("blue", "green", "red") if name in bands]
    with np.errstate(all="ignore"):
        mean = sum(visible) / np.float32(len(visible))
        deviation = sum(abs(band - mean) for band in visible) / mean
        cloud = (mean > brightness) & (deviation < whiteness)
        cloud &= bands["blue"] - np.float32(0.5) * bands["red"] > _HAZE_OFFSET
        if "nir" in bands:
            cloud &= (bands["nir"] - bands["red"]) / (bands["nir"] + bands["red"]) < _MOST_INDEX
        if "swir1" in bands:
            cloud &= bands["swir1"] > _LEAST_SWIR
        if "swir1" in bands and "nir" in bands:
            cloud &= bands["nir"] > _LEAST_NIR_TO_SWIR * bands["swir1"]
        if "swir1" in bands and "green" in bands:
            cloud &= ~snow_like(bands["green"], bands["swir1"], bands.get("nir", bands["green"]))
        if "lwir" in bands:
            cloud &= bands["lwir"] < _MOST_KELVIN
        if "cirrus" in bands:
            cloud |= bands["cirrus"] > LEAST_CIRRUS
    return np.asarray(cloud, np.bool_)


def snow_like(green: Band, swir1: Band, nir: Band) -> NDArray[np.bool_]:
    """Return where a pixel has the spectrum of snow or ice: bright in green, dark in short-wave infrared."""
    with np.errstate(all="ignore"):
        return np.asarray(((green - swir1) / (green + swir1) > _SNOW_INDEX) & (nir > _SNOW_NIR) & (green > 0.1))
