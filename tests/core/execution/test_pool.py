import os
import random
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from eolearn.core.exceptions import EOLearnError, SettingTypeError, WorkerDied
from eolearn.core.execution.engine import Success, TimedOut
from eolearn.core.execution.pool import ProcessEngine, stop_idle_workers
from eolearn.core.execution.worker import report_step
from eolearn.core.utils.threads import limit_threads, thread_limit


def outcomes_of(function, tasks, workers=2):
    return [outcome for _, outcome in sorted(ProcessEngine(workers).run(function, tasks))]


def outcomes_of_engine(engine, function, tasks):
    return [outcome for _, outcome in sorted(engine.run(function, tasks), key=lambda pair: pair[0])]


def values_of(function, tasks, workers=2):
    return [outcome.get() for outcome in outcomes_of(function, tasks, workers)]


def pid_of_worker(_=None):
    return os.getpid()


def thread_settings(_):
    blas_threads = {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}
    return thread_limit(), os.environ["OMP_NUM_THREADS"], blas_threads


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def no_workers():
    stop_idle_workers()
    yield
    stop_idle_workers()


def test_workers_are_used_again_by_the_next_run(no_workers):
    (first,) = values_of(pid_of_worker, [None])
    assert first != os.getpid()
    assert values_of(pid_of_worker, [None]) == [first]


def test_idle_workers_can_be_stopped(no_workers):
    (pid,) = values_of(pid_of_worker, [None])
    assert is_running(pid)
    stop_idle_workers()
    assert not is_running(pid)
    assert values_of(pid_of_worker, [None]) != [pid]


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGTERM"])
def test_killed_worker_costs_the_task_that_it_was_at(name):
    def die_at_seven(number):
        if number == 7:
            os.kill(os.getpid(), getattr(signal, name))
            time.sleep(30)
        return number

    outcomes = outcomes_of(die_at_seven, range(40))
    assert [outcome for outcome in outcomes if isinstance(outcome, Success)] == [
        Success(n) for n in range(40) if n != 7
    ]
    assert isinstance(outcomes[7].error, WorkerDied)
    assert f"killed by {name}" in str(outcomes[7].error)


def test_worker_that_exits_tells_its_exit_code():
    (outcome,) = outcomes_of(lambda _: os._exit(5), [None])
    assert isinstance(outcome.error, WorkerDied)
    assert "exit code 5" in str(outcome.error)


def test_every_worker_may_die_and_all_tasks_have_an_outcome():
    outcomes = outcomes_of(lambda _: os._exit(1), range(9), workers=3)
    assert all(isinstance(outcome.error, WorkerDied) for outcome in outcomes)
    assert len(outcomes) == 9


def test_worker_killed_between_runs_costs_nothing(no_workers):
    pids = set(values_of(lambda _: time.sleep(0.02) or os.getpid(), range(8)))
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert values_of(abs, range(-8, 0)) == [8, 7, 6, 5, 4, 3, 2, 1]


def test_failure_tells_when_the_task_began_and_how_far_it_came():
    def die_at_step_two(_):
        for step in range(5):
            report_step(step)
            if step == 2:
                os._exit(1)

    begin = time.time()
    (outcome,) = outcomes_of(die_at_step_two, [None])
    assert outcome.step == 2
    assert begin <= outcome.started <= time.time()


def sleep_long_at(positions, number):
    report_step(3)
    if number in positions:
        time.sleep(60)
    return number


@pytest.mark.parametrize("positions", [[0], [7], [0, 1, 2], [29]])
def test_task_that_takes_too_long_costs_itself_only(positions):
    begin = time.monotonic()
    outcomes = dict(ProcessEngine(2, timeout=0.5).run(lambda number: sleep_long_at(positions, number), range(30)))
    assert time.monotonic() - begin < 30
    assert [outcomes[n] for n in range(30) if n not in positions] == [
        Success(n) for n in range(30) if n not in positions
    ]
    for position in positions:
        failure = outcomes[position]
        assert isinstance(failure.error, TimedOut)
        assert isinstance(failure.error, WorkerDied | TimeoutError)
        assert re.search(r"timed out after 0.5 s. Worker process \d+ was stopped", str(failure.error))
        assert failure.step == 3
        assert re.fullmatch(r"process \d+", failure.worker)


