"""Dates are chosen by position, by date, by a mask or by a function; the result is ascending and without repeats."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.core.exceptions import EOLearnError
from eolearn.core.temporal_selection import parse_timestamps, select_dates

DAYS = [dt.datetime(2017, 6, day) for day in (1, 11, 21)]


def test_dates_and_strings_become_datetimes():
    assert parse_timestamps([dt.date(2017, 6, 1), "2017-06-01T10:00:00", "15.2.1992"]) == [
        dt.datetime(2017, 6, 1),
        dt.datetime(2017, 6, 1, 10),
        dt.datetime(1992, 2, 15),
    ]


def test_an_iterator_of_dates_is_read_once_and_kept():
    assert parse_timestamps(iter(DAYS)) == DAYS


def test_pandas_timestamps_and_time_zones_stay():
    aware = pd.Timestamp("2017-06-01", tz="UTC")
    assert parse_timestamps([aware]) == [aware]
    assert parse_timestamps(["2017-06-01T10:00:00+02:00"])[0].utcoffset() == dt.timedelta(hours=2)


@pytest.mark.parametrize("bad", [dt.datetime(2017, 6, 1), 5, [None], [5], np.array(["2017-06-01"], "datetime64[D]")])
def test_what_is_no_date_is_refused_as_a_type_error(bad):
    with pytest.raises(TypeError) as caught:
        parse_timestamps(bad)
    assert isinstance(caught.value, EOLearnError)


@pytest.mark.parametrize("bad", ["2017-06-01", ["not a date"], ["2017-13-01"]])
def test_strings_that_are_no_dates_are_refused_with_the_string_in_the_message(bad):
    with pytest.raises(ValueError, match="2017|not a date") as caught:
        parse_timestamps(bad)
    assert isinstance(caught.value, EOLearnError)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ([2, 0], [0, 2]),
        ([0, 0, 1], [0, 1]),
        ([-1], [2]),
        (np.array([1, 2]), [1, 2]),
        (range(2), [0, 1]),
        ({2}, [2]),
        ((index for index in (1,)), [1]),
        ([], []),
        ([True, False, True], [0, 2]),
        (np.array([False, True, False]), [1]),
        ([dt.datetime(2017, 6, 11), dt.datetime(1999, 1, 1)], [1]),
        (["2017-06-21"], [2]),
        (np.array(DAYS[:2], dtype=object), [0, 1]),
        (lambda timestamps: [timestamp.day > 5 for timestamp in timestamps], [1, 2]),
        (lambda timestamps: [1], [0]),
    ],
)
def test_each_way_to_select_dates(selection, expected):
    assert select_dates(DAYS, selection) == expected


@pytest.mark.parametrize("index", [3, -4])
def test_a_position_beyond_the_end_is_an_index_error_that_tells_how_many_there_are(index):
    with pytest.raises(IndexError, match=rf"{index}.*3 timestamps") as caught:
        select_dates(DAYS, [index])
    assert isinstance(caught.value, EOLearnError)


@pytest.mark.parametrize(
    "bad", ["2017-06-01", 5, None, [0.5], [0, "2017-06-01"], [True, False], [True, 1], lambda timestamps: [True] * 4]
)
def test_what_selects_no_dates_is_refused(bad):
    with pytest.raises(ValueError, match="dates|mask|flags") as caught:
        select_dates(DAYS, bad)
    assert isinstance(caught.value, EOLearnError)


@given(st.lists(st.booleans(), max_size=8))
def test_a_mask_selects_the_same_as_its_positions_and_as_its_dates(mask):
    timestamps = [dt.datetime(2020, 1, 1) + dt.timedelta(days=5 * index) for index in range(len(mask))]
    positions = [index for index, flag in enumerate(mask) if flag]
    assert select_dates(timestamps, mask) == positions
    assert select_dates(timestamps, lambda _: mask) == positions
    assert select_dates(timestamps, positions[::-1]) == positions
    assert select_dates(timestamps, [timestamps[index] for index in positions]) == positions
