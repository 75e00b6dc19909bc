import numpy as np
import pytest

from eolearn.io._kernels.offsets import between, fill_between, joined, offsets
from eolearn.io._kernels.radiometry import Darkness

NAN = np.nan


def darkness(level: list[float], contrast: float = 0.4, blueness: float = -0.01) -> Darkness:
    known = np.isfinite(level)
    return Darkness(np.array(level), np.where(known, contrast, NAN), np.where(known, blueness, NAN))


def alone(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(count), np.zeros(count)


def test_joined_dates_have_levels_from_the_first_of_their_group() -> None:
    groups, levels = joined(5, [(0, 1, 0.1), (3, 4, -0.1), (1, 2, -0.1)])
    assert groups.tolist() == [0, 0, 0, 3, 3]
    assert levels.tolist() == [0, 0.1, 0, 0, -0.1]


def test_a_link_that_contradicts_nearer_ones_is_left_out() -> None:
    _, levels = joined(3, [(0, 1, 0.0), (1, 2, 0.1), (0, 2, 0.0)])
    assert levels.tolist() == [0, 0, 0.1]


def test_right_dates_have_no_offset_and_dates_without_dark_surfaces_are_unknown() -> None:
    found = offsets(*alone(3), darkness([0.03, NAN, 0.05]), (0.1,))
    np.testing.assert_array_equal(found, [0, NAN, 0])


def test_dark_surfaces_below_zero_prove_an_offset_applied_twice() -> None:
    np.testing.assert_array_equal(offsets(*alone(3), darkness([0.03, -0.07, 0.04]), (0.1,)), [0, -0.1, 0])


def test_a_single_bright_date_is_haze() -> None:
    np.testing.assert_array_equal(offsets(*alone(3), darkness([0.03, 0.13, 0.04]), (0.1,)), [0, NAN, 0])


def test_a_bright_date_with_a_step_has_missed_the_offset() -> None:
    groups, levels = joined(3, [(0, 1, 0.1), (1, 2, -0.1)])
    np.testing.assert_array_equal(offsets(groups, levels, darkness([0.03, 0.13, 0.04]), (0.1,)), [0, 0.1, 0])


def test_the_step_tells_which_side_is_wrong() -> None:
    groups, levels = joined(4, [(0, 1, 0.0), (1, 2, -0.1), (2, 3, 0.0)])
    np.testing.assert_array_equal(offsets(groups, levels, darkness([0.13, 0.13, 0.03, NAN]), (0.1,)), [0.1, 0.1, 0, 0])


@pytest.mark.parametrize(("levels", "expected"), [([0.13, 0.14, 0.13], 0.1), ([0.23, 0.23, 0.24], 0.2)])
def test_a_series_of_which_no_date_is_right_has_missed_the_offset(levels: list[float], expected: float) -> None:
    assert offsets(*alone(3), darkness(levels), (0.1, 0.2)).tolist() == [expected] * 3


def test_a_series_seen_through_bright_air_under_a_low_sun_is_let_pass() -> None:
    found = offsets(*alone(3), darkness([0.13, 0.14, 0.13], contrast=0.2, blueness=0.05), (0.1,))
    assert np.isnan(found).all()


def test_a_lasting_change_without_a_step_is_found_at_the_ground() -> None:
    found = offsets(*alone(6), darkness([0.03, 0.04, 0.03, 0.13, 0.14, 0.13]), (0.1,))
    np.testing.assert_array_equal(found, [0, 0, 0, 0.1, 0.1, 0.1])


def test_cloudy_dates_take_the_offset_of_both_sides() -> None:
    found = np.array([0.1, 0.1, NAN, 0.1, 0.1, NAN, 0, NAN])
    lowest = np.array([0.1, 0.1, 0.5, 0.1, 0.1, 0.5, 0.0, 0.5])
    dates = between(found, lowest)
    assert np.flatnonzero(dates).tolist() == [2]
    np.testing.assert_array_equal(fill_between(found, dates), [0.1, 0.1, 0.1, 0.1, 0.1, NAN, 0, NAN])


def test_a_date_darker_than_the_offset_allows_does_not_take_it() -> None:
    assert not between(np.array([0.1, 0.1, NAN, 0.1]), np.array([0.1, 0.1, 0.02, 0.1])).any()


def test_the_end_of_a_series_takes_the_offset_of_three_dates() -> None:
    assert between(np.array([0.1, 0.1, 0.1, NAN]), np.full(4, 0.3)).tolist() == [False, False, False, True]
    assert not between(np.array([0, 0.1, 0.1, NAN]), np.full(4, 0.3)).any()
    assert not between(np.array([NAN, NAN]), np.full(2, 0.3)).any()