def test_time_counts_from_the_begin_of_each_task():
    outcomes = outcomes_of_engine(ProcessEngine(1, timeout=1.5), lambda _: time.sleep(0.2), range(12))
    assert all(isinstance(outcome, Success) for outcome in outcomes)


def test_time_ends_with_the_task_although_nobody_asks_for_its_result():
    def make_array(number):
        time.sleep(0.2 * number)  # so that they don't end together
        return np.zeros(10_000_000)

    values_of(time.sleep, [0.2, 0.2])  # both workers are there
    outcomes = ProcessEngine(2, timeout=1).run(make_array, [0, 1])
    assert isinstance(next(outcomes)[1], Success)
    time.sleep(1.5)
    assert isinstance(next(outcomes)[1], Success)
    outcomes.close()


def test_workers_that_were_not_stopped_serve_later_runs(no_workers):
    engine = ProcessEngine(1, timeout=0.3)
    first, second = outcomes_of_engine(engine, lambda number: time.sleep(60 * number) or os.getpid(), [1, 0])
    assert isinstance(first.error, TimedOut)
    assert values_of(pid_of_worker, [None]) == [second.get()]


def test_short_tasks_with_a_timeout_all_come_to_their_end():
    values = [outcome.get() for outcome in outcomes_of_engine(ProcessEngine(2, timeout=0.2), abs, range(3000))]
    assert values == list(range(3000))


class TwoPartError(Exception):
    """Can be pickled, but not unpickled: its constructor takes more than its args."""

    def __init__(self, what, why):
        super().__init__(what)
        self.why = why


class Unreadable:
    """Can be pickled, but not unpickled."""

    def __reduce__(self):
        return int, ("not a number",)


class Stubborn(Exception):
    """Can't be pickled, and has no text."""

    def __reduce__(self):
        raise TypeError("no")

    def __str__(self):
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("make_error", "text"),
    [(lambda: TwoPartError("what", "why"), "TwoPartError: what"), (Stubborn, "Stubborn")],
)
def test_error_that_cannot_travel_is_told_in_words(make_error, text):
    def fail(_):
        raise make_error()

    (outcome,) = outcomes_of(fail, [None])
    assert type(outcome.error) is EOLearnError
    assert text in str(outcome.error)
    assert "in fail" in outcome.traceback


def test_error_that_can_travel_arrives_as_it_is():
    class OwnError(ValueError):
        pass

    def fail(_):
        error = OwnError("mine")
        error.number = 3
        raise error

    (outcome,) = outcomes_of(fail, [None])
    assert type(outcome.error) is OwnError
    assert outcome.error.number == 3


def test_result_that_cannot_be_pickled_is_a_failure_of_its_task_only():
    outcomes = outcomes_of(lambda number: threading.Lock() if number == 1 else number, range(3))
    assert outcomes[::2] == [Success(0), Success(2)]
    assert isinstance(outcomes[1].error, SettingTypeError)
    assert "can't be sent back" in str(outcomes[1].error)
    assert "lock" in str(outcomes[1].error)


def test_result_that_cannot_be_unpickled_is_a_failure_of_its_task_only():
    outcomes = outcomes_of(lambda number: Unreadable() if number == 1 else number, range(3))
    assert outcomes[::2] == [Success(0), Success(2)]
    assert isinstance(outcomes[1].error, ValueError)


def test_arguments_that_cannot_be_pickled_are_a_failure_of_their_task_only():
    outcomes = outcomes_of(lambda value: value, [0, threading.Lock(), 2])
    assert outcomes[::2] == [Success(0), Success(2)]
    assert isinstance(outcomes[1].error, SettingTypeError)
    assert "lock" in str(outcomes[1].error)


def test_arguments_that_cannot_be_unpickled_are_a_failure_of_their_task_only():
    outcomes = outcomes_of(lambda value: value, [0, Unreadable(), 2])
    assert outcomes[::2] == [Success(0), Success(2)]
    assert isinstance(outcomes[1].error, ValueError)


def test_function_that_cannot_be_pickled_is_refused_before_anything_runs():
    lock = threading.Lock()
    with pytest.raises(SettingTypeError, match="lock.*multiprocess=False"):
        outcomes_of(lambda _: lock, [1])


def test_function_that_cannot_be_unpickled_fails_each_task():
    unreadable = Unreadable()
    outcomes = outcomes_of(lambda _: unreadable, [1, 2])
    assert all(isinstance(outcome.error, ValueError) for outcome in outcomes)


