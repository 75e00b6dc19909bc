"""Oracles: distances between all pairs, and counts over many seeds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from scipy.stats import chi2

from eolearn.ml_tools._kernels.designs import capped, far_apart, stratified, systematic

SHAPE = (9, 11)
ALL = np.arange(99)


def chance_of_counts(counts, runs, probability):
    """Return how likely counts at least as far from what is expected are: a chi-squared test of independent cells."""
    statistic = ((counts - runs * probability) ** 2 / (runs * probability * (1 - probability))).sum()
    return chi2.sf(statistic, len(counts))


def test_stratified_draw_has_the_stated_probability_over_seeds():
    strata, candidates = np.repeat([1, 2], [4, 60]), ALL[10:74]
    counts = np.zeros((500, 99))
    for seed in range(500):
        draw = stratified(strata, candidates, {2: 6, 1: 2}, np.random.default_rng(seed))
        counts[seed, draw.pixels] += 1
        np.testing.assert_array_equal(draw.probability, [0.1] * 6 + [0.5] * 2)
    assert counts.max() == 1
    assert counts[:, :10].sum() == counts[:, 74:].sum() == 0
    assert chance_of_counts(counts.sum(axis=0)[10:14], 500, 0.5) > 0.001
    assert chance_of_counts(counts.sum(axis=0)[14:74], 500, 0.1) > 0.001


def test_systematic_draw_over_all_starts_takes_each_pixel_once():
    """The probability is exact: each start is as likely as any other, and each pixel is on the grid of one of them."""

    class Starts:
        def __init__(self, start):
            self.integers = lambda low, high: start

    candidates = np.random.default_rng(0).random(SHAPE) < 0.7
    draws = [systematic(candidates, (4, 3), Starts((row, column))) for row in range(4) for column in range(3)]
    pixels = np.concatenate([draw.pixels for draw in draws])
    np.testing.assert_array_equal(np.sort(pixels), np.flatnonzero(candidates))
    assert {value for draw in draws for value in draw.probability.tolist()} == {1 / 12}


def test_starts_of_systematic_draws_are_spread_over_the_spacing():
    draws = [systematic(np.ones(SHAPE, dtype=bool), (4, 3), np.random.default_rng(seed)) for seed in range(300)]
    assert {int(draw.pixels[0]) for draw in draws} == {11 * row + column for row in range(4) for column in range(3)}


@given(st.integers(0, 99), st.floats(0, 12), st.integers(0, 120))
def test_no_two_pixels_are_nearer_than_the_distance_and_no_other_has_room(seed, distance, count):
    candidates = ALL[ALL % 5 != 0]
    draw = far_apart(candidates, SHAPE, count, distance, np.random.default_rng(seed))
    places = np.stack(np.divmod(draw.pixels, 11), axis=1).astype(float)
    assert np.isin(draw.pixels, candidates).all()
    assert len(set(draw.pixels.tolist())) == len(draw.pixels) <= count
    assert (pdist(places) >= distance).all()
    assert np.isnan(draw.probability).all()
    if len(draw.pixels) < count:
        others = np.stack(np.divmod(np.setdiff1d(candidates, draw.pixels), 11), axis=1)
        gaps = np.linalg.norm(others[:, None] - places[None], axis=-1)
        assert (gaps.min(axis=1, initial=np.inf) < distance).all()


@given(st.lists(st.integers(0, 4), max_size=30), st.integers(1, 5), st.integers(0, 99))
def test_of_each_group_as_many_stay_as_may(groups, most, seed):
    groups = np.array(groups, dtype=np.uint16)
    stays = capped(groups, most, np.random.default_rng(seed))
    for group in range(5):
        size = int((groups == group).sum())
        assert stays[groups == group].sum() == (min(size, most) if group else size)


def test_which_of_a_group_stay_is_random():
    kept = sum(capped(np.array([1, 1, 1, 1]), 2, np.random.default_rng(seed)).astype(int) for seed in range(400))
    assert chance_of_counts(kept, 400, 0.5) > 0.001
