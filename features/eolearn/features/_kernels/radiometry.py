"""Scenes of one place made alike, and chosen pixel by pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import Float64, usable
from .dtypes import working_dtype


def nearest_dates(band: NDArray[np.floating[Any]], wanted: NDArray[np.floating[Any]], nothing: int) -> NDArray[np.intp]:
    """Return for each pixel the date at which a band is nearest to a value, the first of several.

    band: (dates, height, width), NaN for no data. wanted: (height, width). nothing: stands where the band has no data.
    """
    if len(band) == 0:
        return np.full(wanted.shape, nothing, np.intp)
    distance = np.abs(band - wanted)
    missing = np.isnan(distance)
    distance[missing] = np.inf
    return np.where(missing.all(axis=0), nothing, np.argmin(distance, axis=0))


def ranked(band: NDArray[np.floating[Any]], percent: float) -> NDArray[np.floating[Any]]:
    """Return of each pixel the value at the rank ``round(percent / 100 * (count - 1))``, NaN where it has no value.

    band: (dates, height, width), NaN for no data. A rank of a half is rounded to the even one.
    """
    if len(band) == 0:
        return np.full(band.shape[1:], np.nan, band.dtype)
    ordered = np.sort(band, axis=0)  # NaN come last
    count = len(band) - np.count_nonzero(np.isnan(ordered), axis=0)
    rank = np.rint(percent / 100 * np.maximum(count - 1, 0)).astype(np.intp)
    chosen: NDArray[np.floating[Any]] = np.take_along_axis(ordered, rank[np.newaxis], axis=0)[0]
    return chosen


def at_dates(data: NDArray[Any], dates: NDArray[np.intp], no_data: float) -> NDArray[Any]:
    """Return the bands of each pixel at its date, ``no_data`` where that is none of the dates.

    data: (dates, height, width, bands). dates: (height, width). Returns (height, width, bands), float.
    """
    known = (dates >= 0) & (dates < len(data))
    result = np.full(data.shape[1:], no_data, working_dtype(data.dtype))
    rows, columns = np.nonzero(known)
    result[rows, columns] = data[dates[rows, columns], rows, columns]
    return result


def match_histograms(scene: NDArray[Any], reference: NDArray[Any]) -> Float64:
    """Return a scene with the mean and the standard deviation of a reference, band by band.

    scene, reference: (height, width, bands), NaN for no data. Both are measured where both have data; a band without
    such a pixel becomes NaN, and one without any spread is only shifted.
    """
    values, wanted = usable(scene), usable(reference)
    joint = ~(np.isnan(values) | np.isnan(wanted))
    for band in range(values.shape[-1]):
        chosen = joint[..., band]
        if not chosen.any():
            values[..., band] = np.nan
            continue
        ours, theirs = values[..., band][chosen], wanted[..., band][chosen]
        spread = ours.std()
        gain = theirs.std() / spread if spread > 0 else 1.0
        values[..., band] = (values[..., band] - ours.mean()) * gain + theirs.mean()
    return values
