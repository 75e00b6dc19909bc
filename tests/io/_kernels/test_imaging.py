"""From the ground and the sky to reflectances, against a plain formula, without noise and with it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.io._kernels.imaging import LEAST_REFLECTANCE, Ground, Optics, expose, spread, water_share
from eolearn.io._kernels.sky import CIRRUS, HAZE, LIGHT, OPACITY, SHADE, SNOW

LAND = np.array([[0.05, 0.3], [0.2, 0.1]], np.float32)  # two parcels, two bands
OTHER = np.array([[0.15, 0.2], [0.1, 0.4]], np.float32)


def ground_of(entries, texture=0.0, depths=-1.0, drawdowns=(np.nan, np.nan)):
    pixels = len(entries)
    return Ground(
        np.asarray(entries, np.int32),
        np.full(pixels, texture, np.float32),
        np.full(pixels, depths, np.float32),
        0.5,
        LAND,
        OTHER,
        np.asarray(drawdowns, np.float32),
        np.array([1.0, 0.5], np.float32),
    )


def optics_of(noise=0.0, noise_gain=0.0):
    return Optics(
        rayleigh=np.array([0.02, 0.0]),
        more_rayleigh=np.array([0.01, 0.0]),
        diffuse=np.array([0.3, 0.1]),
        haze=np.array([0.2, 0.05]),
        extinction=np.array([0.4, 0.1]),
        snow=np.array([0.9, 0.7]),
        cloud=np.array([0.8, 0.6]),
        cirrus=np.array([0.5, 0.3]),
        noise=np.full(2, noise),
        noise_gain=noise_gain,
    )


def sky_of(pixels, **rows):
    sky = np.zeros((6, pixels), np.float32)
    sky[LIGHT] = 1
    for name, value in rows.items():
        sky[
            {"opacity": OPACITY, "shade": SHADE, "cirrus": CIRRUS, "haze": HAZE, "snow": SNOW, "light": LIGHT}[name]
        ] = value
    return sky


def image_of(ground, sky, optics=None, columns=None):
    pixels = len(ground.entries)
    columns = np.arange(pixels, dtype=np.int64) if columns is None else columns
    image = np.empty((pixels, 2), np.float32)
    keys = np.array([1, 2], np.uint64)
    expose(ground, optics or optics_of(), sky, columns, np.zeros(pixels, np.int64), keys, image)
    return image


PURE = [[0] * 9]


def test_clear_light_on_flat_ground_shows_the_spectrum_and_what_more_air_adds():
    assert_allclose(image_of(ground_of(PURE), sky_of(1)), [LAND[0] + [0.01, 0]], rtol=1e-6)


def test_a_pixel_is_the_mean_of_its_samples_and_leans_to_the_second_state():
    entries = [[0, 0, 0, 0, 0, 0, 1, 1, 1]]
    states = 0.75 * LAND + 0.25 * OTHER
    expected = (6 * states[0] + 3 * states[1]) / 9 + [0.01, 0]
    assert_allclose(image_of(ground_of(entries, texture=0.25), sky_of(1))[0], expected, rtol=1e-6)


def test_direct_light_falls_with_the_slope_and_the_shade_but_not_that_of_the_air():
    """By hand for band 1: 0.02 + (0.05 - 0.02) * (0.7 * 0.5 * (1 - 0.95) + 0.3) + 0.01 = 0.039525."""
    image = image_of(ground_of(PURE), sky_of(1, light=0.5, shade=1.0))
    assert_allclose(image[0, 0], 0.039525, rtol=1e-5)


def test_an_opaque_cloud_hides_the_ground_and_snow_hides_what_lets_it():
    """By hand: a cloud of opacity 1 shows its own 0.8 and 0.6; snow on the second parcel is seen by half."""
    both = [[0] * 9, [1] * 9]
    assert_allclose(image_of(ground_of(both), sky_of(2, opacity=1.0)), [[0.8, 0.6]] * 2, rtol=1e-6)
    expected = [[0.9 + 0.01, 0.7], [(0.2 + 0.9) / 2 + 0.01, (0.1 + 0.7) / 2]]
    assert_allclose(image_of(ground_of(both), sky_of(2, snow=1.0)), expected, rtol=1e-6)


def test_haze_dims_the_ground_and_adds_its_own_light_and_cirrus_lies_on_top():
    """By hand for band 1: (0.05 * (1 - 0.4 * 0.5) + 0.01 + 0.2 * 0.5) = 0.15, then 0.15 + 0.1 * (0.5 - 0.15)."""
    image = image_of(ground_of(PURE), sky_of(1, haze=0.5, cirrus=0.1))
    assert_allclose(image[0, 0], 0.185, rtol=1e-5)


@given(st.floats(0, 24), st.floats(0, 20))
def test_a_reservoir_is_wet_below_its_level_and_dry_above(depth, drawdown):
    share = water_share(depth, drawdown, 0.5)
    assert 0 <= share <= 1
    assert (share > 0.5) == (depth > drawdown) or share == 0.5
    image = image_of(ground_of(PURE, depths=depth, drawdowns=(drawdown, np.nan)), sky_of(1))
    share = water_share(float(np.float32(depth)), float(np.float32(drawdown)), 0.5)
    expected = share * LAND[0] + (1 - share) * OTHER[0] + [0.01, 0]
    assert_allclose(image[0], expected, rtol=1e-4)


def test_noise_has_its_deviation_and_belongs_to_the_pixel_of_the_world():
    entries = np.zeros((20_000, 9), int)
    noisy = image_of(ground_of(entries), sky_of(20_000), optics_of(0.002, 0.01))
    clean = image_of(ground_of(entries[:1]), sky_of(1))
    expected = 0.002 + 0.01 * clean[0]
    assert_allclose((noisy - clean).std(axis=0), expected, rtol=0.03)  # 20000 draws tell it to 0.5 %
    assert abs(np.corrcoef(noisy.T)[0, 1]) < 0.03
    shifted = image_of(
        ground_of(entries[:100]), sky_of(100), optics_of(0.002, 0.01), np.arange(50, 150, dtype=np.int64)
    )
    assert_array_equal(shifted, noisy[50:150])


def test_what_is_seen_is_never_0():
    image = image_of(ground_of(np.zeros((5000, 9), int)), sky_of(5000), optics_of(0.5))
    assert image.min() == np.float32(LEAST_REFLECTANCE)


@pytest.mark.parametrize(("dtype", "scale"), [(np.float32, 1.0), (np.float64, 1.0), (np.uint16, 10_000.0)])
def test_pixels_of_their_own_size_are_spread_over_those_of_the_image(dtype, scale):
    group = np.random.default_rng(0).random((3, 2), np.float32)
    index = np.array([[0, 0, 1], [2, 1, 0]])
    image = np.zeros((2, 3, 4), dtype)
    spread(group, index, np.array([3, 1]), scale, image)
    values = group[index] if scale == 1 else np.floor(group[index] * np.float64(scale) + 0.5)
    assert_array_equal(image[..., [3, 1]], values.astype(dtype))
    assert not image[..., [0, 2]].any()
