"""How far two images of a scene are shifted against each other: phase correlation, to a part of a pixel."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .edges import edge_field

Spectrum = NDArray[np.complex64]

_PASS_PX = 1.0  # of the Gaussian that keeps low frequencies, and so the deviation of the peak
_LOBE_PX = 2  # the peak is so wide to each side
_CHANCE = 4  # deviations of the noise: how high a peak of noise is, mostly 3.5
_FINE_STEPS = 8  # a pixel, for the last search


class Peak(NamedTuple):
    """The highest place of a correlation."""

    shift_xy: tuple[float, float]
    """Pixels to the right and downwards by which the second image lies from the first."""

    reliability: float
    """1 - chance / highest, 0 to 1, where chance is the second highest peak or 4 deviations of what is beside the
    peaks: below 0.3 for two images of noise, 0.6 to 0.95 for two of one scene."""


def edge_spectrum(image: NDArray[Any], valid: NDArray[np.bool_] | None = None) -> Spectrum:
    """Return the Fourier transform of the edges of an image, padded with 0 to a size that is fast to transform.

    image: one band, shape (height, width). valid: same shape, True where it may be used.
    """
    usable = np.ones(image.shape, np.bool_) if valid is None else valid
    return spectrum_of_edges(edge_field(image, usable, _fast_shape(image.shape)))


def spectrum_of_edges(field: NDArray[np.complex64]) -> Spectrum:
    """Return the Fourier transform of edges that are there already, as of ``edge_field``, padded likewise."""
    from scipy import fft

    spectrum: Spectrum = fft.fft2(field, _fast_shape(field.shape))
    return spectrum


def _fast_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    from scipy import fft

    height, width = shape
    return fft.next_fast_len(height), fft.next_fast_len(width)


def correlation_peak(first: Spectrum, second: Spectrum, *, radius_px: int) -> Peak:
    """Return the shift between two images, of which ``edge_spectrum`` has made the spectra.

    radius_px: how far in each direction the peak is looked for, as a whole number.

    The cross spectrum is divided by its amplitude, so that the correlation is one peak, and that by a Gaussian, as
    high frequencies are noise and aliases. It is evaluated by a matrix product in the window that is searched, and
    again around the highest place at steps of 1/8 pixel, where a parabola gives the rest.

    Source: M. Guizar-Sicairos, S. T. Thurman and J. R. Fienup, Efficient subpixel image registration algorithms, Optics
    Letters 33 (2), 2008, DOI 10.1364/OL.33.000156, for the matrix product; H. Foroosh, J. B. Zerubia and M. Berthod,
    Extension of phase correlation to subpixel registration, IEEE Transactions on Image Processing 11 (3), 2002,
    DOI 10.1109/83.988953, for the peak of the phases; H. S. Stone et al., A fast direct Fourier-based algorithm for
    subpixel registration of images, IEEE Transactions on Geoscience and Remote Sensing 39 (10), 2001, DOI
    10.1109/36.957286, for why high frequencies are left out.
    """
    phases = np.empty_like(first)
    _cross_phases(first, second, phases)
    rough = np.arange(-radius_px, radius_px + 1, dtype=np.float64)
    row, column, reliability = _highest(_correlation(phases, rough, rough))
    if reliability == 0:
        return Peak((0.0, 0.0), 0.0)
    fine = np.arange(-_FINE_STEPS, _FINE_STEPS + 1) / _FINE_STEPS
    y, x = rough[row] + fine, rough[column] + fine
    values = _correlation(phases, y, x)
    row, column = (int(place) for place in np.unravel_index(values.argmax(), values.shape))
    step = 1 / _FINE_STEPS
    return Peak(
        (
            float(x[column] + step * _vertex(values[row], column)),
            float(y[row] + step * _vertex(values[:, column], row)),
        ),
        reliability,
    )


@njit(cache=True, nogil=True, fastmath=True)
def _cross_phases(first: Spectrum, second: Spectrum, phases: Spectrum) -> None:
    """Fill in ``conj(first) * second`` with an amplitude of 1, or 0 where it is 0."""
    height, width = first.shape
    tiny = np.float32(1e-30)
    for row in range(height):
        for column in range(width):
            a, b = first[row, column], second[row, column]
            real = a.real * b.real + a.imag * b.imag
            imaginary = a.real * b.imag - a.imag * b.real
            scale = np.float32(1) / np.sqrt(real * real + imaginary * imaginary + tiny)
            phases[row, column] = complex(real * scale, imaginary * scale)


def _correlation(phases: Spectrum, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the correlation at shifts of some rows y and some columns x, (rows, columns)."""
    height, width = phases.shape
    values = _product(_waves(x, width), np.ascontiguousarray(_product(_waves(y, height), phases).T)).T
    return np.asarray(values.real / phases.size, np.float32)


@njit(cache=True, nogil=True, fastmath=True)
def _product(waves: Spectrum, values: Spectrum) -> Spectrum:
    """Return the matrix product. BLAS is as fast on a machine that is idle, and 10 times slower beside other work."""
    count, length = waves.shape
    columns = values.shape[1]
    real, imaginary = np.zeros((count, columns), np.float32), np.zeros((count, columns), np.float32)
    for row in range(length):
        for place in range(count):
            a, b = waves[place, row].real, waves[place, row].imag
            for column in range(columns):
                value = values[row, column]
                real[place, column] += a * value.real - b * value.imag
                imaginary[place, column] += a * value.imag + b * value.real
    product: Spectrum = real + np.complex64(1j) * imaginary
    return product


def _waves(places: NDArray[np.float64], length: int) -> Spectrum:
    """Return what makes the values at some places of a spectrum, weighted by the Gaussian; (places, frequencies)."""
    frequencies = np.fft.fftfreq(length)
    weights = np.exp(-2 * (np.pi * _PASS_PX * frequencies) ** 2)
    return np.asarray(weights * np.exp(2j * np.pi * np.outer(places, frequencies)), np.complex64)


def _highest(values: NDArray[np.float32]) -> tuple[int, int, float]:
    """Return the row and the column of the highest value, and how far it stands above all outside of its peak."""
    row, column = (int(place) for place in np.unravel_index(values.argmax(), values.shape))
    rows, columns = (np.arange(side) for side in values.shape)
    outside = (abs(rows - row) > _LOBE_PX)[:, None] | (abs(columns - column) > _LOBE_PX)[None]
    highest = float(values[row, column])
    second = float(values.max(where=outside, initial=0))
    chance = _CHANCE * float(np.sqrt(np.mean(np.square(values[outside])))) if outside.any() else 0.0
    return row, column, max(0.0, 1 - max(second, chance) / highest) if highest > 0 else 0.0


def _vertex(values: NDArray[np.float32], index: int) -> float:
    """Return how far the top of a parabola through a value and its neighbours lies from it, in steps."""
    if index in (0, len(values) - 1):
        return 0.0
    before, here, after = (float(value) for value in values[index - 1 : index + 2])
    return (before - after) / (2 * (before - 2 * here + after))
