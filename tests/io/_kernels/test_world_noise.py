"""Hashes and noise, against plain Python integers, against what is smooth, and against statistics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.io._kernels.world_noise import fractal_noise, gradient_noise, hash_of, mix, normal, smooth_step, unit

BITS = st.integers(0, 2**64 - 1)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
KEY = np.uint64(20180625)


def slow_mix(number):
    """SplitMix64 in unlimited integers."""
    bits = (number + 0x9E3779B97F4A7C15) % 2**64
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) % 2**64
    return bits ^ (bits >> 31)


def test_the_first_numbers_of_splitmix64_are_the_published_ones():
    """The generator of seed 1234567 adds the golden gamma before it mixes; numbers of Rosetta Code, Splitmix64."""
    golden = 0x9E3779B97F4A7C15
    numbers = [int(mix(np.uint64((1234567 + step * golden) % 2**64))) for step in range(5)]
    assert numbers == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@given(BITS, INTEGERS, INTEGERS)
def test_a_hash_is_that_of_unlimited_integers(key, first, second):
    expected = slow_mix(key ^ slow_mix(first % 2**64 ^ slow_mix(second % 2**64)))
    assert int(hash_of(np.uint64(key), np.int64(first), np.int64(second))) == expected


@given(BITS)
def test_units_and_normals_are_in_their_ranges(bits):
    assert unit(np.uint64(bits)) == (bits >> 11) / 2**53
    assert 0 <= unit(np.uint64(bits)) < 1
    assert abs(normal(np.uint64(bits))) <= 2 * np.sqrt(3) + 1e-12


def test_neighbouring_pixels_have_normals_of_mean_0_and_deviation_1_that_know_nothing_of_each_other():
    draws = np.array([[normal(np.uint64(hash_of(KEY, column, row))) for column in range(200)] for row in range(200)])
    deviation_of_mean = 1 / 200
    assert abs(draws.mean()) < 4 * deviation_of_mean
    assert abs(draws.std() - 1) < 4 * deviation_of_mean
    for neighbour in (draws[:, 1:] * draws[:, :-1], draws[1:] * draws[:-1]):
        assert abs(neighbour.mean()) < 4 * deviation_of_mean


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_gradient_noise_is_0_on_the_lattice(column, row):
    assert gradient_noise(KEY, float(column), float(row)) == 0


@given(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5))
def test_noise_is_continuous_and_bounded(x, y):
    step = 1e-6
    here = gradient_noise(KEY, x, y)
    assert abs(here) <= 1  # at most the mean of planes that are at most 2 * 0.5 high in the middle
    # four planes of slopes up to 1, and a blend of slope up to 15 / 8 between heights that differ by up to 2
    assert abs(gradient_noise(KEY, x + step, y) - here) <= 5 * step
    assert abs(gradient_noise(KEY, x, y + step) - here) <= 5 * step


@pytest.mark.parametrize("octaves", [1, 4, 7])
def test_fractal_noise_has_mean_0_and_a_deviation_of_about_1(octaves):
    rng = np.random.default_rng(0)
    values = [fractal_noise(KEY, x, y, octaves, 0.5) for x, y in rng.uniform(-3000, 3000, (4000, 2))]
    assert abs(np.mean(values)) < 0.1
    assert 0.8 < np.std(values) < 1.2


def test_other_keys_give_other_noise():
    places = np.random.default_rng(1).uniform(-100, 100, (2000, 2))
    one, other = ([fractal_noise(key, x, y, 3, 0.5) for x, y in places] for key in (KEY, KEY + np.uint64(1)))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.1


@given(st.floats(-10, 10))
def test_a_smooth_step_rises_from_0_to_1_and_is_symmetric(value):
    step = smooth_step(-2.0, 3.0, value)
    assert 0 <= step <= 1
    assert step == pytest.approx(1 - smooth_step(-2.0, 3.0, 1 - value), abs=1e-12)
    assert step <= smooth_step(-2.0, 3.0, value + 0.1)
