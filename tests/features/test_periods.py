from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.core.exceptions import SettingError
from eolearn.features.periods import check_period, period_edges

TIMES = st.lists(st.datetimes(datetime(1999, 1, 1), datetime(2003, 1, 1)), min_size=1, max_size=5)


def test_months_and_years_without_a_date_are_there_too():
    times = [datetime(2019, 11, 30, 23), datetime(2020, 1, 1)]
    months = [datetime(2019, 11, 1), datetime(2019, 12, 1), datetime(2020, 1, 1), datetime(2020, 2, 1)]
    assert period_edges("month", times) == months
    assert period_edges("year", times) == [datetime(2019, 1, 1), datetime(2020, 1, 1), datetime(2021, 1, 1)]


def test_third_dekad_is_what_is_left_of_the_month():
    edges = period_edges("dekad", [datetime(2020, 2, 10), datetime(2020, 2, 29, 23, 59)])
    assert [(edge.month, edge.day) for edge in edges] == [(2, 1), (2, 11), (2, 21), (3, 1)]
    assert period_edges("dekad", [datetime(2020, 1, 31)]) == [datetime(2020, 1, 21), datetime(2020, 2, 1)]


@given(st.sampled_from(["month", "dekad", "year"]), TIMES)
def test_each_date_lies_in_a_period_and_the_outer_ones_hold_one(period, times):
    edges = period_edges(period, times)
    assert edges == sorted(set(edges))
    assert edges[0] <= min(times) < edges[1]
    assert edges[-2] <= max(times) < edges[-1]
    spans = {"month": (28, 31), "dekad": (8, 11), "year": (365, 366)}[period]
    assert all(spans[0] <= (b - a) / timedelta(days=1) <= spans[1] for a, b in pairwise(edges))


def test_dates_are_edges():
    edges = check_period(["2020-01-01", "2020-03-01"])
    assert edges == [datetime(2020, 1, 1), datetime(2020, 3, 1)]
    assert period_edges(edges, []) == edges
    assert period_edges("month", []) == []


@pytest.mark.parametrize("period", ["week", ["2020-01-01"], [], ["2020-02-01", "2020-01-01"], 2 * ["2020-01-01"]])
def test_what_is_no_period_is_refused(period):
    with pytest.raises(SettingError, match="one of|ascending order"):
        check_period(period)
