"""Bands and dates that users may ask for."""

from datetime import date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.io._selection import band_positions, date_positions

DATES = [datetime(2020, 1, 1 + 5 * index, 10) for index in range(4)]  # the 1st, 6th, 11th and 16th


class TestBands:
    @given(st.lists(st.integers(-5, 4), min_size=1))
    def test_a_list_selects_as_an_index_does(self, indices):
        assert band_positions(indices, 5) == [range(5)[index] for index in indices]

    @given(st.integers(0, 6), st.integers(0, 6))
    def test_a_tuple_selects_from_the_first_to_the_last_of_those_there_are(self, first, last):
        expected = [position for position in range(5) if first <= position <= last]
        if expected:
            assert band_positions((first, last), 5) == expected
        else:
            with pytest.raises(ValueError, match="selects none of 5 bands"):
                band_positions((first, last), 5)

    @pytest.mark.parametrize(("indices", "expected"), [((-2, -1), [3, 4]), ((0, -1), [0, 1, 2, 3, 4]), ((-9, 0), [0])])
    def test_negative_ends_of_a_tuple_count_from_the_end(self, indices, expected):
        assert band_positions(indices, 5) == expected

    def test_integers_of_numpy_are_positions_and_booleans_a_mask(self):
        assert band_positions([np.int64(2), np.uint8(0)], 3) == [2, 0]
        assert band_positions((np.int32(0), np.int32(1)), 3) == [0, 1]
        assert band_positions([True, False, True], 3) == [0, 2]

    @pytest.mark.parametrize(
        "indices", [(0,), (0, 1, 2), ("a", "b"), (0, 1.0), "x", 3, [0.5], ["a"], [[0]], np.array([0])]
    )
    def test_other_forms_are_refused(self, indices):
        with pytest.raises(ValueError, match="band_indices can't be"):
            band_positions(indices, 5)

    @pytest.mark.parametrize("indices", [[5], [-6], [0, 99], [True, False]])
    def test_a_list_that_is_out_of_range_is_an_index_error(self, indices):
        with pytest.raises(IndexError, match="band_indices.*there are 5"):
            band_positions(indices, 5)

    @pytest.mark.parametrize(("indices", "count"), [([], 5), ((3, 2), 5), ((0, 1), 0), ([False], 1)])
    def test_a_selection_of_nothing_is_refused(self, indices, count):
        with pytest.raises(ValueError, match=f"selects none of {count}"):
            band_positions(indices, count)


class TestDates:
    @pytest.mark.parametrize(
        ("indices", "expected"),
        [
            ([2, 0], [2, 0]),
            ([-1], [3]),
            ([np.int64(1)], [1]),
            ([True, False, False, True], [0, 3]),
            ((1, 2), [1, 2]),
            ((-2, -1), [2, 3]),
            ((0, -1), [0, 1, 2, 3]),
            (("2020-01-02", "2020-01-11"), [1, 2]),  # until the end of the last day
            (("2020-01-06T10:00:00Z", "2020-01-06T10:00:00Z"), [1]),
            ((DATES[1], DATES[3]), [1, 2, 3]),
            ((datetime(2020, 1, 1, 11), datetime(2020, 1, 6, 9)), None),
            ((2, 1), None),
            ([], None),
        ],
    )
    def test_dates_are_selected_with_both_ends(self, indices, expected):
        if expected is None:
            with pytest.raises(ValueError, match="selects nothing: there are 4 dates"):
                date_positions(indices, DATES)
        else:
            assert date_positions(indices, DATES) == expected

    def test_positions_of_a_tuple_stand_for_their_dates(self):
        unsorted = [DATES[2], DATES[0], DATES[1], DATES[3]]
        assert date_positions((1, 0), unsorted) == [0, 1, 2]  # all from the 1st to the 11th

    @pytest.mark.parametrize(
        "indices",
        [
            (0,),
            (0, 1, 2),
            "2020-01-01",
            3,
            ("2020-01-01", DATES[0]),
            (date(2020, 1, 1), date(2020, 1, 2)),
            [0.5],
            {0, 1},
        ],
    )
    def test_other_forms_are_refused(self, indices):
        with pytest.raises(ValueError, match="date_indices can't be"):
            date_positions(indices, DATES)

    @pytest.mark.parametrize("indices", [("yesterday", "today"), ("2020-01-02", "2020-01-01")])
    def test_strings_that_are_no_interval_are_refused(self, indices):
        with pytest.raises(ValueError, match=r"yesterday|interval"):
            date_positions(indices, DATES)

    @pytest.mark.parametrize("indices", [[4], (0, 4), (-5, 0)])
    def test_a_position_that_is_out_of_range_is_an_index_error(self, indices):
        with pytest.raises(IndexError, match="date_indices.*there are 4"):
            date_positions(indices, DATES)

    def test_without_dates_nothing_can_be_selected(self):
        with pytest.raises(ValueError, match="no dates"):
            date_positions(("2020-01-01", "2021-01-01"), [])
