from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.core.exceptions import EOLearnError
from eolearn.features.timeline import resampled_dates, times_of

DAYS = st.dates(date(2015, 1, 1), date(2030, 12, 31))


@given(DAYS, st.integers(0, 400), st.integers(1, 60))
def test_regular_dates_are_start_and_full_steps_before_end(start, length, step):
    end = start + timedelta(days=length)
    dates = resampled_dates((start.isoformat(), end.isoformat(), step))
    expected = [start + timedelta(days=days) for days in range(0, max(length, 1), step)]
    assert [moment.date() for moment in dates] == expected


def test_start_is_there_even_if_it_is_the_end():
    assert resampled_dates(("2025-01-06", "2025-01-06", 1)) == [datetime(2025, 1, 6)]


def test_regular_dates_keep_the_time_of_day_of_the_start():
    dates = resampled_dates(["2025-01-02T10:00", "2025-01-04T09:00", np.int64(1)])
    assert dates == [datetime(2025, 1, 2, 10), datetime(2025, 1, 3, 10)]


def test_lists_keep_their_order_and_may_mix_strings_and_dates():
    dates = resampled_dates(["2025-01-04", date(2025, 1, 2), datetime(2025, 1, 3, 12)])
    assert dates == [datetime(2025, 1, 4), datetime(2025, 1, 2), datetime(2025, 1, 3, 12)]


def test_three_strings_are_three_dates():
    assert len(resampled_dates(("2025-01-02", "2025-01-03", "2025-01-04"))) == 3


@pytest.mark.parametrize(
    ("resample_range", "error", "message"),
    [
        ("2025-01-02", ValueError, "2025-01-02"),
        (5, ValueError, "got 5"),
        ({"2025-01-02"}, ValueError, "2025-01-02"),
        (np.array(["2025-01-02"]), ValueError, "2025-01-02"),
        ((1, 2, 3), TypeError, "got 1"),
        (("2025-01-02", "2025-01-06", 1.5), TypeError, "1.5"),
        ([], IndexError, "empty"),
        (["foo"], ValueError, "foo"),
        (("2025-01-02", "2025-01-06", 0), ValueError, "got 0 days"),
        (("2025-01-02", "2025-01-06", -1), ValueError, "got -1 days"),
        (("2025-01-06", "2025-01-02", 1), ValueError, "2025-01-06.* to 2025-01-02"),
    ],
)
def test_other_ranges_are_refused(resample_range, error, message):
    with pytest.raises(error, match=message) as caught:
        resampled_dates(resample_range)
    assert isinstance(caught.value, EOLearnError)


def test_times_count_from_the_first_timestamp_in_rounded_units():
    timestamps = [datetime(2025, 1, 2), datetime(2025, 1, 2, 1, 29), datetime(2025, 1, 2, 2, 30), datetime(2025, 1, 3)]
    times, _ = times_of(timestamps, timestamps, 3600)
    assert times.dtype == np.int64
    assert times.tolist() == [0, 1, 2, 24]  # 1.48 h and 2.5 h; ties go to the even number


def test_timestamps_need_not_be_in_order():
    times, _ = times_of([datetime(2025, 1, 2), datetime(2025, 1, 1)], [datetime(2025, 1, 2)], 3600)
    assert times.tolist() == [0, -24]


@pytest.mark.parametrize("hour", [0, 10, 23])
def test_first_date_is_whole_days_from_the_first_timestamp_whatever_the_hour(hour):
    _, wanted = times_of([datetime(2025, 1, 2, hour)], [datetime(2025, 1, 1), datetime(2025, 1, 3, 12)], 3600)
    assert wanted.tolist() == [-24, 36]


def test_units_that_do_not_divide_a_day_are_not_truncated():
    timestamps = [datetime(2025, 1, 2) + timedelta(days=days) for days in range(4)]
    times, wanted = times_of(timestamps, timestamps[1:], 50_000)
    assert wanted.tolist() == times[1:].tolist() == [2, 3, 5]  # 1.728, 3.456 and 5.184 units


def test_dates_may_have_a_time_zone_that_timestamps_lack():
    _, wanted = times_of([datetime(2025, 1, 2)], [datetime(2025, 1, 3, tzinfo=UTC)], 3600)
    assert wanted.tolist() == [24]
