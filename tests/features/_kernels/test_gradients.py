from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.ndimage import convolve
from skimage.filters import gabor_kernel

from eolearn.features._kernels.gradients import gabor_amplitude, gradient

ROWS, COLUMNS = np.indices((60, 50))


def test_plane_has_its_slopes_away_from_the_edges():
    down, right = gradient(2 * ROWS - 3 * COLUMNS, sigma_px=1)
    assert_allclose(down[5:-5, 5:-5], 2, rtol=1e-3)  # the window is cut off at 4 standard deviations
    assert_allclose(right[5:-5, 5:-5], -3, rtol=1e-3)


def test_smooth_surface_has_its_derivatives():
    wave = np.sin(ROWS / 9) * np.cos(COLUMNS / 7)
    down, right = gradient(wave, sigma_px=1)
    smoothed = np.exp(-(1 / 81 + 1 / 49) / 2)  # what a Gaussian of 1 pixel leaves of the wave
    inside = np.s_[5:-5, 5:-5]
    assert_allclose(down[inside], (smoothed * np.cos(ROWS / 9) * np.cos(COLUMNS / 7) / 9)[inside], atol=2e-4)
    assert_allclose(right[inside], (smoothed * -np.sin(ROWS / 9) * np.sin(COLUMNS / 7) / 7)[inside], atol=2e-4)


@pytest.mark.parametrize("angle", [0, 0.4, np.pi / 2, 2.5])
@pytest.mark.parametrize("wavelength", [3, 6.5])
def test_equals_convolution_with_scikit_image_s_kernel_less_its_mean(wavelength, angle):
    image = np.random.default_rng(0).random((60, 50))
    sigma = wavelength * np.sqrt(np.log(2) / 2) / np.pi * 3  # skimage's own width for a bandwidth of an octave
    kernel = gabor_kernel(1 / wavelength, -angle, bandwidth=1, n_stds=6)  # its rows go the other way
    window = np.abs(kernel)
    kernel = (kernel - kernel.sum() / window.sum() * window) / window.sum()
    expected = np.abs(convolve(image, kernel.real) + 1j * convolve(image, kernel.imag))
    reach = int(6 * sigma) + 2
    inside = np.s_[reach:-reach, reach:-reach]
    assert_allclose(gabor_amplitude(image, wavelength, angle)[inside], expected[inside], atol=2e-4)


def test_waves_are_seen_by_the_filter_of_their_length_and_direction_with_half_their_amplitude():
    angle, wavelength = np.pi / 6, 5  # rows count downwards, so upwards is minus
    wave = 7 + 0.3 * np.cos(2 * np.pi / wavelength * (np.cos(angle) * COLUMNS - np.sin(angle) * ROWS))
    inside = np.s_[15:-15, 15:-15]
    assert_allclose(gabor_amplitude(wave, wavelength, angle)[inside], 0.15, rtol=0.01)
    assert gabor_amplitude(wave, wavelength, angle + np.pi / 2)[inside].max() < 0.002
    assert gabor_amplitude(wave, 4 * wavelength, angle)[inside].max() < 0.01


def test_constant_image_has_no_gradient_and_no_waves():
    flat = np.full((30, 20), 0.37)
    assert_allclose(gradient(flat, 1.5), 0, atol=1e-15)
    assert_allclose(gabor_amplitude(flat, 4, 0.7), 0, atol=1e-15)


def test_nan_spread_as_far_as_the_window():
    image = np.ones((41, 41))
    image[20, 20] = np.nan
    down, _ = gradient(image, 2)
    inside = np.maximum(*abs(np.indices((41, 41)) - 20)) <= 8
    assert np.isnan(down[inside]).all()
    assert not np.isnan(down[~inside]).any()
