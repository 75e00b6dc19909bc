import numpy as np
import pytest

from eolearn.core.exceptions import EODeprecationWarning, SettingError
from eolearn.ml_tools.utils import rolling_window

CUBE = np.arange(5 * 6 * 7).reshape(5, 6, 7)
pytestmark = pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.EODeprecationWarning")


def test_windows_over_the_last_axes_are_slices_of_the_array():
    windows = rolling_window(CUBE, (2, 3))
    assert windows.shape == (5, 5, 5, 2, 3)
    for place in np.ndindex(5, 5, 5):
        _, row, column = place
        np.testing.assert_array_equal(windows[place], CUBE[place[0], row : row + 2, column : column + 3])


def test_zero_leaves_an_axis_without_windows():
    np.testing.assert_array_equal(rolling_window(CUBE, (2, 0, 3)), rolling_window(CUBE, (2, 3), axes=(0, 2)))
    np.testing.assert_array_equal(rolling_window(CUBE), CUBE)


def test_steps_skip_windows_and_values():
    windows = rolling_window(CUBE, (2, 3), asteps=(3, 2), wsteps=(3, 1))
    assert windows.shape == (5, 1, 3, 2, 3)
    for place in np.ndindex(5, 1, 3):
        date, column = place[0], 2 * place[2]
        np.testing.assert_array_equal(windows[place], CUBE[date, [0, 3], column : column + 3])


def test_axes_of_windows_can_follow_their_own():
    windows = rolling_window(CUBE, (2, 3), axes=(0, 1), toend=False)
    assert windows.shape == (4, 2, 4, 3, 7)
    np.testing.assert_array_equal(windows, rolling_window(CUBE, (2, 3), axes=(0, 1)).transpose(0, 3, 1, 4, 2))


def test_windows_take_no_memory_and_protect_the_array():
    windows = rolling_window(CUBE, 3)
    assert np.shares_memory(windows, CUBE)
    assert not windows.flags.writeable


@pytest.mark.parametrize(
    "settings",
    [
        {"window": (6, 1, 1)},
        {"window": -1},
        {"window": 2, "asteps": 0},
        {"window": 2, "wsteps": 0},
        {"window": (1, 1, 1, 1)},
        {"window": 2, "wsteps": (1, 1)},
        {"window": 2, "axes": 3},
        {"window": (2, 2), "axes": (0, -3)},
        {"window": (2, 2), "axes": 0},
        {"window": 1.5},
        {"window": 3, "wsteps": 4},
        {"window": 1, "asteps": (1, 1, 1, 1)},
    ],
)
def test_sizes_that_do_not_fit_are_refused(settings):
    with pytest.raises(SettingError):
        rolling_window(CUBE, **settings)


@pytest.mark.filterwarnings("default::eolearn.core.exceptions.EODeprecationWarning")
def test_numpys_function_is_named_instead():
    with pytest.warns(EODeprecationWarning, match="sliding_window_view"):
        rolling_window(CUBE, 3)
