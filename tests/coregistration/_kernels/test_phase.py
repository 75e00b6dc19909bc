"""Phase correlation against known shifts, a slow search, and noise."""

import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from eolearn.coregistration._kernels.edges import edge_field
from eolearn.coregistration._kernels.phase import correlation_peak, edge_spectrum, spectrum_of_edges

# with texture of 2 pixels on 128 x 160 pixels, errors were 0.01 on average and 0.03 at most
TOLERANCE_PX = 0.05


def peak_of(first, second, valid=None, radius_px=8):
    return correlation_peak(edge_spectrum(first), edge_spectrum(second, valid), radius_px=radius_px)


def test_known_shifts_are_found_in_direction_and_size(scene):
    for frame, shift_xy in zip(scene.frames, scene.shifts_xy, strict=True):
        peak = peak_of(scene.reference, frame)
        assert_allclose(peak.shift_xy, shift_xy, atol=TOLERANCE_PX)
        assert peak.reliability > 0.8


def test_clouds_that_are_masked_do_little_harm(scene):
    for frame, shift_xy, valid in zip(scene.frames, scene.shifts_xy, scene.valid, strict=True):
        peak = peak_of(scene.reference, np.where(valid, frame, 3), valid)
        assert_allclose(peak.shift_xy, shift_xy, atol=0.1)


@settings(max_examples=20)
@given(x=st.integers(-6, 6), y=st.integers(-6, 6))
def test_whole_pixels_are_found(x, y):
    image = scipy.ndimage.gaussian_filter(np.random.default_rng(3).random((60, 72)), 1.5, mode="wrap")
    peak = peak_of(image[8:-8, 8:-8], np.roll(image, (y, x), (0, 1))[8:-8, 8:-8])
    assert_allclose(peak.shift_xy, (x, y), atol=0.1)  # of 44 x 56 pixels only


def test_two_images_swapped_give_the_opposite(scene):
    there, back = peak_of(scene.reference, scene.frames[0]), peak_of(scene.frames[0], scene.reference)
    assert_allclose(there.shift_xy, -np.array(back.shift_xy), atol=1e-3)


def test_the_place_is_that_of_a_fine_slow_search(scene):
    first, second = edge_spectrum(scene.reference), edge_spectrum(scene.frames[1])
    phases = np.conj(first) * second / np.abs(first * second)
    frequency_y, frequency_x = np.fft.fftfreq(phases.shape[0])[:, None], np.fft.fftfreq(phases.shape[1])
    phases *= np.exp(-2 * np.pi**2 * (frequency_x**2 + frequency_y**2))
    middle = np.round(scene.shifts_xy[1], 1)
    steps = np.arange(-20, 21) / 100
    values = [
        [np.sum(phases * np.exp(2j * np.pi * (frequency_x * (middle[0] + x) + frequency_y * (middle[1] + y)))).real
         for x in steps] for y in steps
    ]  # fmt: skip
    row, column = np.unravel_index(np.argmax(values), (41, 41))
    peak = correlation_peak(first, second, radius_px=8)
    assert_allclose(peak.shift_xy, np.add(middle, (steps[column], steps[row])), atol=0.006)


def test_noise_is_not_reliable():
    rng = np.random.default_rng(0)
    clear = [peak_of(*rng.normal(size=(2, 64, 64))).reliability for _ in range(40)]
    assert max(clear) < 0.35


@pytest.mark.parametrize("image", [np.ones((32, 32)), np.full((32, 32), np.nan), np.ones((1, 1)), np.ones((2, 3))])
def test_images_without_edges_have_no_peak(image):
    assert peak_of(image, image) == ((0, 0), 0)


def test_edges_that_are_there_already_have_the_same_spectrum(scene):
    field = edge_field(scene.reference, np.ones((128, 160), bool), (128, 160))
    assert_allclose(spectrum_of_edges(field), edge_spectrum(scene.reference), atol=1e-4)
