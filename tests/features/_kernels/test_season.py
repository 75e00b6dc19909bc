from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.features._kernels.season import SEASON, season

DAYS = np.array([0.0, 10, 20, 30, 40, 50])


def season_of(values, days=DAYS, start=0.5, end=0.5, least=0.0):
    result = season(np.array([values], dtype=float), days, start_fraction=start, end_fraction=end, amplitude_min=least)
    return dict(zip(SEASON, result[0], strict=True))


def test_season_of_a_triangle_is_read_off_its_sides():
    found = season_of([0, 0, 4, 8, 6, 4])
    # the rise from 0 to 8 is half done at 4, on day 20; the fall from 8 to 4 at 6, on day 40
    assert (found["start"], found["peak"], found["end"], found["length"]) == (20, 30, 40, 20)
    assert (found["base"], found["peak_value"], found["amplitude"]) == (2, 8, 6)


def test_fractions_are_taken_of_the_rise_and_of_the_fall():
    found = season_of([0, 0, 4, 8, 6, 4], start=0.25, end=0.75)
    assert (found["start"], found["end"]) == (15, 35)  # at 2, between days 10 and 20; at 7, between days 30 and 40


def test_gaps_are_crossed_on_a_straight_line():
    whole, gap = [0, 2, 4, 6, 4, 0], [0, np.nan, np.nan, 6, 4, 0]
    assert_allclose(list(season_of(gap).values()), list(season_of(whole).values()))


def test_season_starts_at_the_last_rise_through_the_level():
    assert season_of([0, 6, 0, 0, 8, 0])["start"] == 35


def test_side_without_a_lower_value_is_unknown():
    found = season_of([8, 6, 4, 2, 1, 0])
    assert np.isnan([found["start"], found["length"], found["base"], found["amplitude"]]).all()
    assert (found["peak"], found["end"]) == (0, 20)


@pytest.mark.parametrize("values", [6 * [np.nan], 5 * [np.nan] + [1]])
def test_series_without_a_season_is_unknown(values):
    found = season_of(values)
    assert np.isnan([found["start"], found["end"], found["amplitude"]]).all()


@pytest.mark.parametrize("values", [[0, 0, 1, 2, 1, 0], [0, 0, 0, 0, 1, 2], 6 * [5]])
def test_small_amplitudes_are_no_season(values):
    assert np.isnan(list(season_of(values, least=3).values())).all()


def test_amplitude_may_be_that_of_the_one_side_that_is_known():
    found = season_of([0, 0, 0, 0, 1, 2], least=2)
    assert (found["start"], found["peak"]) == (40, 50)


def test_first_of_equal_peaks_is_the_peak():
    assert season_of([0, 5, 5, 0, 5, 0])["peak"] == 10


def test_series_without_dates_have_no_season():
    result = season(np.zeros((2, 0)), np.zeros(0), start_fraction=0.2, end_fraction=0.2, amplitude_min=0)
    assert_array_equal(result, np.full((2, 7), np.nan))


@given(arrays(np.float64, (3, 6), elements=st.one_of(st.integers(-9, 9).map(float), st.just(np.nan))))
def test_time_reversed_swaps_start_and_end_where_the_peak_is_one(series):
    settings = {"start_fraction": 0.25, "end_fraction": 0.25, "amplitude_min": 0}
    peaks = np.nanmax(np.where(np.isnan(series), -np.inf, series), axis=1, keepdims=True)
    series = series[(series == peaks).sum(axis=1) == 1]
    there = season(series, DAYS, **settings)
    back = season(np.ascontiguousarray(series[:, ::-1]), np.ascontiguousarray(50 - DAYS[::-1]), **settings)
    assert_allclose(there[:, 0], 50 - back[:, 2], atol=1e-12)
    assert_allclose(there[:, 3:], back[:, 3:], atol=1e-12)
