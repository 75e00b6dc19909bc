"""One observation made of many: per pixel, over the dates."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .blocks import Float64
from .percentiles import percentiles

_STEPS_MAX = 1000
_TOLERANCE = 1e-7  # of the spread of the observations


def complete(pixels: Float64) -> NDArray[np.bool_]:
    """Return where an observation has all of its bands, (pixels, dates); pixels: (pixels, dates, bands)."""
    return np.asarray(~np.isnan(pixels).any(axis=2))


def percentile(pixels: Float64, percent: float) -> Float64:
    """Return a percentile of each band of each pixel, (pixels, bands); pixels: (pixels, dates, bands)."""
    count, dates, bands = pixels.shape
    series = np.ascontiguousarray(pixels.transpose(0, 2, 1)).reshape(count * bands, dates)
    return percentiles(np.sort(series, axis=1), [percent]).reshape(count, bands)


def mean(pixels: Float64) -> Float64:
    """Return the mean of each band of each pixel, (pixels, bands); pixels: (pixels, dates, bands)."""
    with np.errstate(invalid="ignore"):  # 0 / 0 where nothing counts
        average: Float64 = np.nansum(pixels, axis=1) / np.count_nonzero(~np.isnan(pixels), axis=1)
    return average


def best(pixels: Float64) -> Float64:
    """Return the observation of the highest quality, (pixels, bands - 1); the last band is the quality.

    pixels: (pixels, dates, bands), an observation that doesn't count is NaN. Of equal qualities the first is taken.
    """
    if pixels.shape[1] == 0:
        return np.full((pixels.shape[0], pixels.shape[2] - 1), np.nan)
    quality = pixels[..., -1]
    chosen = np.argmax(np.where(np.isnan(quality), -np.inf, quality), axis=1)
    return pixels[np.arange(len(pixels)), chosen, :-1]


def medoid(pixels: Float64) -> Float64:
    """Return the observation with the least sum of distances to the others of its pixel.

    pixels: (pixels, dates, bands), C-contiguous; an observation with a NaN doesn't count.

    Returns (pixels, bands), NaN where no observation counts. Of several such observations the first is taken.
    Source: Flood (2013), Seasonal Composite Landsat TM/ETM+ Images Using the Medoid (a Multi-Dimensional Median),
    Remote Sensing 5(12), 6481-6500, https://doi.org/10.3390/rs5126481.
    """
    result: Float64 = _medoids(pixels)
    return result


def geometric_median(pixels: Float64) -> Float64:
    """Return the point with the least sum of distances to the observations of each pixel.

    pixels: (pixels, dates, bands), C-contiguous; an observation with a NaN doesn't count.

    Returns (pixels, bands), NaN where no observation counts. The iteration is Weiszfeld's, in the form that also works
    from a point that is an observation: Vardi and Zhang (2000), The multivariate L1-median and associated data depth,
    PNAS 97(4), 1423-1426, https://doi.org/10.1073/pnas.97.4.1423. Used for composites by Roberts et al. (2017),
    High-Dimensional Pixel Composites From Earth Observation Time Series, IEEE TGRS 55(11), 6254-6264,
    https://doi.org/10.1109/TGRS.2017.2723896.
    """
    result: Float64 = _geometric_medians(pixels)
    return result


@njit(cache=True, nogil=True)
def _distance(a: Float64, b: Float64) -> float:
    total = 0.0
    for band in range(a.size):
        total += (a[band] - b[band]) ** 2
    return float(np.sqrt(total))


@njit(cache=True, nogil=True)
def _counting(observations: Float64, target: Float64) -> int:
    """Move the observations of one pixel that have all bands to the front, in order, and return their number."""
    count = 0
    for date in range(observations.shape[0]):
        if not np.isnan(observations[date].sum()):
            target[count] = observations[date]
            count += 1
    return count


@njit(cache=True, nogil=True)
def _medoids(pixels: Float64) -> Float64:
    count, dates, bands = pixels.shape
    result = np.full((count, bands), np.nan)
    observations, sums = np.empty((dates, bands)), np.empty(dates)
    for pixel in range(count):
        number = _counting(pixels[pixel], observations)
        sums[:] = 0.0
        for i in range(number):
            for j in range(i):
                distance = _distance(observations[i], observations[j])
                sums[i] += distance
                sums[j] += distance
        if number:
            result[pixel] = observations[np.argmin(sums[:number])]
    return result


@njit(cache=True, nogil=True)
def _geometric_medians(pixels: Float64) -> Float64:
    count, dates, bands = pixels.shape
    result = np.full((count, bands), np.nan)
    observations = np.empty((dates, bands))
    for pixel in range(count):
        number = _counting(pixels[pixel], observations)
        if number:
            _weiszfeld(observations[:number], result[pixel])
    return result


@njit(cache=True, nogil=True)
def _weiszfeld(observations: Float64, point: Float64) -> None:
    point[:] = 0.0
    for date in range(observations.shape[0]):
        point += observations[date] / observations.shape[0]
    spread = 0.0
    for date in range(observations.shape[0]):
        spread = max(spread, _distance(observations[date], point))
    pull = np.empty(point.size)
    for _ in range(_STEPS_MAX):
        if _step(observations, point, pull, 1e-12 * spread) <= _TOLERANCE * spread:
            break
    _snap(observations, point)


@njit(cache=True, nogil=True)
def _snap(observations: Float64, point: Float64) -> None:
    """Move the point to the nearest observation if that is better: steps towards one get ever shorter."""
    nearest = 0
    for date in range(observations.shape[0]):
        if _distance(observations[date], point) < _distance(observations[nearest], point):
            nearest = date
    here, there = 0.0, 0.0
    for date in range(observations.shape[0]):
        here += _distance(observations[date], point)
        there += _distance(observations[date], observations[nearest])
    if there < here:
        point[:] = observations[nearest]


@njit(cache=True, nogil=True)
def _step(observations: Float64, point: Float64, pull: Float64, near: float) -> float:
    """Move the point towards the median, and return how far."""
    pull[:] = 0.0
    weights, here = 0.0, 0
    for date in range(observations.shape[0]):
        distance = _distance(observations[date], point)
        if distance <= near:
            here += 1
            continue
        weights += 1 / distance
        for band in range(point.size):
            pull[band] += (observations[date, band] - point[band]) / distance
    strength = np.sqrt((pull**2).sum())
    if weights == 0 or strength <= here:
        return 0.0
    scale = (1 - here / strength) / weights
    for band in range(point.size):
        point[band] += scale * pull[band]
    return float(scale * strength)
