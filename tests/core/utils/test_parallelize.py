import itertools
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from eolearn.core import execute_with_mp_lock, join_futures, join_futures_iter, parallelize
from eolearn.core.exceptions import SettingError, WorkerDied
from eolearn.core.utils.parallelize import (
    _base_join_futures_iter,
    _decide_processing_type,
    _ProcessingType,
    submit_and_monitor_execution,
)

WAYS = [
    pytest.param({"workers": 1}, id="serial"),
    pytest.param({"workers": 2, "multiprocess": False}, id="threads"),
    pytest.param({"workers": 2, "multiprocess": True}, id="processes"),
]
every_way = pytest.mark.parametrize("way", WAYS)


def power(base, exponent):
    return base**exponent


def fail_at_three(number):
    if number == 3:
        raise ValueError("three is not liked")
    return number


@pytest.mark.parametrize(
    ("workers", "multiprocess", "expected"),
    [
        (1, True, _ProcessingType.SINGLE_PROCESS),
        (1, False, _ProcessingType.SINGLE_PROCESS),
        (2, True, _ProcessingType.MULTIPROCESSING),
        (2, False, _ProcessingType.MULTITHREADING),
        (None, True, _ProcessingType.MULTIPROCESSING),
        (None, False, _ProcessingType.MULTITHREADING),
    ],
)
def test_workers_and_multiprocess_decide_the_way(workers, multiprocess, expected):
    assert _decide_processing_type(workers, multiprocess) is expected


@pytest.mark.parametrize("workers", [0, -1])
def test_less_than_one_worker_is_refused(workers):
    with pytest.raises(SettingError, match=f"at least 1.* got {workers}"):
        parallelize(power, [1], [1], workers=workers)


@every_way
def test_results_are_those_of_map_in_the_same_order(way):
    bases = range(23)
    exponents = itertools.cycle([1, 2, 3])
    expected = list(map(power, bases, itertools.cycle([1, 2, 3])))
    assert parallelize(power, bases, exponents, **way, disable=True) == expected


@every_way
def test_generators_are_read_once_and_the_shortest_counts(way):
    assert parallelize(power, (base for base in [2, 3, 4]), itertools.repeat(2), **way, disable=True) == [4, 9, 16]
    assert parallelize(power, itertools.count(), iter([1, 1]), **way, disable=True) == [0, 1]


@every_way
def test_nothing_to_do_gives_nothing(way):
    assert parallelize(power, [], **way, disable=True) == []
    assert parallelize(power, **way, disable=True) == []


@every_way
def test_error_of_a_call_is_raised_as_it_was(way):
    with pytest.raises(ValueError, match="three is not liked"):
        parallelize(fail_at_three, range(6), **way, disable=True)


def test_error_from_a_worker_process_tells_where_it_was_raised():
    with pytest.raises(ValueError, match="three") as caught:
        parallelize(fail_at_three, range(6), workers=2, disable=True)
    assert "in fail_at_three" in "".join(caught.value.__notes__)


def test_killed_worker_is_an_error_that_names_the_signal():
    def die(number):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(WorkerDied, match="SIGKILL"):
        parallelize(die, [1, 2], workers=2, disable=True)


def test_processes_are_not_this_one_and_run_at_the_same_time(tmp_path):
    def meet(mine, other):
        (tmp_path / mine).touch()
        while not (tmp_path / other).exists():
            time.sleep(0.01)
        return os.getpid()

    pids = parallelize(meet, ["a", "b"], ["b", "a"], workers=2, disable=True)
    assert len({*pids, os.getpid()}) == 3


def test_threads_run_at_the_same_time():
    meeting = threading.Barrier(2, timeout=30)
    parallelize(lambda _: meeting.wait(), range(2), workers=2, multiprocess=False, disable=True)


@every_way
def test_progress_is_shown_with_the_given_settings(way, capsys):
    parallelize(power, range(4), range(4), **way, desc="Powers", unit="power")
    shown = capsys.readouterr().err
    assert "Powers: 100%" in shown
    assert "4/4" in shown


@every_way
def test_lock_lets_one_call_at_a_time_through(way, tmp_path):
    counter = tmp_path / "counter"
    counter.write_text("0")

    def count_up():
        number = int(counter.read_text())
        time.sleep(0.002)
        counter.write_text(str(number + 1))

    parallelize(lambda _: execute_with_mp_lock(count_up), range(40), **way, disable=True)
    assert counter.read_text() == "40"


def test_lock_passes_arguments_and_the_result_on():
    assert execute_with_mp_lock(power, 2, exponent=3) == 8


def test_lock_held_by_a_worker_that_is_killed_does_not_stop_the_others():
    def die_at_one(number):
        if number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    with pytest.raises(WorkerDied):
        parallelize(lambda number: execute_with_mp_lock(die_at_one, number), range(4), workers=2, disable=True)
    locked = parallelize(lambda number: execute_with_mp_lock(abs, number), range(-3, 0), workers=2, disable=True)
    assert locked == [3, 2, 1]


def test_error_under_the_lock_releases_it():
    with pytest.raises(ValueError, match="three"):
        execute_with_mp_lock(fail_at_three, 3)
    assert execute_with_mp_lock(fail_at_three, 4) == 4


def test_executors_of_the_standard_library_can_be_used():
    with ThreadPoolExecutor(2) as executor:
        assert submit_and_monitor_execution(executor, pow, [2, 3], itertools.repeat(2), disable=True) == [4, 9]


def test_joined_futures_come_in_order_and_leave_the_list_empty():
    with ThreadPoolExecutor(2) as executor:
        futures = [executor.submit(lambda n: (time.sleep(0.02 * (3 - n)), n)[1], number) for number in range(4)]
        assert join_futures(futures, disable=True) == [0, 1, 2, 3]
        assert futures == []


def test_futures_are_joined_as_they_are_done_with_their_positions():
    go_on = threading.Event()
    with ThreadPoolExecutor(2) as executor:
        futures = [executor.submit(go_on.wait, 30), executor.submit(str, 7)]
        joined = join_futures_iter(futures, update_interval=0.01, disable=True)
        assert len(futures) == 2
        assert next(joined) == (1, "7")
        assert futures == []
        go_on.set()
        assert list(joined) == [(0, True)]


def test_error_of_a_future_is_raised():
    with ThreadPoolExecutor(1) as executor, pytest.raises(ValueError, match="three"):
        join_futures([executor.submit(fail_at_three, 3)], disable=True)


def test_futures_of_any_kind_can_be_joined():
    waits = iter([["b"], ["c", "a"]])

    def wait_for_some(pending):
        done = next(waits)
        return done, [future for future in pending if future not in done]

    joined = _base_join_futures_iter(wait_for_some, str.upper, ["a", "b", "c"], disable=True)
    assert list(joined) == [(1, "B"), (0, "A"), (2, "C")]
