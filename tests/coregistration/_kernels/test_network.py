"""One shift a date: exact without errors, robust with wrong pairs, and as sure as it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.coregistration._kernels.network import pairs_of_dates, solve_shifts


def measured(shifts, noise=0.0, seed=0):
    pairs = pairs_of_dates(len(shifts))
    errors = np.random.default_rng(seed).normal(0, noise, (len(pairs), 2))
    return pairs, shifts[pairs[:, 1]] - shifts[pairs[:, 0]] + errors


@pytest.mark.parametrize(("count", "pairs"), [(0, 0), (1, 0), (2, 1), (3, 3), (4, 5), (5, 8)])
def test_pairs_are_a_power_of_two_apart(count, pairs):
    found = pairs_of_dates(count)
    assert found.shape == (pairs, 2)
    assert set(found[:, 1] - found[:, 0]) <= {1, 2, 4}


def test_a_few_steps_lead_from_each_date_to_each():
    assert len(pairs_of_dates(50)) == sum(50 - step for step in (1, 2, 4, 8, 16, 32))


@given(count=st.integers(2, 12), seed=st.integers(0, 99))
def test_exact_pairs_give_exact_shifts(count, seed):
    shifts = np.random.default_rng(seed).uniform(-5, 5, (count, 2))
    pairs, between = measured(shifts)
    found = solve_shifts(pairs, between, np.ones(len(pairs)), count=count, fixed=1)
    assert_allclose(found.shifts_xy, shifts - shifts[1], atol=1e-6)
    free = solve_shifts(pairs, between, np.ones(len(pairs)), count=count, fixed=None)
    assert_allclose(np.median(free.shifts_xy, axis=0), 0, atol=1e-6)


def test_wrong_pairs_do_no_harm():
    shifts = np.random.default_rng(1).uniform(-5, 5, (20, 2))
    pairs, between = measured(shifts, noise=0.01)
    wrong = np.random.default_rng(2).choice(len(pairs), len(pairs) // 6, replace=False)
    between[wrong] = np.random.default_rng(3).uniform(-9, 9, (len(wrong), 2))
    found = solve_shifts(pairs, between, np.ones(len(pairs)), count=20, fixed=0).shifts_xy
    assert np.abs(found - (shifts - shifts[0])).max() < 0.05
    plain = np.zeros((len(pairs), 20))
    plain[np.arange(len(pairs)), pairs[:, 1]], plain[np.arange(len(pairs)), pairs[:, 0]] = 1, -1
    least_squares = np.linalg.lstsq(plain[:, 1:], between, rcond=None)[0]
    assert np.abs(least_squares - (shifts - shifts[0])[1:]).max() > 0.5  # what they would do


def test_dates_that_no_pair_connects_are_not_known():
    pairs = np.array([(0, 1), (1, 2), (3, 4)])
    between = np.ones((3, 2))
    found = solve_shifts(pairs, between, np.ones(3), count=6, fixed=0)
    assert_allclose(found.shifts_xy[:3, 0], [0, 1, 2], atol=1e-9)
    assert np.isnan(found.shifts_xy[3:]).all()
    assert np.isnan(found.deviation_px[3:]).all()
    assert_array_equal(np.isnan(solve_shifts(pairs, between, np.array([0, 0, 1]), count=6, fixed=None).shifts_xy[:, 0]),
                       [True, True, True, False, False, True])  # fmt: skip


@pytest.mark.parametrize("fixed", [0, 7])
def test_the_deviation_is_that_of_the_errors(fixed):
    found = []
    for seed in range(60):
        pairs, between = measured(np.zeros((15, 2)), noise=0.04, seed=seed)
        found.append(solve_shifts(pairs, between, np.ones(len(pairs)), count=15, fixed=fixed))
    dates = np.arange(15) != fixed
    errors = np.array([one.shifts_xy[dates] for one in found])
    said = np.array([one.deviation_px[dates] for one in found])
    assert np.sqrt((errors**2).mean()) == pytest.approx(said.mean(), rel=0.15)
    assert found[0].deviation_px[fixed] == pytest.approx(0, abs=1e-6)
