"""The bands of Sentinel-2, and what a row of the tables is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
B01, B02, B03, B04, B05, B06, B07, B08, B8A, B09, B10, B11, B12 = range(13)
WAVELENGTH_UM = np.array([0.443, 0.492, 0.560, 0.665, 0.704, 0.741, 0.783, 0.833, 0.865, 0.945, 1.374, 1.614, 2.202])
"""Centres of the bands: ESA (2015), Sentinel-2 User Handbook."""
LANDSAT8_UM = np.array([0.443, 0.482, 0.561, 0.655, 0.865, 1.609, 2.201])
LANDSAT5_UM = np.array([0.485, 0.560, 0.660, 0.835, 1.650, 2.215])
"""Centres of the bands of Landsat 8 (1 to 7) and 5 (1 to 5, 7): USGS, Landsat data users handbooks."""


class Row(NamedTuple):
    """A row of a table."""

    values: Float
    source: str
    """Plain text that begins with ``derived:`` or ``assumed:``."""


def ndvi(spectra: Float) -> Float:
    """Normalised difference of B08 and B04 of spectra of 13 bands (the last axis)."""
    return np.asarray((spectra[..., B08] - spectra[..., B04]) / (spectra[..., B08] + spectra[..., B04]))


def median(spectra: Float, where: Bool) -> Float:
    """Median spectrum of some places."""
    return np.asarray(np.median(spectra[where], axis=0))


def between(values: Float, where: Bool, low: float, high: float) -> Bool:
    """Which places of `where` lie between two quantiles of the values that are there."""
    start, end = np.quantile(values[where], [low, high])
    return np.asarray(where & (values >= start) & (values <= end))
