"""Which dates are loaded, saved or appended."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.core.exceptions import EOLearnError
from eolearn.core.storage.dates import check_append, dates_to_load, infer_dates, positions_of

DAYS = [dt.datetime(2017, 6, day) for day in (1, 11, 21)]
UTC_DAY = dt.datetime(2017, 7, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (None, [0, 1, 2, 3, 4]),
        (slice(1, 4), [1, 2, 3]),
        (slice(None, None, 2), [0, 2, 4]),
        (slice(3, 0, -1), [3, 2, 1]),
        (slice(3, 100), [3, 4]),
        ([2, 0], [2, 0]),
        ([-1, 1, 1], [4, 1, 1]),
        ((), []),
        (range(1, 3), [1, 2]),
        (np.array([3, 1], dtype=np.uint8), [3, 1]),
        ([np.int64(-2)], [3]),
        ([True, False, False, True, False], [0, 3]),
        (np.array([False] * 4 + [True]), [4]),
    ],
)
def test_positions_keep_their_order(selection, expected):
    assert list(positions_of(selection, 5)) == expected


@pytest.mark.parametrize("position", [5, -6])
def test_a_position_that_is_not_there_is_an_index_error_and_a_value_error(position):
    with pytest.raises(IndexError, match=rf"no band at position {position}: there are 5 bands") as info:
        positions_of([0, position], 5, "band")
    assert isinstance(info.value, ValueError)


@pytest.mark.parametrize("bad", ["infer", 3, 2.5, [0.5], ["2017-06-01"], [True, 1], [True, False], [None]])
def test_what_selects_nothing_is_refused(bad):
    with pytest.raises(ValueError, match="mask") as info:
        positions_of(bad, 5)
    assert isinstance(info.value, EOLearnError)


@given(st.integers(0, 8).flatmap(lambda count: st.lists(st.booleans(), min_size=count, max_size=count)))
def test_a_mask_selects_the_same_as_numpy(mask):
    assert list(positions_of(mask, len(mask))) == list(np.arange(len(mask))[np.array(mask, dtype=bool)])


@given(st.integers(1, 9), st.data())
def test_positions_select_the_same_as_numpy(count, data):
    selection = data.draw(st.lists(st.integers(-count, count - 1)) | st.slices(count))
    array = np.arange(count)
    np.testing.assert_array_equal(array[np.array(list(positions_of(selection, count)), dtype=int)], array[selection])


def test_a_function_gets_all_timestamps_and_may_return_a_mask_or_positions():
    assert dates_to_load(lambda timestamps: [day.day > 5 for day in timestamps], DAYS) == [1, 2]
    assert dates_to_load(lambda timestamps: np.array([2, 0]), DAYS) == [2, 0]
    with pytest.raises(OSError, match="no saved timestamps"):
        dates_to_load(lambda timestamps: [0], None)


def test_without_a_selection_there_are_as_many_dates_as_timestamps():
    assert dates_to_load(None, DAYS) == slice(3)
    assert dates_to_load(None, None) is None


def test_dates_are_found_one_by_one():
    selection = infer_dates([DAYS[2], DAYS[0]], DAYS)
    assert (selection.selection, selection.full_size) == ([2, 0], 3)


@pytest.mark.parametrize(
    ("timestamps", "stored", "error", "message"),
    [
        (None, DAYS, RuntimeError, "Cannot infer temporal selection.*?has no timestamps"),
        (DAYS, None, OSError, "Saved EOPatch does not have timestamps"),
        ([*DAYS, dt.datetime(2018, 1, 1)], DAYS, ValueError, "Cannot infer temporal selection.*?subset.*2018-01-01"),
    ],
)
def test_dates_that_cannot_be_found_are_an_error(timestamps, stored, error, message):
    with pytest.raises(error, match=message) as info:
        infer_dates(timestamps, stored)
    assert isinstance(info.value, EOLearnError)


@pytest.mark.parametrize("new", [[], [dt.datetime(2017, 7, 1)], [dt.datetime(2017, 7, 1), dt.datetime(2018, 1, 1)]])
def test_later_dates_can_be_appended(new):
    check_append(new, DAYS)
    check_append(new, [])


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (DAYS[1:], "saved already: 2017-06-11 00:00:00, 2017-06-21 00:00:00"),
        ([dt.datetime(2017, 6, 2)], "precede 2017-06-21 00:00:00.*: 2017-06-02"),
        ([dt.datetime(2018, 1, day) for day in (2, 1)], "in their order"),
        ([dt.datetime(2018, 1, 1)] * 2, "each once"),
        ([UTC_DAY], "time zone"),
        ([dt.datetime(2017, 1, day) for day in range(1, 9)], "and 3 more"),
    ],
)
def test_dates_that_clash_precede_or_are_out_of_order_are_refused_by_name(new, message):
    with pytest.raises(ValueError, match=message):
        check_append(new, DAYS)