def test_function_that_kills_the_worker_when_it_arrives_fails_each_task():
    class Fatal:
        def __reduce__(self):
            return os._exit, (4,)

    fatal = Fatal()
    outcomes = outcomes_of(lambda _: fatal, [1, 2, 3])
    assert all("exit code 4" in str(outcome.error) for outcome in outcomes)


def test_large_arrays_travel_both_ways_and_can_be_written_to():
    arrays = [np.full((600, 1000), number, np.float64) for number in range(3)]
    doubled = values_of(lambda array: array * 2, arrays)
    for number, array in enumerate(doubled):
        np.testing.assert_array_equal(array, 2.0 * number)
        array += 1


def test_tiny_tasks_are_sent_several_at_a_time_and_none_is_lost():
    assert values_of(lambda number: number + 1, range(3000)) == list(range(1, 3001))


def test_long_and_short_tasks_mix():
    durations = [0.05 if number % 50 == 0 else 0 for number in range(200)]
    assert values_of(lambda task: time.sleep(task[1]) or task[0], list(enumerate(durations))) == list(range(200))


def test_runs_in_two_threads_at_once_have_workers_of_their_own():
    together = threading.Barrier(2, timeout=30)

    def run(sign):
        engine = ProcessEngine(2).run(lambda number: (time.sleep(0.001), sign * number)[1], range(100))
        first = next(engine)
        together.wait()
        results[sign] = sorted(outcome.get() for _, outcome in [first, *engine])

    results = {}
    threads = [threading.Thread(target=run, args=(sign,)) for sign in (1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {1: list(range(100)), -1: list(range(-99, 1))}


def test_dropped_run_kills_its_workers(no_workers):
    run = ProcessEngine(2).run(lambda number: (os.getpid(), time.sleep(60 * number))[0], [0, 1])
    _, outcome = next(run)
    run.close()
    assert not is_running(outcome.get())


def test_process_ends_although_a_run_was_left_in_the_middle(tmp_path):
    code = """
        from eolearn.core.execution.pool import ProcessEngine
        outcomes = ProcessEngine(2).run(abs, range(100_000))
        position, outcome = next(outcomes)
        print(outcome.get() == position)
        """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert (result.stdout, result.stderr) == ("True\n", "")


def test_workers_may_run_workers():
    def run_inside(number):
        from eolearn.core.utils.parallelize import parallelize

        return parallelize(abs, [-number, number], workers=2, disable=True)

    assert values_of(run_inside, [2]) == [[2, 2]]


def test_workers_share_the_processors_for_kernels():
    try:
        limit_threads(6)
        assert values_of(thread_settings, [None], workers=3) == [(2, "2", {2})]
        limit_threads(3)
        assert values_of(thread_settings, [None], workers=3) == [(1, "1", {1})]
    finally:
        limit_threads(None)


@pytest.mark.parametrize("is_loaded_before", [True, False])
def test_parallel_loops_of_numba_are_limited_too(tmp_path, is_loaded_before):
    pytest.importorskip("numba")
    code = f"""
    {"import numba" if is_loaded_before else ""}
    from eolearn.core.utils.threads import limit_threads
    from eolearn.core.execution.pool import ProcessEngine

    def threads(_):
        import numba
        @numba.njit(parallel=True)
        def total(count):
            result = 0
            for number in numba.prange(count):
                result += number
            return result
        total(10)
        return numba.get_num_threads()

    for workers in (3, 6, 3):
        limit_threads(6)
        print([outcome.get() for _, outcome in ProcessEngine(workers).run(threads, range(2))])
    """
    result = run_script(tmp_path, code)
    assert (result.stdout, result.returncode) == ("[2, 2]\n[1, 1]\n[2, 2]\n", 0), result.stderr


def test_number_of_threads_that_the_user_has_set_holds(no_workers, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    _, variable, blas_threads = values_of(thread_settings, [None])[0]
    assert variable == "7"
    assert blas_threads == {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_workers_draw_random_numbers_of_their_own(no_workers):
    def draw(_):
        time.sleep(0.05)
        return os.getpid(), np.random.random(), random.random()  # noqa: NPY002 - it is the global one that matters

    draws = {pid: numbers for pid, *numbers in values_of(draw, range(4))}
    first, second = draws.values()
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_workers_get_the_environment_of_the_moment(monkeypatch, tmp_path):
    def look(_):
        import own_module

        return os.getcwd(), os.environ.get("OWN_VARIABLE"), own_module.VALUE

    (tmp_path / "own_module.py").write_text("VALUE = 42")
    values_of(abs, range(4))  # so that the workers are older than what changes now
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("OWN_VARIABLE", "own value")
    assert values_of(look, [None, None]) == [(str(tmp_path), "own value", 42)] * 2
    monkeypatch.delenv("OWN_VARIABLE")
    assert values_of(look, [None]) == [(str(tmp_path), None, 42)]


def test_warnings_are_treated_as_in_this_process():
    class OwnWarning(UserWarning):
        pass

    def warn(_):
        warnings.warn("careful", OwnWarning, stacklevel=1)
        return "went on"

    with warnings.catch_warnings():
        warnings.simplefilter("error", OwnWarning)
        assert isinstance(outcomes_of(warn, [None])[0].error, OwnWarning)
        warnings.filterwarnings("ignore", "care", OwnWarning)
        assert values_of(warn, [None]) == ["went on"]


def test_what_a_run_brought_is_not_kept_by_its_workers(no_workers):
    class Heavy:
        def __call__(self, _):
            return None

    def living(_):
        import gc

        return any(type(item).__name__ == "Heavy" for item in gc.get_objects())

    assert values_of(lambda _: True, [None]) == [True]
    values_of(Heavy(), [None])
    assert values_of(living, [None]) == [False]


def run_script(tmp_path, code, *options):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(code))
    return subprocess.run(
        [sys.executable, *options, script], capture_output=True, text=True, check=False, timeout=100, cwd=tmp_path
    )


def test_script_without_main_guard_works_and_its_classes_come_back(tmp_path):
    result = run_script(
        tmp_path,
        """
        print("imported")
        from dataclasses import dataclass
        from eolearn.core import parallelize

        @dataclass
        class Point:
            x: int

        shift = lambda point: Point(point.x + 1)
        points = parallelize(shift, [Point(1), Point(2)], workers=2, disable=True)
        assert points == [Point(2), Point(3)], points
        assert __file__.endswith("script.py")
        """,
        "-W",
        "error",
    )
    assert (result.stdout, result.stderr, result.returncode) == ("imported\n", "", 0)


def test_code_from_standard_input_works():
    code = "from eolearn.core import parallelize\nprint(parallelize(lambda x: x + 1, [1, 2], workers=2, disable=True))"
    result = subprocess.run([sys.executable, "-"], input=code, capture_output=True, text=True, check=True, timeout=100)
    assert result.stdout == "[2, 3]\n"


def test_what_tasks_print_is_not_lost(tmp_path):
    result = run_script(
        tmp_path,
        """
        from eolearn.core import parallelize
        parallelize(lambda number: print("number", number), [1], workers=2, disable=True)
        """,
    )
    assert result.stdout == "number 1\n"


def test_module_that_is_loaded_again_is_new_in_the_workers_too(tmp_path):
    result = run_script(
        tmp_path,
        """
        import importlib, pathlib, sys
        sys.dont_write_bytecode = True
        from eolearn.core import parallelize
        module_file = pathlib.Path("changing.py")
        module_file.write_text("def answer(_): return 1")
        import changing
        print(parallelize(changing.answer, [0], workers=2, disable=True))
        module_file.write_text("def answer(_): return 22")
        importlib.reload(changing)
        print(parallelize(changing.answer, [0], workers=2, disable=True))
        """,
    )
    assert result.stdout == "[1]\n[22]\n"


@pytest.mark.parametrize("whom", ["the process", "the group"])
def test_interrupt_ends_at_once_and_stops_the_workers(tmp_path, whom):
    code = """
        import os, pathlib, time
        from eolearn.core import parallelize
        def work(_):
            pathlib.Path(str(os.getpid())).touch()
            time.sleep(100)
        parallelize(work, range(4), workers=2, disable=True)
        """
    (tmp_path / "script.py").write_text(textwrap.dedent(code))
    with subprocess.Popen(
        [sys.executable, "script.py"], cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while len(pids := [int(path.name) for path in tmp_path.iterdir() if path.name.isdigit()]) < 2:
            time.sleep(0.02)
        (os.killpg if whom == "the group" else os.kill)(process.pid, signal.SIGINT)
        errors = process.communicate(timeout=30)[1]
    assert errors.strip().endswith("KeyboardInterrupt")
    assert errors.count("Traceback") == 1
    assert not any(is_running(pid) for pid in pids)
