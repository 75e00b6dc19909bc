"""Gradients and waves of an image, found by convolution with Gaussian windows.

At the edges, an image is continued with its edge pixels. NaN spread as far as a window reaches, 4 standard deviations.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]

_REACH = 4  # of a Gaussian window, in standard deviations
_OCTAVE = np.sqrt(np.log(2) / 2) / np.pi * 3  # standard deviation by wavelength, for a filter as wide as an octave


def gradient(image: NDArray[Any], sigma_px: float) -> tuple[Floats, Floats]:
    """Return how much an image rises from a row to the next one, and from a column to the next one.

    image: of shape (height, width). sigma_px: standard deviation of the Gaussian that smooths it, in pixels.

    Both are float64, in units of the image a pixel.
    """
    from scipy.ndimage import gaussian_filter

    values = image.astype(np.float64)
    down, right = (
        gaussian_filter(values, sigma_px, order, mode="nearest", truncate=_REACH) for order in ((1, 0), (0, 1))
    )
    return down, right


def gabor_amplitude(image: NDArray[Any], wavelength_px: float, angle_rad: float) -> Floats:
    """Return how strong the waves of a length and a direction are around each pixel.

    image: of shape (height, width). wavelength_px: from crest to crest, in pixels. angle_rad: from the direction of the
    columns, towards the right, to that in which the waves go, counted anticlockwise.

    It is half the amplitude of the waves, float64, in units of the image; 0 where the image is constant. The window is
    round, and its width such that the filter passes an octave.

    Source: J. G. Daugman, Uncertainty relation for resolution in space, spatial frequency, and orientation optimized by
    two-dimensional visual cortical filters, Journal of the Optical Society of America A 2(7), 1985,
    doi:10.1364/JOSAA.2.001160; the width after N. Petkov and P. Kruizinga, Computational models of visual neurons
    specialised in the detection of periodic and aperiodic oriented visual stimuli: bar and grating cells, Biological
    Cybernetics 76(2), 1997, doi:10.1007/s004220050323.
    """
    from scipy.ndimage import convolve1d

    sigma_px = _OCTAVE * wavelength_px
    offsets = np.arange(-int(_REACH * sigma_px + 0.5), int(_REACH * sigma_px + 0.5) + 1)
    window = np.exp(-((offsets / sigma_px) ** 2) / 2)
    window /= window.sum()
    wave_number = 2 * np.pi / wavelength_px
    right = window * np.exp(1j * wave_number * np.cos(angle_rad) * offsets)
    down = window * np.exp(-1j * wave_number * np.sin(angle_rad) * offsets)

    values = image.astype(np.float64)
    response = convolve1d(convolve1d(values, down, axis=0, mode="nearest"), right, axis=1, mode="nearest")
    mean = convolve1d(convolve1d(values, window, axis=0, mode="nearest"), window, axis=1, mode="nearest")
    return np.asarray(np.abs(response - down.sum() * right.sum() * mean))
