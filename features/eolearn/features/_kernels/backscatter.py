"""Radar backscatter in decibels and as a ratio, and indices of two polarisations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dtypes import working_dtype

Floats = NDArray[np.floating[Any]]


def to_decibels(backscatter: NDArray[Any]) -> Floats:
    """Return ``10 log10`` of backscatter, NaN where that is not positive; float32, or float64 if the input is."""
    values = backscatter.astype(working_dtype(backscatter.dtype))
    values[~((values > 0) & (values < np.inf))] = np.nan
    np.log10(values, out=values)
    values *= 10
    return values


def from_decibels(decibels: NDArray[Any]) -> Floats:
    """Return ``10 ** (dB / 10)``, NaN where the input is infinite; float32, or float64 if the input is."""
    values = decibels.astype(working_dtype(decibels.dtype))
    values[~np.isfinite(values)] = np.nan
    values /= 10
    np.power(values.dtype.type(10), values, out=values)
    return values


def ratio(co: Floats, cross: Floats) -> Floats:
    """Return ``cross / co`` of linear backscatter, such as VH / VV."""
    return cross / co


def radar_vegetation_index(co: Floats, cross: Floats) -> Floats:
    """Return ``4 cross / (co + cross)`` of linear backscatter, the RVI of two polarisations.

    Source: Kim and van Zyl (2009), A Time-Series Approach to Estimate Soil Moisture Using Polarimetric Radar Data, IEEE
    TGRS 47(8), 2519-2527, https://doi.org/10.1109/TGRS.2009.2014944; for VV and VH, where VV stands for HH too,
    Nasirzadehdizaji et al. (2019), Applied Sciences 9(4), 655, https://doi.org/10.3390/app9040655.
    """
    return 4 * cross / (co + cross)


def polarisation_difference(co: Floats, cross: Floats) -> Floats:
    """Return ``(co - cross) / (co + cross)`` of linear backscatter, the normalised difference polarisation index."""
    return (co - cross) / (co + cross)
